"""Detector training windows: grey pictures of WINDOW x WINDOW at network scale with the corners of the plates in them.

    python scenes.py --out DIR [--data ../shared/data] [--corners web-corners.json] [--windows 24000] [--seed 2] [--no-web] [--no-real]

Each window is composed of pieces: web photographs of cars (det-web) at random scales, with their own plates or with another
plate pasted over them (drawn, or a real training crop), and plate-free pictures; then decoys, a turn in space, night, glare, weather,
lens and JPEG. A part of the windows is a plate crop on flat grey, as the program pads small pictures. Web photographs, negatives
and plate texts that are held out for validation are never used. us-gate is never read.

A window's plates are rows of nine numbers: four corners, and how exact they are: 1 corners, EXTENT only the upright box around
them, FITTED corners that fit such a box, IGNORED a region in which nothing is taught (an illegible or cut plate, or one outside the sizes that are sought).
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
import decoys
import layouts
import reader_data
import rendered
from placing import UNIT, erase, paste, turned

WINDOW = 320
MOST_PLATES = 10
NARROWEST, WIDEST = 17, 290
FITTED, EXTENT, IGNORED = 0.75, 0.5, -1.0
FLAT = 127


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


def corrections() -> dict[str, list]:
    """Plates that det-web's labels leave out, found by looking: path -> [(quad, is it surely one)]."""
    found: dict[str, list] = {}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "web_labels.csv"), newline="") as file:
        for row in csv.DictReader(file):
            quad = np.float32([float(row[axis + str(corner)]) for corner in range(4) for axis in "xy"]).reshape(4, 2)
            found.setdefault(row["image"], []).append((quad, row["kind"] == "plate"))
    return found


def negatives(data: str) -> list[str]:
    folder = os.path.join(data, "plates", "negatives")
    return [f"negatives/{name}" for name in sorted(os.listdir(folder)) if name.endswith(".jpg")]


def upright(box) -> np.ndarray:
    x, y, w, h = box
    return np.float32([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])


class Studio:
    """Everything a window is made of."""

    def __init__(self, data: str, corners: str, validation: bool, web: bool, real: bool, close_up: float = 0.3):
        self.close_up = close_up
        self.validation = validation

        def load(path):
            return cv2.imread(os.path.join(data, "plates", path), cv2.IMREAD_GRAYSCALE)

        known, mistakes = {}, {}
        if corners and os.path.exists(corners):
            with open(corners) as file:
                earlier = json.load(file)
                known, mistakes = earlier["corners"], earlier["mistakes"]
        more = corrections()
        self.photos = []  # (picture, quads, exactness)
        self.mistakes = []  # (picture, quads, exactness, centre, width there, width in network pixels)
        if web:
            for path, boxes in web_photos(data).items():
                if held_out(path) != validation or (photo := load(path)) is None:
                    continue
                quads, exactness = [upright(box) for box in boxes], [EXTENT] * len(boxes)
                for index, quad in enumerate(known.get(path, [])):
                    if quad:
                        quads[index], exactness[index] = np.float32(quad).reshape(4, 2), FITTED
                for quad, sure in more.get(path, []):
                    quads.append(quad)
                    exactness.append(EXTENT if sure else IGNORED)
                self.photos.append((photo, np.stack(quads), np.float32(exactness)))
                self.mistakes += [(*self.photos[-1], np.float32(one[:2]), one[2], one[3]) for one in mistakes.get(path, [])]
        self.empty = []
        if real:
            for path in negatives(data):
                if held_out(path) == validation and (photo := load(path)) is not None:
                    self.empty.append(photo)
                    nothing = (photo, np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32))
                    self.mistakes += [(*nothing, np.float32(one[:2]), one[2], one[3]) for one in mistakes.get(path, [])]
        self.crops = {"us": [], "br": []}
        if real:
            for subset, name in (("us-crops", "us"), ("br-crops", "br")):
                for row in reader_data.real_rows(data, subset):
                    text = layouts.registration_text(row["text"], name == "us")
                    if text and reader_data.in_validation(text) == validation and (crop := load(row["image"])) is not None:
                        self.crops[name].append(crop)

    def plate(self, rng) -> tuple[np.ndarray, float]:
        """A plate's grey picture, whose edges are the plate's, and its proportion."""
        kind = rng.random()
        if kind < 0.3 and self.crops["us"]:
            cut = layouts.pick(rng, self.crops["us"])
        elif kind < 0.4 and self.crops["br"]:
            cut = layouts.pick(rng, self.crops["br"])
            x, y = (round(part * side) for part, side in zip(reader_data.BR_INSET, cut.shape[::-1]))
            cut = cut[y:-y, x:-x]
        else:
            drawn = layouts.draw_square(rng) if rng.random() < 0.27 else layouts.draw(rng)
            cut = cv2.cvtColor(drawn.image, cv2.COLOR_RGB2GRAY)
            if rng.random() < 0.12:  # infra-red light leaves one channel's contrast, or less
                cut = drawn.image[:, :, int(rng.integers(3))]
            cut = capture.weathered(rng, cut.astype(np.float32)).clip(0, 255)
            if rng.random() < 0.04:
                cut = 255 - cut
        return np.asarray(cut, np.uint8), cut.shape[1] / cut.shape[0]


def plate_width(rng, close_up: float) -> float:
    """A plate's width at network scale: mostly as at a gate, sometimes (the part `close_up`) nearer."""
    if rng.random() > close_up:
        return float(np.exp(rng.uniform(np.log(19), np.log(120))))
    return float(np.exp(rng.uniform(np.log(90), np.log(280))))


def piece_of_photo(rng, studio: Studio, width: float):
    """A web photograph scaled so that one of its plates is `width` wide: picture, quads, exactness, that plate's centre. Or a picture
    around a place that an earlier detector took for a plate."""
    if studio.mistakes and rng.random() < 0.2:
        photo, quads, exactness, focus, wide, seen = studio.mistakes[int(rng.integers(len(studio.mistakes)))]
        scale = min(2.5, seen * float(np.exp(rng.normal(0, 0.25))) / wide)
        replace = 1.0
    else:
        photo, quads, exactness = studio.photos[int(rng.integers(len(studio.photos)))]
        labelled = np.where(exactness > 0)[0]
        main = quads[labelled[int(rng.integers(len(labelled)))]]
        focus = main.mean(0)
        scale = min(2.5, width / np.ptp(main[:, 0]))
        replace = rng.random()
    cut = 1.3 * WINDOW / scale  # no need to scale what cannot be seen
    cx, cy = focus
    x0, y0 = int(max(0, cx - cut)), int(max(0, cy - cut))
    photo = photo[y0 : int(cy + cut) + 1, x0 : int(cx + cut) + 1]
    size = (max(8, round(photo.shape[1] * scale)), max(8, round(photo.shape[0] * scale)))
    zoom = np.float32([size[0] / photo.shape[1], size[1] / photo.shape[0]])
    photo = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    quads = (quads - np.float32([x0, y0])) * zoom
    out_quads, out_exact = [], []
    for quad, exact in zip(quads, exactness):
        low, (w, h) = quad.min(0), np.ptp(quad, axis=0)
        if exact > 0 and replace < 0.5:
            erase(photo, (*low, w, h))
            if rng.random() < 0.15:
                continue  # a car without a plate
            plate, aspect = studio.plate(rng)
            wide = w * rng.uniform(0.9, 1.15) if aspect > 2.6 else float(np.sqrt(w * max(h, w / 4.5) * aspect)) * rng.uniform(0.85, 1.05)
            centre = quad.mean(0) + rng.normal(0, 1, 2) * np.float32([0.05 * w, 0.1 * h])
            out_quads.append(paste(rng, photo, centre, wide, plate, aspect))
            out_exact.append(1.0)
        else:
            out_quads.append(quad)
            out_exact.append(exact)
    return photo, out_quads, out_exact, (np.float32([cx, cy]) - np.float32([x0, y0])) * zoom


def background(rng, studio: Studio) -> np.ndarray:
    kind = rng.random()
    if studio.empty and kind < 0.65:
        photo = studio.empty[int(rng.integers(len(studio.empty)))]
        scale = float(np.exp(rng.uniform(np.log(0.5), np.log(2.5)))) * WINDOW / min(photo.shape)
        scale = max(scale, 1.02 * WINDOW / min(photo.shape)) if rng.random() < 0.7 else scale
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        mode = "reflect" if min(photo.shape) > WINDOW // 2 and rng.random() < 0.5 else "constant"
        options = {} if mode == "reflect" else {"constant_values": FLAT}
        photo = np.pad(photo, ((0, max(0, WINDOW - photo.shape[0])), (0, max(0, WINDOW - photo.shape[1]))), mode=mode, **options)
        y, x = int(rng.integers(photo.shape[0] - WINDOW + 1)), int(rng.integers(photo.shape[1] - WINDOW + 1))
        return photo[y : y + WINDOW, x : x + WINDOW].copy()
    if studio.photos and kind < 0.85:  # part of a photograph, its plates erased
        photo, quads, _ = studio.photos[int(rng.integers(len(studio.photos)))]
        photo = photo.copy()
        for quad in quads:
            erase(photo, (*quad.min(0), *np.ptp(quad, axis=0)))
        scale = rng.uniform(1.0, 2.2) * WINDOW / min(photo.shape)
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        y, x = int(rng.integers(photo.shape[0] - WINDOW + 1)), int(rng.integers(photo.shape[1] - WINDOW + 1))
        return photo[y : y + WINDOW, x : x + WINDOW].copy()
    return capture.surroundings(rng, WINDOW, WINDOW).clip(0, 255).astype(np.uint8)


def dimmed(rng, picture: np.ndarray) -> np.ndarray:
    """Little contrast: dusk, fog, a lamp that does not reach."""
    tone = float(rng.uniform(15, 200))
    return (tone + (picture.astype(np.float32) - picture.mean()) * rng.uniform(0.08, 0.5)).clip(0, 255).astype(np.uint8)


def put_photos(rng, studio: Studio, image: np.ndarray, quads: list, exactness: list) -> None:
    """One to three pieces of photographs side by side, none over another's plate."""
    for _ in range(1 if rng.random() < 0.7 else int(rng.integers(2, 4))):
        photo, own, exact, centre = piece_of_photo(rng, studio, plate_width(rng, studio.close_up))
        x, y = (round(float(rng.uniform(0.05, 0.95) * WINDOW - value)) for value in centre)
        x0, y0, x1, y1 = max(0, x), max(0, y), min(WINDOW, x + photo.shape[1]), min(WINDOW, y + photo.shape[0])
        if x1 - x0 < 8 or y1 - y0 < 8:
            continue
        if any(q[:, 0].max() > x0 and q[:, 0].min() < x1 and q[:, 1].max() > y0 and q[:, 1].min() < y1 for q in quads):
            continue
        if rng.random() < 0.12:
            photo = dimmed(rng, photo)
        image[y0:y1, x0:x1] = photo[y0 - y : y1 - y, x0 - x : x1 - x]
        for quad, weight in zip(own, exact):
            moved = quad + np.float32([x, y])
            low, high, middle = moved.min(0), moved.max(0), moved.mean(0)
            if high[0] <= x0 or low[0] >= x1 or high[1] <= y0 or low[1] >= y1:
                continue
            cut = max(x0 - low[0], high[0] - x1, 0) / (high[0] - low[0]) + max(y0 - low[1], high[1] - y1, 0) / (high[1] - low[1])
            inside = x0 <= middle[0] < x1 and y0 <= middle[1] < y1
            quads.append(moved)
            exactness.append(weight if inside and cut < 0.3 else IGNORED)


def put_crop(rng, studio: Studio, image: np.ndarray, quads: list, exactness: list) -> None:
    """A picture that is itself a plate, on flat grey."""
    image[:] = FLAT
    kind = rng.random()
    inset = (0.0, 0.0)
    if kind < 0.35 and studio.crops["us"]:
        crop = layouts.pick(rng, studio.crops["us"])
    elif kind < 0.7 and studio.crops["br"]:
        crop, inset = layouts.pick(rng, studio.crops["br"]), reader_data.BR_INSET
    else:
        crop, _ = studio.plate(rng)
    if rng.random() < 0.4:  # with a rim of car around it
        rim = [int(rng.uniform(0, 0.25) * crop.shape[0]) for _ in range(4)]
        crop = cv2.copyMakeBorder(crop, *rim, cv2.BORDER_REPLICATE if rng.random() < 0.3 else cv2.BORDER_CONSTANT, value=int(rng.integers(0, 256)))
        whole = np.float32([[rim[2], rim[0]], [crop.shape[1] - rim[3], crop.shape[0] - rim[1]]])
        size = whole[1] - whole[0]
    else:
        size = np.float32(crop.shape[::-1])
        whole = np.stack([np.zeros(2, np.float32), size])
    low, high = whole[0] + np.float32(inset) * size, whole[1] - np.float32(inset) * size
    scale = plate_width(rng, 0.75) * rng.uniform(0.8, 1.0) / (high[0] - low[0])
    crop = cv2.resize(crop, (max(8, round(crop.shape[1] * scale)), max(4, round(crop.shape[0] * scale))), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    crop = crop[:WINDOW, :WINDOW]
    if rng.random() < 0.25:
        crop = dimmed(rng, crop)
    x, y = (int(rng.integers(0, WINDOW - side + 1)) for side in crop.shape[::-1])
    image[y : y + crop.shape[0], x : x + crop.shape[1]] = crop
    quads.append(np.float32([low, [high[0], low[1]], high, [low[0], high[1]]]) * scale + np.float32([x, y]))
    exactness.append(1.0 if inset == (0.0, 0.0) else EXTENT)


def warped(rng, image: np.ndarray, quads: list, exactness: list):
    """The whole window turned in space. A plate of which only the box is known stays one only under a slight turn."""
    rough = [index for index, exact in enumerate(exactness) if exact == EXTENT]
    middle = np.float32([WINDOW / 2, WINDOW / 2])
    square = (UNIT - 0.5) * WINDOW
    target = turned(rng, square, WINDOW * rng.uniform(1.6, 4), 0.0 if rough else 0.5) * float(np.exp(rng.normal(0, 0.12))) + middle
    warp = cv2.getPerspectiveTransform(square + middle, np.float32(target))
    mode = cv2.BORDER_REFLECT_101 if not quads else cv2.BORDER_CONSTANT
    image = cv2.warpPerspective(image, warp, (WINDOW, WINDOW), flags=cv2.INTER_LINEAR, borderMode=mode, borderValue=int(rng.choice([0, FLAT, rng.integers(0, 256)])))
    moved = [cv2.perspectiveTransform(quad[None].astype(np.float32), warp)[0] for quad in quads]
    return image, moved, exactness


def outdoors(rng, image: np.ndarray, quads: list) -> np.ndarray:
    """Night, headlights, infra-red, rain, a moving car, a rolling shutter."""
    kind = rng.random()
    if kind < 0.1:  # night: little light, plates shine or vanish
        grey = image.astype(np.float32)
        dark = grey * rng.uniform(0.12, 0.5) + rng.uniform(0, 15)
        glow = np.zeros_like(grey)
        for quad in quads:
            cv2.fillConvexPoly(glow, np.int32(quad), float(rng.uniform(0.3, 1.0)))
        glow = cv2.GaussianBlur(glow, (0, 0), float(rng.uniform(0.5, 3)))
        image = (dark + (grey * rng.uniform(0.8, 1.3) - dark) * glow).clip(0, 255).astype(np.uint8)
    if kind < 0.16:  # headlights or lamps with their bloom
        ys, xs = np.mgrid[0:WINDOW, 0:WINDOW].astype(np.float32)
        grey = image.astype(np.float32)
        for _ in range(int(rng.integers(1, 4))):
            if quads and rng.random() < 0.7:
                quad = quads[int(rng.integers(len(quads)))]
                x, y = quad.mean(0) + np.float32([rng.choice([-1, 1]) * rng.uniform(0.9, 2.2), rng.uniform(-1.2, 0.3)]) * np.ptp(quad[:, 0])
            else:
                x, y = rng.uniform(0, WINDOW, 2)
            radius = rng.uniform(3, 22)
            squared = (xs - x) ** 2 + (ys - y) ** 2
            grey += rng.uniform(150, 400) * np.exp(-squared / (2 * radius * radius)) + rng.uniform(10, 70) * np.exp(-np.sqrt(squared) / (radius * rng.uniform(3, 8)))
        image = grey.clip(0, 255).astype(np.uint8)
    elif kind < 0.2:  # rain or snow
        mask = (rng.random((WINDOW, WINDOW)) < rng.uniform(0.002, 0.015)).astype(np.float32)
        mask = cv2.filter2D(mask, -1, capture.motion_kernel(rng, int(rng.integers(3, 14)))) * rng.uniform(60, 400)
        image = (image + mask).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.06:  # rows read one after the other while the car moves
        skew = rng.uniform(-0.25, 0.25)
        middle = WINDOW / 2
        warp = np.float32([[1, skew, -skew * middle], [0, 1, 0]])
        image = cv2.warpAffine(image, warp, (WINDOW, WINDOW), borderMode=cv2.BORDER_REPLICATE)
        for quad in quads:
            quad[:, 0] += skew * (quad[:, 1] - middle)
    return image


def compose(rng, studio: Studio):
    """One window: picture, quads [n, 4, 2], exactness [n]."""
    image = background(rng, studio)
    quads, exactness = [], []
    kind = rng.random()
    if kind < 0.74 and studio.photos:
        put_photos(rng, studio, image, quads, exactness)
    elif kind < (0.84 if studio.photos else 0.8):
        for _ in range(int(rng.integers(1, 4))):
            plate, aspect = studio.plate(rng)
            width = plate_width(rng, studio.close_up)
            centre = rng.uniform(0.05, 0.95, 2) * WINDOW
            if all(np.abs(quad.mean(0) - centre).max() > (width + np.ptp(quad[:, 0])) * 0.7 for quad in quads):
                quads.append(paste(rng, image, centre, width, plate, aspect))
                exactness.append(1.0)
    elif kind < 0.9:
        put_crop(rng, studio, image, quads, exactness)
    decoys.scatter(rng, image, quads)
    if rng.random() < 0.5:
        image, quads, exactness = warped(rng, image, quads, exactness)
    image = outdoors(rng, image, quads)
    if rng.random() < 0.25:
        image = capture.light(rng, image.astype(np.float32)).clip(0, 255).astype(np.uint8)
    image = capture.exposed(rng, image, 60, gentle=rng.random() < 0.65)
    kept = []
    for quad, exact in zip(quads, exactness):
        low, high, middle = quad.min(0), quad.max(0), quad.mean(0)
        if (high <= 0).any() or (low >= WINDOW).any():
            continue
        seen = np.minimum(high, WINDOW) - np.maximum(low, 0)
        wide = high[0] - low[0]
        fits = NARROWEST <= wide <= WIDEST and high[1] - low[1] >= 5 and (middle >= 0).all() and (middle < WINDOW).all()
        kept.append((quad, exact if fits and (seen / (high - low)).prod() > 0.7 else IGNORED))
    kept.sort(key=lambda one: one[1] < 0)
    return image, kept[:MOST_PLATES]


def part(job):
    seed, count, validation, options = job
    cv2.setNumThreads(1)
    studio = Studio(options.data, options.corners, validation, not options.no_web, not options.no_real, options.close_up)
    rng = np.random.default_rng(seed)
    images = np.zeros((count, WINDOW, WINDOW), np.uint8)
    quads = np.full((count, MOST_PLATES, 9), np.nan, np.float32)  # 8 corner values and the exactness
    for index in range(count):
        images[index], found = compose(rng, studio)
        for slot, (quad, exact) in enumerate(found):
            quads[index, slot, :8] = quad.reshape(8)
            quads[index, slot, 8] = exact
    return images, quads


def rendered_part(job):
    return rendered.windows(*job, WINDOW, MOST_PLATES)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="/tmp/plate-training/windows-1")
    parser.add_argument("--data", default=os.path.join(os.path.dirname(__file__), "../../../shared/data"))
    parser.add_argument("--corners", default="", help="corners of det-web's plates that web_corners.py wrote")
    parser.add_argument("--windows", type=int, default=24000)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--close-up", type=float, default=0.3, help="the part of plates that are drawn near")
    parser.add_argument("--rendered", type=int, default=0, help="how many windows of our rendered gate to add")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--no-web", action="store_true", help="leave out det-web (no stated licence)")
    parser.add_argument("--no-real", action="store_true", help="leave out the openalpr sets (AGPL-3.0)")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    batch = 1000
    jobs = [(options.seed * 100_000 + number, min(batch, options.windows), False, options) for number in range(max(1, options.windows // batch))]
    jobs.append((options.seed * 100_000 + 99_999, 600, True, options))
    with multiprocessing.Pool(options.processes) as pool:
        drawn = pool.map(rendered_part, [(options.seed * 100_000 + 50_000 + number, 150) for number in range(options.rendered // 150)], chunksize=1)
        parts = drawn + pool.map(part, jobs, chunksize=1)
    np.save(os.path.join(options.out, "windows-val.npy"), parts[-1][0])
    np.save(os.path.join(options.out, "quads-val.npy"), parts[-1][1])
    np.save(os.path.join(options.out, "windows.npy"), np.concatenate([one[0] for one in parts[:-1]]))
    np.save(os.path.join(options.out, "quads.npy"), np.concatenate([one[1] for one in parts[:-1]]))
    print(f"{options.windows} windows and {sum(len(one[0]) for one in drawn)} rendered ones")


if __name__ == "__main__":
    main()
