"""Measures how the reader errs, character by character, for the matching of reads with permits.

    python confusions.py [--arrays DIR] [--models DIR] [--frames 8] [--table FILE] [--reads FILE]
    python confusions.py --json READS.jsonl --texts TEXTS.csv      (reads of `edge-agent recognize --json` with characters: the table only)

Shows each held-out plate (by text: us-val, br-val, synthetic-val, web-val) to the exported reader as a car that drives up
to a gate: `--frames` pictures in which the plate grows from far to near, the angle, the light and the dirt staying as they
were drawn for the passage, blur, noise, compression and the detector's corners differing from frame to frame. The plates
are parted in halves by their text, and what is learned on one half is tried on the other one:

--table   shared/contract/src/plate/confusions.txt, from half 0: P(true symbol | symbol that the reader names), by expectation
          maximisation over the reader's own probabilities; how often it drops a character, and adds one
--reads   edge-agent/examples/false_opens/measured-reads.txt: the passages of both halves as they were read, each character
          with its options in each frame: what examples/false_opens draws its reads from, half 0 to choose budgets, half 1 to report

Nothing is trained on these plates, and us-gate is not among them.
"""

import argparse
import csv
import hashlib
import json
import os

import cv2
import numpy as np
import torch

import capture
import exported
from geometry import UNIT_SQUARE, rectify, standardised
from train_reader import Source

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
KEYS = ALPHABET.replace("O", "")
LEAST_OPTION = 0.01
MOST_OPTIONS = 4
BEAM = 16
LEAST_CLASS = 1e-3
MOST_CANDIDATES = 5
# How wide a plate is in the nearest frame, in pixels, as docs/RECOGNITION.md says how to mount a camera, and the farthest
# frame's part of that.
NEAR = (100, 250)
FAR = (0.35, 0.6)
NIGHT = 0.1
# Passages of each plate, and the most plates, by set: real plates are few, so each drives up oftener.
PASSAGES = {"us-val": (4, 1000), "br-val": (4, 1000), "web-val": (1, 1000), "synthetic-val": (1, 700)}
# The weight of the assumption that every symbol may be taken for every other one: characters' worth of evidence.
PRIOR = 1.0


def folded(text: str) -> str:
    return text.replace("O", "0")


def half_of(text: str) -> int:
    return hashlib.sha256(folded(text).encode()).digest()[0] & 1


def approach(rng: np.random.Generator, canvas: np.ndarray, aspect: float, frames: int):
    """The reader's crops of a plate that comes nearer, with its width in each frame."""
    stays = int(rng.integers(2**31))
    near = float(np.exp(rng.uniform(*np.log(NEAR))))
    far = near * rng.uniform(*FAR)
    squeeze, dark = rng.uniform(0.85, 1.1), rng.random() < NIGHT
    crops, widths = [], []
    for frame in range(frames):
        width = far * (near / far) ** (frame / max(1, frames - 1))
        height = max(10.0, width / aspect * squeeze)
        zoom_x, zoom_y = width / capture.PLATE_WIDTH, height / (canvas.shape[0] - 2 * capture.PAD_Y)
        size = (max(8, round(capture.CANVAS_WIDTH * zoom_x)), max(8, round(canvas.shape[0] * zoom_y)))
        small = cv2.resize(canvas, size, interpolation=cv2.INTER_AREA if zoom_x < 1 else cv2.INTER_LINEAR)
        pad = np.float32([size[0] * capture.PAD_X / capture.CANVAS_WIDTH, size[1] * capture.PAD_Y / canvas.shape[0]])
        plate = np.float32(size) - 2 * pad
        source = pad + UNIT_SQUARE * plate
        same = np.random.default_rng(stays)  # the same angle and the same light in each frame
        target = capture.quad_of(same, source, plate, np.float32(size) / 2)
        warp = cv2.getPerspectiveTransform(source.astype(np.float32), target)
        view = cv2.warpPerspective(small, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if rng.random() < 0.1:
            view = capture.rolled(rng, view)
        lit = capture.light(same, view.astype(np.float32))
        if dark:
            lit = capture.night(same, lit)
        view = capture.exposed(rng, lit.clip(0, 255).astype(np.uint8), width, gentle=True)
        corners = capture.given_corners(rng, target, np.float32([width, height]), gentle=True) + 0.5
        crops.append(rectify(view, corners))
        widths.append(round(width))
    return crops, widths


def candidates_of(steps: np.ndarray) -> list[tuple[str, float]]:
    """The likeliest texts, by CTC prefix beam search as spelling.rs does it; empty if that is no plate at all."""
    beam: dict[tuple, list[float]] = {(): [1.0, 0.0]}
    for step in steps:
        following: dict[tuple, list[float]] = {}
        classes = [(code, float(step[code])) for code in np.nonzero(step >= LEAST_CLASS)[0] if code]
        for prefix, (blank, symbol) in beam.items():
            kept = following.setdefault(prefix, [0.0, 0.0])
            kept[0] += (blank + symbol) * float(step[0])
            if prefix:
                kept[1] += symbol * float(step[prefix[-1]])
            for code, likely in classes:
                before = blank if prefix and prefix[-1] == code else blank + symbol
                if before > 0:
                    following.setdefault(prefix + (code,), [0.0, 0.0])[1] += before * likely
        beam = dict(sorted(following.items(), key=lambda item: -sum(item[1]))[:BEAM])
    texts: dict[str, float] = {}
    for prefix, ends in beam.items():
        text = folded("".join(ALPHABET[code - 1] for code in prefix))
        texts[text] = texts.get(text, 0.0) + sum(ends)
    ranked = sorted(texts.items(), key=lambda item: -item[1])
    if ranked[0][0] == "":
        return []
    return [(text, min(1.0, likely)) for text, likely in ranked if text and likely >= 1e-3][:MOST_CANDIDATES] or ranked[:1]


def options_of(steps: np.ndarray, text: str) -> list[dict[str, float]]:
    """The characters of a text on the likeliest path, each with the symbols that it could be, as spelling.rs names them."""
    both = steps.copy()
    zero, letter = ALPHABET.index("0") + 1, ALPHABET.index("O") + 1
    both[:, zero] += both[:, letter]
    both[:, letter] = 0.0
    codes = [ALPHABET.index(symbol) + 1 for symbol in text]
    classes = [0]
    for code in codes:
        classes += [code, 0]
    costs = -np.log(np.maximum(both[:, classes], 1e-30))
    total = np.full(len(classes), np.inf)
    total[:2] = costs[0, :2]
    came = []
    for cost in costs[1:]:
        following, source = np.empty_like(total), np.empty(len(total), int)
        for state in range(len(total)):
            best = (total[state], state)
            if state >= 1 and total[state - 1] < best[0]:
                best = (total[state - 1], state - 1)
            if state >= 3 and state % 2 and classes[state] != classes[state - 2] and total[state - 2] < best[0]:
                best = (total[state - 2], state - 2)
            following[state], source[state] = best[0] + cost[state], best[1]
        total = following
        came.append(source)
    state = len(classes) - 1
    if len(classes) >= 2 and total[state - 1] < total[state]:
        state -= 1
    runs: list[list[int]] = [[] for _ in codes]
    for index in range(len(both) - 1, -1, -1):
        if state % 2:
            runs[state // 2].append(index)
        if index:
            state = int(came[index - 1][state])
    characters = []
    for run, symbol in zip(runs, text):
        highest = both[run].max(0) if run else np.zeros(both.shape[1])
        found = {ALPHABET[code - 1]: float(min(1.0, highest[code])) for code in range(1, len(ALPHABET) + 1) if highest[code] >= LEAST_OPTION}
        found.setdefault(symbol, LEAST_OPTION)
        best = sorted(found.items(), key=lambda option: -option[1])[:MOST_OPTIONS]
        characters.append(dict(best) | {symbol: found[symbol]})
    return characters


def aligned(truth: str, read: list[dict[str, float]]) -> list[tuple[int | None, int | None]]:
    """Pairs of places (true, read) with the fewest changes; None on one side is a dropped or an added character."""
    rows, columns = len(truth) + 1, len(read) + 1
    cost = np.zeros((rows, columns))
    cost[:, 0], cost[0, :] = np.arange(rows), np.arange(columns)
    for i in range(1, rows):
        for j in range(1, columns):
            wrong = 1.0 - 0.999 * read[j - 1].get(truth[i - 1], 0.0)
            cost[i, j] = min(cost[i - 1, j - 1] + wrong, cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    pairs, i, j = [], rows - 1, columns - 1
    while i or j:
        wrong = 1.0 - 0.999 * read[j - 1].get(truth[i - 1], 0.0) if i and j else 9.0
        if i and j and abs(cost[i, j] - cost[i - 1, j - 1] - wrong) < 1e-9:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and abs(cost[i, j] - cost[i - 1, j] - 1) < 1e-9:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def sharp(text: str) -> list[dict[str, float]]:
    return [{symbol: 1.0} for symbol in text]


class Read:
    """What the reader made of one frame."""

    def __init__(self, text: str, confidence: float, characters: list[dict[str, float]], candidates: list[tuple[str, float]]):
        self.text, self.confidence, self.characters = text, confidence, characters
        whole = max(1.0, sum(likely for _, likely in candidates))
        # How likely each character is not there, and how likely something stands before each, by the other candidates.
        self.missing = [0.0] * len(text)
        self.more: list[dict[str, float]] = [{} for _ in range(len(text) + 1)]
        for other, likely in candidates:
            if len(other) == len(text):
                continue
            place = 0
            for ours, theirs in aligned(text, sharp(other)):
                if theirs is None:
                    self.missing[ours] += likely / whole
                elif ours is None:
                    more = self.more[place]
                    more[other[theirs]] = more.get(other[theirs], 0.0) + likely / whole
                place = place if ours is None else ours + 1


def read_of(steps: np.ndarray) -> Read | None:
    candidates = candidates_of(steps)
    if not candidates or not 1 <= len(candidates[0][0]) <= 12:
        return None
    text, confidence = candidates[0]
    return Read(text, confidence, options_of(steps, text), candidates)


def driven_up(options):
    """(set, text, widths, read of each frame) of each passage of the held-out plates."""
    reader = exported.reader(options.models) if options.models else exported.reader()
    for name in options.sets.split(","):
        source = Source(options.arrays, name)
        rng = np.random.default_rng(options.seed)
        passages, most = PASSAGES[name]
        order = source.usable if most >= len(source.usable) else rng.choice(source.usable, most, replace=False)
        for index in order:
            for _ in range(passages):
                crops, widths = approach(rng, np.asarray(source.canvases[index]), source.aspects[index], options.frames)
                with torch.no_grad():
                    logits, _ = reader(torch.from_numpy(standardised(np.stack(crops))[:, None]))
                    steps = torch.softmax(logits, 1).permute(0, 2, 1).numpy()
                yield name, folded(source.texts[index]), widths, [read_of(frame) for frame in steps]


def recognised_plates(options):
    """The same from `edge-agent recognize --json` and a sheet of file,text."""
    with open(options.texts, newline="") as file:
        texts = {os.path.basename(row[0]): folded(row[1]) for row in csv.reader(file) if len(row) >= 2}
    with open(options.json) as file:
        for line in file:
            found = json.loads(line)
            text = texts.get(os.path.basename(found.get("file", "")))
            plates = [plate for plate in found.get("plates", []) if plate.get("characters")]
            if text and plates:
                characters = []
                for character in plates[0]["characters"]:
                    merged: dict[str, float] = {}
                    for symbol, probability in character["options"]:
                        merged[folded(symbol)] = merged.get(folded(symbol), 0.0) + probability
                    characters.append(merged)
                spelled = folded(plates[0]["text"])
                yield "recognised", text, [0], [Read(spelled, plates[0].get("confidence", 0.0), characters, [])]


def learn(pairs: list[tuple[str, dict[str, float]]]) -> np.ndarray:
    """K[x, c] = P(true c | reader names x), so that sum over x of p(x) K[x, c] explains what stood there best."""
    place = {symbol: index for index, symbol in enumerate(KEYS)}
    count = len(KEYS)
    named = np.full((len(pairs), count), 1e-6)
    true = np.zeros(len(pairs), int)
    for row, (symbol, character) in enumerate(pairs):
        for option, probability in character.items():
            named[row, place[option]] += probability
        true[row] = place[symbol]
    named /= named.sum(1, keepdims=True)
    table = np.full((count, count), 0.02 / (count - 1))
    np.fill_diagonal(table, 0.98)
    for _ in range(200):
        weight = named * table[:, true].T
        weight /= weight.sum(1, keepdims=True)
        counts = np.full((count, count), PRIOR / count)
        for symbol in range(count):
            counts[:, symbol] += weight[true == symbol].sum(0)
        table = counts / counts.sum(1, keepdims=True)
    return table


def written(character: dict[str, float], missing: float) -> str:
    """A character's options with parts in ten thousand, four digits each, without the number where one is sure; - is no character."""
    scale = (1.0 - missing) / max(1.0, sum(character.values()))
    found = {symbol: round(10000 * likely * scale) for symbol, likely in character.items()} | {"-": round(10000 * missing)}
    ranked = sorted(((symbol, parts) for symbol, parts in found.items() if parts >= 50), key=lambda option: -option[1])
    if not ranked:
        return "?"
    if ranked[0][1] >= 9995:
        return ranked[0][0]
    return "".join(f"{symbol}{min(parts, 9999):04d}" for symbol, parts in ranked)


def frame_line(text: str, width: int, read: Read | None) -> str:
    """One frame: its width, and a word for each character of the plate; words of additional characters begin with +."""
    if read is None:
        return f"{width} none"
    changes = aligned(text, read.characters)
    right = sum(1 for i, j in changes if i is not None and j is not None and read.text[j] == text[i])
    if right * 2 < len(text):
        # Little in common with the plate: nothing that single characters explain.
        return f"{width} other {round(10000 * read.confidence)} {read.text}"
    words, place = [], 0
    for i, j in changes:
        if i is None:
            words.append("+" + written(read.characters[j], read.missing[j]))
        elif j is None:
            more = read.more[place].get(text[i], 0.0)
            words.append(written({text[i]: more} if more else {}, 1.0 - more))
        else:
            words.append(written(read.characters[j], read.missing[j]))
        place = place if j is None else j + 1
    return f"{width} " + " ".join(words)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--arrays", default="/tmp/plate-training/reader")
    parser.add_argument("--models", help="the folder of the exported models; models/ if not given")
    parser.add_argument("--sets", default="us-val,br-val,synthetic-val,web-val")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json")
    parser.add_argument("--texts")
    parser.add_argument("--table", default=os.path.join(ROOT, "shared/contract/src/plate/confusions.txt"))
    parser.add_argument("--reads", default=os.path.join(ROOT, "edge-agent/examples/false_opens/measured-reads.txt"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pairs: list[tuple[str, dict[str, float]]] = []
    lines: list[str] = []
    dropped = added = characters = 0
    learned: set[str] = set()
    counts: dict[tuple[str, int], dict] = {}
    for name, text, widths, reads in recognised_plates(options) if options.json else driven_up(options):
        if not text or any(symbol not in KEYS for symbol in text):
            continue
        half = 0 if options.json else half_of(text)
        sure = [read.confidence if read else 0.0 for read in reads]
        quality = float(np.mean(np.log(np.clip(sure, 1e-3, 1)))) / len(text)
        lines.append(f"passage {half} {name.removesuffix('-val')} {round(-10000 * quality)} {text}")
        count = counts.setdefault((name, half), {"passages": 0, "frames": 0, "exact": 0, "nearest": 0, "other": 0})
        count["passages"] += 1
        for frame, (width, read) in enumerate(zip(widths, reads)):
            line = frame_line(text, width, read)
            lines.append(line)
            exact = read is not None and read.text == text
            count["frames"] += 1
            count["exact"] += exact
            count["nearest"] += exact and frame == len(reads) - 1
            count["other"] += " other " in line or line.endswith("none")
            if half or read is None or " other " in line:
                continue
            learned.add(text)
            characters += len(text)
            for i, j in aligned(text, read.characters):
                if i is None:
                    added += 1
                elif j is None:
                    dropped += 1
                else:
                    pairs.append((text[i], read.characters[j]))
    for (name, half), count in sorted(counts.items()):
        print(json.dumps({"set": name, "half": half} | count))
    table = learn(pairs)
    share = {"dropped": dropped / max(characters, 1), "added": added / max(characters, 1)}
    print(json.dumps(share))
    with open(options.table, "w") as file:
        file.write("# How the reader errs, measured by scripts/train/confusions.py: made, not edited.\n")
        file.write(f"# {len(learned)} held-out plates (one half of them), {characters} characters in frames from far to near.\n")
        file.write("# read <named> <true> P(true | named); pairs below 0.0002 share what is left. O counts as 0.\n")
        file.write(f"dropped {share['dropped']:.6f}\nadded {share['added']:.6f}\n")
        for named, row in zip(KEYS, table):
            for true, probability in zip(KEYS, row):
                if named == true or probability >= 2e-4:
                    file.write(f"read {named} {true} {probability:.6f}\n")
    if options.json:
        return
    with open(options.reads, "w") as file:
        file.write("# Passages as the reader read them, measured by scripts/train/confusions.py: made, not edited.\n")
        file.write("# passage <half> <set> <doubt: mean of -ln(confidence) per character, in 1/10000> <plate>, then one line a frame, far to near:\n")
        file.write("# <width in pixels> <a word for each character>. A word: symbols with parts in ten thousand, or one symbol that is sure (0.9995 and more);\n")
        file.write("# - is no character; + begins an additional one. `other <parts> <text>`: quite another text; `none`: no text.\n")
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
