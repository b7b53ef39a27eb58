"""The detector's pre- and post-processing in Python, as networks.py describes them; and box overlap."""

import cv2
import numpy as np
import torch

from networks import LONG_SIDE, STRIDE

NMS_IOU = 0.3


def network_frame(grey: np.ndarray, long_side: int = LONG_SIDE) -> tuple[torch.Tensor, float, float]:
    """A grey frame as the detector's input, with the scales of the two axes."""
    height, width = grey.shape
    scale = min(long_side / max(width, height), 2.0)
    size = (max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    padded = np.zeros((-(-size[1] // 32) * 32, -(-size[0] // 32) * 32), np.float32)
    padded[: size[1], : size[0]] = small.astype(np.float32) / 127.5 - 1
    return torch.from_numpy(padded)[None, None], size[0] / width, size[1] / height


def peaks(output: np.ndarray, threshold: float, scale_x: float = 1.0, scale_y: float = 1.0, nms_iou: float = NMS_IOU):
    """Plates in one output [9, rows, columns]: a list of (probability, corners [4, 2]) with the best first."""
    probability = 1 / (1 + np.exp(-np.clip(output[0], -30, 30)))
    around = cv2.dilate(probability, np.ones((3, 3), np.uint8))
    rows, columns = np.where((probability >= threshold) & (probability >= around))
    found = []
    for i, j in zip(rows, columns):
        corners = output[1:, i, j].reshape(4, 2) + np.float32([j + 0.5, i + 0.5])
        found.append((float(probability[i, j]), corners * STRIDE / np.float32([scale_x, scale_y])))
    found.sort(key=lambda one: -one[0])
    kept = []
    for one in found:
        if all(iou(bounds(one[1]), bounds(other[1])) <= nms_iou for other in kept):
            kept.append(one)
    return kept


def bounds(corners: np.ndarray) -> tuple[float, float, float, float]:
    low, high = corners.min(0), corners.max(0)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def iou(a, b) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def detect(model, grey: np.ndarray, threshold: float, long_side: int = LONG_SIDE):
    inputs, scale_x, scale_y = network_frame(grey, long_side)
    with torch.no_grad():
        output = model(inputs)[0].float().numpy()
    return peaks(output, threshold, scale_x, scale_y)
