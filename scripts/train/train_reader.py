"""Trains the plate reader on the canvases that reader_data.py wrote.

    python train_reader.py --arrays DIR --out reader.pt [--steps 2800] [--seed 1] [--start reader.pt]

Keeps an exponential average of the weights; the checkpoint holds the average. Validation is on held-out plates only (by plate
text); the best checkpoint is chosen by the mean exact rate over us-val, br-val and synthetic-val.
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
from geometry import standardised
from networks import ALPHABET, READER_STEPS, PlateReader

SHARES = {"synthetic": 0.58, "us": 0.30, "br": 0.12}
INVERTED = 0.06
CODE = {character: index + 1 for index, character in enumerate(ALPHABET)}


class Source:
    def __init__(self, folder: str, name: str):
        self.name = name
        self.canvases = np.load(os.path.join(folder, f"{name}.npy"), mmap_mode="r")
        with open(os.path.join(folder, f"{name}.json")) as file:
            meta = json.load(file)
        self.texts, self.aspects = meta["texts"], meta["aspects"]
        # The published labels give '0' for sample plates of many zeros: such labels are no text.
        self.usable = [index for index, text in enumerate(self.texts) if len(text) >= 3]

    def crop(self, rng: np.random.Generator, index: int) -> np.ndarray:
        canvas = np.asarray(self.canvases[index])
        if rng.random() < INVERTED:
            canvas = 255 - canvas
        if self.name.startswith("br"):  # real captures of 160 pixels that are already blurred
            return capture.seen(rng, canvas, self.aspects[index], 90, 200, gentle=True)
        return capture.seen(rng, canvas, self.aspects[index])


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
            crops, texts = [], []
            for _ in range(self.batch):
                source = sources[rng.choice(len(sources), p=shares)]
                index = source.usable[int(rng.integers(len(source.usable)))]
                crops.append(source.crop(rng, index))
                texts.append(source.texts[index])
            yield torch.from_numpy(standardised(np.stack(crops))[:, None]), texts


def validation_set(folder: str, name: str, count: int):
    source = Source(folder, name)
    rng = np.random.default_rng(99)
    order = source.usable if count >= len(source.usable) else rng.choice(source.usable, count, replace=False)
    crops = []
    for index in order:
        canvas = np.asarray(source.canvases[index])
        crops.append(capture.seen(rng, canvas, source.aspects[index], 60, 160, gentle=True))
    return torch.from_numpy(standardised(np.stack(crops))[:, None]), [source.texts[index] for index in order]


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
            read += greedy(model(part).float())
    wrong = [(want, got) for want, got in zip(texts, read) if want.replace("O", "0") != got.replace("O", "0")]
    return len(texts) - len(wrong), wrong


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--arrays", default="/tmp/plate-training/reader")
    parser.add_argument("--out", default="/tmp/plate-training/reader.pt")
    parser.add_argument("--steps", type=int, default=2800)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    model = PlateReader()
    if options.start:
        model.load_state_dict(torch.load(options.start))
    model = model.to(memory_format=torch.channels_last)
    average = copy.deepcopy(model)
    checks = {
        name: validation_set(options.arrays, f"{name}-val", count)
        for name, count in (("us", 200), ("br", 200), ("synthetic", 400))
        if os.path.exists(os.path.join(options.arrays, f"{name}-val.npy"))
    }
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.rate, total_steps=options.steps, pct_start=0.1)
    loader = iter(torch.utils.data.DataLoader(Crops(options.arrays, options.batch, options.seed), batch_size=None, num_workers=options.workers, prefetch_factor=8))
    best, losses, started = -1.0, [], time.time()
    for step in range(1, options.steps + 1):
        crops, texts = next(loader)
        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(crops.to(memory_format=torch.channels_last))
        codes = torch.tensor([CODE[character] for text in texts for character in text])
        lengths = torch.tensor([len(text) for text in texts])
        steps = torch.full((len(texts),), READER_STEPS)
        loss = F.ctc_loss(logits.float().log_softmax(1).permute(2, 0, 1), codes, steps, lengths, zero_infinity=True)
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
        if step % 250 == 0 or step == options.steps:
            report, score = [], []
            for name, (inputs, wanted) in checks.items():
                right, _ = exact(average, inputs, wanted)
                score.append(right / len(wanted))
                report.append(f"{name}-val {right}/{len(wanted)}")
            mean = float(np.mean(score)) if score else 0.0
            print(f"step {step} loss {np.mean(losses[-250:]):.3f} {' '.join(report)} mean {mean:.3f} {time.time() - started:.0f} s", flush=True)
            if mean >= best:
                best = mean
                torch.save(average.state_dict(), options.out)


if __name__ == "__main__":
    main()
