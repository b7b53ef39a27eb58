"""Perspective rectification of a plate, exactly as networks.py describes it for the reader's input."""

import cv2
import numpy as np

from networks import MARGIN_X, MARGIN_Y, READER_HEIGHT, READER_WIDTH, ROW_SHARE

UNIT_SQUARE = np.float32([[0, 0], [1, 0], [1, 1], [0, 1]])


def rectify(grey: np.ndarray, corners: np.ndarray, margin=(MARGIN_X, MARGIN_Y)) -> np.ndarray:
    """The reader's crop (uint8, READER_HEIGHT x READER_WIDTH) of a plate whose corners are in frame coordinates."""
    corners = np.asarray(corners, np.float64)
    sides = np.linalg.norm(corners - np.roll(corners, -1, 0), axis=1)
    longest = max(max(sides[0], sides[2]) / READER_WIDTH, max(sides[1], sides[3]) / READER_HEIGHT)
    n = int(np.clip(np.ceil(longest), 1, 4))
    width, height = READER_WIDTH * n, READER_HEIGHT * n
    to_frame = cv2.getPerspectiveTransform(UNIT_SQUARE, corners.astype(np.float32))
    spread_x, spread_y = 1 + 2 * margin[0], 1 + 2 * margin[1]
    to_plate = np.array(
        [[spread_x / width, 0, 0.5 * spread_x / width - margin[0]], [0, spread_y / height, 0.5 * spread_y / height - margin[1]], [0, 0, 1]]
    )
    half = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    crop = cv2.warpPerspective(
        grey, half @ to_frame @ to_plate, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return crop if n == 1 else cv2.resize(crop, (READER_WIDTH, READER_HEIGHT), interpolation=cv2.INTER_AREA)


def row_corners(corners: np.ndarray, row: int) -> np.ndarray:
    """The corners of the upper (0) or lower (1) row of a plate in two rows: ROW_SHARE of its height."""
    top, bottom = (0, ROW_SHARE) if row == 0 else (1 - ROW_SHARE, 1)
    to_frame = cv2.getPerspectiveTransform(UNIT_SQUARE, np.asarray(corners, np.float32))
    part = np.float32([[[0, top], [1, top], [1, bottom], [0, bottom]]])
    return cv2.perspectiveTransform(part, to_frame)[0]


def standardised(crops: np.ndarray) -> np.ndarray:
    """The reader's input values of crops [..., H, W]: zero mean, unit deviation (at least 8 grey levels)."""
    crops = crops.astype(np.float32)
    mean = crops.mean((-2, -1), keepdims=True)
    deviation = crops.std((-2, -1), keepdims=True)
    return (crops - mean) / np.maximum(deviation, 8)


def box_corners(x: float, y: float, w: float, h: float) -> np.ndarray:
    return np.float32([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
