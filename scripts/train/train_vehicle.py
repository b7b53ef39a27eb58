"""Trains the two vehicle networks, and states their figures.

    python train_vehicle.py type   [--data DIR] [--work DIR] [--steps 2200] [--seed 1] [--start vehicle-type-1.pt] [--mix] [--out NAME]
    python train_vehicle.py colour [--data DIR] [--work DIR] [--steps 500] [--seed 1] [--start ..] [--out NAME]
        five folds over labels.csv, then the whole
    python train_vehicle.py report [--data DIR] [--work DIR]                               both networks on what is held back

Checkpoints: WORK/vehicle-type.pt, WORK/vehicle-colour.pt (weights averaged over the last steps), WORK/vehicle-colour-folds.json.
The last weights are taken: no checkpoint is chosen by a held-back figure.
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

import vehicle_data as data
from vehicle_networks import CLASSES, COLOUR_METRES, COLOURS, SIDE, TYPE_METRES, TYPES, VehicleColour, VehicleType

SHARES = {"zenodo100": 0.46, "openimages": 0.38, "cifar10": 0.10, "det-web": 0.06}
# The second round: lighter changes, more of the photographs, and among those more cars, which differ most.
SECOND_SHARES = {"zenodo100": 0.42, "openimages": 0.50, "cifar10": 0.06, "det-web": 0.02}
SECOND_CARS = 3
FOLDS = 5


def mixed(rng, inputs: torch.Tensor):
    """Each crop mixed with another of the batch, as a whole or with a rectangle of it: inputs, the other's place, the part that is the crop's own."""
    part, order = float(rng.beta(0.3, 0.3)), torch.randperm(len(inputs))
    if rng.random() < 0.5:
        return part * inputs + (1 - part) * inputs[order], order, part
    side = inputs.shape[-1]
    cut = round(side * (1 - part) ** 0.5)
    top, left = (int(value) for value in rng.integers(0, side - cut + 1, 2))
    inputs = inputs.clone()
    inputs[:, :, top : top + cut, left : left + cut] = inputs[order][:, :, top : top + cut, left : left + cut]
    return inputs, order, 1 - cut * cut / (side * side)


def fit(model, batch_of, steps: int, rate: float, loss_of, tag: str, keep: str | None = None, mixing=None):
    """Trains and returns the running average of the weights; `keep` also holds it on the way. `mixing` draws how crops are mixed."""
    model = model.to(memory_format=torch.channels_last)
    average = copy.deepcopy(model)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.15)
    losses, started = [], time.time()
    for step in range(1, steps + 1):
        inputs, targets = batch_of()
        order, part = None, 1.0
        if mixing is not None:
            inputs, order, part = mixed(mixing, inputs)
        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(inputs.contiguous(memory_format=torch.channels_last))
        loss = part * loss_of(logits.float(), targets)
        if order is not None:
            loss = loss + (1 - part) * loss_of(logits.float(), targets[order])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        decay = min(0.995, step / (step + 20))
        with torch.no_grad():
            for kept, fresh in zip(average.state_dict().values(), model.state_dict().values()):
                if kept.dtype.is_floating_point:
                    kept.lerp_(fresh, 1 - decay)
                else:
                    kept.copy_(fresh)
        if step % 100 == 0:
            print(f"{tag} step {step} loss {np.mean(losses[-100:]):.3f} {time.time() - started:.0f} s", flush=True)
            if keep:
                torch.save(average.state_dict(), keep)
    return average.eval()


class Replay:
    """Drawing a crop costs as much as learning from it: a part of each batch are recent crops, some mirrored."""

    def __init__(self, rng, fresh: int, batch: int, keep: int = 768):
        self.rng, self.fresh, self.batch, self.keep = rng, fresh, batch, keep
        self.inputs, self.targets = [], []

    def batch_of(self, draw):
        drawn = [draw() for _ in range(self.fresh if len(self.inputs) >= self.batch else self.batch)]
        for seen, target in drawn:
            self.inputs.append(seen)
            self.targets.append(target)
        del self.inputs[: -self.keep], self.targets[: -self.keep]
        last = len(self.inputs)
        chosen = list(range(last - len(drawn), last)) + list(self.rng.integers(0, last, self.batch - len(drawn)))
        inputs = [self.inputs[index][:, ::-1] if self.rng.random() < 0.5 else self.inputs[index] for index in chosen]
        return torch.from_numpy(data.normalised(np.stack(inputs))), torch.from_numpy(np.stack([self.targets[index] for index in chosen]))


def partial_loss(logits: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    """Cross entropy where a label may stand for several classes; a little smoothed."""
    logs = logits.log_softmax(1)
    return -(logs + (allowed + 1e-9).log()).logsumexp(1).mean() * 0.95 - logs.mean() * 0.05


def type_training(options) -> None:
    rng = np.random.default_rng(options.seed)
    zenodo, held_zenodo = data.zenodo(options.data)
    photos, held_photos = data.open_images(options.data)
    # Photographs of cars, framed from their plates by the product's rule.
    web, _ = data.colours(options.data, 2.8)
    web = [crop for crop in web if crop.source == "det-web" and "motorcycle" not in crop.label]
    allowed = {}
    groups = {"zenodo100": {}, "openimages": {}, "cifar10": {}, "det-web": {}}
    for crop in zenodo:
        allowed[id(crop)] = data.allowed([data.ZENODO[crop.label]])
        groups["zenodo100"].setdefault(crop.label, []).append(crop)
    for crop in photos:
        allowed[id(crop)] = data.allowed(data.OPEN_IMAGES[crop.label])
        groups["openimages"].setdefault(crop.label, []).append(crop)
    for crop in data.cifar(options.data):
        allowed[id(crop)] = data.allowed(data.CIFAR[crop.label])
        groups["cifar10"].setdefault(crop.label, []).append(crop)
    for crop in web:
        allowed[id(crop)] = data.allowed(["car"])
        groups["det-web"].setdefault("car", []).append(crop)
    others = zenodo + photos
    second = options.start is not None
    chosen = SECOND_SHARES if second else SHARES
    names, shares = list(chosen), np.array(list(chosen.values()))
    labels = {name: sorted(group) for name, group in groups.items()}
    if second:
        labels["openimages"] += ["car"] * (SECOND_CARS - 1)
    print({name: {label: len(crops) for label, crops in group.items()} for name, group in groups.items()}, len(held_zenodo), len(held_photos), flush=True)

    def draw():
        name = names[rng.choice(len(names), p=shares)]
        label = labels[name][rng.integers(len(labels[name]))]
        crop = groups[name][label][rng.integers(len(groups[name][label]))]
        light = second and rng.random() < 0.6
        wild = 0.6 if light or crop.source == "zenodo100" and rng.random() < 0.4 else 1.0
        seen = data.random_framing(rng, crop, others, wild)
        if second and rng.random() < 0.6:
            seen = data.dressed(rng, seen)
        return data.relit(rng, seen, keep_colour=light), allowed[id(crop)]

    replay = Replay(rng, options.batch // (4 if second else 2), options.batch)
    model = VehicleType()
    if second:
        model.load_state_dict(torch.load(options.start))
    model = fit(model, lambda: replay.batch_of(draw), options.steps, options.rate or 3e-3, partial_loss, "type", os.path.join(options.work, options.out), rng if options.mix else None)
    torch.save(model.state_dict(), os.path.join(options.work, options.out))


def colour_input(seen: np.ndarray) -> np.ndarray:
    return cv2.resize(seen, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA)


def colour_fit(rng, crops: list, others: list, steps: int, rate: float, batch: int, tag: str, start: str | None = None):
    groups = {}
    for crop in crops:
        groups.setdefault(crop.label, []).append(crop)
    shares = np.array([len(groups[name]) ** 0.5 for name in COLOURS])
    shares /= shares.sum()

    def draw():
        label = COLOURS[rng.choice(len(COLOURS), p=shares)]
        crop = groups[label][rng.integers(len(groups[label]))]
        seen = data.random_framing(rng, crop, others, 0.8)
        if rng.random() < 0.3:
            seen, label = data.recoloured(rng, seen, label)
        return colour_input(data.relit(rng, data.lit(rng, seen), keep_colour=True)), np.int64(COLOURS.index(label))

    replay = Replay(rng, batch // 4, batch)
    model = VehicleColour()
    if start:
        model.load_state_dict(torch.load(start))
    return fit(model, lambda: replay.batch_of(draw), steps, rate, lambda logits, targets: F.cross_entropy(logits, targets, label_smoothing=0.05), tag)


def colour_training(options) -> None:
    rng = np.random.default_rng(options.seed)
    ours, _ = data.colours(options.data, 2.5)
    published = data.published_colours(options.data)
    others = ours + published
    if options.start:
        model = colour_fit(rng, ours + published * 2, others, options.steps, options.rate or 4e-3, options.batch, "colour", options.start)
        torch.save(model.state_dict(), os.path.join(options.work, options.out))
        return
    folds = []
    for fold in range(FOLDS):
        train = [crop for crop in published if data.part(crop.name, FOLDS) != fold]
        held = [crop for crop in published if data.part(crop.name, FOLDS) == fold]
        torch.manual_seed(options.seed + fold)
        model = colour_fit(rng, without_copies(ours, held) + train * 2, others, options.steps, options.rate or 4e-3, options.batch, f"colour fold {fold}")
        logits = colour_logits(model, [plain(crop) for crop in held])
        folds += [{"path": crop.name, "fold": fold, "label": crop.label, "logits": row.tolist()} for crop, row in zip(held, logits)]
        right = sum(COLOURS[row.argmax()] == crop.label for crop, row in zip(held, logits))
        print(f"fold {fold}: {right}/{len(held)}", flush=True)
    with open(os.path.join(options.work, "vehicle-colour-folds.json"), "w") as file:
        json.dump(folds, file)
    torch.manual_seed(options.seed)
    model = colour_fit(rng, ours + published * 2, others, options.steps * 3 // 2, options.rate or 4e-3, options.batch, "colour")
    torch.save(model.state_dict(), os.path.join(options.work, options.out))


def without_copies(crops: list, held: list) -> list:
    """Leaves out near-duplicates of held-back crops: other frames of one vehicle."""
    def small(crop):
        values = cv2.resize(crop.rgb, (16, 16), interpolation=cv2.INTER_AREA).ravel().astype(np.float32)
        values -= values.mean()
        return values / np.linalg.norm(values)

    wall = np.stack([small(crop) for crop in held])
    return [crop for crop in crops if (wall @ small(crop)).max() <= data.SAME]


def plain(crop, metres_factor: float = 1.0) -> np.ndarray:
    x, y, side = crop.square
    return data.framed(crop.rgb, (x, y, side * metres_factor))


def colour_logits(model, seen: list) -> np.ndarray:
    inputs = torch.from_numpy(data.normalised(np.stack([colour_input(crop) for crop in seen])))
    with torch.no_grad():
        return model(inputs).float().numpy()


def type_logits(model, seen: list) -> np.ndarray:
    """Mean probability of a crop and its mirror image, as logits."""
    inputs = torch.from_numpy(data.normalised(np.stack(seen)))
    with torch.no_grad():
        both = torch.stack([model(part).float().softmax(1) for part in (inputs, inputs.flip(3))]).mean(0)
    return both.log().numpy()


def interval(hits: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval."""
    z, share = 1.96, hits / total
    middle = share + z * z / (2 * total)
    spread = z * np.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return (middle - spread) / (1 + z * z / total), (middle + spread) / (1 + z * z / total)


def confusion(truth: list, found: list, names: list, title: str) -> float:
    """Prints counts, recall of each class with its Wilson interval, and returns the mean recall."""
    print(f"{title}: rows are the truth")
    print("            " + " ".join(f"{name[:10]:>10}" for name in names))
    recalls = []
    for name in names:
        row = [sum(1 for t, f in zip(truth, found) if t == name and f == other) for other in names]
        count = sum(1 for t in truth if t == name)
        right = row[names.index(name)]
        if count:
            recalls.append(right / count)
        low, high = interval(right, count) if count else (0, 1)
        print(f"{name:>11} " + " ".join(f"{value:>10}" for value in row) + f"   {right}/{count} = {100 * right / max(count, 1):.1f} % ({100 * low:.1f}..{100 * high:.1f})")
    right = sum(t == f for t, f in zip(truth, found))
    low, high = interval(right, len(truth))
    print(f"{title}: right {right}/{len(truth)} = {100 * right / len(truth):.1f} % ({100 * low:.1f}..{100 * high:.1f}), mean recall {100 * np.mean(recalls):.1f} %")
    return float(np.mean(recalls))


def temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The divisor of the logits that makes held-back probabilities likeliest. `truth`: allowed classes, 0 or 1."""
    tried = np.exp(np.linspace(np.log(0.4), np.log(4), 60))
    def loss(value):
        scaled = logits / value
        logs = scaled - np.log(np.exp(scaled - scaled.max(1, keepdims=True)).sum(1, keepdims=True)) - scaled.max(1, keepdims=True)
        return -np.log((np.exp(logs) * truth).sum(1) + 1e-9).mean()
    return float(min(tried, key=loss))


def calibration(sure: np.ndarray, right: np.ndarray, title: str) -> None:
    error = 0.0
    for low in np.arange(0, 1, 0.1):
        inside = (sure >= low) & (sure < low + 0.1 + (low > 0.85))
        if inside.any():
            error += inside.mean() * abs(sure[inside].mean() - right[inside].mean())
    print(f"{title}: mean confidence {sure.mean():.3f}, right {right.mean():.3f}, expected calibration error {error:.3f}")
    for least in (0.5, 0.6, 0.7, 0.8):
        kept = sure >= least
        if kept.any():
            print(f"  at {least}: told {100 * kept.mean():.1f} %, of these right {100 * right[kept].mean():.1f} %")


def softmax(logits: np.ndarray) -> np.ndarray:
    values = np.exp(logits - logits.max(1, keepdims=True))
    return values / values.sum(1, keepdims=True)


def types_of(probabilities: np.ndarray) -> np.ndarray:
    return np.stack([probabilities[:, [CLASSES.index(name) for name in members]].sum(1) for members in TYPES.values()], 1)


def type_report(options) -> None:
    model = VehicleType()
    model.load_state_dict(torch.load(os.path.join(options.work, "vehicle-type.pt")))
    model.eval()
    _, zenodo = data.zenodo(options.data)
    _, photos = data.open_images(options.data)
    six = [CLASSES.index(name) for name in data.ZENODO.values()]
    logits = type_logits(model, [plain(crop) for crop in zenodo])
    found = [list(data.ZENODO)[index] for index in logits[:, six].argmax(1)]
    confusion([crop.label for crop in zenodo], found, list(data.ZENODO), "zenodo100, held-back tenth, six classes")
    photo_logits = type_logits(model, [plain(crop) for crop in photos])
    truth = [next(name for name, members in TYPES.items() if data.OPEN_IMAGES[crop.label][0] in members) for crop in photos]
    found = [list(TYPES)[index] for index in types_of(softmax(photo_logits)).argmax(1)]
    confusion(truth, found, list(TYPES), "Open Images, held-back fifth, five types")
    zenodo_truth = np.stack([data.allowed([data.ZENODO[crop.label]]) for crop in zenodo])
    photo_truth = np.stack([data.allowed(data.OPEN_IMAGES[crop.label]) for crop in photos])
    print(f"type temperature: zenodo100 {temperature(logits, zenodo_truth):.2f}, Open Images {temperature(photo_logits, photo_truth):.2f}")
    chosen = temperature(np.concatenate([logits[::3], photo_logits]), np.concatenate([zenodo_truth[::3], photo_truth]))
    print(f"type temperature: chosen {chosen:.2f}")
    for title, values, allowed in (("zenodo100", logits, zenodo_truth), ("Open Images", photo_logits, photo_truth)):
        sums = types_of(softmax(values / chosen))
        right = types_of(allowed).astype(bool)[np.arange(len(sums)), sums.argmax(1)]
        calibration(sums.max(1), right, f"type on {title}")


def colour_report(options) -> None:
    with open(os.path.join(options.work, "vehicle-colour-folds.json")) as file:
        folds = json.load(file)
    logits = np.float32([row["logits"] for row in folds])
    truth = [row["label"] for row in folds]
    confusion(truth, [COLOURS[index] for index in logits.argmax(1)], COLOURS, "colour, five folds over labels.csv")
    allowed = np.float32([[name == label for name in COLOURS] for label in truth])
    model = VehicleColour()
    model.load_state_dict(torch.load(os.path.join(options.work, "vehicle-colour.pt")))
    model.eval()
    _, held = data.colours(options.data, COLOUR_METRES)
    held_logits = colour_logits(model, [plain(crop) for crop in held])
    held_truth = [crop.label for crop in held]
    confusion(held_truth, [COLOURS[index] for index in held_logits.argmax(1)], COLOURS, "colour, held-back photographs framed from the plate")
    held_allowed = np.float32([[name == label for name in COLOURS] for label in held_truth])
    chosen = temperature(np.concatenate([logits, held_logits]), np.concatenate([allowed, held_allowed]))
    print(f"colour temperature: chosen {chosen:.2f}")
    for title, values, allow in (("folds", logits, allowed), ("photographs", held_logits, held_allowed)):
        sure = softmax(values / chosen)
        calibration(sure.max(1), allow[np.arange(len(sure)), sure.argmax(1)].astype(bool), f"colour on {title}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["type", "colour", "report"])
    parser.add_argument("--data", default=os.path.join(data.HERE, "../../../shared/data"))
    parser.add_argument("--work", default="/tmp/vehicle-training")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--start", help="a second round from this checkpoint; colour: without the folds")
    parser.add_argument("--mix", action="store_true", help="type: mix each crop with another")
    parser.add_argument("--out", help="the checkpoint's name in WORK")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out = options.out or f"vehicle-{options.what}.pt"
    os.makedirs(options.work, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    cv2.setNumThreads(1)
    if options.what == "type":
        options.steps = options.steps or 2200
        type_training(options)
    elif options.what == "colour":
        options.steps = options.steps or 500
        colour_training(options)
    else:
        if os.path.exists(os.path.join(options.work, "vehicle-type.pt")):
            type_report(options)
        if os.path.exists(os.path.join(options.work, "vehicle-colour.pt")):
            colour_report(options)


if __name__ == "__main__":
    main()
