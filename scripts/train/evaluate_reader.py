"""The reader alone on held-out plates: exact texts by foldings, rows, regions, and how far its confidence can be trusted."""

import csv
import math
import os

import cv2
import numpy as np

import capture
import reader_data
from geometry import UNIT_SQUARE, box_corners
from networks import REGIONS
from reading import is_plausible, read
from train_reader import Source

BINS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0001)
FOLDINGS = {"O=0": str.maketrans("O", "0"), "O=0 and I=1": str.maketrans("OI", "01"), "no folding": {}}


def wilson(hits: int, total: int) -> str:
    if total == 0:
        return "0/0"
    z, p = 1.96, hits / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return f"{hits}/{total} = {100 * p:.1f} % ({100 * (middle - half):.1f}..{100 * (middle + half):.1f})"


def calibration(name: str, judged: list[tuple[float, bool]]) -> None:
    """The expected calibration error over BINS and the table behind it: of reads this sure, how many are right?"""
    if not judged:
        return
    sure, right = np.array([one for one, _ in judged]), np.array([is_right for _, is_right in judged])
    error, table = 0.0, []
    for low, high in zip(BINS, BINS[1:]):
        inside = (sure >= low) & (sure < high)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
            table.append(f"{low:.2f}-{min(high, 1):.2f}: {right[inside].sum()}/{inside.sum()} right at mean {sure[inside].mean():.2f}")
    print(f"calibration on {name}: ECE {100 * error:.1f} % over {len(judged)} reads; {'; '.join(table)}")


def held_out_crops(data: str, subset: str, inset, us: bool):
    """(published text, text put right, grey, corners, region) of the held-out crops as they are."""
    for published, text, grey in reader_data.real_plates(data, subset, us):
        if reader_data.in_validation(published):
            height, width = grey.shape
            corners = box_corners(width * inset[0], height * inset[1], width * (1 - 2 * inset[0]), height * (1 - 2 * inset[1]))
            yield published, text or published, grey, corners, "us" if us else "br"


def held_out_web(data: str):
    """The same of the det-web plates given their box, on the photographs themselves."""
    with open(os.path.join(reader_data.LABELS, "det-web-texts.csv"), newline="") as file:
        for row in csv.DictReader(file):
            text = reader_data.layouts.registration_text(row["text"], row["region"] in ("us", "ca"))
            if row["sure"] != "1" or not 2 <= len(text) <= 10 or not reader_data.in_validation(text, reader_data.WEB_VALIDATION_PERCENT):
                continue
            grey = cv2.imread(os.path.join(data, "plates", row["image"]), cv2.IMREAD_GRAYSCALE)
            region = row["region"] if row["region"] in REGIONS or not row["region"] else "other"
            yield text, text, grey, box_corners(*(float(row[key]) for key in "xywh")), region


def held_out_drawn(arrays: str, name: str):
    """Drawn plates through the simulated camera, whole: a canvas is a small picture with the plate in its middle."""
    source = Source(arrays, f"{name}-val")
    rng = np.random.default_rng(97)
    for index in source.usable[:400]:
        canvas, aspect = np.asarray(source.canvases[index]), source.aspects[index]
        width = float(np.exp(rng.uniform(np.log(60), np.log(160))))
        tall = canvas.shape[0]
        zoom = np.float32([width / capture.PLATE_WIDTH, width / aspect / (tall - 2 * capture.PAD_Y)])
        size = (round(canvas.shape[1] * zoom[0]), max(16, round(tall * zoom[1])))
        small = capture.exposed(rng, cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), width, gentle=True)
        pad, plate = np.float32([capture.PAD_X, capture.PAD_Y]), np.float32([capture.PLATE_WIDTH, tall - 2 * capture.PAD_Y])
        corners = (pad + UNIT_SQUARE * plate) * zoom
        corners = corners + rng.normal(0, 1, (4, 2)) * np.float32([0.01, 0.025]) * plate * zoom
        yield source.texts[index], source.texts[index], small, corners.astype(np.float32), source.layouts[index]


def measure(reader, name: str, plates, failures: bool) -> list[tuple[float, bool]]:
    plates = list(plates)
    readings = [read(reader, grey, corners) for _, _, grey, corners, _ in plates]
    texts = [reading.text if is_plausible(reading) else "" for reading in readings]
    for folding, table in FOLDINGS.items():
        hits = sum(want.translate(table) == text.translate(table) for (_, want, *_), text in zip(plates, texts))
        print(f"reader on {name}: exact ({folding}) {wilson(hits, len(plates))}")
    fold = FOLDINGS["O=0"]
    if any(published != want for published, want, *_ in plates):
        hits = sum(published.translate(fold) == text.translate(fold) for (published, *_), text in zip(plates, texts))
        print(f"reader on {name}: exact (O=0), labels as published {wilson(hits, len(plates))}")
    known = [(region, reading.region) for (*_, region), reading in zip(plates, readings) if region]
    if known:
        print(f"reader on {name}: region {wilson(sum(a == b for a, b in known), len(known))}; two rows said of {sum(reading.two_rows for reading in readings)}")
    judged = [(reading.confidence, want.translate(fold) == text.translate(fold)) for (_, want, *_), text, reading in zip(plates, texts, readings) if text]
    calibration(name, judged)
    if failures:
        print("  ", [(want, text, round(reading.confidence, 2)) for (_, want, *_), text, reading in zip(plates, texts, readings) if want.translate(fold) != text.translate(fold)][:80])
    return judged


def measure_reader(options, reader) -> None:
    judged = []
    if os.path.exists(os.path.join(options.data, "plates", "manifest.csv")):
        judged += measure(reader, "us-crops, held back", held_out_crops(options.data, "us-crops", (0.0, 0.0), True), options.failures)
        judged += measure(reader, "br-crops, held back", held_out_crops(options.data, "br-crops", reader_data.BR_INSET, False), options.failures)
        judged += measure(reader, "det-web, held back, given the box", held_out_web(options.data), options.failures)
        calibration("all real held-out plates", judged)
    for name in ("synthetic", "square"):
        if os.path.exists(os.path.join(options.arrays, f"{name}-val.npy")):
            measure(reader, f"{name}-val", held_out_drawn(options.arrays, name), options.failures)
