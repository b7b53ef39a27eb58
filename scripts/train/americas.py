"""Plates of the Americas: US states with their variety, Canada, Mexico, Brazil old and Mercosur, Argentina, Chile, Colombia.

US and Canadian plates are labelled with 0 for the letter O, as the real US labels are, and without the small letters that
stand one above the other beside the number.
"""

import cv2
import numpy as np

import fonts
from paint import CLEAR_LETTERS, DIGITS, HEIGHT, LETTERS, Plate, blend, bolts, border, dealer_strip, frame, ground, label_of, pattern, pick, picture_ground, print_line, sticker, to_picture, write, write_rows

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
    bottom = min(bottom, 0.84)
    left, right = (0.04, 0.96) if rng.random() < 0.72 else ((0.22, 0.97) if rng.random() < 0.6 else (0.03, 0.8))
    gap = next((index for index, mark in enumerate(shown) if not mark.isalnum()), None)
    if gap and rng.random() < 0.18:  # an emblem between the two groups
        middle = 0.5 + (gap - (len(shown) - 1) / 2) * 0.05
        emblem(rng, image, middle * width, (top + bottom) / 2 * HEIGHT, (bottom - top) * HEIGHT * rng.uniform(0.35, 0.65))
        reach = rng.uniform(0.06, 0.1)
        write(rng, image, "u", shown[:gap], ink, 0.03, middle - reach, top, bottom)
        write(rng, image, "u", shown[gap + 1 :], ink, middle + reach, 0.97, top, bottom)
    else:
        write(rng, image, "u", shown, ink, left, right, top, bottom)
        if left > 0.2 and rng.random() < 0.75:
            if rng.random() < 0.5:
                stack(rng, image, ink, 0.1 if rng.random() < 0.4 else 0.16, top, bottom)
            else:
                emblem(rng, image, rng.uniform(0.08, 0.13) * width, (top + bottom) / 2 * HEIGHT, rng.uniform(14, 26))
        elif right < 0.85 and rng.random() < 0.75:
            if rng.random() < 0.4:
                stack(rng, image, ink, rng.uniform(0.85, 0.92), top, bottom)
            else:
                emblem(rng, image, rng.uniform(0.87, 0.92) * width, (top + bottom) / 2 * HEIGHT, rng.uniform(12, 24))
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



def emblem(rng, image, x: float, y: float, reach: float) -> None:
    """A figure in place of a dash, or beside the number: a badge, a tree, a splash of colours."""
    tone = [float(v) for v in rng.uniform(10, 230, 3)]
    if rng.random() < 0.4:
        cv2.circle(image, (round(x), round(y)), max(3, round(reach * 0.7)), tone, -1, cv2.LINE_AA)
    points = np.stack([x + rng.normal(0, reach * 0.5, 8), y + rng.normal(0, reach * 0.6, 8)], 1)
    cv2.fillPoly(image, [np.int32(points)], [float(v) for v in rng.uniform(10, 230, 3)], cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 4))):
        a, b = (x + rng.normal(0, reach * 0.6), y + rng.normal(0, reach * 0.7)), (x + rng.normal(0, reach * 0.6), y + rng.normal(0, reach * 0.7))
        cv2.line(image, (round(a[0]), round(a[1])), (round(b[0]), round(b[1])), [float(v) for v in rng.uniform(10, 230, 3)], int(rng.integers(1, 4)), cv2.LINE_AA)


def stack(rng, image, ink, centre: float, top: float, bottom: float) -> None:
    """Two or three small letters, one above the other: part of the plate, not of the label."""
    letters = pick(rng, ["DLR", "NG", "TRK", "8B", "RT", "US", "DV", "PA", "VET", "4X", "TK", "CM", "FD", "EL", "H", "US", "1A", "AG"])
    step = (bottom - top) / len(letters)
    for index, letter in enumerate(letters):
        print_line(rng, image, letter, centre, top + step * (index + 0.06), top + step * (index + 0.94), ink, 0.08)


CANADA = [("ONTARIO", ["LLLL DDD", "LLLL DDD", "LLL DDD"]), ("British Columbia", ["LLD DDL", "LL DDDL", "LLDDDL", "DDD LLL"]), ("Quebec", ["LDD LLL", "DDD LLL", "LLL DDD", "DDDLLL"]), ("ALBERTA", ["LLL-DDDD", "LLL DDD"]), ("MANITOBA", ["LLL DDD"]), ("NOVA SCOTIA", ["LLL DDD"])]
MEXICAN_STATES = ["JALISCO", "DISTRITO FEDERAL", "CDMX", "NUEVO LEON", "CHIAPAS", "PUEBLA", "BAJA CALIFORNIA", "SONORA", "YUCATAN", "EDO MEX", "VERACRUZ", "SINALOA"]


def draw_canada(rng) -> Plate:
    province, forms = pick(rng, CANADA)
    plate = draw_us(rng, pattern(rng, pick(rng, forms)), province)
    return Plate(plate.image, plate.text, "ca")


def draw_mexico(rng) -> Plate:
    plate = draw_us(rng, pattern(rng, pick(rng, ["LLL-DD-DD", "LLL-DDD-L", "DDD-LLL", "LLL-DDDD", "LL-DD-DDD", "LDD-LLL"]), CLEAR_LETTERS), pick(rng, MEXICAN_STATES))
    return Plate(plate.image, plate.text, "mx")


def draw_colombia(rng) -> Plate:
    shown = pattern(rng, pick(rng, ["LLL DDD", "LLL.DDD", "LLL-DDD"]))
    colour = pick(rng, [(245.0, 205.0, 40.0)] * 4 + [(240.0, 240.0, 240.0)])
    image = ground(rng, round(HEIGHT * rng.uniform(1.9, 2.2)), np.array(colour, np.float32) * rng.uniform(0.75, 1.0))
    write(rng, image, "b", shown, (20.0,) * 3, 0.06, 0.94, rng.uniform(0.12, 0.2), rng.uniform(0.68, 0.76))
    print_line(rng, image, pick(rng, ["BOGOTA D.C.", "MEDELLIN", "CALI", "ENVIGADO", "COTA", "FUNZA"]), 0.5, 0.82, 0.93, (20.0,) * 3, 0.7)
    if rng.random() < 0.6:
        border(image, (20.0,) * 3, 4, 2)
    return Plate(to_picture(image), label_of(shown), "co")


def draw_chile(rng) -> Plate:
    shown = pattern(rng, pick(rng, ["LLLL.DD", "LLLL DD", "LL LL DD", "LL DD DD", "LL.DDDD"]), CLEAR_LETTERS)
    image = ground(rng, round(HEIGHT * rng.uniform(2.5, 2.9)), (float(rng.uniform(215, 250)),) * 3)
    write(rng, image, "b", shown, (20.0,) * 3, 0.05, 0.95, rng.uniform(0.12, 0.2), rng.uniform(0.7, 0.78))
    print_line(rng, image, "CHILE", 0.5, 0.83, 0.95, (20.0,) * 3, 0.5)
    if rng.random() < 0.6:
        border(image, (20.0,) * 3, 4, 2)
    return Plate(to_picture(image), label_of(shown), "cl")


# --- Brazil and its neighbours ---------------------------------------------------------------------------------

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
    if rng.random() < 0.25:
        dealer_strip(rng, image, "AUTO CENTRO")
    return Plate(to_picture(image), label_of(shown), "br")


MERCOSUR = {
    "br-mercosur": (["LLLDLDD"] * 6 + ["LLLDDDD"], ["BRASIL"]),
    "ar": (["LL DDD LL"], ["REPUBLICA ARGENTINA"]),
    "other": (["LLL DDDD", "LLLL DDD", "LL DDDDD"], ["URUGUAY", "REPUBLICA DEL PARAGUAY", "BOLIVIA"]),
}


def mercosur_ground(rng, code: str, width: int, height: int):
    """The white plate with its blue head; gives the picture and the ink."""
    image = ground(rng, width, (float(rng.uniform(215, 252)),) * 3, height=height)
    blue = (10.0, 50.0 + rng.uniform(-20, 20), 150.0 + rng.uniform(-30, 40))
    depth = round((rng.uniform(0.2, 0.26) if height == HEIGHT else rng.uniform(0.15, 0.19)) * height)
    image[:depth] = blue
    print_line(rng, image, pick(rng, MERCOSUR[code][1]), 0.5, 0.05, depth / height - 0.05, (245.0,) * 3, 0.6)
    cv2.rectangle(image, (width - 34, 4), (width - 10, depth - 5), [float(v) for v in rng.uniform(20, 240, 3)], -1)
    cv2.circle(image, (width - 22, depth // 2), 5, (250.0, 220.0, 40.0), -1, cv2.LINE_AA)
    ink = pick(rng, [(10.0, 10.0, 12.0)] * 5 + [(150.0, 20.0, 20.0), (20.0, 50.0, 140.0), (20.0, 110.0, 60.0)])
    if rng.random() < 0.7:
        border(image, blue if rng.random() < 0.5 else ink, 2, 2)
    return image, ink


def draw_mercosur(rng, shown: str | None = None, code: str | None = None) -> Plate:
    code = code or str(rng.choice(list(MERCOSUR), p=[0.7, 0.22, 0.08]))
    shown = shown or pattern(rng, pick(rng, MERCOSUR[code][0]))
    image, ink = mercosur_ground(rng, code, round(HEIGHT * rng.uniform(2.9, 3.2)), HEIGHT)
    write(rng, image, "m", shown, ink, 0.06, 0.95, rng.uniform(0.3, 0.38), rng.uniform(0.86, 0.93))
    if code == "br-mercosur" and rng.random() < 0.8:
        print_line(rng, image, "BR", 0.04, 0.8, 0.9, (20.0,) * 3, 0.06)
    if rng.random() < 0.25:
        dealer_strip(rng, image, "AUTO CENTRO")
    return Plate(to_picture(image), label_of(shown), code)


def draw_br_square(rng) -> Plate:
    """A motorcycle's plate: three letters above four symbols."""
    height = 2 * HEIGHT
    width = round(height * rng.uniform(1.1, 1.35))
    if rng.random() < 0.6:
        code, rows = "br-mercosur", (pattern(rng, "LLL"), pattern(rng, pick(rng, ["DLDD"] * 5 + ["DDDD"])))
        image, ink = mercosur_ground(rng, code, width, height)
        top = rng.uniform(0.2, 0.25)
    else:
        code, rows = "br", (pattern(rng, "LLL"), pattern(rng, "DDDD"))
        tone = float(rng.uniform(130, 200))
        colour, ink = ((tone,) * 3, (25.0,) * 3) if rng.random() < 0.65 else ((tone, 30.0, 35.0), (230.0,) * 3)
        image = ground(rng, width, colour, height=height)
        print_line(rng, image, pick(rng, CITIES), 0.5, 0.04, 0.11, ink, 0.6)
        top = rng.uniform(0.13, 0.2)
    use = "m" if code == "br-mercosur" else "b"
    write_rows(rng, image, use, rows, ink, (0.12, 0.05), 0.95 - (0.07 if rng.random() < 0.5 else 0), top, rng.uniform(0.9, 0.95))
    if rng.random() < 0.5:
        border(image, ink, 3, 2)
    return Plate(to_picture(image), "".join(rows), code, rows)


def draw_ar_old(rng) -> Plate:
    shown = pattern(rng, "LLL DDD")
    image = ground(rng, round(HEIGHT * rng.uniform(2.2, 2.5)), (float(rng.uniform(10, 45)),) * 3)
    ink = (float(rng.uniform(190, 250)),) * 3
    print_line(rng, image, "ARGENTINA", 0.5, 0.05, 0.17, ink, 0.6)
    write(rng, image, "b", shown, ink, 0.05, 0.95, rng.uniform(0.24, 0.32), rng.uniform(0.82, 0.9))
    if rng.random() < 0.6:
        border(image, ink, 4, 2)
    return Plate(to_picture(image), label_of(shown), "ar")


def draw_us_square(rng) -> Plate:
    """A motorcycle's plate: the state above, the number in two rows."""
    height = 2 * HEIGHT
    rows = tuple(pattern(rng, form).replace("O", "0") for form in pick(rng, [("LLL", "DDD"), ("DD", "DDDD"), ("DDD", "LLL"), ("LL", "DDDD"), ("DDL", "DDD")]))
    image = ground(rng, round(height * rng.uniform(1.4, 1.85)), np.array(pick(rng, [(245, 245, 245), (220, 230, 245), (250, 240, 190)]), np.float32) * rng.uniform(0.75, 1), height=height)
    if rng.random() < 0.4:
        picture_ground(rng, image)
    ink = pick(rng, [(20.0, 20.0, 25.0), (20.0, 35.0, 110.0), (120.0, 20.0, 30.0)])
    print_line(rng, image, pick(rng, STATES), 0.5, 0.03, 0.13, ink, 0.8)
    write_rows(rng, image, "u", rows, ink, (0.06, 0.06), 0.94, rng.uniform(0.16, 0.22), rng.uniform(0.88, 0.94))
    return Plate(to_picture(image), "".join(rows), "us", rows)
