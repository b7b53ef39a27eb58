"""Writes the trained vehicle networks, their entries in models.toml and their golden vectors into models/.

    python export_vehicle.py [--work /tmp/vehicle-training] [--type-temperature T] [--colour-temperature T]

The temperatures are those that `train_vehicle.py report` states. A network whose checkpoint is missing keeps its weights.
The golden vectors are made from our own rendered picture, so that another implementation can be compared stage by stage.
"""

import argparse
import json
import os
import re

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import vehicle_data as data
from export import sha256, write_weights
from exported import Exported
from vehicle_networks import ABOVE, CLASSES, COLOUR_METRES, COLOUR_SIDE, COLOURS, SIDE, TYPE_METRES, VehicleColour, VehicleType, pooled

TYPE_VERSION, COLOUR_VERSION = "3", "1"
TYPE_TOLD = 0.5
COLOUR_TOLD = 0.5


class TypeReference(Exported):
    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv("stem", F.pixel_unshuffle(x, 4)))
        x = F.relu(self.conv("down1", x, 2))
        x = F.relu(self.conv("body1b", F.relu(self.conv("body1a", x))))
        x = F.relu(self.conv("down2", x, 2))
        x = F.relu(self.conv("wide", F.relu(self.conv("body2", x))))
        return self.conv("out", x.mean((2, 3), keepdim=True))


class ColourReference(Exported):
    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv("conv2", F.relu(self.conv("conv1", F.pixel_unshuffle(x, 2)))))
        return self.conv("out", F.relu(self.conv("conv4", F.relu(self.conv("conv3", x, 2)))))


def write_golden(models: str, samples: str) -> None:
    with open(os.path.join(samples, "pictures", "truth.json")) as file:
        corners = np.float32(json.load(file)["pictures"][0]["plates"][0]["corners"])
    rgb = data.read_rgb(os.path.join(samples, "pictures", "day.jpg"))
    # A small copy keeps the file small; the square reaches beyond its edge.
    scale = 0.25
    rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    corners = corners * np.float32(scale)
    x, y, side = data.square_of_plate(corners, TYPE_METRES[1])
    reach = int(side * 0.45)
    left, top = max(0, int(x) - reach), max(0, int(y) - reach)
    rgb = rgb[top : int(y) + reach, left : int(x) + reach].copy()
    corners = corners - np.float32([left, top])
    squares = np.stack([data.framed(rgb, data.square_of_plate(corners, metres)) for metres in TYPE_METRES])
    colour = data.framed(rgb, data.square_of_plate(corners, COLOUR_METRES))
    kinds = torch.from_numpy(data.normalised(squares))
    halved = torch.from_numpy(data.normalised(cv2.resize(colour, (COLOUR_SIDE, COLOUR_SIDE), interpolation=cv2.INTER_AREA)[None]))
    golden = os.path.join(models, "golden")
    with torch.no_grad():
        logits = TypeReference.load(os.path.join(models, "vehicle-type.safetensors"))(kinds)
        cells = ColourReference.load(os.path.join(models, "vehicle-colour.safetensors"))(halved)
    frame = {"frame": torch.from_numpy(rgb), "corners": torch.from_numpy(corners)}
    save_file({**frame, "input": kinds, "output": logits}, os.path.join(golden, "vehicle-type.safetensors"))
    save_file({"input": halved, "output": cells, "logits": pooled(cells)}, os.path.join(golden, "vehicle-colour.safetensors"))


def write_table(models: str, temperatures: tuple[float, float]) -> None:
    """Replaces our entries in models.toml, or adds them; the others stay as they are."""
    path = os.path.join(models, "models.toml")
    with open(path) as file:
        head, *blocks = re.split(r"(?m)^(?=\[\[model\]\])", file.read())
    ours = [
        {
            "name": "vehicle-type", "version": TYPE_VERSION, "file": "vehicle-type.safetensors", "task": "vehicle-type", "input": "rgb", "side": SIDE,
            "classes": CLASSES, "metres": TYPE_METRES, "above": ABOVE, "temperature": temperatures[0], "told": TYPE_TOLD,
        },
        {
            "name": "vehicle-colour", "version": COLOUR_VERSION, "file": "vehicle-colour.safetensors", "task": "vehicle-colour", "input": "rgb",
            "side": COLOUR_SIDE, "colours": COLOURS, "metres": COLOUR_METRES, "above": ABOVE, "temperature": temperatures[1], "told": COLOUR_TOLD,
        },
    ]
    names = [entry["name"] for entry in ours]
    blocks = [block.rstrip() + "\n" for block in blocks if not any(f'name = "{name}"\n' in block for name in names)]
    for entry in ours:
        entry["sha256"] = sha256(os.path.join(models, entry["file"]))
        blocks.append("[[model]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in entry.items()))
    with open(path, "w") as file:
        file.write(head + "\n".join(blocks))


def main() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", default="/tmp/vehicle-training")
    parser.add_argument("--type-temperature", type=float, default=1.0)
    parser.add_argument("--colour-temperature", type=float, default=1.0)
    parser.add_argument("--models", default=os.path.join(here, "../../models"))
    parser.add_argument("--samples", default=os.path.join(here, "../../samples"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    for model, name, reference, side in ((VehicleType(), "vehicle-type", TypeReference, SIDE), (VehicleColour(), "vehicle-colour", ColourReference, COLOUR_SIDE)):
        checkpoint, target = os.path.join(options.work, f"{name}.pt"), os.path.join(options.models, f"{name}.safetensors")
        if not os.path.exists(checkpoint):
            continue
        write_weights(model, checkpoint, target)
        inputs = torch.rand(2, 3, side, side) * 2 - 1
        with torch.no_grad():
            output = reference.load(target)(inputs)
            output = output.flatten(1) if name == "vehicle-type" else pooled(output)
            print(f"{name}: exported weights differ from the checkpoint by at most {(model(inputs) - output).abs().max():.4f}, {os.path.getsize(target)} bytes")
    write_table(options.models, (options.type_temperature, options.colour_temperature))
    write_golden(options.models, options.samples)


if __name__ == "__main__":
    main()
