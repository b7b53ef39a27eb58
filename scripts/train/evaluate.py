"""Measures the exported models: counts and Wilson 95 % intervals.

    python evaluate.py [--data ../shared/data] [--arrays DIR] [--only reader,composed,gate,samples] [--failures]

reader    held-out plates (by text) of us-crops and br-crops just as they are, of det-web given their box, and of the generator
          through a simulated camera: exact texts by three foldings, region, calibration (evaluate_reader.py)
composed  held-out plates on held-out photographs in 1280x720 frames, end to end (the detector alone: evaluate_detector.py; the
          shipped program: evaluate_program.py)
gate      us-gate, end to end, and the reader alone given the labelled box. us-gate is for this report only: nothing is trained,
          chosen or tuned on it.
samples   the rendered drive and stills, end to end
"""

import argparse
import json
import os
import time

import cv2
import numpy as np
import torch

import capture
import detection
import exported
import layouts
import reader_data
import scenes
from evaluate_detector import wilson
from export import DETECTOR_THRESHOLD
from evaluate_reader import calibration, measure_reader
from geometry import box_corners
from reading import is_plausible
from reading import read as reading_of


def same(a: str, b: str) -> bool:
    return a.replace("O", "0") == b.replace("O", "0")


def read(reader, grey: np.ndarray, corners: np.ndarray) -> str:
    reading = reading_of(reader, grey, corners)
    return reading.text if is_plausible(reading) else ""


def grey_of(path: str) -> np.ndarray:
    return cv2.imread(path, cv2.IMREAD_GRAYSCALE)


FRAME = (720, 1280)


def composed_frames(options):
    """Frames with one held-out plate on a held-out photograph in front of a held-out plate-free picture: (set, grey, box, text)."""
    studio = scenes.Studio(options.data, "", True, True, True)
    rng = np.random.default_rng(7)
    plates = []
    for subset, name, step in (("us-crops", "us", 1), ("br-crops", "br", 3)):
        rows = [(layouts.registration_text(row["text"], name == "us"), row["image"]) for row in reader_data.real_rows(options.data, subset)]
        held = [(text, image) for text, image in rows if len(text) >= 3 and reader_data.in_validation(text)]
        for text, image in held[::step]:
            plate = grey_of(os.path.join(options.data, "plates", image))
            if name == "br":
                x, y = (round(part * side) for part, side in zip(reader_data.BR_INSET, plate.shape[::-1]))
                plate = plate[y:-y, x:-x]
            plates.append((name, plate, text))
    for _ in range(60):
        drawn = layouts.draw(rng)
        plates.append(("synthetic", cv2.cvtColor(drawn.image, cv2.COLOR_RGB2GRAY), drawn.text))
    near = [(photo, quads) for photo, quads, _ in studio.photos if np.ptp(quads[0][:, 0]) >= 50]
    for name, plate, text in plates:
        photo, quads = near[int(rng.integers(len(near)))]
        width = float(np.exp(rng.uniform(np.log(55), np.log(170))))
        scale = width / np.ptp(quads[0][:, 0])
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        quads = quads * scale
        for quad in quads:
            scenes.erase(photo, detection.bounds(quad))
        quad = scenes.paste(rng, photo, quads[0].mean(0), width, plate, plate.shape[1] / plate.shape[0], 0.0)
        frame = cv2.resize(studio.empty[int(rng.integers(len(studio.empty)))], FRAME[::-1], interpolation=cv2.INTER_LINEAR)
        centre = quad.mean(0)
        left, top = round(rng.uniform(0.15, 0.85) * FRAME[1] - centre[0]), round(rng.uniform(0.25, 0.85) * FRAME[0] - centre[1])
        x0, y0, x1, y1 = max(0, left), max(0, top), min(FRAME[1], left + photo.shape[1]), min(FRAME[0], top + photo.shape[0])
        frame[y0:y1, x0:x1] = photo[y0 - top : y1 - top, x0 - left : x1 - left]
        frame = capture.exposed(rng, frame, width, gentle=True)
        yield name, frame, detection.bounds(quad + np.float32([left, top])), text


def measure_composed(options, detector, reader) -> None:
    totals: dict[str, list[int]] = {}
    extra = 0
    for name, grey, box, want in composed_frames(options):
        got = detection.detect(detector, grey, options.threshold, options.long_side)
        best = max(got, key=lambda one: detection.iou(box, detection.bounds(one[1])), default=None)
        overlap = detection.iou(box, detection.bounds(best[1])) if best else 0.0
        text = read(reader, grey, best[1]) if overlap > 0.3 else ""
        extra += len(got) - (overlap > 0.3)
        for key in (name, "all"):
            counts = totals.setdefault(key, [0, 0, 0, 0])
            for slot, value in enumerate((1, overlap > 0.3, same(text, want), same(read(reader, grey, box_corners(*box)), want))):
                counts[slot] += value
    for name, (total, found, right, given) in totals.items():
        print(f"composed frames ({name}): found {wilson(found, total)}; read end to end {wilson(right, total)}; read given the box {wilson(given, total)}")
    print(f"composed frames: {extra} more boxes")


def measure_gate(options, detector, reader) -> None:
    found = right = boxed = both = total = 0
    failures, millis, judged = [], [], []
    for row in reader_data.real_rows(options.data, "us-gate"):
        grey = grey_of(os.path.join(options.data, "plates", row["image"]))
        want, box = row["text"], [float(row[key]) for key in "xywh"]
        total += 1
        given = read(reader, grey, box_corners(*box))
        boxed += same(given, want)
        started = time.time()
        got = detection.detect(detector, grey, options.threshold, options.long_side)
        best = max(got, key=lambda one: detection.iou(box, detection.bounds(one[1])), default=None)
        overlap = detection.iou(box, detection.bounds(best[1])) if best else 0.0
        reading = reading_of(reader, grey, best[1]) if overlap > 0.3 else None
        text = reading.text if reading and is_plausible(reading) else ""
        if text:
            judged.append((reading.confidence, same(text, want)))
        millis.append(1000 * (time.time() - started))
        found += overlap > 0.3
        right += same(text, want)
        both += any(same(read(reader, grey, corners), want) for _, corners, _ in got)
        if not same(text, want):
            failures.append((want, text, round(overlap, 2), given))
    print(f"us-gate: found (IoU > 0.3) {wilson(found, total)}")
    print(f"us-gate: read exactly, end to end {wilson(right, total)} (any plate of the picture: {both})")
    print(f"us-gate: read exactly, given the labelled box {wilson(boxed, total)}")
    calibration("us-gate", judged)
    print(f"us-gate: {np.median(millis):.0f} ms a picture here")
    if options.failures:
        for failure in failures:
            print("  ", failure)


def measure_samples(options, detector, reader) -> None:
    for folder in ("drive", "pictures"):
        base = os.path.join(options.samples, folder)
        with open(os.path.join(base, "truth.json")) as file:
            truth = json.load(file)
        total = right = found = false = 0
        for picture in truth["pictures"]:
            grey = grey_of(os.path.join(base, picture["file"]))
            got = detection.detect(detector, grey, options.threshold, options.long_side)
            hits = 0
            for plate in picture["plates"]:
                corners = np.float32(plate["corners"]) * grey.shape[1] / picture.get("width", grey.shape[1])
                total += 1
                best = max(got, key=lambda one: detection.iou(detection.bounds(corners), detection.bounds(one[1])), default=None)
                text = ""
                if best and detection.iou(detection.bounds(corners), detection.bounds(best[1])) > 0.3:
                    hits += 1
                    text = read(reader, grey, best[1])
                right += same(text, plate["plate"])
                if not same(text, plate["plate"]):
                    print(f"   {folder}/{picture['file']}: {plate['plate']} read as '{text}'")
            found += hits
            false += len(got) - hits
            if len(got) > hits:
                print(f"   {folder}/{picture['file']}: more boxes", [(round(p, 2), read(reader, grey, c)) for p, c, _ in got])
        print(f"samples/{folder}: found {found}/{total}, read {right}/{total}, {false} false")


def main() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default=os.path.join(here, "../../../shared/data"))
    parser.add_argument("--arrays", default="/tmp/plate-training/reader")
    parser.add_argument("--models", default=exported.MODELS)
    parser.add_argument("--samples", default=os.path.join(here, "../../samples"))
    parser.add_argument("--only", default="reader,composed,gate,samples")
    parser.add_argument("--threshold", type=float, default=DETECTOR_THRESHOLD)
    parser.add_argument("--long-side", type=int, default=detection.LONG_SIDE)
    parser.add_argument("--failures", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    only = options.only.split(",")
    reader = exported.reader(options.models)
    if "reader" in only:
        measure_reader(options, reader)
    detector = exported.detector(options.models) if set(only) - {"reader"} else None
    if "composed" in only:
        measure_composed(options, detector, reader)
    if "gate" in only:
        measure_gate(options, detector, reader)
    if "samples" in only:
        measure_samples(options, detector, reader)


if __name__ == "__main__":
    main()
