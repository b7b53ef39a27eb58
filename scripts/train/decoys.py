"""What looks like a plate and is none: badges, signs, shop fronts, truck lettering, dealer boards, clocks, grilles."""

import functools
import os

import cv2
import numpy as np

import fonts
import layouts

WORDS = [
    "EXIT", "NO PARKING", "TAXI", "POLICE", "SALE 50", "Hybrid", "XTERRA", "AUTO", "www.cars.example", "Resident Parking", "TDI", "CRDi",
    "ZX+", "VXi", "4x4", "turbo", "DIESEL", "AMBULANCE", "STOP", "RECEPTION", "Parking", "Bakery", "OPEN", "Cafe", "HOTEL", "PIZZA",
    "Follow us", "got milk?", "KEEP DISTANCE", "HOW AM I DRIVING?", "LONG VEHICLE", "School Bus", "Deliveries", "Express", "Logistics",
    "TRANSPORT", "Tel. 555 0142", "0800 123 456", "24h", "ATM", "BANK", "Pharmacy", "MARKET", "Garage", "Tyres & Service", "1.6 GLX",
    "QUATTRO", "Sport", "LIMITED", "GRAND TOURER", "EURO 6", "ECO", "MAX 3.5 t", "2.10 m", "ROUTE 66", "Lane 3", "TOLL", "Ticket", "CASH ONLY",
    "E 7th St", "Main Street", "ARMY", "HAPPY DAYS", "Just Married", "Baby on board", "FOR SALE", "I DRIVE SAFE", "(c) photo example",
]
STAMPS = ["2014-05-02 00:00:57", "CAM 03 12:44:10", "205014", "12/11/2021 07:15 AM", "CH1 REC", "00:17:32", "Front gate 1", "km/h 034"]


@functools.lru_cache(None)
def type_faces() -> tuple:
    """The faces that write whole words: files, not the plate letters that we draw stroke by stroke."""
    return tuple(face for use in "suk" for face in fonts.faces_for(use) if os.path.exists(face.path))


def words(rng) -> str:
    kind = rng.random()
    if kind < 0.55:
        text = layouts.pick(rng, WORDS)
    elif kind < 0.7:
        text = layouts.pick(rng, STAMPS)
    elif kind < 0.8:
        text = layouts.pick(rng, layouts.SLOGANS)
    else:  # words of no language
        letters = "abcdefghijklmnoprstuvwyz"
        text = " ".join("".join(letters[rng.integers(len(letters))] for _ in range(rng.integers(2, 8))) for _ in range(rng.integers(1, 4)))
        text = layouts.pick(rng, [text, text.title(), text.upper()])
    return text


def badge(rng, height: int) -> np.ndarray:
    """One line of writing, sometimes slanted."""
    face = layouts.pick(rng, type_faces())
    mask = fonts.small_print(face.path, words(rng), height)
    if rng.random() < 0.35:
        lean = rng.uniform(-0.5, 0.5)
        wide = mask.shape[1] + int(abs(lean) * mask.shape[0]) + 1
        warp = np.float32([[1, -lean, lean * mask.shape[0] if lean > 0 else 0], [0, 1, 0]])
        mask = cv2.warpAffine(mask, warp, (wide, mask.shape[0]))
    return mask


def board(rng) -> tuple[np.ndarray, np.ndarray]:
    """A sign, shop front or dealer's board: picture and mask."""
    rows = int(rng.choice([1, 1, 2, 3, 4]))
    height = int(rng.integers(5, 16 if rows > 1 else 26))
    lines = [badge(rng, max(4, round(height * rng.uniform(0.6, 1.2)))) for _ in range(rows)]
    width = min(200, max(line.shape[1] for line in lines))
    edge = int(rng.integers(2, 14))
    tall = sum(line.shape[0] for line in lines) + (rows - 1) * max(2, height // 3) + 2 * int(rng.integers(2, 10))
    picture = np.full((tall, width + 2 * edge), rng.uniform(0, 255), np.float32)
    ink = rng.uniform(0, 255)
    y = (tall - sum(line.shape[0] for line in lines) - (rows - 1) * max(2, height // 3)) // 2
    for line in lines:
        line = line[:, :width]
        x = edge + (int(rng.integers(0, width - line.shape[1] + 1)) if rng.random() < 0.5 else (width - line.shape[1]) // 2)
        area = picture[y : y + line.shape[0], x : x + line.shape[1]]
        area += (ink - area) * line[: area.shape[0], : area.shape[1]]
        y += line.shape[0] + max(2, height // 3)
    if rng.random() < 0.4:
        cv2.rectangle(picture, (1, 1), (picture.shape[1] - 2, tall - 2), ink, 1)
    return picture, np.ones_like(picture)


def slots(rng) -> tuple[np.ndarray, np.ndarray]:
    """A grille, a vent, a fence, a row of windows: light and dark bars."""
    width, height = int(rng.integers(16, 140)), int(rng.integers(8, 60))
    mask = np.zeros((height, width), np.float32)
    step, thick = int(rng.integers(3, 12)), int(rng.integers(1, 4))
    kind = rng.random()
    for shift in range(thick):
        if kind < 0.65:
            mask[:, shift::step] = 1
        if kind > 0.4:
            mask[shift :: max(3, step + int(rng.integers(-1, 2)))] = 1
    picture = np.where(mask > 0, rng.uniform(0, 255), rng.uniform(0, 255)).astype(np.float32)
    return picture, np.ones_like(picture) if rng.random() < 0.6 else mask


def lamp(rng) -> tuple[np.ndarray, np.ndarray]:
    """A lamp's glass: a bright or dark rounded shape with ribs and hot spots, sometimes in a dark rim."""
    width, height = int(rng.integers(14, 90)), int(rng.integers(8, 40))
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    picture = rng.uniform(30, 220) + rng.uniform(5, 50) * np.sin(xs * rng.uniform(0.3, 2.5)) + rng.uniform(0, 30) * np.sin(ys * rng.uniform(0.3, 2.0))
    for _ in range(int(rng.integers(1, 4))):
        cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(2, 12)
        picture += rng.uniform(-120, 160) * np.exp(-((xs - cx) ** 2 + (ys - cy) ** 2) / (2 * r * r))
    power = rng.uniform(2, 6)
    mask = ((np.abs(2 * xs / width - 1) ** power + np.abs(2 * ys / height - 1) ** power) < 1).astype(np.float32)
    return np.float32(picture), cv2.GaussianBlur(mask, (0, 0), 0.7)


def scatter(rng, image: np.ndarray, quads: list, most: int = 5) -> None:
    """Draws up to `most` decoys that touch none of the plates."""
    height, width = image.shape
    for _ in range(int(rng.integers(0, most))):
        kind = rng.random()
        if kind < 0.4:  # on the surface itself, pressed or painted
            mask = badge(rng, int(rng.integers(5, 30)))
            picture = np.full_like(mask, rng.uniform(0, 255))
        elif kind < 0.65:
            picture, mask = board(rng)
        elif kind < 0.85:
            picture, mask = slots(rng)
        else:
            picture, mask = lamp(rng)
        if rng.random() < 0.4:
            h, w = mask.shape
            quad = np.float32([[0, 0], [w, 0], [w, h], [0, h]])
            moved = quad + rng.normal(0, 1, (4, 2)).astype(np.float32) * np.float32([0.03 * w, 0.12 * h]) + 3
            warp = cv2.getPerspectiveTransform(quad, np.float32(moved))
            picture, mask = (cv2.warpPerspective(one, warp, (w + 6, h + 6)) for one in (picture, mask))
        x, y = int(rng.integers(-10, width - 12)), int(rng.integers(-4, height - 8))
        x0, y0, x1, y1 = max(0, x), max(0, y), min(width, x + mask.shape[1]), min(height, y + mask.shape[0])
        if x1 - x0 < 4 or y1 - y0 < 4:
            continue
        if any(x0 < q[:, 0].max() + 6 and x1 > q[:, 0].min() - 6 and y0 < q[:, 1].max() + 6 and y1 > q[:, 1].min() - 6 for q in quads):
            continue
        part = mask[y0 - y : y1 - y, x0 - x : x1 - x] * rng.uniform(0.6, 1.0)
        area = image[y0:y1, x0:x1].astype(np.float32)
        area = area * (1 - part) + picture[y0 - y : y1 - y, x0 - x : x1 - x] * part
        if rng.random() < 0.6:
            area = cv2.GaussianBlur(area, (0, 0), float(rng.uniform(0.3, 1.2)))
        image[y0:y1, x0:x1] = area.clip(0, 255).astype(np.uint8)
