"""Detector training windows: grey pictures of WINDOW x WINDOW at network scale with the corners of the plates in them.

    python scenes.py --out DIR [--data ../shared/data] [--reader-arrays DIR] [--windows 24000] [--seed 2] [--no-web] [--no-real]

Each window is composed of pieces: web photographs of cars (det-web) at random scales, with their own plate or with another
plate pasted over it (synthetic, or a real training crop), and plate-free pictures; then lettering that is no plate, light, lens
and JPEG. Web photographs, negatives and plate texts that are held out for validation are never used. us-gate is never read.
"""

import argparse
import csv
import hashlib
import json
import multiprocessing
import os

import cv2
import numpy as np

import capture
import cars
import fonts
import gate_scene
import layouts

WINDOW = 320
MOST_PLATES = 6
UNIT = np.float32([[0, 0], [1, 0], [1, 1], [0, 1]])


def held_out(name: str) -> bool:
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 100 < 12


def web_photos(data: str) -> dict[str, list]:
    """Photograph path -> boxes, of det-web."""
    photos: dict[str, list] = {}
    with open(os.path.join(data, "plates", "manifest.csv"), newline="") as file:
        for row in csv.DictReader(file):
            if row["set"] == "det-web":
                photos.setdefault(row["image"], []).append([float(row[key]) for key in "xywh"])
    return photos


def negatives(data: str) -> list[str]:
    folder = os.path.join(data, "plates", "negatives")
    return [f"negatives/{name}" for name in sorted(os.listdir(folder)) if name.endswith(".jpg")]


class Studio:
    """Everything a window is made of."""

    def __init__(self, data: str, arrays: str, validation: bool, web: bool, real: bool, close_up: float = 0.28):
        self.close_up = close_up

        def load(path):
            return cv2.imread(os.path.join(data, "plates", path), cv2.IMREAD_GRAYSCALE)

        self.photos = []
        if web:
            for path, boxes in web_photos(data).items():
                if held_out(path) == validation and (photo := load(path)) is not None:
                    self.photos.append((photo, np.float32(boxes)))
        self.empty = []
        if real:
            self.empty = [photo for path in negatives(data) if held_out(path) == validation and (photo := load(path)) is not None]
        self.plates = []
        for name in ("synthetic", "us", "br"):
            part = f"{name}-val" if validation else name
            if (name == "synthetic" or real) and os.path.exists(os.path.join(arrays, f"{part}.npy")):
                with open(os.path.join(arrays, f"{part}.json")) as file:
                    self.plates.append((np.load(os.path.join(arrays, f"{part}.npy"), mmap_mode="r"), json.load(file)["aspects"]))

    def plate(self, rng) -> tuple[np.ndarray, float]:
        part = 0 if len(self.plates) < 3 else int(rng.choice(3, p=[0.5, 0.38, 0.12]))
        canvases, aspects = self.plates[part]
        index = int(rng.integers(len(aspects)))
        canvas = np.asarray(canvases[index])
        cut = canvas[capture.PAD_Y : -capture.PAD_Y, capture.PAD_X : -capture.PAD_X]
        if rng.random() < 0.05:
            cut = 255 - cut
        return cut, aspects[index]


def plate_width(rng, close_up: float) -> float:
    """A plate's width at network scale: mostly as at a gate, sometimes (the part `close_up`) nearer."""
    if rng.random() > close_up:
        return float(np.exp(rng.uniform(np.log(22), np.log(110))))
    return float(np.exp(rng.uniform(np.log(60), np.log(310))))


def erase(photo: np.ndarray, box) -> None:
    """Paints over a box by joining its left and right neighbours."""
    x, y, w, h = box
    x0, x1 = int(max(1, x - 0.06 * w)), int(min(photo.shape[1] - 2, x + 1.06 * w))
    y0, y1 = int(max(0, y - 0.12 * h)), int(min(photo.shape[0] - 1, y + 1.12 * h))
    if x1 <= x0 or y1 <= y0:
        return
    left = photo[y0 : y1 + 1, x0 - 1].astype(np.float32)[:, None]
    right = photo[y0 : y1 + 1, x1 + 1].astype(np.float32)[:, None]
    part = np.linspace(0, 1, x1 - x0 + 1, dtype=np.float32)[None]
    photo[y0 : y1 + 1, x0 : x1 + 1] = cv2.GaussianBlur(left * (1 - part) + right * part, (0, 0), 2).clip(0, 255).astype(np.uint8)


def paste(rng, image: np.ndarray, centre, width: float, plate: np.ndarray, aspect: float) -> np.ndarray:
    """Pastes a plate in perspective; returns its corners."""
    height = width / aspect * rng.uniform(0.85, 1.12)
    angle = np.deg2rad(rng.normal(0, 3.5 if rng.random() < 0.85 else 10))
    turn = np.float32([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.float32([[1, rng.normal(0, 0.05)], [0, 1]])
    quad = (UNIT - 0.5) * np.float32([width, height]) @ turn.T + rng.normal(0, 1, (4, 2)) * np.float32([width, height]) * np.float32([0.012, 0.03])
    quad = (quad + np.float32(centre)).astype(np.float32)
    size = (max(6, min(384, round(width))), max(4, min(192, round(height))))
    small = cv2.resize(plate, size, interpolation=cv2.INTER_AREA if size[0] < plate.shape[1] else cv2.INTER_LINEAR).astype(np.float32)
    low, high = np.floor(quad.min(0)).astype(int) - 3, np.ceil(quad.max(0)).astype(int) + 3
    x0, y0 = max(0, low[0]), max(0, low[1])
    x1, y1 = min(image.shape[1], high[0]), min(image.shape[0], high[1])
    if x1 - x0 < 2 or y1 - y0 < 2:
        return quad
    area = image[y0:y1, x0:x1].astype(np.float32)
    around = float(area.mean())
    exposure = np.clip((around + 40) / 150, 0.3, 1.25) ** rng.uniform(0.2, 1.0)
    small = small * exposure * rng.uniform(0.8, 1.2)
    warp = cv2.getPerspectiveTransform(UNIT * np.float32(size) - 0.5, quad - np.float32([x0, y0]) - 0.5)
    bounds = (x1 - x0, y1 - y0)
    warped = cv2.warpPerspective(small, warp, bounds, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(np.ones(size[::-1], np.float32), warp, bounds, flags=cv2.INTER_LINEAR)
    if rng.random() < 0.4:  # a holder or recess around the plate
        rim = cv2.dilate(mask, np.ones((3, 3), np.uint8), iterations=int(rng.integers(1, 3)))
        area = area * (1 - rim) + float(rng.uniform(10, 200)) * rim
    area = area * (1 - mask) + warped * mask
    if rng.random() < 0.7:
        area = cv2.GaussianBlur(area, (0, 0), float(rng.uniform(0.3, max(0.4, 0.012 * width))))
    image[y0:y1, x0:x1] = area.clip(0, 255).astype(np.uint8)
    return quad


def piece_of_photo(rng, studio: Studio):
    """A web photograph scaled so that one of its plates is as wide as wanted, with its plates (quads, exactness)."""
    photo, boxes = studio.photos[int(rng.integers(len(studio.photos)))]
    boxes = boxes.copy()
    main = boxes[int(rng.integers(len(boxes)))]
    scale = plate_width(rng, studio.close_up) / main[2]
    if scale > 2.5:
        scale = 2.5
    cut = 1.3 * WINDOW / scale  # no need to scale what cannot be seen
    cx, cy = main[0] + main[2] / 2, main[1] + main[3] / 2
    x0, y0 = int(max(0, cx - cut)), int(max(0, cy - cut))
    photo = photo[y0 : int(cy + cut) + 1, x0 : int(cx + cut) + 1]
    boxes[:, 0] -= x0
    boxes[:, 1] -= y0
    size = (max(8, round(photo.shape[1] * scale)), max(8, round(photo.shape[0] * scale)))
    zoom = np.float32([size[0] / photo.shape[1], size[1] / photo.shape[0]])
    photo = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    boxes = boxes * np.float32([zoom[0], zoom[1], zoom[0], zoom[1]])
    quads, exactness = [], []
    for box in boxes:
        x, y, w, h = box
        if rng.random() < 0.6:
            erase(photo, box)
            if rng.random() < 0.12:
                continue  # a car without a plate
            plate, aspect = studio.plate(rng)
            width = w * rng.uniform(0.9, 1.15) if aspect > 2.6 else float(np.sqrt(w * max(h, w / 4.5) * aspect)) * rng.uniform(0.85, 1.05)
            quads.append(paste(rng, photo, (x + w / 2 + rng.normal(0, 0.05) * w, y + h / 2 + rng.normal(0, 0.1) * h), width, plate, aspect))
            exactness.append(1.0)
        else:
            quads.append(np.float32([[x, y], [x + w, y], [x + w, y + h], [x, y + h]]))
            exactness.append(0.25)
    return photo, quads, exactness, (cx - x0) * zoom[0], (cy - y0) * zoom[1]


def background(rng, studio: Studio) -> np.ndarray:
    kind = rng.random()
    if studio.empty and kind < 0.6:
        photo = studio.empty[int(rng.integers(len(studio.empty)))]
        scale = float(np.exp(rng.uniform(np.log(0.6), np.log(2.5)))) * WINDOW / min(photo.shape)
        scale = max(scale, 1.02 * WINDOW / min(photo.shape)) if rng.random() < 0.8 else scale
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        photo = np.pad(photo, ((0, max(0, WINDOW - photo.shape[0])), (0, max(0, WINDOW - photo.shape[1]))), mode="reflect" if min(photo.shape) > WINDOW // 2 else "symmetric")
        y, x = int(rng.integers(photo.shape[0] - WINDOW + 1)), int(rng.integers(photo.shape[1] - WINDOW + 1))
        return photo[y : y + WINDOW, x : x + WINDOW].copy()
    if studio.photos and kind < 0.75:  # part of a photograph, its plates erased
        photo, boxes = studio.photos[int(rng.integers(len(studio.photos)))]
        photo = photo.copy()
        for box in boxes:
            erase(photo, box)
        scale = rng.uniform(1.0, 1.6) * WINDOW / min(photo.shape)
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        y, x = int(rng.integers(photo.shape[0] - WINDOW + 1)), int(rng.integers(photo.shape[1] - WINDOW + 1))
        return photo[y : y + WINDOW, x : x + WINDOW].copy()
    return capture.surroundings(rng, WINDOW, WINDOW).clip(0, 255).astype(np.uint8)


def lettering(rng, image: np.ndarray, quads: list) -> None:
    """Writing that is no plate: signs, time stamps, adverts, bars and grilles."""
    for _ in range(int(rng.integers(0, 4))):
        x, y = int(rng.integers(0, WINDOW - 20)), int(rng.integers(0, WINDOW - 12))
        kind = rng.random()
        if kind < 0.65:
            face = layouts.pick(rng, fonts.faces_for("s" if rng.random() < 0.5 else "u"))
            words = layouts.pick(rng, ["2014-05-02 00:00:57", "EXIT", "NO PARKING", "205014", "FedUp Express", "TAXI", "POLICE", "SALE 50", "CAM 03 12:44:10", "Hybrid", "XTERRA", "AUTO", "www.cars.example", "Resident Parking", layouts.pick(rng, layouts.SLOGANS)])
            mask = fonts.small_print(face.path, words, int(rng.integers(5, 22)))
            patch = (x, y, x + mask.shape[1], y + mask.shape[0])
        else:
            width, height = int(rng.integers(20, 120)), int(rng.integers(8, 50))
            mask = np.zeros((height, width), np.float32)
            step = int(rng.integers(3, 12))
            if rng.random() < 0.5:
                mask[:, :: step] = 1
                mask[:, 1 :: step] = 1
            else:
                mask[:: step] = 1
                mask[1 :: step] = 1
            patch = (x, y, x + width, y + height)
        if any(patch[0] < quad[:, 0].max() + 6 and patch[2] > quad[:, 0].min() - 6 and patch[1] < quad[:, 1].max() + 6 and patch[3] > quad[:, 1].min() - 6 for quad in quads):
            continue
        area = image[y : patch[3], x : patch[2]].astype(np.float32)
        mask = mask[: area.shape[0], : area.shape[1]]
        if kind < 0.3:
            area[:] = rng.uniform(0, 255)
        image[y : patch[3], x : patch[2]] = (area * (1 - mask) + rng.uniform(0, 255) * mask).clip(0, 255).astype(np.uint8)


def compose(rng, studio: Studio):
    """One window: picture, quads [n, 4, 2], exactness [n]."""
    image = background(rng, studio)
    quads, exactness = [], []
    kind = rng.random()
    if kind < 0.78 and studio.photos:
        for _ in range(1 if rng.random() < 0.6 else int(rng.integers(2, 4))):
            photo, own, exact, cx, cy = piece_of_photo(rng, studio)
            x, y = round(rng.uniform(0.08, 0.92) * WINDOW - cx), round(rng.uniform(0.08, 0.92) * WINDOW - cy)
            x0, y0, x1, y1 = max(0, x), max(0, y), min(WINDOW, x + photo.shape[1]), min(WINDOW, y + photo.shape[0])
            if x1 - x0 < 8 or y1 - y0 < 8:
                continue
            covered = [index for index, quad in enumerate(quads) if quad[:, 0].max() > x0 and quad[:, 0].min() < x1 and quad[:, 1].max() > y0 and quad[:, 1].min() < y1]
            if covered:
                continue
            image[y0:y1, x0:x1] = photo[y0 - y : y1 - y, x0 - x : x1 - x]
            for quad, weight in zip(own, exact):
                moved = quad + np.float32([x, y])
                centre = moved.mean(0)
                if x0 <= centre[0] < x1 and y0 <= centre[1] < y1:
                    quads.append(moved)
                    exactness.append(weight)
    elif kind < 0.92 and studio.plates:
        for _ in range(int(rng.integers(1, 4))):
            plate, aspect = studio.plate(rng)
            width = plate_width(rng, studio.close_up)
            centre = rng.uniform(0.05, 0.95, 2) * WINDOW
            if all(np.abs(quad.mean(0) - centre).max() > (width + np.ptp(quad[:, 0])) * 0.7 for quad in quads):
                quads.append(paste(rng, image, centre, width, plate, aspect))
                exactness.append(1.0)
    lettering(rng, image, quads)
    if rng.random() < 0.3:
        image = capture.light(rng, image.astype(np.float32)).clip(0, 255).astype(np.uint8)
    image = capture.exposed(rng, image, 60, gentle=rng.random() < 0.6)
    inside = [index for index, quad in enumerate(quads) if (quad.mean(0) >= 0).all() and (quad.mean(0) < WINDOW).all()][:MOST_PLATES]
    return image, [quads[index] for index in inside], [exactness[index] for index in inside]


def rendered_windows(job):
    """Windows of our own rendered gate with random cars and plates: fences, posts and grilles without a plate, too."""
    seed, count = job
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    images = np.zeros((count, WINDOW, WINDOW), np.uint8)
    quads = np.full((count, MOST_PLATES, 9), np.nan, np.float32)
    lane = gate_scene.empty_lane(int(rng.integers(1 << 30)))
    for index in range(count):
        if index % 30 == 0:
            plate = layouts.draw(rng).image
            share = 0.19 if plate.shape[1] < 2.3 * plate.shape[0] else 0.28
            car = cars.draw_car(cars.BODIES[layouts.pick(rng, list(cars.BODIES))], rng.uniform(15, 240, 3), plate, share * rng.uniform(0.9, 1.1), rng.random())
        view, found = lane.copy(), []
        if rng.random() < 0.7:
            width = float(rng.uniform(140, 800))
            found.append(gate_scene.place(view, car, rng.uniform(200, 760), 168 + 0.585 * width + rng.uniform(-30, 30), width, rng.normal(0, 0.015)))
        grey = cv2.cvtColor(gate_scene.photographed(view, rng, rng.uniform(0, 4), rng.uniform(0.4, 1.15)), cv2.COLOR_RGB2GRAY)
        scale = float(rng.uniform(0.62, 1.1))
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        x, y = int(rng.integers(0, grey.shape[1] - WINDOW)), int(rng.integers(0, max(1, grey.shape[0] - WINDOW)))
        if found and rng.random() < 0.7:
            middle = found[0].mean(0) * scale - rng.uniform(0.2, 0.8, 2) * WINDOW
            x, y = int(np.clip(middle[0], 0, grey.shape[1] - WINDOW)), int(np.clip(middle[1], 0, max(0, grey.shape[0] - WINDOW)))
        cut = grey[y : y + WINDOW, x : x + WINDOW]
        images[index, : cut.shape[0]] = cut
        images[index] = capture.exposed(rng, images[index], 60, gentle=True)
        for slot, quad in enumerate(found):
            moved = quad * scale - np.float32([x, y])
            if (moved.mean(0) >= 0).all() and (moved.mean(0) < WINDOW).all():
                quads[index, slot, :8] = moved.reshape(8)
                quads[index, slot, 8] = 1
    return images, quads


def part(job):
    seed, count, validation, options = job
    cv2.setNumThreads(1)
    studio = Studio(options.data, options.reader_arrays, validation, not options.no_web, not options.no_real, options.close_up)
    rng = np.random.default_rng(seed)
    images = np.zeros((count, WINDOW, WINDOW), np.uint8)
    quads = np.full((count, MOST_PLATES, 9), np.nan, np.float32)  # 8 corner values and the exactness
    for index in range(count):
        images[index], found, exactness = compose(rng, studio)
        for slot, (quad, weight) in enumerate(zip(found, exactness)):
            quads[index, slot, :8] = quad.reshape(8)
            quads[index, slot, 8] = weight
    return images, quads


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="/tmp/plate-training/detector")
    parser.add_argument("--data", default=os.path.join(os.path.dirname(__file__), "../../../shared/data"))
    parser.add_argument("--reader-arrays", default="/tmp/plate-training/reader")
    parser.add_argument("--windows", type=int, default=24000)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--close-up", type=float, default=0.28, help="the part of plates that are drawn near")
    parser.add_argument("--rendered", type=int, default=0, help="how many windows of our rendered gate to add")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--no-web", action="store_true", help="leave out det-web (no stated licence)")
    parser.add_argument("--no-real", action="store_true", help="leave out the openalpr sets (AGPL-3.0)")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    batch = 1000
    jobs = [(options.seed * 100_000 + number, batch, False, options) for number in range(options.windows // batch)]
    jobs.append((options.seed * 100_000 + 99_999, 600, True, options))
    with multiprocessing.Pool(options.processes) as pool:
        drawn = pool.map(rendered_windows, [(options.seed * 100_000 + 50_000 + number, 150) for number in range(options.rendered // 150)], chunksize=1)
        parts = drawn + pool.map(part, jobs, chunksize=1)
    np.save(os.path.join(options.out, "windows-val.npy"), parts[-1][0])
    np.save(os.path.join(options.out, "quads-val.npy"), parts[-1][1])
    np.save(os.path.join(options.out, "windows.npy"), np.concatenate([one[0] for one in parts[:-1]]))
    np.save(os.path.join(options.out, "quads.npy"), np.concatenate([one[1] for one in parts[:-1]]))
    print(f"{options.windows} windows and {sum(len(one[0]) for one in drawn)} rendered ones")


if __name__ == "__main__":
    main()
