"""Trains the plate detector on the windows that scenes.py wrote.

    python train_detector.py --arrays DIR [DIR ...] --out detector.pt [--steps 3000] [--seed 1] [--start detector.pt]

A plate's cells are those in its middle; each plate weighs the same whatever its size. The corner loss is the distance of the four
corners as a part of the plate's extent, plus a generalised IoU of the upright boxes, which is all that a plate known by its box
gives. Keeps an exponential average of the weights. The best checkpoint is chosen on held-out windows (held-out photographs and texts).
"""

import argparse
import copy
import math
import os
import time

import cv2
import numpy as np
import torch

import detection
from networks import STRIDE, PlateDetector

FLIP_ORDER = [1, 0, 3, 2]
MIDDLE_X, MIDDLE_Y = 0.1, 0.18  # of the plate's extent, to each side of its centre
COLUMNS = 16  # window, row, column, four corners, width, height, the cell's share of its plate, whether it has corners, their weight
LOOSE = 0.3  # the weight of corners that come from the loose boxes of web photographs


def targets(window: int, quads: np.ndarray, rows: int, columns: int):
    """What cells are taught: positive [rows, columns] (weights), negative [rows, columns] (weights), corner rows [n, COLUMNS]."""
    positive = np.zeros((rows, columns), np.float32)
    negative = np.ones((rows, columns), np.float32)
    taught = []
    ys, xs = np.mgrid[0:rows, 0:columns].astype(np.float32) + 0.5
    for values in quads:
        if np.isnan(values[0]):
            continue
        quad = values[:8].reshape(4, 2) / STRIDE
        cx, cy = quad.mean(0)
        (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
        w, h = max(x1 - x0, 0.5), max(y1 - y0, 0.5)
        if values[8] < 0:
            negative[(xs > x0 - 0.5) & (xs < x1 + 0.5) & (ys > y0 - 0.5) & (ys < y1 + 0.5)] = 0
            continue
        if not (0 <= cx < columns and 0 <= cy < rows):
            continue
        spread_x, spread_y = max(0.55, 0.16 * w), max(0.55, 0.26 * h)
        bump = np.exp(-((xs - cx) ** 2) / (2 * spread_x**2) - ((ys - cy) ** 2) / (2 * spread_y**2))
        negative *= (1 - bump) ** 4
        middle = (np.abs(xs - cx) <= max(0.5, MIDDLE_X * w)) & (np.abs(ys - cy) <= max(0.5, MIDDLE_Y * h))
        middle[min(rows - 1, int(cy)), min(columns - 1, int(cx))] = True
        cells = np.argwhere(middle)
        for i, j in cells:
            positive[i, j] = max(positive[i, j], 1 / len(cells))
            corners = (quad - np.float32([j + 0.5, i + 0.5])).reshape(8)
            taught.append([window, i, j, *corners, w, h, 1 / len(cells), values[8] > 0.6, 1.0 if values[8] == 1 else LOOSE])
    negative[positive > 0] = 0
    return positive, negative, taught


class Windows(torch.utils.data.IterableDataset):
    def __init__(self, folders: list[str], batch: int, seed: int):
        self.folders, self.batch, self.seed = folders, batch, seed

    def __iter__(self):
        cv2.setNumThreads(1)
        sets = [
            (np.load(os.path.join(folder, "windows.npy"), mmap_mode="r"), np.load(os.path.join(folder, "quads.npy"))) for folder in self.folders
        ]
        known = [(number, index) for number, (images, _) in enumerate(sets) for index in range(len(images))]
        rng = np.random.default_rng(self.seed)
        side = sets[0][0].shape[1]
        while True:
            order = rng.permutation(len(known))
            for start in range(0, len(order) - self.batch + 1, self.batch):
                inputs, wanted = [], [[], [], []]
                for slot, pick in enumerate(order[start : start + self.batch]):
                    number, index = known[pick]
                    image, plates = varied(rng, sets[number][0][index], sets[number][1][index].copy(), side)
                    inputs.append(np.clip(image, 0, 255) / 127.5 - 1)
                    positive, negative, taught = targets(slot, plates, side // STRIDE, side // STRIDE)
                    wanted[0].append(positive)
                    wanted[1].append(negative)
                    wanted[2] += taught
                corners = torch.from_numpy(np.float32(wanted[2]).reshape(-1, COLUMNS))
                yield torch.from_numpy(np.float32(inputs)[:, None]), (torch.from_numpy(np.stack(wanted[0])), torch.from_numpy(np.stack(wanted[1])), corners)


def varied(rng, image: np.ndarray, plates: np.ndarray, side: int):
    """A window mirrored, moved, zoomed and lit differently each time that it comes."""
    corners = plates[:, :8].reshape(-1, 4, 2)
    image = image.astype(np.float32)
    if rng.random() < 0.5:
        image = image[:, ::-1]
        corners = corners[:, FLIP_ORDER]
        corners[:, :, 0] = side - corners[:, :, 0]
    if rng.random() < 0.6:
        zoom = float(np.exp(rng.uniform(-0.22, 0.22)))
        shift = rng.uniform(-24, 24, 2) + side / 2 * (1 - zoom)
        warp = np.float32([[zoom, 0, shift[0] + 0.5 * zoom - 0.5], [0, zoom, shift[1] + 0.5 * zoom - 0.5]])
        image = cv2.warpAffine(np.ascontiguousarray(image), warp, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=127.5)
        corners = corners * zoom + np.float32(shift)
        seen = np.minimum(corners.max(1), side) - np.maximum(corners.min(1), 0)
        cut = (seen.clip(0) / np.maximum(np.ptp(corners, axis=1), 1)).prod(1) < 0.7
        plates[cut & ~np.isnan(plates[:, 0]), 8] = -1
    plates[:, :8] = corners.reshape(-1, 8)
    if rng.random() < 0.04:
        image = 255 - image
    return image * rng.uniform(0.7, 1.25) + rng.uniform(-25, 25), plates


def upright(corners: torch.Tensor) -> torch.Tensor:
    """The upright boxes [n, 4] (left, top, right, bottom) of corners [n, 8]."""
    points = corners.view(-1, 4, 2)
    return torch.cat([points.amin(1), points.amax(1)], 1)


def generalised_iou(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    both = (torch.minimum(one[:, 2:], other[:, 2:]) - torch.maximum(one[:, :2], other[:, :2])).clamp(min=0).prod(1)
    areas = [(box[:, 2:] - box[:, :2]).clamp(min=1e-3).prod(1) for box in (one, other)]
    union = areas[0] + areas[1] - both
    hull = (torch.maximum(one[:, 2:], other[:, 2:]) - torch.minimum(one[:, :2], other[:, :2])).prod(1)
    return both / union - (hull - union) / hull.clamp(min=1e-3)


def losses(output: torch.Tensor, wanted):
    """The losses of the heat, of the corners (of the box's sides where only those are known) and of the boxes' overlap."""
    positive, negative, taught = wanted
    p = torch.sigmoid(output[:, 0]).clamp(1e-5, 1 - 1e-5)
    plates = positive.sum().clamp(min=1)
    hit = -((1 - p) ** 1.5) * p.log() * positive
    miss = -negative * p**2 * (1 - p).log()
    window, row, column = taught[:, :3].long().unbind(1)
    got = output[window, 1:, row, column]
    want, extent, share, exact = taught[:, 3:11], taught[:, 11:13], taught[:, 13] * taught[:, 15], taught[:, 14]
    distance = ((got - want).abs() / extent.repeat(1, 4)).mean(1)
    sides = ((upright(got) - upright(want)).abs() / extent.repeat(1, 2)).mean(1)
    corner = (distance * exact + sides * (1 - exact)) * share
    overlap = (1 - generalised_iou(upright(got), upright(want))) * share
    return (hit.sum() + miss.sum()) / plates, corner.sum() / plates, overlap.sum() / plates


def check(model, images: np.ndarray, quads: np.ndarray, threshold: float = 0.4):
    """Counts on held-out windows: plates, found (IoU > 0.5), false, mean corner error as a part of the plate's height."""
    model.eval()
    plates = found = false = 0
    errors = []
    for start in range(0, len(images), 32):
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            outputs = model(torch.from_numpy(images[start : start + 32].astype(np.float32) / 127.5 - 1)[:, None].contiguous(memory_format=torch.channels_last))
        for output, values in zip(outputs.float().numpy(), quads[start : start + 32]):
            got = detection.peaks(output, threshold)
            taken = set()
            for value in values:
                if np.isnan(value[0]):
                    continue
                want = value[:8].reshape(4, 2)
                if value[8] < 0:
                    taken |= {index for index, (_, corners) in enumerate(got) if inside(detection.bounds(corners), detection.bounds(want)) > 0.3}
                    continue
                plates += 1
                overlaps = [detection.iou(detection.bounds(want), detection.bounds(corners)) for _, corners in got]
                if overlaps and max(overlaps) > 0.5:
                    best = int(np.argmax(overlaps))
                    taken.add(best)
                    found += 1
                    if value[8] == 1:
                        errors.append(np.linalg.norm(got[best][1] - want, axis=1).mean() / detection.bounds(want)[3])
            false += len(got) - len(taken)
    return plates, found, false, float(np.mean(errors)) if errors else float("nan")


def inside(box, other) -> float:
    """The part of a box that lies in another."""
    width = min(box[0] + box[2], other[0] + other[2]) - max(box[0], other[0])
    height = min(box[1] + box[3], other[1] + other[3]) - max(box[1], other[1])
    return max(width, 0) * max(height, 0) / max(box[2] * box[3], 1e-6)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--arrays", nargs="+", default=["/tmp/plate-training/windows-1"])
    parser.add_argument("--out", default="/tmp/plate-training/detector.pt")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so many, with the rate brought down in time")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corner", type=float, default=14.0, help="weight of the corner loss")
    parser.add_argument("--overlap", type=float, default=0.7, help="weight of the overlap loss")
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
    held_images = np.load(os.path.join(options.arrays[0], "windows-val.npy"))
    held_quads = np.load(os.path.join(options.arrays[0], "quads-val.npy"))
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=0.01)
    loader = iter(torch.utils.data.DataLoader(Windows(options.arrays, options.batch, options.seed), batch_size=None, num_workers=1, prefetch_factor=8))
    best, log, started = -1.0, [], time.time()
    for step in range(1, options.steps + 1):
        inputs, wanted = next(loader)
        spent = max(step / options.steps, (time.time() - started) / (60 * options.minutes))
        for group in optimiser.param_groups:
            group["lr"] = options.rate * min(1.0, 20 * spent, 0.5 + 0.5 * math.cos(math.pi * min(1.0, spent)) + 0.01)
        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            output = model(inputs.to(memory_format=torch.channels_last))
        heat, corner, overlap = losses(output.float(), wanted)
        optimiser.zero_grad()
        (heat + options.corner * corner + options.overlap * overlap).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimiser.step()
        log.append((heat.item(), corner.item(), overlap.item()))
        decay = min(0.998, step / (step + 20))
        with torch.no_grad():
            for kept, fresh in zip(average.state_dict().values(), model.state_dict().values()):
                if kept.dtype.is_floating_point:
                    kept.lerp_(fresh, 1 - decay)
                else:
                    kept.copy_(fresh)
        is_last = step == options.steps or spent >= 1
        if step % 300 == 0 or is_last:
            plates, found, false, error = check(average, held_images, held_quads)
            mean = np.mean(log[-300:], axis=0)
            print(
                f"step {step} heat {mean[0]:.3f} corner {mean[1]:.4f} overlap {mean[2]:.3f} found {found}/{plates} false {false} "
                f"corner error {error:.3f} {time.time() - started:.0f} s, {time.process_time():.0f} s of CPU",
                flush=True,
            )
            score = 2 * found / (2 * found + false + plates - found) - error
            if score >= best:
                best = score
                torch.save(average.state_dict(), options.out)
        if is_last:
            break


if __name__ == "__main__":
    main()
