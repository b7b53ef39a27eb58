"""The reader's training material: canvases of synthetic and real plates, split into training and validation by plate text.

    python reader_data.py --out DIR [--data ../shared/data] [--synthetic 40000] [--seed 1]

Writes <name>.npy (uint8 canvases), <name>.json (texts and proportions) for name in synthetic, us, br and their -val parts.
us-gate is never read here.
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

VALIDATION_PERCENT = 12
BR_INSET = (0.05, 0.08)


def in_validation(text: str) -> bool:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 100 < VALIDATION_PERCENT


def synthetic_part(job) -> tuple[np.ndarray, list, list, list]:
    seed, count = job
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    canvases = np.zeros((count, capture.CANVAS_HEIGHT, capture.CANVAS_WIDTH), np.uint8)
    texts, aspects, names = [], [], []
    for index in range(count):
        plate = layouts.draw(rng)
        grey = cv2.cvtColor(plate.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        aspects.append(grey.shape[1] / grey.shape[0])
        canvases[index] = capture.canvas_of(rng, capture.weathered(rng, grey))
        texts.append(plate.text)
        names.append(plate.layout)
    return canvases, texts, aspects, names


def real_rows(data: str, subset: str):
    with open(os.path.join(data, "plates", "manifest.csv"), newline="") as file:
        return [row for row in csv.DictReader(file) if row["set"] == subset]


def write(out: str, name: str, canvases: np.ndarray, texts: list, aspects: list, layouts_of: list) -> None:
    np.save(os.path.join(out, f"{name}.npy"), canvases)
    with open(os.path.join(out, f"{name}.json"), "w") as file:
        json.dump({"texts": texts, "aspects": aspects, "layouts": layouts_of}, file)
    print(f"{name}: {len(texts)} canvases")


def write_real(out: str, data: str, subset: str, name: str, rng: np.random.Generator, inset, us: bool) -> None:
    parts = {name: ([], [], []), f"{name}-val": ([], [], [])}
    for row in real_rows(data, subset):
        text = layouts.registration_text(row["text"], us)
        grey = cv2.imread(os.path.join(data, "plates", row["image"]), cv2.IMREAD_GRAYSCALE)
        if grey is None or not text:
            continue
        canvases, texts, aspects = parts[f"{name}-val" if in_validation(text) else name]
        canvases.append(capture.canvas_of(rng, grey, inset))
        texts.append(text)
        aspects.append(grey.shape[1] * (1 - 2 * inset[0]) / (grey.shape[0] * (1 - 2 * inset[1])))
    for part, (canvases, texts, aspects) in parts.items():
        write(out, part, np.stack(canvases), texts, aspects, [subset] * len(texts))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="/tmp/plate-training/reader")
    parser.add_argument("--data", default=os.path.join(os.path.dirname(__file__), "../../../shared/data"))
    parser.add_argument("--synthetic", type=int, default=40000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-real", action="store_true", help="leave out the openalpr crops (AGPL-3.0)")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    rng = np.random.default_rng(options.seed)
    if not options.no_real:
        write_real(options.out, options.data, "us-crops", "us", rng, (0.0, 0.0), True)
        write_real(options.out, options.data, "br-crops", "br", rng, BR_INSET, False)
    batch = 500
    jobs = [(options.seed * 100_000 + part, batch) for part in range((options.synthetic + 1000) // batch)]
    with multiprocessing.Pool(2) as pool:
        parts = pool.map(synthetic_part, jobs, chunksize=1)
    canvases = np.concatenate([part[0] for part in parts])
    columns = [[value for part in parts for value in part[index]] for index in (1, 2, 3)]
    write(options.out, "synthetic-val", canvases[:1000], *[column[:1000] for column in columns])
    write(options.out, "synthetic", canvases[1000:], *[column[1000:] for column in columns])


if __name__ == "__main__":
    main()
