"""Brushes that every layout paints with: grounds, characters, borders, bolts, stickers, dealer frames.

A plate is painted as float32 RGB [height, width, 3] whose edges are the plate's edges; `to_picture` rounds it at the end.
"""

from dataclasses import dataclass

import cv2
import numpy as np

import fonts

HEIGHT = 96
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CLEAR_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
DIGITS = "0123456789"
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


@dataclass
class Plate:
    image: np.ndarray  # uint8 RGB
    text: str  # capital letters and digits without separators
    layout: str  # the region's code, for example "de", or "us"
    rows: tuple[str, ...] = ()  # what stands in each row, of plates with two; empty: one row


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


UMLAUTS = str.maketrans("ÄÖÜ", "AOU")


def label_of(shown: str) -> str:
    return "".join(character for character in shown.translate(UMLAUTS) if character.isascii() and character.isalnum())


def blend(image: np.ndarray, mask: np.ndarray, x: int, y: int, colour) -> None:
    """Paints `colour` through a mask at (x, y), cut at the picture's edges."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + mask.shape[1], width), min(y + mask.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    part = mask[y0 - y : y1 - y, x0 - x : x1 - x, None]
    area = image[y0:y1, x0:x1]
    image[y0:y1, x0:x1] = area * (1 - part) + np.asarray(colour, np.float32) * part


def text_mask(rng, shape, use: str, shown: str, left: float, right: float, top: float, bottom: float, spread: float = 0.0, face=None):
    """The registration as a mask over the whole plate, fitted between left..right and top..bottom (parts of the plate)."""
    height, width = shape
    face = face or pick(rng, fonts.faces_for(use))
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


def ground(rng, width: int, colour, shade: float = 0.06, height: int = HEIGHT) -> np.ndarray:
    """A plate's ground: one colour with a slight vertical shade."""
    ramp = np.linspace(1 + rng.uniform(-shade, shade), 1 + rng.uniform(-shade, shade), height, dtype=np.float32)
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


def write_rows(rng, image, use: str, rows, colour, lefts, right: float, top: float, bottom: float) -> list:
    """Two rows between top and bottom in one face; gives each row's box: left, right, top, bottom."""
    split = top + (bottom - top) * rng.uniform(0.44, 0.54)
    gap = rng.uniform(0.02, 0.045)
    boxes = [(lefts[0], right, top, split - gap), (lefts[1], right, split + gap, bottom)]
    faces = fonts.faces_for(use)
    face = faces[int(rng.integers(len(faces)))]
    for row, (x0, x1, y0, y1) in zip(rows, boxes):
        mask = text_mask(rng, image.shape[:2], use, row, x0, x1, y0, y1, face=face)
        blend(image, mask, 0, 0, colour)
        if rng.random() < 0.6:
            emboss(rng, image, mask, rng.uniform(10, 60))
    return boxes


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


def dealer_strip(rng, image, words: str) -> None:
    """The lower edge of a holder that covers the plate's own, often with the dealer's name."""
    height = image.shape[0]
    depth = max(2, round(rng.uniform(0.02, 0.1) * HEIGHT))
    tone = float(pick(rng, [15, 25, 40, 60, 120, 200]))
    image[-depth:] = tone
    if depth > 6:
        print_line(rng, image, words, 0.5, 1 - (depth - 1) / height, 0.985, (235.0 if tone < 128 else 30.0,) * 3, 0.6)


def frame(rng, image) -> None:
    """A dealer's frame around a plate; it hides the plate's edges and sometimes the small print."""
    tone = float(pick(rng, [15, 30, 120, 190, 220]))
    side = int(rng.integers(2, 6))
    top, bottom = int(rng.integers(2, 17)), int(rng.integers(3, 17))
    image[:top], image[-bottom:], image[:, :side], image[:, -side:] = tone, tone, tone, tone
    if bottom > 9 and rng.random() < 0.7:
        print_line(rng, image, pick(rng, ["CITY MOTORS", "LAKESIDE AUTO", "HILLTOP CARS", "PROUD PARENT", "ALUMNI"]), 0.5, 1 - bottom / HEIGHT + 0.02, 0.98, (255.0 - tone,) * 3, 0.6)


def to_picture(image: np.ndarray) -> np.ndarray:
    return np.clip(image, 0, 255).astype(np.uint8)
