"""A face of our own drawing: strokes of one width with rounded corners, in the manner of the faces that plates are pressed in.

It holds the marks that set such faces apart: a zero that is narrower or slit, a one with a long flag, open sixes and nines,
letters with spurs at the left. `mask(character, style)` gives a glyph; no font file is involved.
"""

import functools

import cv2
import numpy as np

L, R, T, B = 0.07, 0.53, 0.07, 0.93
# Open paths of corner points, x 0..0.6, y 0..1; a path whose last point is its first is closed.
PATHS = {
    "0": [[(0.3, T), (R, T), (R, B), (L, B), (L, T), (0.3, T)]],
    "1": [[(0.1, 0.32), (0.36, T), (0.36, 1.0)]],
    "2": [[(L, 0.3), (L, T), (R, T), (R, 0.44), (L, 0.84), (L, B), (0.58, B)]],
    "3": [[(L, T), (R, T), (0.3, 0.42)], [(0.24, 0.42), (R, 0.42), (R, B), (L, B), (L, 0.74)]],
    "4": [[(0.36, 0.0), (0.04, 0.7), (0.6, 0.7)], [(0.44, 0.46), (0.44, 1.0)]],
    "5": [[(0.54, T), (0.1, T), (L, 0.46), (0.3, 0.4), (R, 0.42), (R, B), (L, B), (L, 0.76)]],
    "6": [[(0.44, 0.0), (0.2, 0.3), (L, 0.56), (L, B), (R, B), (R, 0.42), (0.12, 0.44)]],
    "7": [[(0.02, T), (R, T), (0.2, 1.0)]],
    "8": [[(0.3, T), (0.5, T), (0.5, 0.45), (0.1, 0.45), (0.1, T), (0.3, T)], [(0.3, 0.45), (R, 0.45), (R, B), (L, B), (L, 0.45), (0.3, 0.45)]],
    "9": [[(0.16, 1.0), (0.4, 0.7), (R, 0.44), (R, T), (L, T), (L, 0.58), (0.48, 0.56)]],
    "A": [[(0.03, 1.0), (0.3, 0.02), (0.57, 1.0)], [(0.13, 0.68), (0.47, 0.68)]],
    "B": [[(0.09, 0.0), (0.09, 1.0)], [(0.0, T), (0.49, T), (0.49, 0.46), (0.1, 0.46)], [(0.1, 0.46), (R, 0.46), (R, B), (0.0, B)]],
    "C": [[(R, 0.3), (R, T), (L, T), (L, B), (R, B), (R, 0.7)]],
    "D": [[(0.1, 0.0), (0.1, 1.0)], [(0.0, T), (R, T), (R, B), (0.0, B)]],
    "E": [[(0.57, T), (0.08, T)], [(0.08, 0.0), (0.08, 1.0)], [(0.08, B), (0.57, B)], [(0.08, 0.47), (0.48, 0.47)]],
    "F": [[(0.57, T), (0.09, T)], [(0.09, 0.0), (0.09, 1.0)], [(0.09, 0.48), (0.48, 0.48)]],
    "G": [[(R, 0.28), (R, T), (L, T), (L, B), (R, B), (R, 0.54), (0.3, 0.54)]],
    "H": [[(L, 0.0), (L, 1.0)], [(R, 0.0), (R, 1.0)], [(L, 0.48), (R, 0.48)]],
    "I": [[(0.3, 0.0), (0.3, 1.0)], [(0.14, T), (0.46, T)], [(0.14, B), (0.46, B)]],
    "J": [[(0.16, T), (0.46, T)], [(0.46, 0.0), (0.46, B), (L, B), (L, 0.7)]],
    "K": [[(0.08, 0.0), (0.08, 1.0)], [(0.56, 0.0), (0.1, 0.56)], [(0.24, 0.44), (0.57, 1.0)]],
    "L": [[(0.1, 0.0), (0.1, 1.0)], [(0.1, B), (0.56, B)]],
    "M": [[(L, 1.0), (L, 0.02), (0.3, 0.56), (R, 0.02), (R, 1.0)]],
    "N": [[(L, 1.0), (L, 0.02), (R, 0.98), (R, 0.0)]],
    "O": [[(0.3, T), (R, T), (R, B), (L, B), (L, T), (0.3, T)]],
    "P": [[(0.1, 0.0), (0.1, 1.0)], [(0.0, T), (R, T), (R, 0.54), (0.1, 0.54)]],
    "Q": [[(0.3, T), (R, T), (R, B), (L, B), (L, T), (0.3, T)], [(0.34, 0.68), (0.58, 1.0)]],
    "R": [[(0.1, 0.0), (0.1, 1.0)], [(0.0, T), (R, T), (R, 0.5), (0.1, 0.5)], [(0.3, 0.5), (0.56, 1.0)]],
    "S": [[(R, 0.28), (R, T), (L, T), (L, 0.46), (R, 0.5), (R, B), (L, B), (L, 0.72)]],
    "T": [[(0.02, T), (0.58, T)], [(0.3, T), (0.3, 1.0)]],
    "U": [[(L, 0.0), (L, B), (R, B), (R, 0.0)]],
    "V": [[(0.04, 0.0), (0.3, 0.97), (0.56, 0.0)]],
    "W": [[(0.05, 0.0), (0.15, 0.97), (0.3, 0.36), (0.45, 0.97), (0.55, 0.0)]],
    "X": [[(0.05, 0.0), (0.55, 1.0)], [(0.55, 0.0), (0.05, 1.0)]],
    "Y": [[(0.04, 0.0), (0.3, 0.5), (0.56, 0.0)], [(0.3, 0.48), (0.3, 1.0)]],
    "Z": [[(0.05, T), (R, T), (0.07, B), (0.57, B)]],
}
SLITS = {"0": [((0.3, 0.26), (0.56, 0.0))], "6": [((0.34, 0.56), (0.2, 0.32))], "9": [((0.26, 0.44), (0.4, 0.68))], "Q": [((0.62, 0.82), (0.42, 0.98))]}
# Corner radius, stroke, whether it has the slits, and the width of a digit beside that of a letter.
STYLES = {"pressed": (0.17, 0.125, True, 0.93), "square": (0.1, 0.12, False, 1.0), "round": (0.24, 0.14, False, 0.95), "thin": (0.16, 0.1, False, 1.0), "bold": (0.18, 0.16, False, 0.95)}
DOTTED = {"Ä": "A", "Ö": "O", "Ü": "U"}


def rounded(points, radius: float) -> np.ndarray:
    """A path with its corners cut round."""
    points = np.float64(points)
    closed = np.allclose(points[0], points[-1])
    out = [points[0]]
    for before, corner, after in zip(points[:-2], points[1:-1], points[2:]):
        back, on = before - corner, after - corner
        reach = min(radius, np.linalg.norm(back) * 0.6, np.linalg.norm(on) * 0.6)
        a, b = corner + back / np.linalg.norm(back) * reach, corner + on / np.linalg.norm(on) * reach
        for part in np.linspace(0, 1, 8):
            out.append((1 - part) ** 2 * a + 2 * part * (1 - part) * corner + part**2 * b)
    out.append(points[-1])
    if closed:
        out.append(points[0])
    return np.array(out)


@functools.lru_cache(None)
def mask(character: str, style: str, height: int) -> np.ndarray:
    """A glyph as a mask (float 0..1) of the height, as wide as the style has it."""
    radius, stroke, slit, narrow = STYLES[style]
    base = DOTTED.get(character, character)
    scale = 4 * height
    width = narrow if base.isdigit() else 1.0
    canvas = np.zeros((scale, round(0.6 * scale * width)), np.uint8)
    sharp = base in "AVWMNXYZK147"
    for path in PATHS[base]:
        line = rounded(path, radius * (0.1 if sharp else 1)) * np.array([scale * width, scale])
        cv2.polylines(canvas, [np.int32(np.round(line))], False, 255, round(stroke * scale), cv2.LINE_AA)
    if slit:
        for a, b in SLITS.get(base, []):
            cv2.line(canvas, (round(a[0] * scale * width), round(a[1] * scale)), (round(b[0] * scale * width), round(b[1] * scale)), 0, max(2, round(0.035 * scale)), cv2.LINE_AA)
    if character in DOTTED:
        small = cv2.resize(canvas, (canvas.shape[1], round(0.8 * scale)), interpolation=cv2.INTER_AREA)
        canvas[:] = 0
        canvas[scale - small.shape[0] :] = small
        for x in (0.3, 0.7):
            cv2.circle(canvas, (round(x * canvas.shape[1]), round(0.08 * scale)), round(0.07 * scale), 255, -1, cv2.LINE_AA)
    columns = np.where(canvas.max(0) > 40)[0]
    canvas = canvas[:, columns.min() : columns.max() + 1]
    return cv2.resize(canvas, (max(8, round(canvas.shape[1] / 4)), height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
