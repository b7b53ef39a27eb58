"""Fits two temperatures to the held-out plates, so that the reader's probabilities say how often it is right.

    python calibrate.py --arrays DIR --checkpoint reader.pt

Writes <checkpoint>.temperatures.json: export.py divides the last layers `out` and `about` by them. The temperature of `out` is the one with
the least negative log-likelihood of the true texts (real held-out plates as they are, and drawn ones through the simulated
camera); that of `about`, of the true regions.
"""

import argparse
import json
import os

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from networks import READER_STEPS, PlateReader
from train_reader import CODE, Source, boxed_set, inputs_of, native_set, region_of, seen_set


def outputs(model: PlateReader, inputs: torch.Tensor):
    with torch.no_grad():
        parts = [model(part) for part in inputs.split(128)]
    return torch.cat([part[0] for part in parts]).float(), torch.cat([part[1] for part in parts]).float()


def text_loss(logits: torch.Tensor, texts: list[str], temperature: float) -> float:
    codes = torch.tensor([CODE[character] for text in texts for character in text])
    lengths = torch.tensor([len(text) for text in texts])
    steps = torch.full((len(texts),), READER_STEPS)
    each = F.ctc_loss((logits / temperature).log_softmax(1).permute(2, 0, 1), codes, steps, lengths, reduction="none", zero_infinity=True)
    return float(each.clamp(max=20).mean())


def best_of(loss) -> float:
    grid = np.exp(np.linspace(np.log(0.6), np.log(3.0), 40))
    return float(min(grid, key=loss))


def region_set(folder: str):
    source = Source(folder, "synthetic-val")
    rng = np.random.default_rng(98)
    order = source.usable[:600]
    crops, regions, _ = zip(*[(crop, region, text) for crop, text, region, _ in (source.example(rng, index) for index in order)])
    return inputs_of(crops), torch.tensor(regions)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--arrays", default="/tmp/plate-training/reader")
    parser.add_argument("--checkpoint", default="/tmp/plate-training/reader.pt")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    model = PlateReader()
    model.load_state_dict(torch.load(options.checkpoint))
    model.eval()

    def has(name):
        return os.path.exists(os.path.join(options.arrays, f"{name}.npy"))

    sets = [native_set(options.arrays, name)[:2] for name in ("us", "br") if has(f"{name}-val-native")]
    if has("web-val"):
        sets.append(boxed_set(options.arrays, "web")[:2])
    sets.append(seen_set(options.arrays, "synthetic", 300))
    logits = torch.cat([outputs(model, inputs)[0] for inputs, _ in sets])
    texts = [text for _, part in sets for text in part]
    out = best_of(lambda temperature: text_loss(logits, texts, temperature))
    inputs, regions = region_set(options.arrays)
    _, about = outputs(model, inputs)
    known = regions >= 0
    if has("web-val"):
        web_inputs, _, layouts = boxed_set(options.arrays, "web")
        web = torch.tensor([region_of(layout) for layout in layouts])
        about = torch.cat([about[known], outputs(model, web_inputs)[1][web >= 0]])
        regions = torch.cat([regions[known], web[web >= 0]])
    about_temperature = best_of(lambda temperature: float(F.cross_entropy(about[:, :-1] / temperature, regions)))
    path = os.path.splitext(options.checkpoint)[0] + ".temperatures.json"
    with open(path, "w") as file:
        json.dump({"out": round(out, 3), "about": round(about_temperature, 3)}, file)
    print(f"temperatures: out {out:.3f} (loss {text_loss(logits, texts, 1.0):.3f} -> {text_loss(logits, texts, out):.3f}), about {about_temperature:.3f}")


if __name__ == "__main__":
    main()
