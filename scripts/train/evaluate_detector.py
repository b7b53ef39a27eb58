"""Measures the detector alone (the Python reference): counts and Wilson 95 % intervals.

    python evaluate_detector.py [--data ../shared/data] [--models ../../models] [--checkpoint detector.pt] [--thresholds 0.4,0.5,0.6] [--look DIR]

Held-out web photographs, plate crops (by text) and plate-free pictures, whole pictures as the program takes them. `--look` writes
the pictures in which something is missed or found too much, with the labels in green and the boxes in red: look at them before
drawing more of anything. us-gate is not used here: thresholds are chosen by this report.
"""

import argparse
import math
import os

import cv2
import numpy as np
import torch

import detection
import exported
import layouts
import reader_data
import scenes
from networks import PlateDetector

LEAST_WIDTH = 40
SIZES = ((0, 40), (40, 80), (80, 160), (160, 10_000))


def wilson(hits: int, total: int) -> str:
    if total == 0:
        return "0/0"
    z, p = 1.96, hits / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return f"{hits}/{total} = {100 * p:.1f} % ({100 * (middle - half):.1f}..{100 * (middle + half):.1f})"


def grey_of(options, path: str) -> np.ndarray:
    return cv2.imread(os.path.join(options.data, "plates", path), cv2.IMREAD_GRAYSCALE)


def sure(found: list, threshold: float) -> list:
    return detection.kept([one for one in found if one[0] >= threshold])


def candidates(options, model, grey: np.ndarray) -> list:
    """All candidates of both passes after the close look, so that one run serves every threshold."""
    return [one[:2] for one in detection.candidates(model, grey, options.long_side, options.near_long_side)]


def look(options, name: str, grey: np.ndarray, boxes, found) -> None:
    if not options.look:
        return
    os.makedirs(options.look, exist_ok=True)
    picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    thick = max(1, max(grey.shape) // 400)
    for x, y, w, h in boxes:
        cv2.rectangle(picture, (int(x), int(y)), (int(x + w), int(y + h)), (0, 220, 0), thick)
    for probability, corners in found:
        cv2.polylines(picture, [np.int32(corners)], True, (0, 0, 255), thick)
        cv2.putText(picture, f"{probability:.2f}", tuple(int(v) for v in corners[3]), 0, max(grey.shape) / 800, (0, 128, 255), thick)
    cv2.imwrite(os.path.join(options.look, name.replace("/", "-")), picture)


def measure_web(options, model) -> None:
    """Plates of 40 pixels or more; boxes beside all labels and beside what web_labels.csv knows to be, or maybe to be, a plate."""
    photos = [(path, boxes, grey_of(options, path)) for path, boxes in scenes.web_photos(options.data).items() if scenes.held_out(path)]
    found = [candidates(options, model, grey) for _, _, grey in photos]
    more = scenes.corrections()
    for threshold in options.thresholds:
        tight = loose = total = extra = 0
        sizes = {size: [0, 0] for size in SIZES}
        for (path, boxes, grey), peaks in zip(photos, found):
            got = sure(peaks, threshold)
            missed = False
            for box in boxes:
                best = max((detection.iou(box, detection.bounds(corners)) for _, corners in got), default=0.0)
                wide = box[2] * options.long_side / max(grey.shape)
                counts = next(counts for (low, high), counts in sizes.items() if low <= wide < high)
                counts[0] += best > 0.5
                counts[1] += 1
                if box[2] >= LEAST_WIDTH:
                    total += 1
                    tight += best > 0.5
                    loose += best > 0.3
                    missed |= best <= 0.5
            known = [tuple(box) for box in boxes] + [detection.bounds(quad) for quad, _ in more.get(path, [])]
            beside = [one for one in got if all(detection.share(detection.bounds(one[1]), other) < 0.3 for other in known)]
            extra += len(beside)
            if (missed or beside) and threshold == options.thresholds[0]:
                look(options, path, grey, boxes, got)
        print(
            f"at {threshold}: held-out det-web, plates of {LEAST_WIDTH} pixels or more: IoU > 0.5 {wilson(tight, total)}; IoU > 0.3 {wilson(loose, total)}; "
            f"{extra} more boxes in {len(photos)} photographs"
        )
        print("   IoU > 0.5 by width at network scale:", ", ".join(f"{low}-{high} {hits}/{count}" for (low, high), (hits, count) in sizes.items()))


def measure_negatives(options, model) -> None:
    pictures = [(path, grey_of(options, path)) for path in scenes.negatives(options.data) if scenes.held_out(path)]
    found = [candidates(options, model, grey) for _, grey in pictures]
    for threshold in options.thresholds:
        boxes = [sure(peaks, threshold) for peaks in found]
        for (path, grey), got in zip(pictures, boxes):
            if got and threshold == options.thresholds[0]:
                look(options, path, grey, [], got)
        print(f"at {threshold}: held-out negatives with a box: {wilson(sum(bool(got) for got in boxes), len(boxes))}; {sum(map(len, boxes))} boxes")


def measure_crops(options, model) -> None:
    """Pictures that are nothing but a plate: the surest box against the whole picture (less the margin that br-crops have)."""
    for subset, us, inset in (("us-crops", True, (0.0, 0.0)), ("br-crops", False, reader_data.BR_INSET)):
        pictures = []
        for row in reader_data.real_rows(options.data, subset):
            if reader_data.in_validation(layouts.registration_text(row["text"], us)):
                pictures.append((row["image"], grey_of(options, row["image"])))
        found = [candidates(options, model, grey) for _, grey in pictures]
        for threshold in options.thresholds:
            hits = 0
            for (path, grey), peaks in zip(pictures, found):
                height, width = grey.shape
                box = (inset[0] * width, inset[1] * height, width * (1 - 2 * inset[0]), height * (1 - 2 * inset[1]))
                got = sure(peaks, threshold)[:1]
                hit = bool(got) and detection.iou(box, detection.bounds(got[0][1])) > 0.5
                hits += hit
                if not hit and threshold == options.thresholds[0]:
                    look(options, path, grey, [box], got)
            print(f"at {threshold}: held-out {subset}, the picture is the plate: found (IoU > 0.5) {wilson(hits, len(pictures))}")


def main() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default=os.path.join(here, "../../../shared/data"))
    parser.add_argument("--models", default=exported.MODELS)
    parser.add_argument("--checkpoint", help="a checkpoint instead of the exported weights")
    parser.add_argument("--thresholds", default="0.4,0.5,0.6,0.7")
    parser.add_argument("--long-side", type=int, default=detection.LONG_SIDE)
    parser.add_argument("--near-long-side", type=int, default=detection.NEAR_LONG_SIDE)
    parser.add_argument("--look")
    options = parser.parse_args()
    options.thresholds = [float(value) for value in options.thresholds.split(",")]
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if options.checkpoint:
        model = PlateDetector()
        model.load_state_dict(torch.load(options.checkpoint))
        model = model.eval().to(memory_format=torch.channels_last)
    else:
        model = exported.detector(options.models)
    measure_web(options, model)
    measure_crops(options, model)
    measure_negatives(options, model)


if __name__ == "__main__":
    main()
