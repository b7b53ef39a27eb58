"""The detector's pre- and post-processing in Python, as networks.py describes them; and box overlap."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from networks import CLOSE_LOOK, CLOSE_PLATE, LONG_SIDE, NEAR_LONG_SIDE, STRIDE

NMS_IOU = 0.3
CONTAINED = 0.7
SMALL = 400
BORDER = 0.15
MOST_ENLARGED = 2.0
CANDIDATE = 0.3
LEAST_NEAR = 0.05
LEAST_OVERLAP = 0.3
MOST_LOOKS = 12
BESIDE = 127


@dataclass
class Scaled:
    """A frame as the network takes it: values, the scales of both axes, and where the frame's corner lies."""

    values: torch.Tensor
    scale_x: float
    scale_y: float
    border_x: int = 0
    border_y: int = 0
    left: float = 0.0
    top: float = 0.0


def network_frame(grey: np.ndarray, long_side: int = LONG_SIDE, bordered: bool = False) -> Scaled:
    """A grey frame as the detector's input; `bordered` puts mid-grey around it."""
    height, width = grey.shape
    scale = min(long_side / max(width, height), MOST_ENLARGED)
    size = (max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    border = int(BORDER * max(size) + 0.5) if bordered else 0
    inner = (size[0] + 2 * border, size[1] + 2 * border)
    padded = np.zeros((-(-inner[1] // 32) * 32, -(-inner[0] // 32) * 32), np.float32)
    padded[border : border + size[1], border : border + size[0]] = small.astype(np.float32) / 127.5 - 1
    return Scaled(torch.from_numpy(padded)[None, None], size[0] / width, size[1] / height, border, border)


def all_peaks(output: np.ndarray, threshold: float, scaled: Scaled | None = None):
    """The peaks of one output [9, rows, columns] as (probability, corners [4, 2]), in no order."""
    probability = 1 / (1 + np.exp(-np.clip(output[0], -30, 30)))
    around = cv2.dilate(probability, np.ones((3, 3), np.uint8))
    rows, columns = np.where((probability >= threshold) & (probability >= around))
    found = []
    for i, j in zip(rows, columns):
        corners = (output[1:, i, j].reshape(4, 2) + np.float32([j + 0.5, i + 0.5])) * STRIDE
        if scaled is not None:
            corners = (corners - np.float32([scaled.border_x, scaled.border_y])) / np.float32([scaled.scale_x, scaled.scale_y])
            corners = corners + np.float32([scaled.left, scaled.top])
        found.append((float(probability[i, j]), corners))
    return found


def kept(found: list, nms_iou: float = NMS_IOU, contained: float = CONTAINED):
    """Each plate once, the surest first: a box that overlaps a surer one, or lies in it or around it, is the same plate."""
    chosen: list = []
    for one in sorted(found, key=lambda one: -one[0]):
        box = bounds(one[1])
        if all(iou(box, bounds(other[1])) <= nms_iou and share(box, bounds(other[1])) <= contained for other in chosen):
            chosen.append(one)
    return chosen


def peaks(output: np.ndarray, threshold: float):
    return kept(all_peaks(output, threshold))


def bounds(corners: np.ndarray) -> tuple[float, float, float, float]:
    low, high = corners.min(0), corners.max(0)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def _both(a, b) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def iou(a, b) -> float:
    both = _both(a, b)
    return both / max(a[2] * a[3] + b[2] * b[3] - both, 1e-9)


def share(a, b) -> float:
    """The part of the smaller box that lies in the other."""
    return _both(a, b) / max(min(a[2] * a[3], b[2] * b[3]), 1e-9)


def peaks_at(model, grey: np.ndarray, threshold: float, long_side: int, bordered: bool = False):
    scaled = network_frame(grey, long_side, bordered)
    with torch.no_grad():
        output = model(scaled.values)[0].float().numpy()
    return all_peaks(output, threshold, scaled)


def piece(grey: np.ndarray, corners: np.ndarray) -> Scaled:
    """The surroundings of a plate as the network takes them in the close look."""
    x, y, w, h = bounds(corners)
    scale = min(CLOSE_PLATE[0] / max(w, 1), CLOSE_PLATE[1] / max(h, 1))
    columns, rows = (int(side / scale + 0.5) for side in CLOSE_LOOK)
    left, top = int(np.floor(x + w / 2 - columns / 2)), int(np.floor(y + h / 2 - rows / 2))
    cut = np.full((rows, columns), BESIDE, np.uint8)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + columns, grey.shape[1]), min(top + rows, grey.shape[0])
    if x0 < x1 and y0 < y1:
        cut[y0 - top : y1 - top, x0 - left : x1 - left] = grey[y0:y1, x0:x1]
    seen = cv2.resize(cut, CLOSE_LOOK, interpolation=cv2.INTER_AREA if columns > CLOSE_LOOK[0] else cv2.INTER_LINEAR)
    values = torch.from_numpy(seen.astype(np.float32) / 127.5 - 1)[None, None]
    return Scaled(values, CLOSE_LOOK[0] / columns, CLOSE_LOOK[1] / rows, left=left, top=top)


def look_closely(model, grey: np.ndarray, far):
    """(probability, corners, corners from afar) of a candidate after the close look; none if it is no plate from near."""
    scaled = piece(grey, far[1])
    with torch.no_grad():
        output = model(scaled.values)[0].float().numpy()
    box = bounds(far[1])
    near = [(one, iou(box, bounds(one[1]))) for one in all_peaks(output, LEAST_NEAR, scaled)]
    near = [(one, overlap) for one, overlap in near if overlap > LEAST_OVERLAP]
    if not near:
        return None
    probability, corners = max(near, key=lambda pair: pair[0][0] * pair[1] ** 0.5)[0]
    logit = sum(np.log(value / (1 - value)) for value in (far[0], probability)) / 2
    return float(1 / (1 + np.exp(-logit))), corners, far[1]


def candidates(model, grey: np.ndarray, long_side: int = LONG_SIDE, near_long_side: int = NEAR_LONG_SIDE) -> list:
    """What may be a plate, each looked at closely: (probability, corners, corners from afar), so that one run serves every threshold."""
    found = peaks_at(model, grey, CANDIDATE, long_side)
    if near_long_side:
        found += peaks_at(model, grey, CANDIDATE, near_long_side, max(grey.shape) < SMALL)
    looks = (look_closely(model, grey, one) for one in kept(found)[:MOST_LOOKS])
    return kept([one for one in looks if one])


def detect(model, grey: np.ndarray, threshold: float, long_side: int = LONG_SIDE, near_long_side: int = NEAR_LONG_SIDE):
    """The plates of a frame: a fine pass for far plates, a coarse one for near plates, a close look at each, and each plate once."""
    return [one for one in candidates(model, grey, long_side, near_long_side) if one[0] >= threshold]
