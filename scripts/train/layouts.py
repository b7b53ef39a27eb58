"""Draws clean plates of several countries' layouts. A plate is an RGB picture whose edges are the plate's edges.

`draw(rng)` picks a layout; `draw(rng, name, text)` draws a given one. The text of a plate is its label: capital letters and
digits without separators. US plates are labelled with 0 for the letter O, as their real labels are.
"""

from dataclasses import dataclass

import cv2
import numpy as np

import fonts

HEIGHT = 96
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CLEAR_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
DIGITS = "0123456789"


@dataclass
class Plate:
    image: np.ndarray  # uint8 RGB
    text: str
    layout: str


def pattern(rng: np.random.Generator, form: str, letters: str = LETTERS) -> str:
    """Fills a form: L letter, D digit, everything else stays (space, dash, dot are separators)."""
    out = []
    for mark in form:
        if mark == "L":
            out.append(letters[rng.integers(len(letters))])
        elif mark == "D":
            out.append(DIGITS[rng.integers(10)])
        else:
            out.append(mark)
    return "".join(out)


def pick(rng: np.random.Generator, options):
    return options[rng.integers(len(options))]


def label_of(shown: str) -> str:
    return "".join(character for character in shown if character.isalnum())


def blend(image: np.ndarray, mask: np.ndarray, x: int, y: int, colour) -> None:
    """Paints `colour` through a mask at (x, y), cut at the picture's edges."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + mask.shape[1], width), min(y + mask.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    part = mask[y0 - y : y1 - y, x0 - x : x1 - x, None]
    area = image[y0:y1, x0:x1]
    image[y0:y1, x0:x1] = area * (1 - part) + np.asarray(colour, np.float32) * part


def text_mask(rng, shape, use: str, shown: str, left: float, right: float, top: float, bottom: float, spread: float = 0.0):
    """The registration as a mask over the whole plate, fitted between left..right and top..bottom (parts of the plate)."""
    height, width = shape
    face = pick(rng, fonts.faces_for(use))
    glyph_height = round((bottom - top) * height)
    stretch = rng.uniform(0.85, 1.2)
    mono = rng.random() < 0.4
    gap = rng.uniform(0.06, 0.16) * glyph_height + spread
    space = rng.uniform(0.22, 0.5) * glyph_height
    widths, kinds = [], []
    cell = fonts.glyph(face.path, "H").shape[1] * stretch * glyph_height / fonts.GLYPH_HEIGHT
    for character in shown:
        if character.isalnum():
            glyph = fonts.glyph(face.path, character)
            ink = glyph.shape[1] * stretch * glyph_height / fonts.GLYPH_HEIGHT
            ink = min(ink, cell * 1.45)
            widths.append((max(cell, ink) if mono else ink, ink, glyph))
        else:
            widths.append((space, 0.0, None))
        kinds.append(character)
    total = sum(w for w, _, _ in widths) + gap * (len(widths) - 1)
    room = (right - left) * width
    squeeze = min(1.0, room / total)
    x = left * width + (room - total * squeeze) / 2
    y = round(top * height)
    mask = np.zeros((height, width), np.float32)
    for character, (advance, ink, glyph) in zip(kinds, widths):
        advance, ink = advance * squeeze, ink * squeeze
        if glyph is not None:
            glyph_width = max(3, round(ink))
            cut = cv2.resize(glyph, (glyph_width, glyph_height), interpolation=cv2.INTER_AREA)
            x_ink = round(x + (advance - ink) / 2)
            x0, x1 = max(x_ink, 0), min(x_ink + glyph_width, width)
            if x1 > x0:
                area = mask[y : y + glyph_height, x0:x1]
                np.maximum(area, cut[: area.shape[0], x0 - x_ink : x1 - x_ink], out=area)
        elif character == "-":
            thick = max(2, glyph_height // 10)
            middle = y + glyph_height // 2
            mask[middle - thick // 2 : middle + thick, round(x + advance * 0.15) : round(x + advance * 0.85)] = 1
        elif character == ".":
            cv2.circle(mask, (round(x + advance / 2), y + glyph_height // 2), max(2, glyph_height // 12), 1.0, -1, cv2.LINE_AA)
        x += advance + gap * squeeze
    weight = rng.random()
    if weight < 0.15:
        mask = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    elif weight < 0.22:
        mask = cv2.erode(mask, np.ones((2, 2), np.uint8))
    return mask


def ground(rng, width: int, colour, shade: float = 0.06) -> np.ndarray:
    """A plate's ground: one colour with a slight vertical shade."""
    ramp = np.linspace(1 + rng.uniform(-shade, shade), 1 + rng.uniform(-shade, shade), HEIGHT, dtype=np.float32)
    return np.clip(ramp[:, None, None] * np.asarray(colour, np.float32), 0, 255) * np.ones((1, width, 1), np.float32)


def border(image, colour, inset: int, thick: int, radius: int = 8) -> None:
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.float32)
    x1, y1 = width - 1 - inset, height - 1 - inset
    for (cx, cy), start in (((inset + radius, inset + radius), 180), ((x1 - radius, inset + radius), 270), ((x1 - radius, y1 - radius), 0), ((inset + radius, y1 - radius), 90)):
        cv2.ellipse(mask, (cx, cy), (radius, radius), 0, start, start + 90, 1.0, thick, cv2.LINE_AA)
    for a, b in (((inset + radius, inset), (x1 - radius, inset)), ((inset + radius, y1), (x1 - radius, y1)), ((inset, inset + radius), (inset, y1 - radius)), ((x1, inset + radius), (x1, y1 - radius))):
        cv2.line(mask, a, b, 1.0, thick)
    blend(image, mask, 0, 0, colour)


def emboss(rng, image, mask, strength: float) -> None:
    """A light and a dark rim as if the characters were pressed into the metal."""
    shift = int(rng.integers(1, 3))
    soft = cv2.GaussianBlur(mask, (0, 0), 1.2)
    rim = soft - np.roll(soft, (shift, shift), (0, 1))
    image += (rim * rng.choice([-1, 1]) * strength)[:, :, None]


def write(rng, image, use: str, shown: str, colour, left, right, top, bottom) -> None:
    mask = text_mask(rng, image.shape[:2], use, shown, left, right, top, bottom)
    blend(image, mask, 0, 0, colour)
    if rng.random() < 0.7:
        emboss(rng, image, mask, rng.uniform(10, 60))


def print_line(rng, image, text: str, centre: float, top: float, bottom: float, colour, limit: float = 0.9) -> None:
    height, width = image.shape[:2]
    face = pick(rng, fonts.faces_for("s"))
    mask = fonts.small_print(face.path, text, max(4, round((bottom - top) * height)))
    if mask.shape[1] > limit * width:
        mask = cv2.resize(mask, (round(limit * width), mask.shape[0]), interpolation=cv2.INTER_AREA)
    blend(image, mask, round(centre * width - mask.shape[1] / 2), round(top * height), colour)


def bolts(rng, image, places) -> None:
    for x, y in places:
        centre = (round(x * image.shape[1]), round(y * image.shape[0]))
        radius = int(rng.integers(2, 5))
        tone = float(rng.uniform(20, 200))
        cv2.circle(image, centre, radius, (tone, tone, tone), -1, cv2.LINE_AA)
        cv2.circle(image, centre, radius, (tone * 0.5,) * 3, 1, cv2.LINE_AA)


# --- European style ---------------------------------------------------------------------------------------------

EU_FORMS = {
    "D": ["L LL DDDD", "L LL DDD", "LL LL DDDD", "LL LL DDD", "LL L DDDD", "LLL LL DDD", "LLL L DDD", "LL L DD", "L L DDDD", "LLL LL DD", "LL LL DD"],
    "F": ["LL-DDD-LL"],
    "I": ["LL DDDLL", "LLDDDLL"],
    "E": ["DDDD LLL"],
    "NL": ["LL-DDD-L", "L-DDD-LL", "DD-LLL-D", "D-LLL-DD", "LLL-DD-L", "DD-LL-LL", "LL-LL-DD"],
    "PL": ["LL DDDDD", "LLL DDDD", "LL DDDDL", "LL DDDLL", "LLL LDDD", "LLL DDDL"],
    "B": ["D-LLL-DDD"],
    "CZ": ["DLD DDDD", "DLL DDDD"],
    "S": ["LLL DDD", "LLL DDL"],
    "A": ["L DDDDL", "LL DDDL", "L DDDLL", "LL DDDDL"],
    "P": ["LL DD LL", "DD-LL-DD", "DD-DD-LL"],
    "CH": ["LL DDDDDD", "LL DDDDD", "LL.DDDDD"],
    "N": ["LL DDDDD"],
    "RO": ["LL DD LLL", "L DDD LLL"],
    "H": ["LLL-DDD", "LL LL-DDD"],
    "IRL": ["DDD-L-DDDDD", "DDD-L-DDDD", "DD-L-DDDD", "DDD-LL-DDDD"],
    "IND": ["LL DD L DDDD", "LLDDLLDDDD", "LL DD LL DDDD", "LLDDLDDDD", "LL DLLL DDDD"],
    "PLAIN": ["LLL DDD", "LLL-DDD", "LLDDDD", "DDDLLL", "LDDDLLL", "LLL DDDD", "DDDD LL", "LL DDD LL", "DDDDDD", "DDDDD"],
}


def draw_eu(rng, nation: str | None = None, shown: str | None = None) -> Plate:
    nation = nation or pick(rng, list(EU_FORMS))
    letters = LETTERS if rng.random() < 0.7 else CLEAR_LETTERS
    shown = shown or pattern(rng, pick(rng, EU_FORMS[nation]), letters)
    width = round(HEIGHT * rng.uniform(4.3, 4.85))
    if nation in ("PLAIN", "IND") and rng.random() < 0.5:
        width = round(HEIGHT * rng.uniform(3.0, 4.4))
    light = float(rng.uniform(205, 255))
    colour, ink = (light, light, light), (float(rng.uniform(0, 45)),) * 3
    if nation == "NL" or (nation in ("PLAIN", "IND") and rng.random() < 0.2):
        colour = (250.0, 190.0 + rng.uniform(-20, 20), 30.0)
    elif nation == "B":
        ink = (150.0, 20.0, 30.0)
    elif rng.random() < (0.12 if nation in ("PLAIN", "IND") else 0.02):
        colour, ink = ink, colour
    image = ground(rng, width, colour)
    band = nation not in ("PLAIN", "CH", "IND") or (nation == "IND" and rng.random() < 0.4)
    left = 0.03
    if band:
        left = 0.115
        blue = (10.0 + rng.uniform(0, 30), 50.0 + rng.uniform(-20, 30), 140.0 + rng.uniform(-30, 50))
        band_width = round(0.09 * width)
        image[:, :band_width] = blue
        middle = band_width // 2
        for turn in range(12):
            angle = turn * np.pi / 6
            centre = (round(middle + 10 * np.cos(angle)), round(30 + 10 * np.sin(angle)))
            cv2.circle(image, centre, 2, (250.0, 210.0, 0.0) if nation != "N" else (240.0,) * 3, -1)
        face = pick(rng, fonts.faces_for("s"))
        mask = fonts.small_print(face.path, nation, 20)
        if mask.shape[1] > band_width - 4:
            mask = cv2.resize(mask, (band_width - 4, 18), interpolation=cv2.INTER_AREA)
        blend(image, mask, middle - mask.shape[1] // 2, 64, (245.0,) * 3)
        if nation in ("F", "I", "P") and rng.random() < 0.8:
            image[:, -band_width:] = blue if nation != "P" else (240.0, 200.0, 30.0)
    right = 0.9 if band and nation in ("F", "I", "P") else 0.975
    seals = nation in ("D", "A", "CZ", "RO", "PL") and " " in shown
    write(rng, image, "e", shown.replace(" ", "  ", 1) if seals else shown, ink, left + 0.005, right, rng.uniform(0.13, 0.2), rng.uniform(0.8, 0.87))
    if seals and nation == "D":
        seal_gap(image, left, right, colour, rng)
    if rng.random() < 0.7:
        border(image, ink, 3, 2 if rng.random() < 0.7 else 3)
    if rng.random() < 0.25:
        strip = round(rng.uniform(0.02, 0.07) * HEIGHT)
        image[-strip:] = rng.uniform(10, 90)
    if rng.random() < 0.2:
        bolts(rng, image, [(rng.uniform(0.15, 0.3), 0.5), (rng.uniform(0.7, 0.9), 0.5)])
    return Plate(to_picture(image), label_of(shown), f"eu-{nation}")


def seal_gap(image, left: float, right: float, colour, rng) -> None:
    """Two round seals in the widest gap of a German plate's text."""
    height, width = image.shape[:2]
    grey = image.mean(2)[height // 4 : 3 * height // 4, round(left * width) : round(right * width)]
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
    if room < 14:
        return
    x, radius = round(left * width) + (best[0] + best[1]) // 2, min(11, room // 2 - 1)
    for y in (0.3, 0.68):
        tone = [float(v) for v in rng.uniform(90, 220, 3)]
        cv2.circle(image, (x, round(y * height)), radius, tone, -1, cv2.LINE_AA)
        cv2.circle(image, (x, round(y * height)), max(2, radius // 2), [v * 0.6 for v in tone], -1, cv2.LINE_AA)


def draw_uk(rng, shown: str | None = None) -> Plate:
    shown = shown or pattern(rng, pick(rng, ["LLDD LLL"] * 6 + ["LDDD LLL", "LDD LLL", "LLL DDDL", "LLL DDL"]), CLEAR_LETTERS)
    width = round(HEIGHT * rng.uniform(4.4, 4.8))
    rear = rng.random() < 0.5
    colour = (245.0 + rng.uniform(-30, 10), 200.0 + rng.uniform(-40, 15), 20.0 + rng.uniform(0, 40)) if rear else (float(rng.uniform(215, 252)),) * 3
    image = ground(rng, width, colour)
    left = 0.03
    if rng.random() < 0.4:
        left = 0.1
        image[:, : round(0.085 * width)] = pick(rng, [(0.0, 60.0, 160.0), (20.0, 120.0, 60.0), (240.0, 240.0, 240.0)])
        face = pick(rng, fonts.faces_for("s"))
        blend(image, fonts.small_print(face.path, pick(rng, ["GB", "UK"]), 14), 8, 70, (245.0,) * 3)
    write(rng, image, "k", shown, (float(rng.uniform(0, 35)),) * 3, left, 0.97, rng.uniform(0.1, 0.16), rng.uniform(0.8, 0.87))
    if rng.random() < 0.6:
        print_line(rng, image, pick(rng, ["CITY MOTORS", "NORTHFIELD CARS", "A. SMITH & SONS", "WWW.CARS.EXAMPLE", "RIVERSIDE"]), 0.5, 0.9, 0.97, (30.0, 30.0, 30.0), 0.5)
    if rng.random() < 0.3:
        border(image, (20.0, 20.0, 20.0), 2, 2)
    return Plate(to_picture(image), label_of(shown), "uk")


# --- United States ----------------------------------------------------------------------------------------------

STATES = [
    "ALABAMA", "ALASKA", "ARIZONA", "ARKANSAS", "CALIFORNIA", "COLORADO", "CONNECTICUT", "DELAWARE", "FLORIDA", "GEORGIA", "HAWAII",
    "IDAHO", "ILLINOIS", "INDIANA", "IOWA", "KANSAS", "KENTUCKY", "LOUISIANA", "MAINE", "MARYLAND", "MASSACHUSETTS", "MICHIGAN",
    "MINNESOTA", "MISSISSIPPI", "MISSOURI", "MONTANA", "NEBRASKA", "NEVADA", "NEW HAMPSHIRE", "NEW JERSEY", "NEW MEXICO", "NEW YORK",
    "NORTH CAROLINA", "NORTH DAKOTA", "OHIO", "OKLAHOMA", "OREGON", "PENNSYLVANIA", "RHODE ISLAND", "SOUTH CAROLINA", "SOUTH DAKOTA",
    "TENNESSEE", "TEXAS", "UTAH", "VERMONT", "VIRGINIA", "WASHINGTON", "WEST VIRGINIA", "WISCONSIN", "WYOMING", "WASHINGTON, DC",
]
SLOGANS = [
    "The Show Me State", "Land of Lincoln", "Empire State", "Garden State", "The Natural State", "Sunshine State", "Grand Canyon State",
    "Live Free or Die", "Ocean State", "The Lone Star State", "America's Dairyland", "Great Lakes Splendor", "Land of Enchantment",
    "First in Flight", "10,000 lakes", "Vacationland", "Native America", "Peach State", "Famous Potatoes", "The Silver State",
    "Wild, Wonderful", "Scenic", "Discover the Spirit", "visit.example.gov", "In God We Trust", "CITY MOTORS", "HANCOCK COUNTY",
]
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
US_FORMS = (
    ["LLL DDDD", "LLL-DDDD", "LLLDDDD", "LLL.DDDD"] * 4
    + ["DLLLDDD", "DLLLDDD"] * 4
    + ["LLD LDL", "LLD-LDL", "LLD.LDL", "LLDLDL", "LDL LDL"] * 3
    + ["DDD LLL", "DDD-LLL", "DDD.LLL", "DDDLLL", "LLL DDD", "LLL-DDD", "LLL.DDD", "LLLDDD"] * 3
    + ["LL DDDDD", "LL-DDDD", "LLDDDD", "LL DDDD", "LL DDDLL", "DDDD LL", "DDDDLL", "LDDDDD", "L DDDDD", "DDDDDL", "DDLDDDD", "DD LDDD"]
    + ["DLDDDDD", "DLL DDDD", "LDDLLL", "DDL LDD", "LLDDLLL", "LDDDLLL", "LLLL DD", "DDDDD", "DDDDDD", "DDDDDDD", "DLDLDL", "LDLDLD", "LDD DDD"]
    + ["LLDLLDD", "LDLDLL", "DLLDDD", "DDLLDD", "LLDDDL", "DDD DDD", "DDD-DDD", "DDLLLD", "DLLDLL", "LDDDDL"]
)
VANITY = ["CEMENT", "SKIBUM", "FISHIN", "LUVDOGS", "GR8DAD", "TEACHR", "MRFIXIT", "BLUEBRD", "HOTROD", "GOCUBS", "SAILOR", "PILOT", "2FAST", "NURSE1", "FAMILY", "SUNNY", "MOMSCAR", "RUNNER", "BIKER", "QUILTS", "WINTER", "ROSES", "OHBOY", "KAYAK", "JAZZ", "VINTAGE", "XPLORE", "ZOOM", "YOGA4U"]


def picture_ground(rng, image) -> None:
    """A faint landscape, gradient or emblem behind the characters, as US plates have."""
    height, width = image.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        kind = rng.random()
        tone = np.array([float(v) for v in rng.uniform(60, 255, 3)], np.float32)
        strength = float(rng.uniform(0.1, 0.5))
        mask = np.zeros((height, width), np.float32)
        if kind < 0.4:  # a range of hills
            level = rng.uniform(0.2, 0.9) * height
            xs = np.linspace(0, width, 12)
            ys = level + rng.uniform(-0.2, 0.2, 12) * height
            cv2.fillPoly(mask, [np.int32([(0, height), *zip(xs, ys), (width, height)])], strength, cv2.LINE_AA)
        elif kind < 0.7:  # an emblem
            x, y = rng.uniform(0.05, 0.95) * width, rng.uniform(0.2, 0.8) * height
            if rng.random() < 0.5:
                cv2.circle(mask, (round(x), round(y)), int(rng.integers(8, 40)), strength, -1, cv2.LINE_AA)
            else:
                points = np.stack([x + rng.normal(0, 22, 7), y + rng.normal(0, 18, 7)], 1)
                cv2.fillPoly(mask, [np.int32(points)], strength, cv2.LINE_AA)
        else:  # top or bottom fade
            ramp = np.linspace(strength, 0, height, dtype=np.float32)
            mask[:] = (ramp if rng.random() < 0.5 else ramp[::-1])[:, None]
        blend(image, cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.5, 3))), 0, 0, tone)


def draw_us(rng, shown: str | None = None, state: str | None = None) -> Plate:
    if shown is None:
        if rng.random() < 0.08:
            shown = pick(rng, VANITY)
        elif rng.random() < 0.08:
            shown = "".join((LETTERS + DIGITS)[rng.integers(36)] for _ in range(rng.integers(4, 8)))
        else:
            shown = pattern(rng, pick(rng, US_FORMS))
    width = round(HEIGHT * rng.uniform(1.9, 2.1))
    bright = rng.uniform(0.75, 1.0)
    if rng.random() < 0.82:
        colour = np.array(pick(rng, [(250, 250, 250)] * 6 + [(210, 225, 245), (250, 240, 190), (225, 245, 225), (250, 210, 150), (245, 220, 80), (190, 210, 240)]), np.float32) * bright
        ink = np.array(pick(rng, [(15, 15, 20)] * 3 + [(20, 35, 110)] * 4 + [(120, 20, 30)] * 2 + [(15, 80, 45), (60, 30, 20)]), np.float32) * rng.uniform(0.6, 1.3)
    else:
        colour = np.array(pick(rng, [(20, 40, 110), (20, 90, 60), (120, 20, 30), (25, 25, 30), (0, 110, 120), (90, 90, 100)]), np.float32) * bright
        ink = np.array(pick(rng, [(250, 250, 250), (250, 220, 80), (250, 230, 200)]), np.float32) * rng.uniform(0.8, 1.0)
    image = ground(rng, width, colour, 0.12)
    if rng.random() < 0.6:
        picture_ground(rng, image)
    print_ink = np.array(pick(rng, [ink, (150, 20, 30), (20, 40, 130), (20, 20, 20), (240, 240, 240)]), np.float32)
    name = state or pick(rng, STATES)
    if rng.random() < 0.5:
        name = name.title()
    if rng.random() < 0.25:
        strip = np.array([float(v) for v in rng.uniform(0, 255, 3)], np.float32)
        image[: round(rng.uniform(0.16, 0.24) * HEIGHT)] = strip
        if rng.random() < 0.5:
            image[-round(rng.uniform(0.14, 0.22) * HEIGHT) :] = strip
    if rng.random() < 0.95:
        print_line(rng, image, name, rng.uniform(0.4, 0.6), rng.uniform(0.03, 0.08), rng.uniform(0.15, 0.23), print_ink, 0.62)
    if rng.random() < 0.75:
        print_line(rng, image, pick(rng, SLOGANS + STATES), rng.uniform(0.4, 0.6), rng.uniform(0.81, 0.87), rng.uniform(0.91, 0.97), print_ink, 0.75)
    top = rng.uniform(0.22, 0.31)
    bottom = top + rng.uniform(0.42, 0.55)
    left, right = (0.04, 0.96) if rng.random() < 0.75 else ((0.22, 0.97) if rng.random() < 0.6 else (0.03, 0.8))
    write(rng, image, "u", shown, ink, left, right, top, min(bottom, 0.84))
    if "." in shown or (" " in shown and rng.random() < 0.3):
        pass
    for x, y in ((0.04, 0.04), (0.84, 0.04), (0.04, 0.8), (0.84, 0.8)):
        if rng.random() < 0.35:
            sticker(rng, image, round(x * width), round(y * HEIGHT))
    if rng.random() < 0.6:
        bolts(rng, image, [(x, y) for x in (0.2, 0.8) for y in (0.07, 0.93) if rng.random() < 0.8])
    if rng.random() < 0.35:
        border(image, print_ink if rng.random() < 0.5 else colour * 0.7, int(rng.integers(1, 4)), 2)
    if rng.random() < 0.3:
        frame(rng, image)
    return Plate(to_picture(image), label_of(shown).replace("O", "0"), "us")


def sticker(rng, image, x: int, y: int) -> None:
    width, height = int(rng.integers(18, 30)), int(rng.integers(10, 16))
    tone = [float(v) for v in rng.uniform(40, 255, 3)]
    cv2.rectangle(image, (x, y), (x + width, y + height), tone, -1)
    face = pick(rng, fonts.faces_for("s"))
    words = pick(rng, MONTHS) if rng.random() < 0.5 else f"{rng.integers(0, 30):02d}"
    mask = fonts.small_print(face.path, words, height - 4)
    if mask.shape[1] > width - 3:
        mask = cv2.resize(mask, (width - 3, mask.shape[0]), interpolation=cv2.INTER_AREA)
    blend(image, mask, x + 2, y + 2, pick(rng, [(10.0,) * 3, (250.0,) * 3, (180.0, 10.0, 20.0)]))


def frame(rng, image) -> None:
    """A dealer's frame around a plate; it hides the plate's edges and sometimes the small print."""
    tone = float(pick(rng, [15, 30, 120, 190, 220]))
    side = int(rng.integers(2, 6))
    top, bottom = int(rng.integers(2, 17)), int(rng.integers(3, 17))
    image[:top], image[-bottom:], image[:, :side], image[:, -side:] = tone, tone, tone, tone
    if bottom > 9 and rng.random() < 0.7:
        print_line(rng, image, pick(rng, ["CITY MOTORS", "LAKESIDE AUTO", "HILLTOP CARS", "PROUD PARENT", "ALUMNI"]), 0.5, 1 - bottom / HEIGHT + 0.02, 0.98, (255.0 - tone,) * 3, 0.6)


# --- Brazil -----------------------------------------------------------------------------------------------------

CITIES = ["PR-CURITIBA", "SP-SAO PAULO", "MG-BELO HORIZONTE", "RJ-NITEROI", "PR-PARANAGUA", "SC-JOINVILLE", "RS-PORTO ALEGRE", "BA-SALVADOR"]


def draw_br_old(rng, shown: str | None = None) -> Plate:
    shown = shown or pattern(rng, pick(rng, ["LLL.DDDD", "LLL.DDDD", "LLL DDDD", "LLL-DDDD"]))
    width = round(HEIGHT * rng.uniform(2.7, 3.15))
    kind = rng.random()
    if kind < 0.65:
        colour, ink = (float(rng.uniform(130, 200)),) * 3, (float(rng.uniform(5, 50)),) * 3
    elif kind < 0.9:
        colour, ink = (float(rng.uniform(130, 190)), 30.0, 35.0), (float(rng.uniform(200, 250)),) * 3
    else:
        colour, ink = (240.0, 240.0, 240.0), (170.0, 20.0, 25.0)
    image = ground(rng, width, colour)
    print_line(rng, image, pick(rng, CITIES), rng.uniform(0.45, 0.55), 0.08, rng.uniform(0.17, 0.21), ink, 0.6)
    write(rng, image, "b", shown, ink, 0.05, 0.95, rng.uniform(0.28, 0.36), rng.uniform(0.84, 0.92))
    if rng.random() < 0.5:
        border(image, ink, 3, 2)
    if rng.random() < 0.6:
        bolts(rng, image, [(x, 0.13) for x in (0.13, 0.87)])
    return Plate(to_picture(image), label_of(shown), "br-old")


def draw_br_mercosur(rng, shown: str | None = None) -> Plate:
    shown = shown or pattern(rng, "LLLDLDD")
    width = round(HEIGHT * rng.uniform(2.9, 3.2))
    image = ground(rng, width, (float(rng.uniform(220, 252)),) * 3)
    blue = (10.0, 50.0 + rng.uniform(-20, 20), 150.0 + rng.uniform(-30, 40))
    depth = round(rng.uniform(0.2, 0.26) * HEIGHT)
    image[:depth] = blue
    print_line(rng, image, pick(rng, ["BRASIL"] * 4 + ["REPUBLICA ARGENTINA", "URUGUAY", "PARAGUAY"]), 0.5, 0.06, 0.18, (245.0,) * 3, 0.6)
    cv2.rectangle(image, (width - 34, 4), (width - 10, depth - 5), (20.0, 140.0, 60.0), -1)
    cv2.circle(image, (width - 22, depth // 2), 5, (250.0, 220.0, 40.0), -1, cv2.LINE_AA)
    ink = pick(rng, [(10.0, 10.0, 12.0)] * 4 + [(150.0, 20.0, 20.0), (20.0, 50.0, 140.0)])
    write(rng, image, "b", shown, ink, 0.07, 0.95, rng.uniform(0.32, 0.38), rng.uniform(0.86, 0.93))
    print_line(rng, image, "BR", 0.04, 0.8, 0.9, (20.0,) * 3)
    if rng.random() < 0.7:
        border(image, blue if rng.random() < 0.5 else ink, 2, 2)
    return Plate(to_picture(image), label_of(shown), "br-mercosur")


def to_picture(image: np.ndarray) -> np.ndarray:
    return np.clip(image, 0, 255).astype(np.uint8)


def draw(rng: np.random.Generator) -> Plate:
    """A plate of a random layout: US half, European a quarter, the rest Brazil and UK."""
    kind = rng.random()
    if kind < 0.5:
        return draw_us(rng)
    if kind < 0.74:
        return draw_eu(rng)
    if kind < 0.84:
        return draw_uk(rng)
    if kind < 0.92:
        return draw_br_old(rng)
    return draw_br_mercosur(rng)


def registration_text(text: str, us: bool) -> str:
    """A real label as a training label."""
    text = "".join(c for c in text.upper() if c.isascii() and c.isalnum())
    return text.replace("O", "0") if us else text
