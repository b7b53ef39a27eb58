"""From the reader's outputs to a text with its confidence, in Python: what shared/vision does in Rust (spelling.rs, reader.rs)."""

import functools
import os
import re
from dataclasses import dataclass

import numpy as np
import torch

from geometry import rectify, row_corners, standardised
from networks import ALPHABET, REGIONS

LEAST_WEIGHT = 0.05
BEAM = 16
LEAST_CLASS = 1e-3
LEAST_TWO_ROWS = 0.1
LONGEST = 12
# The text filter of shared/vision: a text less sure than this (geometric mean over its characters) was read off something else.
LEAST_SURE, SHORT, LEAST_SURE_SHORT = 0.5, 2, 0.95


SYNTAX_TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../shared/vision/src/syntax.txt")


def pattern_of(form: str) -> str:
    """A form of the syntax table as a regular expression."""
    signs = {"L": "[A-Z]", "D": "[0-9]", "X": "[A-Z0-9]"}
    return "".join(signs[mark.upper()] + ("?" if mark.islower() else "") for mark in form)


@functools.lru_cache(None)
def syntaxes() -> dict[str, tuple[float, re.Pattern]]:
    with open(SYNTAX_TABLE) as file:
        lines = [line.split() for line in file if not line.startswith("#")]
    return {region: (float(otherwise), re.compile("|".join(pattern_of(form) for form in forms))) for region, otherwise, *forms in lines}


def weight(text: str, regions: np.ndarray) -> float:
    """How much a text is to be believed where the regions are this likely (syntax.rs)."""
    against = 0.0
    for region, (otherwise, forms) in syntaxes().items():
        if not forms.fullmatch(text):
            against += float(regions[REGIONS.index(region)]) * (1 - otherwise)
    return min(1.0, max(LEAST_WEIGHT, 1 - against))


@dataclass
class Reading:
    text: str
    confidence: float
    region: str = ""
    region_confidence: float = 0.0
    two_rows: bool = False
    sure: float = 0.0  # the geometric mean of its characters' probabilities


def probabilities(logits: torch.Tensor) -> np.ndarray:
    """[classes, steps] logits as [steps, classes] probabilities."""
    return torch.softmax(logits.float(), 0).T.numpy()


def spell(steps: np.ndarray, regions: np.ndarray | None = None) -> tuple[str, float]:
    """The likeliest text by prefix beam search, with its probability summed over its alignments, weighed by its region's syntax."""
    beam = {(): (1.0, 0.0)}
    for step in steps:
        following: dict[tuple, list[float]] = {}
        likely = [(code, float(step[code])) for code in np.flatnonzero(step >= LEAST_CLASS) if code]
        for prefix, (blank, symbol) in beam.items():
            kept = following.setdefault(prefix, [0.0, 0.0])
            kept[0] += (blank + symbol) * float(step[0])
            if prefix:
                kept[1] += symbol * float(step[prefix[-1]])
            for code, chance in likely:
                before = blank if prefix and prefix[-1] == code else blank + symbol
                if before > 0:
                    following.setdefault((*prefix, code), [0.0, 0.0])[1] += before * chance
        beam = dict(sorted(following.items(), key=lambda one: -sum(one[1]))[:BEAM])
    texts = [("".join(ALPHABET[code - 1] for code in prefix), blank + symbol) for prefix, (blank, symbol) in beam.items()]
    if regions is not None:
        kept = sum(chance for _, chance in texts)
        texts = [(text, chance * (weight(text, regions) if text else 1.0)) for text, chance in texts]
        total = sum(chance for _, chance in texts) / kept * max(kept, 1.0)
        texts = sorted(((text, chance / total) for text, chance in texts), key=lambda one: -one[1])
    text, chance = texts[0]
    return (text, min(1.0, chance)) if len(text) <= LONGEST else ("", 0.0)


def sureness(steps: np.ndarray, text: str) -> float:
    """About what shared/vision calls the mean sureness of a text: the highest probability of each of its symbols in its place."""
    best, last, highest = [], 0, 0.0
    for step in steps:
        code = int(step.argmax())
        if code != last and last:
            best.append(highest)
            highest = 0.0
        if code:
            highest = max(highest, float(step[code])) if code == last else float(step[code])
        last = code
    if last:
        best.append(highest)
    if len(best) != len(text):
        return 0.0
    return float(np.exp(np.mean(np.log(np.maximum(best, 1e-9))))) if best else 0.0


def is_plausible(reading: Reading) -> bool:
    return bool(reading.text) and reading.sure >= (LEAST_SURE_SHORT if len(reading.text) <= SHORT else LEAST_SURE)


def look(reader, crops: list[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.no_grad():
        return reader(torch.from_numpy(standardised(np.stack(crops))[:, None]))


def read(reader, grey: np.ndarray, corners: np.ndarray) -> Reading:
    """What stands on the plate between the corners, in one row or two."""
    logits, about = look(reader, [rectify(grey, corners)])
    steps = probabilities(logits[0])
    regions = torch.softmax(about[0, :-1].float(), 0).numpy()
    text, confidence = spell(steps, regions)
    two_rows = float(torch.sigmoid(about[0, -1].float()))
    place = int(regions.argmax())
    reading = Reading(text, confidence, REGIONS[place], float(regions[place]), False)
    if two_rows >= LEAST_TWO_ROWS:
        logits, _ = look(reader, [rectify(grey, row_corners(corners, row)) for row in (0, 1)])
        blank = np.eye(1, steps.shape[1], dtype=np.float32)
        both = np.concatenate([probabilities(logits[0]), blank, probabilities(logits[1])])
        text, confidence = spell(both, regions)
        if two_rows * confidence > (1 - two_rows) * reading.confidence:
            steps = both
            reading = Reading(text, confidence, reading.region, reading.region_confidence, True)
    reading.sure = sureness(steps, reading.text)
    return reading
