"""Plates of Europe's countries: syntaxes, colours, bands and seals; in one row, and in two (square plates, motorcycles).

`draw(rng)` picks a country by its share; `draw(rng, "de", "B KX 4711")` draws a given one.
"""

from dataclasses import dataclass

import cv2
import numpy as np

import fonts
from paint import CLEAR_LETTERS, HEIGHT, LETTERS, Plate, blend, bolts, border, dealer_strip, ground, label_of, pattern, pick, print_line, to_picture, write, write_rows

CONSONANTS = "BCDFGHJKLMNPRSTVWXYZ"
GREEK = "ABEZHIKMNOPTYX"
CYRILLIC = "ABEKMHOPCTYX"  # the letters that look alike in both alphabets
GERMAN_TOWNS = "B M K S F H D L N A C E G J P R W Z AB AC AA BA BN BO DA DD DO EF ER FR GE GI HB HH HD HN HS KA KI KL KN LA LB LU MA MI MS MZ OF OG OL PF RA RE RO RT SB SN TR UL VS WI WÜ ZW BGL BOT DAH ERH FFB GER HSK KLE LIP MTK NEU OHV PAF RHB STA TBB VIE WES TÜ FÜ LÖ GÖ KÜN".split()
AUSTRIAN_TOWNS = "W G L S I K B P BL BR FK GM GU KU LB LL MD MI NK SB SD SL TU UU VB VK WB WL WN WU WY ZE".split()
SWISS_CANTONS = "ZH BE LU UR SZ OW NW GL ZG FR SO BS BL SH AR AI SG GR AG TG TI VD VS NE GE JU".split()
CROATIAN_TOWNS = "ZG ST RI OS PU ZD VK VZ SB KA SK CK DU KC SI BM IM KR".split()
SERBIAN_TOWNS = "BG NS NI KG SU ZR PA KV UE VA SM LO KS JA".split()
SLOVENE_TOWNS = "LJ MB KR CE NM KP GO PO MS SG KK".split()
SLOVAK_TOWNS = "BA BL KE PO ZA NR TT TN BB MT PP LM PK SC GA TO RK DS".split()
ROMANIAN_TOWNS = "B CJ TM IS CT BV PH BH AR MM SB AG DJ GL SV BC IF NT".split()
NORWEGIAN_TOWNS = "EL EK EB EV DN DK SV SU RJ PP LH KH BS AB BD HJ JA VF UE ZA".split()
POLISH_TOWNS = "WA WB WE WI WY KR PO GD DW LU BI SK SB EL ZS RZ OP CB CT WPR KRA POZ GDA DWR KNS STA SBE LUB RZE WZ WPI PZ".split()

WHITE, BLACK, YELLOW = (238.0, 238.0, 238.0), (22.0, 22.0, 22.0), (250.0, 190.0, 30.0)
RED_INK, GREEN_INK, BLUE_INK = (150.0, 20.0, 30.0), (15.0, 105.0, 60.0), (20.0, 45.0, 130.0)
PLAIN = ((WHITE, BLACK, 1.0),)


@dataclass(frozen=True)
class Country:
    mark: str  # what stands in the band at the left; empty: no band
    forms: tuple[str, ...]
    share: float
    colours: tuple = PLAIN  # (ground, ink, part)
    letters: str = LETTERS
    towns: tuple[str, ...] = ()  # what may stand in place of the first letters
    seal: str = ""  # "rounds" one above the other, or one "shield", in the first gap
    right: str = ""  # a second band at the right: "blue" or "yellow"
    rim: tuple = ()  # a coloured border
    square: tuple[str, ...] = ()  # forms in two rows, "/" between; empty: cut at a gap


COUNTRIES = {
    "at": Country("A", ("W DDDDL", "W DDDDDL", "W DDDLL", "W DDDL", "W DDDDDD"), 3, towns=tuple(AUSTRIAN_TOWNS), seal="shield", rim=(190.0, 30.0, 40.0)),
    "ba": Country("BIH", ("LDD-L-DDD", "DDD-L-DDD"), 1, letters="AEJKMOT"),
    "be": Country("B", ("D-LLL-DDD", "D-LLL-DDD", "LLL-DDD", "DDD-LLL"), 3, ((WHITE, RED_INK, 1.0),), rim=RED_INK),
    "bg": Country("BG", ("LL DDDD LL", "L DDDD LL", "LLDDDDLL"), 2, letters=CYRILLIC),
    "by": Country("BY", ("DDDD LL-D",), 1, letters=CYRILLIC),
    "ch": Country("", ("W.DDDDDD", "W.DDDDD", "W DDDDDD", "W DDDDD", "W.DDDD"), 3, towns=tuple(SWISS_CANTONS), seal="shield", square=("W/DDDDDD", "W/DDDDD")),
    "cz": Country("CZ", ("DLD DDDD", "DLD DDDD", "DLL DDDD", "LLL DD-DD", "LL DD-DD"), 3, letters=CLEAR_LETTERS, seal="rounds", square=("DLD/DDDD", "DLL/DDDD")),
    "de": Country("D", ("W LL DDDD", "W LL DDD", "W L DDDD", "W L DDD", "W LL DD", "W L DD", "W LL DDDE", "W LL DDDH"), 8, towns=tuple(GERMAN_TOWNS), seal="rounds", square=("W/LL DDDD", "W/LL DDD", "W LL/DDDD", "W L/DDDD", "W/LL DD")),
    "dk": Country("DK", ("LL DD DDD", "LL DD DDD", "LLDD DDD"), 2, letters=CLEAR_LETTERS, rim=(170.0, 30.0, 40.0)),
    "ee": Country("EST", ("DDD LLL", "DDDLLL"), 1.5, letters=CLEAR_LETTERS),
    "es": Country("E", ("DDDD LLL", "DDDD LLL", "DDDD LLL", "LL-DDDD-LL", "L-DDDD-LL", "L DDDD L"), 4, letters=CONSONANTS),
    "fi": Country("FIN", ("LLL-DDD", "LLL-DD", "LLL-DDD"), 2),
    "fr": Country("F", ("LL-DDD-LL", "LL-DDD-LL", "DDDD LL DD", "DDD LLL DD"), 5, ((WHITE, BLACK, 0.9), (YELLOW, BLACK, 0.1)), letters="ABCDEFGHJKLMNPQRSTVWXYZ", right="blue", square=("LL-DDD/LL", "LL-DDD/LL")),
    "gr": Country("GR", ("LLL-DDDD",), 2, letters=GREEK),
    "hr": Country("HR", ("W DDD-LL", "W DDDD-LL", "W DDDD-L", "W DDD-L", "W DDD LL"), 3, letters=CLEAR_LETTERS, towns=tuple(CROATIAN_TOWNS), seal="shield"),
    "hu": Country("H", ("LLL-DDD", "LLL-DDD", "LL LL-DDD"), 2.5, letters=CLEAR_LETTERS),
    "ie": Country("IRL", ("DDD-L-DDDDD", "DDD-L-DDDD", "DD-L-DDDD", "DDD-LL-DDDD", "DD-L-DDDDD", "DDD-L-DDD"), 2, letters="CDGLKWTSOMN"),
    "it": Country("I", ("LL DDDLL", "LL DDDLL", "LLDDDLL", "LL.DDDLL"), 5, letters="ABCDEFGHJKLMNPRSTVWXYZ", right="blue", square=("LL DDD/LL", "LLDDD/DD", "LL/DDDDD")),
    "lt": Country("LT", ("LLL DDD", "LLL:DDD"), 1.5, letters=CLEAR_LETTERS),
    "lu": Country("L", ("LL DDDD", "DDDDD", "DDDD"), 1.5, ((YELLOW, BLACK, 1.0),), letters=CLEAR_LETTERS),
    "lv": Country("LV", ("LL-DDDD", "LL-DDD", "LL-DD"), 1.5, letters=CLEAR_LETTERS),
    "md": Country("MD", ("LLL DDD",), 1, letters=CLEAR_LETTERS),
    "mk": Country("MK", ("LL DDDD-LL", "LL-DDD-LL"), 1, letters="ABEKMHOPCTJSVRGTU"),
    "nl": Country("NL", ("LL-DDD-L", "L-DDD-LL", "DD-LLL-D", "D-LLL-DD", "LLL-DD-L", "DD-LL-LL", "LL-LL-DD", "L-DD-LLL"), 4, ((YELLOW, BLACK, 1.0),), letters=CONSONANTS, square=("LL-DD/LL", "DD-LL/LL", "LL/DDD-L", "DD/LL-LL")),
    "no": Country("N", ("W DDDDD", "W DDDDD", "WDDDDD"), 2, ((WHITE, BLACK, 0.9), ((20.0, 110.0, 60.0), WHITE, 0.1)), towns=tuple(NORWEGIAN_TOWNS)),
    "pl": Country("PL", ("W DDDDD", "W DDDDL", "W DDDLL", "W DDDD", "W LDDD", "W DDDL", "W DDLL", "W LDDDD"), 4, towns=tuple(POLISH_TOWNS), seal="rounds", square=("W/DDDL", "W/DDDDD", "W/DDDLL", "W/LDDD")),
    "pt": Country("P", ("LL DD LL", "DD-LL-DD", "DD-DD-LL", "LL-DD-DD", "LL-DD-LL"), 3, letters=LETTERS, right="yellow"),
    "ro": Country("RO", ("W DD LLL", "W DD LLL", "W DDD LLL"), 2.5, letters="ABCDEFGHIJKLMNPRSTUVWXYZ", towns=tuple(ROMANIAN_TOWNS)),
    "rs": Country("SRB", ("W DDD-LL", "W DDDD-LL", "W DDD LL"), 2, letters=LETTERS, towns=tuple(SERBIAN_TOWNS), seal="shield"),
    "ru": Country("", ("L DDD LL DD", "L DDD LL DDD", "L DDD LL DDD"), 1.5, letters=CYRILLIC),
    "se": Country("S", ("LLL DDD", "LLL DDD", "LLL DDL", "LLLDDD"), 3, letters="ABCDEFGHJKLMNOPRSTUWXYZ"),
    "si": Country("SLO", ("W LL-DDD", "W DDD-LL", "W DD-LLL", "W DD-DLL", "W DDDD L"), 1.5, towns=tuple(SLOVENE_TOWNS), seal="shield", rim=GREEN_INK),
    "sk": Country("SK", ("W DDDLL", "W DDDLL", "W-DDDLL"), 3, letters=LETTERS, towns=tuple(SLOVAK_TOWNS), seal="shield", square=("W/DDDLL", "W DDD/LL")),
    "tr": Country("TR", ("DD L DDDD", "DD LL DDD", "DD LL DDDD", "DD LLL DD", "DD LLL DDD"), 3, letters=CLEAR_LETTERS, square=("DD L/DDDD", "DD LL/DDD", "DD/LLL DD")),
    "ua": Country("UA", ("LL DDDD LL",), 2.5, letters="ABCEHIKMOPTX"),
}
DEALERS = ["CITY MOTORS", "NORTHFIELD CARS", "A. SMITH & SONS", "WWW.CARS.EXAMPLE", "RIVERSIDE", "AUTOHAUS MUSTER", "GARAGE DU LAC", "AUTO CENTRO", "autosalon.example"]


def registration(rng, country: Country, form: str) -> str:
    if "W" in form:
        form = form.replace("W", "\0" + pick(rng, country.towns) + "\0")
    out = [part if index % 2 else pattern(rng, part, country.letters) for index, part in enumerate(form.split("\0"))]
    return "".join(out).replace(":", " ")


def colours_of(rng, country: Country):
    parts = np.array([part for _, _, part in country.colours])
    plate, ink, _ = country.colours[rng.choice(len(parts), p=parts / parts.sum())]
    if rng.random() < 0.03:
        ink = pick(rng, [RED_INK, GREEN_INK, BLUE_INK])
    bright = rng.uniform(0.82, 1.05)
    lift = rng.uniform(0, 35)
    return np.array(plate, np.float32) * bright, np.array(ink, np.float32) + lift


def band(rng, image, width: int, mark: str, old: bool) -> None:
    """The blue band with its ring of stars and the country's letters."""
    height = image.shape[0]
    blue = (10.0 + rng.uniform(0, 30), 50.0 + rng.uniform(-20, 30), 140.0 + rng.uniform(-30, 50))
    image[:, :width] = blue if not old else (235.0, 235.0, 235.0)
    middle, centre, radius = width // 2, round(rng.uniform(0.26, 0.36) * height), max(4, round(width * 0.27))
    if mark in ("N", "UA", "TR", "SRB", "BIH", "MK", "MD", "BY") and rng.random() < 0.8:
        if mark == "UA":
            image[: round(0.3 * height), :width] = (250.0, 210.0, 0.0)
        elif mark != "TR":
            cv2.rectangle(image, (middle - radius, centre - radius // 2), (middle + radius, centre + radius // 2), [float(v) for v in rng.uniform(60, 240, 3)], -1)
    else:
        for turn in range(12):
            angle = turn * np.pi / 6
            place = (round(middle + radius * np.cos(angle)), round(centre + radius * np.sin(angle)))
            cv2.circle(image, place, max(1, radius // 5), (250.0, 210.0, 0.0), -1)
    face = pick(rng, fonts.faces_for("s"))
    mask = fonts.small_print(face.path, mark, max(8, round(min(0.2 * height, width * 0.55))))
    if mask.shape[1] > width - 4:
        mask = cv2.resize(mask, (max(3, width - 4), mask.shape[0]), interpolation=cv2.INTER_AREA)
    blend(image, mask, middle - mask.shape[1] // 2, round(rng.uniform(0.62, 0.72) * height), (245.0,) * 3 if not old else (20.0,) * 3)


def gap_seal(rng, image, box, colour, kind: str) -> None:
    """Two round seals or a shield in the widest gap of the text; `box` is left, right, top, bottom as parts of the plate."""
    height, width = image.shape[:2]
    left, right, top, bottom = box
    first, tall = round(top * height), (bottom - top) * height
    rows = slice(round(first + 0.1 * tall), round(first + 0.9 * tall))
    grey = image.mean(2)[rows, round(left * width) : round(right * width)]
    clear = np.abs(grey - np.mean(colour)).max(0) < 25
    best, start = (0, 0), None
    for x, free in enumerate(np.append(clear, False)):
        if free and start is None:
            start = x
        elif not free and start is not None:
            if start > 4 and x < clear.size and x - start > best[1] - best[0]:
                best = (start, x)
            start = None
    room = best[1] - best[0]
    if room < 9:
        return
    x, radius = round(left * width) + (best[0] + best[1]) // 2, min(round(tall * 0.17), room // 2 - 1)
    if kind == "rounds":
        for y in (0.25, 0.75) if rng.random() < 0.8 else (0.5,):
            tone = [float(v) for v in rng.uniform(90, 235, 3)]
            place = (x, round(first + y * tall))
            cv2.circle(image, place, radius, tone, -1, cv2.LINE_AA)
            cv2.circle(image, place, max(2, radius // 2), [v * 0.6 for v in tone], -1, cv2.LINE_AA)
    else:
        half = max(3, min(room // 2 - 1, round(tall * 0.22)))
        place = np.int32([(x - half, first + 0.3 * tall), (x + half, first + 0.3 * tall), (x + half, first + 0.6 * tall), (x, first + 0.75 * tall), (x - half, first + 0.6 * tall)])
        cv2.fillPoly(image, [place], [float(v) for v in rng.uniform(60, 220, 3)], cv2.LINE_AA)
        for y in range(first + round(0.34 * tall), first + round(0.6 * tall), max(2, half // 2)):
            cv2.line(image, (x - half + 1, y), (x + half - 1, y), [float(v) for v in rng.uniform(60, 240, 3)], 1)


def draw(rng, code: str | None = None, shown: str | None = None) -> Plate:
    codes = list(COUNTRIES)
    if code is None:
        shares = np.array([country.share for country in COUNTRIES.values()])
        code = codes[rng.choice(len(codes), p=shares / shares.sum())]
    country = COUNTRIES[code]
    shown = shown or registration(rng, country, pick(rng, country.forms))
    width = round(HEIGHT * (rng.uniform(4.3, 4.85) if rng.random() < 0.88 else rng.uniform(3.0, 4.3)))
    colour, ink = colours_of(rng, country)
    if rng.random() < 0.015:
        colour, ink = ink, colour
    image = ground(rng, width, colour)
    left, right = 0.03, 0.975
    if country.mark and rng.random() < 0.9:
        left = rng.uniform(0.1, 0.12)
        band(rng, image, round((left - 0.02) * width), country.mark, rng.random() < 0.05)
        if country.right and rng.random() < 0.8:
            right = 0.905
            image[:, -round(0.088 * width) :] = image[HEIGHT // 2, 2] if country.right == "blue" else (240.0, 200.0, 30.0)
            if rng.random() < 0.6:
                print_line(rng, image, f"{rng.integers(1, 96):02d}", 0.953, 0.62, 0.82, (245.0,) * 3 if country.right == "blue" else (20.0,) * 3, 0.08)
    top, bottom = rng.uniform(0.11, 0.2), rng.uniform(0.8, 0.89)
    if code == "ru":
        draw_ru(rng, image, shown, ink, top, bottom)
    else:
        wide = shown.replace(" ", "  ", 1) if country.seal and " " in shown else shown
        write(rng, image, "e", wide, ink, left + 0.005, right, top, bottom)
    if country.seal and rng.random() < 0.85:
        gap_seal(rng, image, (left, right, top, bottom), colour, country.seal)
    finish(rng, image, country, ink)
    return Plate(to_picture(image), label_of(shown), code)


def finish(rng, image, country: Country, ink) -> None:
    if rng.random() < 0.75:
        border(image, country.rim if country.rim and rng.random() < 0.7 else ink, int(rng.integers(2, 5)), 2 if rng.random() < 0.7 else 3)
    if rng.random() < 0.3:
        dealer_strip(rng, image, pick(rng, DEALERS))
    if rng.random() < 0.3:
        bolts(rng, image, [(rng.uniform(0.1, 0.35), rng.uniform(0.1, 0.9)), (rng.uniform(0.65, 0.92), rng.uniform(0.1, 0.9))])


def draw_ru(rng, image, shown: str, ink, top: float, bottom: float) -> None:
    """The number at the left, the region at the right above RUS, in smaller digits."""
    number, _, region = shown.rpartition(" ")
    write(rng, image, "e", number, ink, 0.03, 0.74, top, bottom)
    write(rng, image, "e", region, ink, 0.79, 0.96, 0.08, 0.62)
    print_line(rng, image, "RUS", 0.86, 0.72, 0.88, ink, 0.12)
    x = round(0.76 * image.shape[1])
    cv2.line(image, (x, 0), (x, image.shape[0]), [float(v) for v in ink], 2)


def cut_in_two(rng, shown: str) -> str:
    """A registration with "/" where its second row begins: at a gap near the middle, else in the middle."""
    gaps = [index for index, mark in enumerate(shown) if not mark.isalnum() and 0 < index < len(shown) - 1]
    if gaps:
        index = min(gaps, key=lambda gap: abs(gap - len(shown) / 2) + rng.uniform(0, 1))
        return shown[:index] + "/" + shown[index + 1 :]
    return shown[: len(shown) // 2] + "/" + shown[len(shown) // 2 :]


def draw_square(rng, code: str | None = None) -> Plate:
    """A plate in two rows."""
    codes = [code for code in COUNTRIES if code != "ru"]
    shares = np.array([COUNTRIES[one].share for one in codes])
    code = code or codes[rng.choice(len(codes), p=shares / shares.sum())]
    country = COUNTRIES[code]
    shown = registration(rng, country, pick(rng, country.square)) if country.square else cut_in_two(rng, registration(rng, country, pick(rng, country.forms)))
    rows = shown.split("/")
    height = 2 * HEIGHT
    width = round(height * rng.uniform(1.05, 1.75))
    colour, ink = colours_of(rng, country)
    image = ground(rng, width, colour, height=height)
    left = 0.04
    if country.mark and rng.random() < 0.75:
        high = rng.random() < 0.5  # the band beside the first row only
        left = 0.15
        band(rng, image[: height // 2] if high else image, round(0.13 * width), country.mark, False)
        lefts = (left, 0.04) if high else (left, left)
    else:
        lefts = (left, left)
    boxes = write_rows(rng, image, "e", rows, ink, lefts, 0.96, rng.uniform(0.05, 0.09), rng.uniform(0.9, 0.95))
    if country.seal and rng.random() < 0.8:
        gap_seal(rng, image, boxes[int(rng.integers(2))], colour, country.seal)
    finish(rng, image, country, ink)
    texts = tuple(label_of(row) for row in rows)
    return Plate(to_picture(image), "".join(texts), code, texts)


# --- The United Kingdom ------------------------------------------------------------------------------------------

UK_FORMS = ["LLDD LLL"] * 7 + ["LDDD LLL", "LDD LLL", "LLL DDDL", "LLL DDL", "DDDD LL", "LLL DDD", "LL DDDD"]


def uk_colours(rng):
    rear = rng.random() < 0.5
    if rng.random() < 0.04:  # a classic: silver on black
        return (float(rng.uniform(10, 40)),) * 3, (float(rng.uniform(170, 240)),) * 3
    plate = (245.0 + rng.uniform(-30, 10), 200.0 + rng.uniform(-40, 15), 20.0 + rng.uniform(0, 40)) if rear else (float(rng.uniform(215, 252)),) * 3
    return plate, (float(rng.uniform(0, 35)),) * 3


def draw_uk(rng, shown: str | None = None) -> Plate:
    shown = shown or pattern(rng, pick(rng, UK_FORMS), CLEAR_LETTERS)
    width = round(HEIGHT * (rng.uniform(4.4, 4.8) if rng.random() < 0.85 else rng.uniform(3.2, 4.4)))
    colour, ink = uk_colours(rng)
    image = ground(rng, width, colour)
    left = 0.03
    if rng.random() < 0.45:
        left = 0.1
        image[:, : round(0.085 * width)] = pick(rng, [(0.0, 60.0, 160.0), (20.0, 120.0, 60.0), (240.0, 240.0, 240.0)])
        face = pick(rng, fonts.faces_for("s"))
        blend(image, fonts.small_print(face.path, pick(rng, ["GB", "UK"]), 14), 8, 70, (245.0,) * 3)
    write(rng, image, "k", shown, ink, left, 0.97, rng.uniform(0.1, 0.16), rng.uniform(0.8, 0.87))
    if rng.random() < 0.6:
        print_line(rng, image, pick(rng, DEALERS), 0.5, 0.9, 0.97, (30.0, 30.0, 30.0), 0.5)
    if rng.random() < 0.3:
        border(image, (20.0, 20.0, 20.0), 2, 2)
    if rng.random() < 0.3:
        bolts(rng, image, [(0.2, 0.5), (0.8, 0.5)])
    return Plate(to_picture(image), label_of(shown), "gb")


def draw_uk_square(rng) -> Plate:
    shown = pattern(rng, pick(rng, ["LLDD/LLL"] * 6 + ["LDDD/LLL", "LDD/LLL", "LLL/DDDL"]), CLEAR_LETTERS)
    rows = shown.split("/")
    height = 2 * HEIGHT
    colour, ink = uk_colours(rng)
    image = ground(rng, round(height * rng.uniform(1.05, 1.6)), colour, height=height)
    write_rows(rng, image, "k", rows, ink, (0.05, 0.05), 0.95, rng.uniform(0.05, 0.09), rng.uniform(0.88, 0.94))
    if rng.random() < 0.4:
        print_line(rng, image, pick(rng, DEALERS), 0.5, 0.94, 0.985, (30.0, 30.0, 30.0), 0.6)
    if rng.random() < 0.4:
        border(image, (20.0, 20.0, 20.0), 3, 2)
    return Plate(to_picture(image), "".join(rows), "gb", tuple(rows))
