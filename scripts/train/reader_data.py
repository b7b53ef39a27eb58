"""The reader's training material: canvases of drawn and real plates, split into training and validation by plate text.

    python reader_data.py --out DIR [--data ../shared/data] [--synthetic 20000] [--square 5000] [--seed 1] [--no-real] [--no-web]

Writes <name>.npy (uint8 canvases) and <name>.json (texts, proportions, layouts, rows) for the names synthetic, square (two rows), us, br, web
and their -val parts; <name>-val-native.npy holds the real held-out plates as the reader's crops, seen just as they are. us-gate is never read here.
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
import layouts
from geometry import box_corners, rectify

# Texts whose hash is below this were never trained on, by this or by any earlier version of the network.
VALIDATION_PERCENT = 12
WEB_VALIDATION_PERCENT = 50
BR_INSET = (0.05, 0.08)
LABELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "labels")
HELD_BACK_DRAWN = 1000
HELD_BACK_SQUARE = 300


def in_validation(text: str, percent: int = VALIDATION_PERCENT) -> bool:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 100 < percent


def drawn_part(job) -> tuple[np.ndarray, list, list, list, list]:
    seed, count, square = job
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    height = capture.SQUARE_HEIGHT if square else capture.PLATE_HEIGHT
    canvases = np.zeros((count, height + 2 * capture.PAD_Y, capture.CANVAS_WIDTH), np.uint8)
    texts, aspects, names, rows = [], [], [], []
    for index in range(count):
        plate = layouts.draw_square(rng) if square else layouts.draw(rng)
        grey = cv2.cvtColor(plate.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        if rng.random() < 0.12:  # infra-red light: only one channel's contrast is left, or less
            grey = plate.image[:, :, int(rng.integers(3))].astype(np.float32)
        aspects.append(grey.shape[1] / grey.shape[0])
        canvases[index] = capture.canvas_of(rng, capture.weathered(rng, grey), plate_height=height)
        texts.append(plate.text)
        names.append(plate.layout)
        rows.append(list(plate.rows))
    return canvases, texts, aspects, names, rows


def real_rows(data: str, subset: str):
    with open(os.path.join(data, "plates", "manifest.csv"), newline="") as file:
        return [row for row in csv.DictReader(file) if row["set"] == subset]


def write(out: str, name: str, canvases: np.ndarray, texts: list, aspects: list, layouts_of: list, rows: list | None = None) -> None:
    np.save(os.path.join(out, f"{name}.npy"), canvases)
    with open(os.path.join(out, f"{name}.json"), "w") as file:
        json.dump({"texts": texts, "aspects": aspects, "layouts": layouts_of, "rows": rows or [[]] * len(texts)}, file)
    print(f"{name}: {len(texts)} canvases", flush=True)


def corrections() -> dict[str, tuple[str, str]]:
    """Picture -> (what we read in it, how certain), where the published label is wrong (labels/wrong-labels.csv)."""
    with open(os.path.join(LABELS, "wrong-labels.csv"), newline="") as file:
        return {row["image"]: (row["read"], row["certainty"]) for row in csv.DictReader(file)}


def real_plates(data: str, subset: str, us: bool):
    """(published text, text with wrong labels put right or none where it is in doubt, grey picture) of a set of crops."""
    wrong = corrections()
    for row in real_rows(data, subset):
        published = layouts.registration_text(row["text"], us)
        read, certainty = wrong.get(row["image"], (published, "high"))
        text = layouts.registration_text(read, us) if certainty != "low" else ""
        grey = cv2.imread(os.path.join(data, "plates", row["image"]), cv2.IMREAD_GRAYSCALE)
        # The published labels give '0' for sample plates of many zeros: such labels are no text.
        if grey is not None and len(published) >= 3:
            yield published, text, grey


def native(grey: np.ndarray, inset) -> np.ndarray:
    """The reader's crop of a picture that is a plate, but for `inset` of its sides."""
    height, width = grey.shape
    return rectify(grey, box_corners(width * inset[0], height * inset[1], width * (1 - 2 * inset[0]), height * (1 - 2 * inset[1])))


def write_real(out: str, data: str, subset: str, name: str, rng: np.random.Generator, inset, us: bool) -> None:
    """Held back: a text, published or put right, that is in the validation part. Held-back plates keep both texts."""
    parts = {name: ([], [], []), f"{name}-val": ([], [], [])}
    crops, published_texts = [], []
    for published, text, grey in real_plates(data, subset, us):
        held = in_validation(published)
        if not held and (not text or in_validation(text)):
            continue
        canvases, texts, aspects = parts[f"{name}-val" if held else name]
        canvases.append(capture.canvas_of(rng, grey, inset))
        texts.append(text or published)
        aspects.append(grey.shape[1] * (1 - 2 * inset[0]) / (grey.shape[0] * (1 - 2 * inset[1])))
        if held:
            crops.append(native(grey, inset))
            published_texts.append(published)
    for part, (canvases, texts, aspects) in parts.items():
        write(out, part, np.stack(canvases), texts, aspects, [name] * len(texts))
    np.save(os.path.join(out, f"{name}-val-native.npy"), np.stack(crops))
    with open(os.path.join(out, f"{name}-val-native.json"), "w") as file:
        json.dump({"published": published_texts}, file)


def canvas_from(grey: np.ndarray, box, plate_height: int) -> np.ndarray:
    """A canvas whose plate is the box of a photograph, with its true surroundings."""
    x, y, w, h = box
    unit = np.float32([[capture.PAD_X, capture.PAD_Y], [capture.PAD_X + capture.PLATE_WIDTH, capture.PAD_Y], [capture.PAD_X, capture.PAD_Y + plate_height]])
    warp = cv2.getAffineTransform(unit, np.float32([[x, y], [x + w, y], [x, y + h]]))
    shrink = w / capture.PLATE_WIDTH
    if shrink > 1.5:  # against aliasing of plates larger than the canvas
        grey = cv2.GaussianBlur(grey, (0, 0), 0.45 * shrink)
    size = (capture.CANVAS_WIDTH, plate_height + 2 * capture.PAD_Y)
    return cv2.warpAffine(grey, warp, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)


def web_plates(data: str):
    """(label row, canvas, aspect) of the det-web plates that were read by eye, each cut out with its true surroundings."""
    with open(os.path.join(LABELS, "det-web-texts.csv"), newline="") as file:
        for row in csv.DictReader(file):
            text = layouts.registration_text(row["text"], row["region"] in ("us", "ca"))
            if row["sure"] != "1" or not 2 <= len(text) <= 10:
                continue
            grey = cv2.imread(os.path.join(data, "plates", row["image"]), cv2.IMREAD_GRAYSCALE)
            x, y, w, h = (float(row[key]) for key in "xywh")
            tall = capture.SQUARE_HEIGHT if row["lines"] == "2" else capture.PLATE_HEIGHT
            yield row | {"text": text}, canvas_from(grey, (x, y, w, h), tall), w / h


def write_web(out: str, data: str) -> None:
    parts: dict[str, tuple] = {}
    for row, canvas, aspect in web_plates(data):
        two = row["lines"] == "2"
        part = ("websquare" if two else "web") + ("-val" if in_validation(row["text"], WEB_VALIDATION_PERCENT) else "")
        canvases, texts, aspects, regions, rows = parts.setdefault(part, ([], [], [], [], []))
        canvases.append(canvas)
        texts.append(row["text"])
        aspects.append(aspect)
        regions.append(row["region"])
        rows.append([])
    for part, (canvases, *columns) in parts.items():
        write(out, part, np.stack(canvases), *columns)


def held_out_scene(name: str) -> bool:
    """Whether a plate-free picture is held back; the same split as the detector's (scenes.py)."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 100 < 12


def write_nothing(out: str, data: str, rng: np.random.Generator, each: int = 4) -> None:
    """Pieces of plate-free pictures in the shape of plates, where most edges are: nothing is to be read on them."""
    parts: dict[str, tuple] = {"nothing": ([], []), "nothing-val": ([], [])}
    for row in real_rows(data, "negatives"):
        grey = cv2.imread(os.path.join(data, "plates", row["image"]), cv2.IMREAD_GRAYSCALE)
        if grey is None:
            continue
        edges = cv2.integral(np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0)))
        found = []
        for _ in range(each * 8):
            w = float(np.exp(rng.uniform(np.log(40), np.log(min(300, grey.shape[1] / 2)))))
            h = w / rng.uniform(1.3, 5.2)
            x, y = rng.uniform(0, grey.shape[1] - w - 1), rng.uniform(0, max(1, grey.shape[0] - h - 1))
            x0, y0, x1, y1 = int(x), int(y), int(x + w), min(int(y + h), grey.shape[0])
            found.append((float(edges[y1, x1] - edges[y0, x1] - edges[y1, x0] + edges[y0, x0]) / (w * h), x, y, w, h))
        canvases, aspects = parts["nothing-val" if held_out_scene(row["image"]) else "nothing"]
        for _, x, y, w, h in sorted(found)[-each:]:
            canvases.append(canvas_from(grey, (x, y, w, h), capture.PLATE_HEIGHT))
            aspects.append(w / h)
    for part, (canvases, aspects) in parts.items():
        write(out, part, np.stack(canvases), [""] * len(canvases), aspects, [""] * len(canvases))


def write_drawn(out: str, name: str, count: int, held: int, square: bool, seed: int, workers: int) -> None:
    batch = 500
    jobs = [(seed * 100_000 + square * 50_000 + part, batch, square) for part in range(-(-(count + held) // batch))]
    if workers == 1:
        parts = [drawn_part(job) for job in jobs]
    else:
        with multiprocessing.Pool(workers) as pool:
            parts = pool.map(drawn_part, jobs, chunksize=1)
    canvases = np.concatenate([part[0] for part in parts])
    columns = [[value for part in parts for value in part[index]] for index in (1, 2, 3, 4)]
    write(out, f"{name}-val", canvases[:held], *[column[:held] for column in columns])
    write(out, name, canvases[held:], *[column[held:] for column in columns])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="/tmp/plate-training/reader")
    parser.add_argument("--data", default=os.path.join(os.path.dirname(__file__), "../../../shared/data"))
    parser.add_argument("--synthetic", type=int, default=20000)
    parser.add_argument("--square", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-real", action="store_true", help="leave out the openalpr crops (AGPL-3.0)")
    parser.add_argument("--no-web", action="store_true", help="leave out the web photographs (no stated licence)")
    parser.add_argument("--only", default="real,web,drawn", help="parts to write")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    cv2.setNumThreads(1)
    only = options.only.split(",")
    rng = np.random.default_rng(options.seed)
    if "real" in only and not options.no_real:
        write_real(options.out, options.data, "us-crops", "us", rng, (0.0, 0.0), True)
        write_real(options.out, options.data, "br-crops", "br", rng, BR_INSET, False)
        write_nothing(options.out, options.data, rng)
    if "web" in only and not options.no_web:
        write_web(options.out, options.data)
    if "drawn" in only:
        if options.square:
            write_drawn(options.out, "square", options.square, HELD_BACK_SQUARE, True, options.seed, options.workers)
        write_drawn(options.out, "synthetic", options.synthetic, HELD_BACK_DRAWN, False, options.seed, options.workers)


if __name__ == "__main__":
    main()
