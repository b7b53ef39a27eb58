"""What an earlier detector knows about the training pictures (never the held-out ones): corners of det-web's plates, and its mistakes.

    python web_corners.py --detector detector.pt --out web-corners.json [--data ../shared/data]

det-web's labels are upright boxes. `corners` gives, for each photograph, one entry a labelled box: the detector's corners fitted to the
box where both agree, or null (scenes.py then knows the box only). `mistakes` lists boxes where no plate is, in photographs and plate-free
pictures, as centre x, centre y, width and the width in network pixels: scenes.py shows such places more often.
"""

import argparse
import json
import os

import cv2
import numpy as np
import torch

import detection
import scenes
from networks import PlateDetector

AGREES = 0.7
LEAST = 0.35
SIDES = (704, 400, 256)


def fitted(corners: np.ndarray, box) -> list[float]:
    """The corners moved and stretched so that their upright box is the labelled one."""
    x, y, w, h = detection.bounds(corners)
    scale = np.float32([box[2] / w, box[3] / h])
    return [round(float(value), 2) for value in ((corners - np.float32([x, y])) * scale + np.float32(box[:2])).reshape(8)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--detector", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--data", default=os.path.join(os.path.dirname(__file__), "../../../shared/data"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    model = PlateDetector()
    model.load_state_dict(torch.load(options.detector))
    model.eval()
    known, mistakes, agreed, total = {}, {}, 0, 0
    more = scenes.corrections()
    pictures = [(path, boxes) for path, boxes in scenes.web_photos(options.data).items()] + [(path, []) for path in scenes.negatives(options.data)]
    for path, boxes in pictures:
        if scenes.held_out(path):
            continue
        grey = cv2.imread(os.path.join(options.data, "plates", path), cv2.IMREAD_GRAYSCALE)
        got = []
        for side in SIDES if boxes else SIDES[:1]:
            scale = min(side / max(grey.shape), detection.MOST_ENLARGED)
            got += [(*one, scale) for one in detection.kept(detection.peaks_at(model, grey, LEAST, side))]
        entries = []
        for box in boxes:
            best = max(got, key=lambda one: detection.iou(box, detection.bounds(one[1])), default=None)
            fits = best is not None and detection.iou(box, detection.bounds(best[1])) > AGREES
            entries.append(fitted(best[1], box) if fits else None)
            agreed += fits
            total += 1
        if boxes:
            known[path] = entries
        plates = [tuple(box) for box in boxes] + [detection.bounds(quad) for quad, _ in more.get(path, [])]
        for _, corners, scale in got:
            x, y, w, h = detection.bounds(corners)
            if all(detection.share((x, y, w, h), plate) < 0.2 for plate in plates):
                mistakes.setdefault(path, []).append([round(float(value), 1) for value in (x + w / 2, y + h / 2, w, w * scale)])
    with open(options.out, "w") as file:
        json.dump({"corners": known, "mistakes": mistakes}, file)
    print(f"corners of {agreed} of {total} plates, {sum(map(len, mistakes.values()))} mistakes")


if __name__ == "__main__":
    main()
