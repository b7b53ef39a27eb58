"""Measures how the reader errs, character by character, for the matching of reads with permits.

    python confusions.py [--arrays DIR] [--models DIR] [--views 4] [--crops 600] [--table FILE] [--reads FILE]
    python confusions.py --json READS.jsonl --texts TEXTS.csv      (reads of `edge-agent recognize --json` with characters)

Shows each held-out plate (by text: us-val, br-val, synthetic-val) to the exported reader through `--views` simulated
cameras, aligns what was read with what stands there (the letter O counts as 0) and writes

--table   shared/contract/src/plate/confusions.txt: P(true symbol | symbol that the reader names), by expectation
          maximisation over the reader's own probabilities; how often it drops a character, and adds one
--reads   shared/contract/examples/false_opens/measured-reads.txt: a sample of characters as they were read in each view of the same
          plate, by quality of the picture: what examples/false_opens draws its reads from

Nothing is trained on these plates, and us-gate is not among them.
"""

import argparse
import csv
import json
import os

import numpy as np
import torch

import capture
import exported
from geometry import standardised
from train_reader import Source

HERE = os.path.dirname(os.path.abspath(__file__))
CONTRACT = os.path.join(HERE, "../../shared/contract")
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
KEYS = ALPHABET.replace("O", "")
TIERS = 5
LEAST_OPTION = 0.01
MOST_OPTIONS = 4
# The weight of the assumption that every symbol may be taken for every other one: characters' worth of evidence.
PRIOR = 1.0


def folded(text: str) -> str:
    return text.replace("O", "0")


def options_of(steps: np.ndarray) -> list[dict[str, float]]:
    """The characters of the likeliest path, each with the symbols that it could be, as spelling.rs names them."""
    codes = steps.argmax(1)
    characters, last, run = [], 0, []

    def close():
        if run:
            highest = np.max(run, axis=0)
            found = {}
            for code in range(1, len(ALPHABET) + 1):
                if highest[code] >= LEAST_OPTION:
                    symbol = folded(ALPHABET[code - 1])
                    found[symbol] = min(1.0, found.get(symbol, 0.0) + float(highest[code]))
            best = sorted(found.items(), key=lambda option: -option[1])[:MOST_OPTIONS]
            characters.append(dict(best))

    for step, code in zip(steps, codes):
        if code != last:
            close()
            run = []
        if code:
            run.append(step)
        last = code
    close()
    return [character for character in characters if character]


def top(character: dict[str, float]) -> str:
    return max(character.items(), key=lambda option: option[1])[0]


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


def seen_plates(options):
    """(set, text, reads by view) of each held-out plate."""
    reader = exported.reader(options.models) if options.models else exported.reader()
    for name in options.sets.split(","):
        if not os.path.exists(os.path.join(options.arrays, f"{name}.npy")):
            continue
        source = Source(options.arrays, name)
        rng = np.random.default_rng(options.seed)
        usable = source.usable
        order = usable if options.crops >= len(usable) else rng.choice(usable, options.crops, replace=False)
        for part in np.array_split(np.asarray(order), max(1, len(order) // 32)):
            crops = [
                capture.seen(rng, np.asarray(source.canvases[index]), source.aspects[index], 60, 160, gentle=True)
                for index in part
                for _ in range(options.views)
            ]
            with torch.no_grad():
                logits, _ = reader(torch.from_numpy(standardised(np.stack(crops))[:, None]))
                steps = torch.softmax(logits, 1)
            steps = steps.permute(0, 2, 1).numpy()
            for place, index in enumerate(part):
                views = steps[place * options.views : (place + 1) * options.views]
                yield name, folded(source.texts[index]), [options_of(view) for view in views]


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
                read = []
                for character in plates[0]["characters"]:
                    merged: dict[str, float] = {}
                    for symbol, probability in character["options"]:
                        merged[folded(symbol)] = merged.get(folded(symbol), 0.0) + probability
                    read.append(merged)
                yield "recognised", text, [read]


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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--arrays", default="/tmp/plate-training/reader")
    parser.add_argument("--models", help="the folder of the exported models; models/ if not given")
    parser.add_argument("--sets", default="us-val,br-val,synthetic-val")
    parser.add_argument("--views", type=int, default=4)
    parser.add_argument("--crops", type=int, default=600, help="at most so many plates of a set")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json")
    parser.add_argument("--texts")
    parser.add_argument("--table", default=os.path.join(CONTRACT, "src/plate/confusions.txt"))
    parser.add_argument("--reads", default=os.path.join(CONTRACT, "examples/false_opens/measured-reads.txt"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    pairs, tracks, plates = [], [], []
    dropped = added = characters = exact = views = 0
    added_reads = []
    for name, text, reads in recognised_plates(options) if options.json else seen_plates(options):
        if not text or any(symbol not in KEYS for symbol in text):
            continue
        rows: list[list] = [[None] * len(reads) for _ in text]
        for view, read in enumerate(reads):
            views += 1
            exact += "".join(top(character) for character in read) == text
            characters += len(text)
            changes = aligned(text, read)
            # A read that has little in common with the plate says nothing about single characters.
            if sum(1 for i, j in changes if i is not None and j is not None and top(read[j]) == text[i]) * 2 < len(text):
                continue
            for i, j in changes:
                if i is None:
                    added += 1
                    added_reads.append(read[j])
                elif j is None:
                    dropped += 1
                else:
                    pairs.append((text[i], read[j]))
                    rows[i][view] = read[j]
        sure = [max(character.values()) for read in reads for character in read]
        plates.append(float(np.mean(np.log(np.clip(sure, 1e-3, 1)))) if sure else -9.0)
        tracks.append((text, rows))
    table = learn(pairs)
    share = {"views": views, "exact": exact / max(views, 1), "characters": characters}
    share |= {"dropped": dropped / max(characters, 1), "added": added / max(characters, 1)}
    print(json.dumps(share))
    with open(options.table, "w") as file:
        file.write("# How the reader errs, measured by scripts/train/confusions.py: made, not edited.\n")
        file.write(f"# {len(plates)} held-out plates, {views} views, {characters} characters, {100 * share['exact']:.1f} % of the views exact.\n")
        file.write("# read <named> <true> P(true | named); pairs below 0.0002 share what is left. O counts as 0.\n")
        file.write(f"dropped {share['dropped']:.6f}\nadded {share['added']:.6f}\n")
        for named, row in zip(KEYS, table):
            for true, probability in zip(KEYS, row):
                if named == true or probability >= 2e-4:
                    file.write(f"read {named} {true} {probability:.6f}\n")
    rng = np.random.default_rng(options.seed)
    tiers = np.searchsorted(np.quantile(plates, np.arange(1, TIERS) / TIERS), plates)
    samples: dict[tuple[str, int], list] = {}
    for (text, rows), tier in zip(tracks, tiers):
        for symbol, row in zip(text, rows):
            samples.setdefault((symbol, int(tier)), []).append(row)

    def written(character) -> str:
        if character is None:
            return "-"
        return "".join(f"{symbol}{round(1000 * p):04d}" for symbol, p in sorted(character.items(), key=lambda o: -o[1]))

    with open(options.reads, "w") as file:
        file.write("# Characters as the reader read them, measured by scripts/train/confusions.py: made, not edited.\n")
        file.write("# <quality 0..4> <true> <one word a view: symbols with parts in a thousand; - is dropped>\n")
        file.write("# added <symbols with parts in a thousand>, and how often: added-rate <per character>\n")
        file.write(f"added-rate {share['added']:.6f}\n")
        for place in rng.permutation(len(added_reads))[:60]:
            file.write(f"added {written(added_reads[place])}\n")
        for (symbol, tier), rows in sorted(samples.items()):
            for place in rng.permutation(len(rows))[:60]:
                file.write(f"{tier} {symbol} {' '.join(written(character) for character in rows[place])}\n")


if __name__ == "__main__":
    main()
