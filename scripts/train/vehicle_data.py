"""Vehicle crops: what is in the packs, which part is held back, and how a crop is framed and lit for training.

Held back, never trained on: a tenth of zenodo100 (by a hash of the file's name; near-duplicates, frames of one vehicle, share
the side of the first of them), a fifth of the Open Images crops (by a hash of the photo's id), and the rows `held` of
vehicle_colours.csv (photographs whose crop comes from the plate's box by the product's own rule).
"""

import csv
import hashlib
import io
import os
import tarfile

import cv2
import numpy as np

from vehicle_networks import ABOVE, CLASSES, SIDE

FILL = 127.5
HERE = os.path.dirname(os.path.abspath(__file__))
# Folder -> the classes that it may be: Open Images and CIFAR do not tell pickups, lorries and trucks apart.
ZENODO = {"bike": "motorcycle", "car": "car", "juggernaut": "lorry", "minibus": "van", "pickup": "pickup", "truck": "truck"}
OPEN_IMAGES = {"ambulance": ["van"], "bus": ["bus"], "car": ["car"], "motorcycle": ["motorcycle"], "truck": ["pickup", "truck", "lorry"]}
CIFAR = {"automobile": ["car"], "truck": ["truck", "lorry"]}
# Two crops that agree this well after normalisation at 16 x 16 show one vehicle, or one is a copy.
SAME = 0.95


def part(name: str, parts: int) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % parts


def read_rgb(path: str) -> np.ndarray:
    return cv2.imread(path, cv2.IMREAD_COLOR)[:, :, ::-1].copy()


def allowed(classes) -> np.ndarray:
    return np.float32([name in classes for name in CLASSES])


class Crop:
    """One picture with the square that its vehicle fills (centre x, y, side; pixels of the picture)."""

    def __init__(self, source: str, label: str, name: str, rgb: np.ndarray, square=None):
        self.source, self.label, self.name, self.rgb = source, label, name, rgb
        height, width = rgb.shape[:2]
        self.square = square or (width / 2, height / 2, float(max(width, height)))


def zenodo(data: str) -> tuple[list, list]:
    """The training and the held-back crops, labelled with the folder's name."""
    train, held = [], []
    for label in sorted(ZENODO):
        folder = os.path.join(data, "vehicle-type", "zenodo100", label)
        crops = [Crop("zenodo100", label, name, read_rgb(os.path.join(folder, name))) for name in sorted(os.listdir(folder))]
        small = np.stack([cv2.resize(crop.rgb, (16, 16), interpolation=cv2.INTER_AREA).ravel() for crop in crops]).astype(np.float32)
        small -= small.mean(1, keepdims=True)
        small /= np.linalg.norm(small, axis=1, keepdims=True)
        alike = small @ small.T > SAME
        leader = list(range(len(crops)))
        for index in range(len(crops)):  # the first of a chain of near-duplicates speaks for all
            leader[index] = min(leader[other] for other in np.flatnonzero(alike[index]) if other <= index)
        for index, crop in enumerate(crops):
            (held if part(crops[leader[index]].name, 10) == 0 else train).append(crop)
    return train, held


def open_images(data: str) -> tuple[list, list]:
    train, held = [], []
    for label in sorted(OPEN_IMAGES):
        folder = os.path.join(data, "vehicle-type", "openimages", label)
        for name in sorted(os.listdir(folder)):
            photo = name.split("_jpg_")[0].split("_")[-1]
            crop = Crop("openimages", label, name, read_rgb(os.path.join(folder, name)))
            (held if part(photo, 5) == 0 else train).append(crop)
    return train, held


def cifar(data: str) -> list:
    crops = []
    with tarfile.open(os.path.join(data, "vehicle-type", "cifar10.tar")) as tar:
        for member in sorted(tar.getmembers(), key=lambda member: member.name):
            label = next((label for label in CIFAR if label in member.name), None)
            if member.isfile() and label:
                packed = np.frombuffer(tar.extractfile(member).read(), np.uint8)
                crops.append(Crop("cifar10", label, member.name, cv2.imdecode(packed, cv2.IMREAD_COLOR)[:, :, ::-1].copy()))
    return crops


def square_of_plate(corners, metres: float) -> tuple[float, float, float]:
    """The crop's square from a plate's corners, as vehicle_networks.py says it."""
    corners = np.asarray(corners, np.float64)
    sides = np.linalg.norm(corners - np.roll(corners, -1, 0), axis=1)
    across, down = max((sides[0] + sides[2]) / 2, 1.0), max((sides[1] + sides[3]) / 2, 1.0)
    size = 0.52 * 0.11 if across / down > 3.2 else 0.305 * 0.155
    side = metres * np.sqrt(across * down / size)
    x, y = corners.mean(0)
    return float(x), float(y - ABOVE * side), float(side)


def plate_boxes(data: str, group: str) -> dict[str, np.ndarray]:
    """By image: the corners of its widest labelled plate."""
    widest = {}
    with open(os.path.join(data, "plates", "manifest.csv")) as file:
        for row in csv.DictReader(file):
            if row["set"] == group and row["x"]:
                x, y, w, h = (float(row[key]) for key in ("x", "y", "w", "h"))
                if row["image"] not in widest or w > widest[row["image"]][0]:
                    widest[row["image"]] = (w, np.float32([[x, y], [x + w, y], [x + w, y + h], [x, y + h]]))
    return {image: corners for image, (_, corners) in widest.items()}


def shrunk(rgb: np.ndarray, square, most: float = 240.0):
    """Pictures much larger than the crop are kept small: memory and time."""
    scale = most / square[2]
    if scale >= 1:
        return rgb, square
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), tuple(value * scale for value in square)


def colours(data: str, metres: float) -> tuple[list, list]:
    """Our own labels (vehicle_colours.csv): training and held-back crops."""
    boxes = plate_boxes(data, "det-web")
    train, held = [], []
    with open(os.path.join(HERE, "vehicle_colours.csv")) as file:
        for row in csv.DictReader(file):
            rgb = read_rgb(os.path.join(data, row["path"]))
            square = None
            source = row["path"].split("/")[1]
            if source == "det-web":
                rgb, square = shrunk(rgb, square_of_plate(boxes[row["path"][len("plates/") :]], metres))
            crop = Crop(source, row["colour"], row["path"], rgb, square)
            (held if row["part"] == "held" else train).append(crop)
    return train, held


def published_colours(data: str) -> list:
    """The 118 labels of the pack; in folds by the file's name."""
    with open(os.path.join(data, "vehicle-colour", "labels.csv")) as file:
        rows = list(csv.DictReader(file))
    return [Crop(row["path"].split("/")[0], row["colour"], row["path"], read_rgb(os.path.join(data, "vehicle-type", row["path"]))) for row in rows]


def framed(rgb: np.ndarray, square, size: int = SIDE, angle: float = 0.0, stretch: float = 1.0, flip: bool = False, fill=None) -> np.ndarray:
    """The square of a picture as size x size x 3 float32, 0..255. `fill` (size x size x 3) shows where the picture ends."""
    x, y, side = square
    n = int(np.clip(np.ceil(side / size), 1, 4))
    wide = size * n
    zoom = side / wide
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    turn = np.float64([[cos * stretch, -sin], [sin * stretch, cos]])
    if flip:
        turn[:, 0] *= -1
    middle = np.float64([x - 0.5, y - 0.5]) - turn @ np.float64([(wide - 1) / 2, (wide - 1) / 2])
    warp = np.column_stack([turn, middle])
    seen = cv2.warpAffine(rgb, warp, (wide, wide), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
    if n > 1:
        seen = cv2.resize(seen, (size, size), interpolation=cv2.INTER_AREA)
    seen = seen.astype(np.float32)
    grid = (np.arange(size, dtype=np.float32) + 0.5) * n - 0.5
    across, down = np.meshgrid(grid, grid)
    px = warp[0, 0] * across + warp[0, 1] * down + warp[0, 2] + 0.5
    py = warp[1, 0] * across + warp[1, 1] * down + warp[1, 2] + 0.5
    outside = (px < 0) | (py < 0) | (px >= rgb.shape[1]) | (py >= rgb.shape[0])
    if outside.any():
        seen[outside] = FILL if fill is None else fill[outside]
    return seen


def normalised(crops: np.ndarray) -> np.ndarray:
    """[N, S, S, 3] of 0..255 as the network's input."""
    return np.ascontiguousarray(crops.transpose(0, 3, 1, 2) / 127.5 - 1, np.float32)


def surroundings(rng: np.random.Generator, others: list, size: int):
    """What may lie around a crop that was cut tight: nothing, flat colour, or a corner of another picture."""
    kind = rng.random()
    if kind < 0.35:
        return None
    if kind < 0.55:
        return np.broadcast_to(rng.uniform(20, 235) + rng.normal(0, 12, 3), (size, size, 3)).astype(np.float32)
    other = others[rng.integers(len(others))].rgb
    edge = max(8, int(min(other.shape[:2]) * rng.uniform(0.12, 0.3)))
    top = 0 if rng.random() < 0.5 else other.shape[0] - edge
    left = 0 if rng.random() < 0.5 else other.shape[1] - edge
    return cv2.resize(other[top : top + edge, left : left + edge], (size, size), interpolation=cv2.INTER_LINEAR).astype(np.float32)


def random_framing(rng: np.random.Generator, crop: Crop, others: list, wild: float) -> np.ndarray:
    """A crop as the gate's rule may place it: shifted, too near, too far, tilted. `wild` 0..1."""
    x, y, side = crop.square
    scale = float(np.exp(rng.uniform(-0.3, 0.45) * wild))
    reach = side * 0.14 * wild
    square = (x + rng.uniform(-reach, reach), y + rng.uniform(-reach, reach), side * scale)
    angle = rng.normal(0, 0.07 * wild)
    stretch = float(np.exp(rng.normal(0, 0.08 * wild)))
    return framed(crop.rgb, square, SIDE, angle, stretch, rng.random() < 0.5, surroundings(rng, others, SIDE))


def relit(rng: np.random.Generator, seen: np.ndarray, keep_colour: bool) -> np.ndarray:
    """Light, lens and sensor (float32 0..255 in and out). With `keep_colour` a person would still name the same colour."""
    if not keep_colour:
        if rng.random() < 0.2:
            seen = np.repeat(seen @ np.float32([[0.299], [0.587], [0.114]]), 3, 2)
        elif rng.random() < 0.5:
            grey = seen @ np.float32([[0.299], [0.587], [0.114]])
            seen = grey + (seen - grey) * rng.uniform(0.2, 1.6)
        if rng.random() < 0.5:
            seen = seen * rng.uniform(0.75, 1.3, 3).astype(np.float32)
        if rng.random() < 0.7:
            seen = (seen - 127) * rng.uniform(0.4, 1.4) + 127 * rng.uniform(0.4, 1.45)
    else:
        if rng.random() < 0.6:
            seen = seen * (1 + rng.normal(0, 0.07, 3)).astype(np.float32)
        if rng.random() < 0.4:
            grey = seen @ np.float32([[0.299], [0.587], [0.114]])
            seen = grey + (seen - grey) * rng.uniform(0.7, 1.3)
        if rng.random() < 0.7:
            seen = seen * rng.uniform(0.8, 1.15) + rng.uniform(-10, 10)
    if rng.random() < 0.3:
        seen = 255 * np.power(np.clip(seen, 0, 255) / 255, rng.uniform(0.85, 1.2) if keep_colour else rng.uniform(0.6, 1.8))
    kind = rng.random()
    if kind < 0.25:
        seen = cv2.GaussianBlur(seen, (0, 0), float(rng.uniform(0.4, 1.6)))
    elif kind < 0.4:
        small = int(rng.uniform(24, 60))
        seen = cv2.resize(cv2.resize(seen, (small, small), interpolation=cv2.INTER_AREA), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.4:
        seen = seen + rng.normal(0, rng.uniform(1, 10), seen.shape).astype(np.float32)
    if rng.random() < 0.15:  # a shadow's edge or a light's glow over a half
        grid = np.linspace(-1, 1, SIDE, dtype=np.float32)
        slope = np.outer(grid * rng.normal(), np.ones(SIDE, np.float32)) + np.outer(np.ones(SIDE, np.float32), grid * rng.normal())
        seen = seen * (1 + np.clip(slope * 2, -1, 1) * rng.uniform(0.1, 0.3))[:, :, None]
    if not keep_colour and rng.random() < 0.25:  # something stands in front
        wide, high = rng.integers(8, 36, 2)
        left, top = rng.integers(0, SIDE - wide), rng.integers(0, SIDE - high)
        seen[top : top + high, left : left + wide] = rng.uniform(0, 255, 3)
    seen = np.clip(seen, 0, 255)
    if rng.random() < 0.3:
        _, packed = cv2.imencode(".jpg", seen.astype(np.uint8)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))])
        seen = cv2.imdecode(packed, cv2.IMREAD_COLOR)[:, :, ::-1].astype(np.float32)
    return seen


def dressed(rng: np.random.Generator, seen: np.ndarray) -> np.ndarray:
    """What stands at a gate whatever comes: a plate in the lower middle, and a picture that ends beside or above the vehicle.
    Only cars were photographed so: without this a plate in the middle would be what makes a car."""
    seen = seen.copy()
    if rng.random() < 0.4:
        wide = int(rng.integers(9, 24))
        high = max(3, int(wide / rng.uniform(1.8, 4.7)))
        left, top = int(rng.integers(18, SIDE - 18 - wide)), int(rng.integers(36, SIDE - 6 - high))
        tone = rng.choice([np.float32([235, 235, 235]), np.float32([230, 190, 40]), np.float32([60, 60, 60])], p=[0.75, 0.18, 0.07])
        plate = np.broadcast_to(tone * rng.uniform(0.5, 1.05), (high, wide, 3)).copy()
        for x in range(1, wide - 1, 2):
            if rng.random() < 0.7:
                plate[high // 4 : max(high // 4 + 1, 3 * high // 4), x] *= rng.uniform(0.2, 0.6)
        seen[top : top + high, left : left + wide] = plate
    if rng.random() < 0.35:
        edge = int(rng.integers(4, 30))
        side = rng.random()
        if side < 0.6:
            seen[:edge] = FILL
        elif side < 0.8:
            seen[:, :edge] = FILL
        else:
            seen[:, -edge:] = FILL
    return seen


def lit(rng: np.random.Generator, seen: np.ndarray) -> np.ndarray:
    """Red rear lights or bright head lights with their glow: they are no paint."""
    if rng.random() > 0.3:
        return seen
    tone = np.float32([255, 30, 30]) if rng.random() < 0.7 else np.float32([255, 250, 230])
    middle, apart = rng.uniform(28, 52), rng.uniform(9, 26)
    height, size = rng.uniform(28, 60), rng.uniform(1.2, 4.5)
    ys, xs = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    glow = np.zeros((SIDE, SIDE), np.float32)
    for x in (middle - apart, middle + apart):
        distance = ((xs - x) / size) ** 2 + ((ys - height) / (size * rng.uniform(0.6, 1.2))) ** 2
        glow = np.maximum(glow, np.exp(-distance / 2) + rng.uniform(0, 0.25) * np.exp(-distance / 40))
    glow = np.clip(glow * rng.uniform(0.6, 1.2), 0, 1)[:, :, None]
    return seen * (1 - glow) + tone * glow


HUES = {"red": (172, 186), "yellow": (22, 30), "green": (45, 80), "blue": (100, 122), "brown": (8, 17)}


def recoloured(rng: np.random.Generator, seen: np.ndarray, label: str) -> tuple[np.ndarray, str]:
    """Another colour for a coloured vehicle: its hue is turned. White, grey and black stay as they are."""
    if label not in ("red", "blue", "yellow", "green"):
        return seen, label
    hsv = cv2.cvtColor(np.clip(seen, 0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV).astype(np.float32)
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    low, high = HUES[label]
    middle = (low + high) / 2
    turn = (hue - middle + 90) % 180 - 90
    body = (np.abs(turn) < 22) & (saturation > 60)
    if body.mean() < 0.12:
        return seen, label
    target = rng.choice(["yellow", "green", "brown", "blue", "red"], p=[0.22, 0.3, 0.28, 0.12, 0.08])
    low, high = HUES[target]
    hue = np.where(body, (rng.uniform(low, high) + turn * 0.3) % 180, hue)
    if target == "yellow":
        value = np.where(body, np.clip(value * rng.uniform(1.2, 1.7) + 30, 0, 255), value)
    elif target == "brown":
        saturation = np.where(body, saturation * rng.uniform(0.35, 0.75), saturation)
        value = np.where(body, value * rng.uniform(0.5, 1.0), value)
    elif target == "green":
        saturation = np.where(body, saturation * rng.uniform(0.4, 1.0), saturation)
        value = np.where(body, value * rng.uniform(0.5, 1.1), value)
    hsv = np.stack([hue, saturation, value], 2).clip(0, 255).astype(np.uint8)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32), str(target)
