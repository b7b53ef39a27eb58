"""Writes the trained weights, models.toml and golden vectors into models/.

    python export.py [--detector detector.pt] [--reader reader.pt] [--models ../../models] [--samples ../../samples]

A network whose checkpoint is missing keeps the weights that are already in models/. The golden vectors are made from our own
rendered pictures: whole pre-processing inputs and outputs, so that another implementation can be compared stage by stage.
"""

import argparse
import hashlib
import json
import os

import cv2
import numpy as np
import torch
from safetensors.torch import save_file

import detection
import europe
import exported
from geometry import rectify, standardised
from networks import ALPHABET, CLOSE_LOOK, CLOSE_PLATE, LONG_SIDE, MARGIN_X, MARGIN_Y, NEAR_LONG_SIDE, READER_HEIGHT, READER_STEPS, READER_WIDTH, REGIONS, ROW_SHARE, STRIDE, PlateDetector, PlateReader, folded
from reading import read

DETECTOR_THRESHOLD = 0.4
DETECTOR_VERSION = "3"
READER_VERSION = "2"


def load(model: torch.nn.Module, checkpoint: str) -> torch.nn.Module:
    """The model over its checkpoint, with the temperatures that calibrate.py found in place, if it ran."""
    model.load_state_dict(torch.load(checkpoint))
    model.eval()
    temperatures = os.path.splitext(checkpoint)[0] + ".temperatures.json"
    if os.path.exists(temperatures):
        with open(temperatures) as file, torch.no_grad():
            for name, temperature in json.load(file).items():
                layer = getattr(model, name)
                layer.weight /= temperature
                layer.bias /= temperature
    return model


def write_weights(model: torch.nn.Module, checkpoint: str, path: str) -> None:
    save_file({name: tensor.half() for name, tensor in folded(load(model, checkpoint)).items()}, path)


def sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def write_golden(models: str, samples: str) -> None:
    """Small inputs and outputs. A colour-free crop of a rendered still keeps the files small."""
    golden = os.path.join(models, "golden")
    os.makedirs(golden, exist_ok=True)
    grey = cv2.imread(os.path.join(samples, "pictures", "day.jpg"), cv2.IMREAD_GRAYSCALE)
    frame = cv2.resize(grey, (256, 144), interpolation=cv2.INTER_AREA)[40:136, 48:208].copy()
    detector, reader = exported.detector(models), exported.reader(models)
    inputs = torch.from_numpy(frame.astype(np.float32) / 127.5 - 1)[None, None]
    with torch.no_grad():
        output = detector(inputs)
    save_file({"input": inputs.contiguous(), "output": output.contiguous()}, os.path.join(golden, "plate-detector.safetensors"))
    with open(os.path.join(samples, "pictures", "truth.json")) as file:
        corners = np.float32(json.load(file)["pictures"][0]["plates"][0]["corners"])
    low, high = corners.min(0) - 20, corners.max(0) + 20
    piece = grey[int(low[1]) : int(high[1]), int(low[0]) : int(high[0])].copy()
    moved = corners - np.floor(low)
    crop = rectify(piece, moved)
    inputs = torch.from_numpy(standardised(crop)[None, None])
    with torch.no_grad():
        output, about = reader(inputs)
    tensors = {
        "frame": torch.from_numpy(piece.astype(np.float32)),
        "corners": torch.from_numpy(moved.astype(np.float32)),
        "crop": torch.from_numpy(crop.astype(np.float32)),
        "input": inputs.contiguous(),
        "output": output.contiguous(),
        "about": about.contiguous(),
    }
    save_file(tensors, os.path.join(golden, "plate-reader.safetensors"))


def write_rows_golden(models: str) -> None:
    """A drawn plate in two rows in a small frame, with the text that the reference reads on it."""
    reader = exported.reader(models)
    for seed in range(20):
        plate = europe.draw_uk_square(np.random.default_rng(seed))
        small = cv2.resize(cv2.cvtColor(plate.image, cv2.COLOR_RGB2GRAY), (130, 96), interpolation=cv2.INTER_AREA)
        frame = np.full((136, 180), 90, np.uint8)
        frame[20:116, 25:155] = small
        frame = cv2.GaussianBlur(frame, (0, 0), 0.7)
        corners = np.float32([[25, 20], [155, 20], [155, 116], [25, 116]])
        reading = read(reader, frame, corners)
        if reading.two_rows and reading.text == plate.text:
            text = torch.from_numpy(np.frombuffer(plate.text.encode(), np.uint8).copy())
            tensors = {"frame": torch.from_numpy(frame), "corners": torch.from_numpy(corners), "text": text}
            save_file(tensors, os.path.join(models, "golden", "plate-reader-rows.safetensors"))
            print(f"golden rows: {plate.text} at {reading.confidence:.2f} (seed {seed})")
            return
    raise SystemExit("the reader reads no drawn plate in two rows")


def check_folding(checkpoint: str, model: torch.nn.Module, reference, inputs: torch.Tensor) -> None:
    load(model, checkpoint)
    with torch.no_grad():
        ours, exported_ones = model(inputs), reference(inputs)
    if isinstance(ours, torch.Tensor):
        ours, exported_ones = [ours], [exported_ones]
    difference = max((one - other).abs().max().item() for one, other in zip(ours, exported_ones))
    print(f"{type(model).__name__}: exported weights differ from the checkpoint by at most {difference:.4f} in the output")


def write_table(models: str) -> None:
    lines = ["# The models that the edge loads; a file that does not match its sha256 is refused.", ""]
    entries = [
        {
            "name": "plate-detector", "version": DETECTOR_VERSION, "file": "plate-detector.safetensors", "task": "detect-plate", "input": "grey",
            "long_side": LONG_SIDE, "near_long_side": NEAR_LONG_SIDE, "pad_multiple": 32, "stride": STRIDE,
            "candidate": detection.CANDIDATE, "threshold": DETECTOR_THRESHOLD, "nms_iou": detection.NMS_IOU, "close_look": CLOSE_LOOK, "close_plate": CLOSE_PLATE,
        },
        {
            "name": "plate-reader", "version": READER_VERSION, "file": "plate-reader.safetensors", "task": "read-plate", "input": "grey", "width": READER_WIDTH,
            "height": READER_HEIGHT, "steps": READER_STEPS, "alphabet": ALPHABET, "blank": 0, "margin_x": MARGIN_X, "margin_y": MARGIN_Y,
            "row_share": ROW_SHARE, "regions": " ".join(REGIONS),
        },
    ]
    for entry in entries:
        path = os.path.join(models, entry["file"])
        if not os.path.exists(path):
            continue
        entry["sha256"] = sha256(path)
        lines.append("[[model]]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
        lines.append("")
    path = os.path.join(models, "models.toml")
    if os.path.exists(path):  # other models' entries stay
        with open(path) as file:
            blocks = file.read().split("[[model]]\n")[1:]
        ours = [f'name = "{entry["name"]}"' for entry in entries]
        for block in blocks:
            if not any(name in block for name in ours):
                lines += ["[[model]]", block.rstrip("\n"), ""]
    with open(path, "w") as file:
        file.write("\n".join(lines))


def main() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser()
    parser.add_argument("--detector", default="/tmp/plate-training/detector.pt")
    parser.add_argument("--reader", default="/tmp/plate-training/reader.pt")
    parser.add_argument("--models", default=os.path.join(here, "../../models"))
    parser.add_argument("--samples", default=os.path.join(here, "../../samples"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    os.makedirs(options.models, exist_ok=True)
    detector_file = os.path.join(options.models, "plate-detector.safetensors")
    reader_file = os.path.join(options.models, "plate-reader.safetensors")
    if os.path.exists(options.detector):
        write_weights(PlateDetector(), options.detector, detector_file)
        check_folding(options.detector, PlateDetector(), exported.detector(options.models), torch.rand(1, 1, 96, 160) * 2 - 1)
    if os.path.exists(options.reader):
        write_weights(PlateReader(), options.reader, reader_file)
        check_folding(options.reader, PlateReader(), exported.reader(options.models), torch.randn(2, 1, READER_HEIGHT, READER_WIDTH))
    write_table(options.models)
    if os.path.exists(detector_file) and os.path.exists(reader_file):
        write_golden(options.models, options.samples)
        write_rows_golden(options.models)
    for root, _, names in os.walk(options.models):
        for name in sorted(names):
            print(f"{os.path.getsize(os.path.join(root, name)):9d} {os.path.relpath(os.path.join(root, name), options.models)}")


if __name__ == "__main__":
    main()
