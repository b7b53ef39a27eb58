"""Trains the plate reader on the canvases that reader_data.py wrote.

    python train_reader.py --arrays DIR --out reader.pt [--steps 2800] [--seed 1] [--start reader.pt]

Keeps an exponential average of the weights; the checkpoint holds the average. Validation is on held-out plates only (by plate
text): real crops just as they are, web plates given their box, drawn ones through the simulated camera; the best checkpoint is
chosen by the mean exact rate over them.
"""

import argparse
import copy
import json
import os
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import capture
from geometry import UNIT_SQUARE, rectify, row_corners, standardised
from networks import ALPHABET, READER_STEPS, REGIONS, PlateReader

SHARES = {"synthetic": 0.40, "square": 0.08, "us": 0.22, "br": 0.16, "web": 0.10, "websquare": 0.01, "nothing": 0.03}
WHOLE_SQUARES = 0.3  # of the plates in two rows, the part that is shown whole: for the region and the rows only
INVERTED = 0.06
ABOUT_WEIGHT = 0.2
CODE = {character: index + 1 for index, character in enumerate(ALPHABET)}
REGION_CODE = {name: index for index, name in enumerate(REGIONS)}
# How wide the plates of a source are seen, in pixels, and whether gently: real captures are blurred already.
SEEN = {"br": (65, 200, True), "us": (42, 200, False), "web": (50, 200, True), "websquare": (50, 200, True), "nothing": (50, 200, True)}


def region_of(layout: str) -> int:
    """The class of a region's code; -1 where it is not known."""
    if not layout:
        return -1
    return REGION_CODE.get(layout, REGION_CODE["other"])


class Source:
    def __init__(self, folder: str, name: str):
        self.name = name
        self.canvases = np.load(os.path.join(folder, f"{name}.npy"), mmap_mode="r")
        with open(os.path.join(folder, f"{name}.json")) as file:
            meta = json.load(file)
        self.texts, self.aspects, self.layouts, self.rows = meta["texts"], meta["aspects"], meta["layouts"], meta["rows"]
        self.two_rows = self.canvases.shape[1] > capture.CANVAS_HEIGHT
        self.usable = [index for index, text in enumerate(self.texts) if 2 <= len(text) <= 10 or name.startswith("nothing")]

    def example(self, rng: np.random.Generator, index: int):
        """(crop, text to read or None, region's class or -1, whether it is a whole plate of two rows)."""
        canvas = np.asarray(self.canvases[index])
        if rng.random() < INVERTED:
            canvas = 255 - canvas
        narrow, wide, gentle = SEEN.get(self.name.removesuffix("-val"), (42, 200, False))
        text, row, region = self.texts[index], None, region_of(self.layouts[index])
        if self.two_rows:
            rows = self.rows[index]
            if not rows or rng.random() < WHOLE_SQUARES:
                text = None
            else:
                row = int(rng.integers(2))
                text, region = rows[row], -1
        crop = capture.seen(rng, canvas, self.aspects[index], narrow, wide, gentle, row)
        return crop, text, region, self.two_rows and row is None


class Crops(torch.utils.data.IterableDataset):
    def __init__(self, folder: str, batch: int, seed: int):
        self.folder, self.batch, self.seed = folder, batch, seed

    def __iter__(self):
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        names = [name for name in SHARES if os.path.exists(os.path.join(self.folder, f"{name}.npy"))]
        sources = [Source(self.folder, name) for name in names]
        shares = np.array([SHARES[name] for name in names])
        shares /= shares.sum()
        while True:
            examples = []
            for _ in range(self.batch):
                source = sources[rng.choice(len(sources), p=shares)]
                examples.append(source.example(rng, source.usable[int(rng.integers(len(source.usable)))]))
            crops, texts, regions, squares = zip(*examples)
            yield torch.from_numpy(standardised(np.stack(crops))[:, None]), list(texts), torch.tensor(regions), torch.tensor(squares).float()


def inputs_of(crops) -> torch.Tensor:
    return torch.from_numpy(standardised(np.stack(crops))[:, None])


def native_set(folder: str, name: str):
    """Real held-out plates just as they are: (inputs, texts put right, texts as published)."""
    source = Source(folder, f"{name}-val")
    crops = np.load(os.path.join(folder, f"{name}-val-native.npy"))
    with open(os.path.join(folder, f"{name}-val-native.json")) as file:
        return inputs_of(crops), source.texts, json.load(file)["published"]


def boxed_set(folder: str, name: str):
    """Held-out web plates given their labelled box: (inputs, texts, layouts). Two rows give two inputs a plate."""
    source = Source(folder, f"{name}-val")
    size = np.float32([capture.PLATE_WIDTH, source.canvases.shape[1] - 2 * capture.PAD_Y])
    corners = np.float32([capture.PAD_X, capture.PAD_Y]) + UNIT_SQUARE * size
    crops = []
    for canvas in source.canvases:
        for part in (row_corners(corners, 0), row_corners(corners, 1)) if source.two_rows else (corners,):
            crops.append(rectify(np.asarray(canvas), part))
    return inputs_of(crops), source.texts, source.layouts


def seen_set(folder: str, name: str, count: int):
    """Held-out plates through the simulated camera: (inputs, texts). Of two rows, one of them."""
    source = Source(folder, f"{name}-val")
    rng = np.random.default_rng(99)
    order = source.usable if count >= len(source.usable) else rng.choice(source.usable, count, replace=False)
    crops, texts = [], []
    for index in order:
        row = int(rng.integers(2)) if source.two_rows else None
        crops.append(capture.seen(rng, np.asarray(source.canvases[index]), source.aspects[index], 60, 160, True, row))
        texts.append(source.texts[index] if row is None else source.rows[index][row])
    return inputs_of(crops), texts


def validation_sets(folder: str) -> dict:
    def has(name):
        return os.path.exists(os.path.join(folder, f"{name}.npy"))

    sets = {f"{name}-native": native_set(folder, name)[:2] for name in ("us", "br") if has(f"{name}-val-native")}
    for name in ("web", "nothing"):
        if has(f"{name}-val"):
            sets[name] = boxed_set(folder, name)[:2]
    for name, count in (("us", 200), ("br", 200), ("synthetic", 400), ("square", 200)):
        if has(f"{name}-val"):
            sets[f"{name}-seen"] = seen_set(folder, name, count)
    return sets


def greedy(logits: torch.Tensor) -> list[str]:
    texts = []
    for row in logits.argmax(1).tolist():
        last, out = 0, []
        for code in row:
            if code != last and code:
                out.append(ALPHABET[code - 1])
            last = code
        texts.append("".join(out))
    return texts


def exact(model: PlateReader, crops: torch.Tensor, texts: list[str]) -> tuple[int, list]:
    model.eval()
    read = []
    with torch.no_grad():
        for part in crops.split(128):
            read += greedy(model(part)[0].float())
    wrong = [(want, got) for want, got in zip(texts, read) if want.replace("O", "0") != got.replace("O", "0")]
    return len(texts) - len(wrong), wrong


def loss_of(logits: torch.Tensor, about: torch.Tensor, texts: list, regions: torch.Tensor, squares: torch.Tensor) -> torch.Tensor:
    spoken = [index for index, text in enumerate(texts) if text is not None]
    codes = torch.tensor([CODE[character] for index in spoken for character in texts[index]])
    lengths = torch.tensor([len(texts[index]) for index in spoken])
    steps = torch.full((len(spoken),), READER_STEPS)
    loss = F.ctc_loss(logits[spoken].float().log_softmax(1).permute(2, 0, 1), codes, steps, lengths, zero_infinity=True)
    about = about.float()
    if (regions >= 0).any():
        loss = loss + ABOUT_WEIGHT * F.cross_entropy(about[:, :-1], regions, ignore_index=-1)
    # The row of a plate in two rows is never shown to the network as a question of its rows.
    asked = (regions >= 0) | (squares > 0)
    if asked.any():
        loss = loss + ABOUT_WEIGHT * F.binary_cross_entropy_with_logits(about[asked, -1], squares[asked])
    return loss


def check(average: PlateReader, checks: dict) -> tuple[float, str]:
    score, report = [], []
    for name, (inputs, wanted) in checks.items():
        right, _ = exact(average, inputs, wanted)
        score.append(right / len(wanted))
        report.append(f"{name} {right}/{len(wanted)}")
    return (float(np.mean(score)) if score else 0.0), " ".join(report)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--arrays", default="/tmp/plate-training/reader")
    parser.add_argument("--out", default="/tmp/plate-training/reader.pt")
    parser.add_argument("--steps", type=int, default=2800)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start")
    parser.add_argument("--check", type=int, default=250, help="steps between validations")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    model = PlateReader()
    if options.start:  # a checkpoint of an earlier version has no `about`
        model.load_state_dict(torch.load(options.start), strict=False)
    model = model.to(memory_format=torch.channels_last)
    average = copy.deepcopy(model)
    checks = validation_sets(options.arrays)
    print("start", check(average, checks)[1], flush=True)
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.rate, total_steps=options.steps, pct_start=0.1)
    loader = iter(torch.utils.data.DataLoader(Crops(options.arrays, options.batch, options.seed), batch_size=None, num_workers=options.workers, prefetch_factor=8))
    best, losses, started = -1.0, [], time.time()
    for step in range(1, options.steps + 1):
        crops, texts, regions, squares = next(loader)
        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits, about = model(crops.to(memory_format=torch.channels_last))
        loss = loss_of(logits, about, texts, regions, squares)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        decay = min(0.998, step / (step + 20))
        with torch.no_grad():
            for kept, fresh in zip(average.state_dict().values(), model.state_dict().values()):
                if kept.dtype.is_floating_point:
                    kept.lerp_(fresh, 1 - decay)
                else:
                    kept.copy_(fresh)
        if step % options.check == 0 or step == options.steps:
            mean, report = check(average, checks)
            print(f"step {step} loss {np.mean(losses[-options.check :]):.3f} {report} mean {mean:.3f} {time.time() - started:.0f} s", flush=True)
            if mean >= best:
                best = mean
                torch.save(average.state_dict(), options.out)


if __name__ == "__main__":
    main()
