"""Trains the plate detector on the windows that scenes.py wrote.

    python train_detector.py --arrays DIR --out detector.pt [--steps 3000] [--seed 1] [--start detector.pt]

Keeps an exponential average of the weights. The best checkpoint is chosen on held-out windows (held-out photographs and texts).
"""

import argparse
import copy
import os
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import detection
from networks import STRIDE, PlateDetector

FLIP_ORDER = [1, 0, 3, 2]


def targets(quads: np.ndarray, rows: int, columns: int):
    """Heat [rows, columns], corner targets [8, ...], corner scale [2, ...] and corner weight of one window."""
    heat = np.zeros((rows, columns), np.float32)
    corners = np.zeros((8, rows, columns), np.float32)
    extent = np.ones((2, rows, columns), np.float32)
    weight = np.zeros((rows, columns), np.float32)
    ys, xs = np.mgrid[0:rows, 0:columns].astype(np.float32) + 0.5
    for values in quads:
        if np.isnan(values[0]):
            continue
        quad = values[:8].reshape(4, 2) / STRIDE
        cx, cy = quad.mean(0)
        w, h = np.maximum(np.ptp(quad, axis=0), 0.5)
        spread_x, spread_y = max(0.55, 0.1 * w), max(0.55, 0.1 * h)
        j, i = min(columns - 1, max(0, int(cx))), min(rows - 1, max(0, int(cy)))
        bump = np.exp(-((xs - j - 0.5) ** 2) / (2 * spread_x**2) - ((ys - i - 0.5) ** 2) / (2 * spread_y**2))
        near = (bump > 0.25) & (bump >= heat)
        heat = np.maximum(heat, bump)
        corners[0::2, near] = quad[:, 0][:, None] - xs[near]
        corners[1::2, near] = quad[:, 1][:, None] - ys[near]
        extent[0, near], extent[1, near] = w, h
        weight[near] = bump[near] * values[8] / bump[near].sum()
    return heat, corners, extent, weight


class Windows(torch.utils.data.IterableDataset):
    def __init__(self, folder: str, batch: int, seed: int):
        self.folder, self.batch, self.seed = folder, batch, seed

    def __iter__(self):
        cv2.setNumThreads(1)
        images = np.load(os.path.join(self.folder, "windows.npy"), mmap_mode="r")
        quads = np.load(os.path.join(self.folder, "quads.npy"))
        rng = np.random.default_rng(self.seed)
        side = images.shape[1]
        while True:
            order = rng.permutation(len(images))
            for start in range(0, len(order) - self.batch + 1, self.batch):
                inputs, wanted = [], []
                for index in order[start : start + self.batch]:
                    image, plates = images[index].astype(np.float32), quads[index].copy()
                    if rng.random() < 0.5:
                        image = image[:, ::-1]
                        flipped = plates[:, :8].reshape(-1, 4, 2)[:, FLIP_ORDER]
                        flipped[:, :, 0] = side - flipped[:, :, 0]
                        plates[:, :8] = flipped.reshape(-1, 8)
                    image = image * rng.uniform(0.7, 1.25) + rng.uniform(-25, 25)
                    inputs.append(np.clip(image, 0, 255) / 127.5 - 1)
                    wanted.append(targets(plates, side // STRIDE, side // STRIDE))
                yield torch.from_numpy(np.stack(inputs)[:, None].astype(np.float32)), [torch.from_numpy(np.stack(part)) for part in zip(*wanted)]


def losses(output: torch.Tensor, wanted):
    heat, corners, extent, weight = wanted
    logit = output[:, 0]
    p = torch.sigmoid(logit).clamp(1e-5, 1 - 1e-5)
    peak = heat > 0.999
    hit = -((1 - p) ** 2) * p.log() * peak
    miss = -((1 - heat) ** 4) * p**2 * (1 - p).log() * ~peak
    plates = peak.sum().clamp(min=1)
    scale = extent.repeat(1, 4, 1, 1)
    offset = (output[:, 1:] - corners).abs() / scale
    corner = (offset * weight[:, None]).sum() / (8 * plates)
    return (hit.sum() + miss.sum()) / plates, corner


def check(model, images: np.ndarray, quads: np.ndarray, threshold: float = 0.3):
    """Counts on held-out windows: plates, found (IoU > 0.5), false, mean corner error as a part of the plate's height."""
    model.eval()
    plates = found = false = 0
    errors = []
    for start in range(0, len(images), 32):
        with torch.no_grad():
            outputs = model(torch.from_numpy(images[start : start + 32].astype(np.float32) / 127.5 - 1)[:, None]).float().numpy()
        for output, values in zip(outputs, quads[start : start + 32]):
            got = detection.peaks(output, threshold)
            taken = set()
            for value in values:
                if np.isnan(value[0]):
                    continue
                plates += 1
                want = value[:8].reshape(4, 2)
                overlaps = [detection.iou(detection.bounds(want), detection.bounds(corners)) for _, corners in got]
                if overlaps and max(overlaps) > 0.5:
                    best = int(np.argmax(overlaps))
                    taken.add(best)
                    found += 1
                    if value[8] == 1:
                        errors.append(np.linalg.norm(got[best][1] - want, axis=1).mean() / detection.bounds(want)[3])
            false += len(got) - len(taken)
    return plates, found, false, float(np.mean(errors)) if errors else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--arrays", default="/tmp/plate-training/detector")
    parser.add_argument("--out", default="/tmp/plate-training/detector.pt")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corner", type=float, default=8.0, help="weight of the corner loss")
    parser.add_argument("--start")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    model = PlateDetector()
    if options.start:
        model.load_state_dict(torch.load(options.start))
    model = model.to(memory_format=torch.channels_last)
    average = copy.deepcopy(model)
    held_images = np.load(os.path.join(options.arrays, "windows-val.npy"))
    held_quads = np.load(os.path.join(options.arrays, "quads-val.npy"))
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.rate, total_steps=options.steps, pct_start=0.1)
    loader = iter(torch.utils.data.DataLoader(Windows(options.arrays, options.batch, options.seed), batch_size=None, num_workers=1, prefetch_factor=8))
    best, log, started = -1.0, [], time.time()
    for step in range(1, options.steps + 1):
        inputs, wanted = next(loader)
        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            output = model(inputs.to(memory_format=torch.channels_last))
        heat, corner = losses(output.float(), wanted)
        optimiser.zero_grad()
        (heat + options.corner * corner).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimiser.step()
        schedule.step()
        log.append((heat.item(), corner.item()))
        decay = min(0.998, step / (step + 20))
        with torch.no_grad():
            for kept, fresh in zip(average.state_dict().values(), model.state_dict().values()):
                if kept.dtype.is_floating_point:
                    kept.lerp_(fresh, 1 - decay)
                else:
                    kept.copy_(fresh)
        if step % 300 == 0 or step == options.steps:
            plates, found, false, error = check(average, held_images, held_quads)
            mean = np.mean(log[-300:], axis=0)
            print(
                f"step {step} heat {mean[0]:.3f} corner {mean[1]:.4f} found {found}/{plates} false {false} corner error {error:.3f} {time.time() - started:.0f} s",
                flush=True,
            )
            score = 2 * found / (2 * found + false + plates - found) - error
            if score >= best:
                best = score
                torch.save(average.state_dict(), options.out)


if __name__ == "__main__":
    main()
