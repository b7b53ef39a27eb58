"""Plates of other continents' countries, and of alphabets of which only the Latin letters and digits are read.

India's many forms; China's (a province's character, then letters and digits), Arabic and Thai plates with their own writing
beside the digits, and plain ones of no country that we name.
"""

import cv2
import numpy as np

import fonts
from europe import cut_in_two
from paint import CLEAR_LETTERS, HEIGHT, LETTERS, Plate, blend, bolts, border, dealer_strip, ground, label_of, pattern, pick, print_line, to_picture, write, write_rows

INDIAN_STATES = "MH DL KA TN UP GJ RJ HR KL WB AP TS MP PB CH BR OR JH AS UK HP CG GA".split()
INDIAN_FORMS = ["DD LL DDDD", "DD L DDDD", "DDLLDDDD", "DDLDDDD", "DD-LL-DDDD", "D LLL DDDD", "DD LLL DDDD", "DD LL DDDD", "D LL DDDD"]
PLAIN_FORMS = ["LLL DDD", "LLL-DDD", "LLDDDD", "DDDLLL", "LDDDLLL", "LLL DDDD", "DDDD LL", "LL DDD LL", "DDDDDD", "DDDDD", "LL DDDD", "L DDDD", "LLL DDDD L", "DDD DD DDD", "DD LLL DD", "LLDD DDD", "LL DD", "LL DDD", "DDDD", "DD", "LDDDDDD", "LLLDDDDDD"]
DOUBLE = [(250.0, 250.0, 250.0)] * 7 + [(245.0, 190.0, 40.0)] * 3


def colours(rng):
    plate = np.array(pick(rng, DOUBLE), np.float32) * rng.uniform(0.75, 1.0)
    ink = (float(rng.uniform(5, 50)),) * 3
    kind = rng.random()
    if kind < 0.06:
        return (25.0,) * 3, (235.0,) * 3
    if kind < 0.1:
        return (30.0, 120.0, 60.0), (245.0,) * 3
    return plate, ink


def draw_india(rng, two: bool = False) -> Plate:
    shown = pick(rng, INDIAN_STATES) + pick(rng, [" ", "", "-", " "]) + pattern(rng, pick(rng, INDIAN_FORMS), LETTERS)
    colour, ink = colours(rng)
    if two:
        height = 2 * HEIGHT
        rows = tuple(cut_in_two(rng, shown).split("/"))
        image = ground(rng, round(height * rng.uniform(1.1, 2.2)), colour, height=height)
        write_rows(rng, image, pick(rng, ["e", "b", "k"]), rows, ink, (0.05, 0.05), 0.95, rng.uniform(0.06, 0.1), rng.uniform(0.9, 0.94))
    else:
        image = ground(rng, round(HEIGHT * rng.uniform(3.4, 5.0)), colour)
        left = 0.03
        if rng.random() < 0.45:
            left = 0.11
            print_line(rng, image, "IND", 0.055, 0.55, 0.72, (20.0, 40.0, 130.0), 0.09)
            cv2.circle(image, (round(0.055 * image.shape[1]), 34), 8, (40.0, 90.0, 160.0), -1, cv2.LINE_AA)
        write(rng, image, pick(rng, ["e", "b", "k"]), shown, ink, left, 0.975, rng.uniform(0.1, 0.2), rng.uniform(0.8, 0.9))
    if rng.random() < 0.6:
        border(image, ink, 3, 2)
    if rng.random() < 0.3:
        bolts(rng, image, [(0.1, 0.5), (0.9, 0.5)])
    if rng.random() < 0.2:
        dealer_strip(rng, image, "CITY MOTORS")
    return Plate(to_picture(image), label_of(shown), "in", tuple(label_of(row) for row in rows) if two else ())


def foreign_letter(rng, height: int) -> np.ndarray:
    """A made-up character of another writing: strokes that are no Latin letter (float mask)."""
    width = round(height * rng.uniform(0.7, 0.95))
    mask = np.zeros((height, width), np.float32)
    thick = max(2, height // 12)
    for _ in range(int(rng.integers(4, 8))):
        kind = rng.random()
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        if kind < 0.45:
            cv2.line(mask, (int(rng.integers(0, width // 3)), y), (int(rng.integers(2 * width // 3, width)), y), 1.0, thick, cv2.LINE_AA)
        elif kind < 0.75:
            cv2.line(mask, (x, int(rng.integers(0, height // 2))), (x, int(rng.integers(height // 2, height))), 1.0, thick, cv2.LINE_AA)
        else:
            cv2.line(mask, (x, y), (int(rng.integers(0, width)), int(rng.integers(0, height))), 1.0, thick, cv2.LINE_AA)
    return mask


def draw_china(rng) -> Plate:
    shown = pattern(rng, pick(rng, ["L.DDDDD", "L.DDDDL", "L.LDDDD", "L.DLDDD", "L.DDLDD", "L.LDDDDD", "L.DDDLL", "L.LLDDD", "L.DLDDL"]), CLEAR_LETTERS)
    colour, ink = pick(rng, [((25.0, 60.0, 160.0), (240.0,) * 3)] * 6 + [((150.0, 215.0, 160.0), (20.0,) * 3)] * 2 + [((245.0, 190.0, 30.0), (20.0,) * 3)])
    image = ground(rng, round(HEIGHT * rng.uniform(3.0, 3.4)), np.array(colour, np.float32) * rng.uniform(0.7, 1.1))
    top, bottom = rng.uniform(0.13, 0.2), rng.uniform(0.8, 0.88)
    mask = foreign_letter(rng, round((bottom - top) * HEIGHT))
    blend(image, mask, round(0.035 * image.shape[1]), round(top * HEIGHT), ink)
    write(rng, image, pick(rng, ["e", "b"]), shown, ink, 0.16, 0.97, top, bottom)
    if rng.random() < 0.7:
        border(image, ink, 4, 2)
    return Plate(to_picture(image), label_of(shown), "cn")


def draw_plain(rng, two: bool = False) -> Plate:
    """A plate of no country that we name; sometimes with a line or a piece of another writing."""
    shown = pattern(rng, pick(rng, PLAIN_FORMS), LETTERS if rng.random() < 0.5 else CLEAR_LETTERS)
    colour, ink = colours(rng)
    use = pick(rng, ["e", "b", "k", "u"])
    if two and len(label_of(shown)) >= 4:
        height = 2 * HEIGHT
        rows = tuple(cut_in_two(rng, shown).split("/"))
        image = ground(rng, round(height * rng.uniform(1.1, 2.2)), colour, height=height)
        write_rows(rng, image, use, rows, ink, (0.05, 0.05), 0.95, rng.uniform(0.06, 0.16), rng.uniform(0.88, 0.94))
        if rng.random() < 0.6:
            border(image, ink, 3, 2)
        return Plate(to_picture(image), label_of(shown), "other", tuple(label_of(row) for row in rows))
    image = ground(rng, round(HEIGHT * rng.uniform(1.9, 4.9)), colour)
    left, right, top, bottom = 0.04, 0.96, rng.uniform(0.1, 0.2), rng.uniform(0.78, 0.9)
    kind = rng.random()
    if kind < 0.3:  # Arabic or Thai writing beside or above the digits
        tall = HEIGHT * rng.uniform(0.25, 0.5)
        side = rng.random()
        for _ in range(int(rng.integers(1, 4))):
            mask = foreign_letter(rng, max(8, round(tall)))
            x = rng.uniform(0.03, 0.12) if side < 0.5 else rng.uniform(0.8, 0.88)
            blend(image, mask, round(x * image.shape[1]), round(rng.uniform(0.08, 0.5) * HEIGHT), ink)
        left, right = (0.24, 0.97) if side < 0.5 else (0.03, 0.78)
    elif kind < 0.45:
        print_line(rng, image, pick(rng, ["PROVINCIA", "DUBAI", "MAROC", "SOUTH AUSTRALIA", "GAUTENG", "NSW", "QUEENSLAND"]), 0.5, 0.82, 0.95, ink, 0.6)
        bottom = 0.76
    write(rng, image, use, shown, ink, left, right, top, bottom)
    if rng.random() < 0.6:
        border(image, ink, 3, 2)
    if rng.random() < 0.2:
        dealer_strip(rng, image, "CITY MOTORS")
    return Plate(to_picture(image), label_of(shown), "other")
