"""Puts a plate into a picture: erases the one that is there, pastes another in perspective, covers a part of it."""

import cv2
import numpy as np

UNIT = np.float32([[0, 0], [1, 0], [1, 1], [0, 1]])


def erase(photo: np.ndarray, box) -> None:
    """Paints over a box by joining its left and right neighbours."""
    x, y, w, h = box
    x0, x1 = int(max(1, x - 0.06 * w)), int(min(photo.shape[1] - 2, x + 1.06 * w))
    y0, y1 = int(max(0, y - 0.12 * h)), int(min(photo.shape[0] - 1, y + 1.12 * h))
    if x1 <= x0 or y1 <= y0:
        return
    left = photo[y0 : y1 + 1, x0 - 1].astype(np.float32)[:, None]
    right = photo[y0 : y1 + 1, x1 + 1].astype(np.float32)[:, None]
    part = np.linspace(0, 1, x1 - x0 + 1, dtype=np.float32)[None]
    photo[y0 : y1 + 1, x0 : x1 + 1] = cv2.GaussianBlur(left * (1 - part) + right * part, (0, 0), 2).clip(0, 255).astype(np.uint8)


def turned(rng, points: np.ndarray, distance: float, strong: float) -> np.ndarray:
    """Points around (0, 0) after a turn in space and a look through a lens `distance` away: up to 45 degrees of yaw, 25 of
    pitch and roll in the part `strong` of the cases, little otherwise."""
    if rng.random() < strong:
        yaw, pitch, roll = rng.uniform(-45, 45), rng.uniform(-25, 25), rng.uniform(-25, 25)
    else:
        yaw, pitch, roll = rng.normal(0, 10), rng.normal(0, 7), rng.normal(0, 3.5)
    yaw, pitch, roll = np.deg2rad([yaw, pitch, roll])
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    x, y = points[:, 0] * cy, points[:, 1] * cp
    z = points[:, 0] * sy + points[:, 1] * sp
    x, y = x * distance / (distance + z), y * distance / (distance + z)
    return np.stack([x * cr - y * sr, x * sr + y * cr], 1).astype(np.float32)


def paste(rng, image: np.ndarray, centre, width: float, plate: np.ndarray, aspect: float, strong: float = 0.2) -> np.ndarray:
    """Pastes a plate in perspective; returns its corners."""
    height = width / aspect * rng.uniform(0.88, 1.1)
    quad = turned(rng, (UNIT - 0.5) * np.float32([width, height]), width * rng.uniform(1.8, 6), strong)
    quad = quad + rng.normal(0, 1, (4, 2)).astype(np.float32) * np.float32([width, height]) * np.float32([0.008, 0.02])
    quad = (quad + np.float32(centre)).astype(np.float32)
    size = (max(6, min(384, round(width))), max(4, min(224, round(height))))
    small = cv2.resize(plate, size, interpolation=cv2.INTER_AREA if size[0] < plate.shape[1] else cv2.INTER_LINEAR).astype(np.float32)
    low, high = np.floor(quad.min(0)).astype(int) - 3, np.ceil(quad.max(0)).astype(int) + 3
    x0, y0 = max(0, low[0]), max(0, low[1])
    x1, y1 = min(image.shape[1], high[0]), min(image.shape[0], high[1])
    if x1 - x0 < 2 or y1 - y0 < 2:
        return quad
    area = image[y0:y1, x0:x1].astype(np.float32)
    around = float(area.mean())
    if rng.random() < 0.12:  # the plate throws the headlights or the infra-red lamp back
        exposure = rng.uniform(1.0, 1.8)
    else:
        exposure = np.clip((around + 40) / 150, 0.3, 1.25) ** rng.uniform(0.2, 1.0) * rng.uniform(0.8, 1.2)
    small = small * exposure
    warp = cv2.getPerspectiveTransform(UNIT * np.float32(size) - 0.5, quad - np.float32([x0, y0]) - 0.5)
    bounds = (x1 - x0, y1 - y0)
    warped = cv2.warpPerspective(small, warp, bounds, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(np.ones(size[::-1], np.float32), warp, bounds, flags=cv2.INTER_LINEAR)
    if rng.random() < 0.4:  # a holder or recess around the plate
        rim = cv2.dilate(mask, np.ones((3, 3), np.uint8), iterations=int(rng.integers(1, max(2, round(width / 40)) + 1)))
        area = area * (1 - rim) + float(rng.uniform(10, 200)) * rim
    area = area * (1 - mask) + warped * mask
    if rng.random() < 0.7:
        area = cv2.GaussianBlur(area, (0, 0), float(rng.uniform(0.3, max(0.4, 0.012 * width))))
    image[y0:y1, x0:x1] = area.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.1:
        cover(rng, image, quad)
    return quad


def cover(rng, image: np.ndarray, quad: np.ndarray) -> None:
    """A tow ball, a bar or a twig over up to a quarter of a plate."""
    low, span = quad.min(0), np.ptp(quad, axis=0)
    tone = float(rng.uniform(0, 220))
    middle = low + span * rng.uniform(0, 1, 2)
    kind = rng.random()
    if kind < 0.4:
        radius = max(1, round(0.22 * span[1] * rng.uniform(0.6, 1.2)))
        cv2.circle(image, (round(float(middle[0])), round(float(low[1] + span[1] * rng.uniform(0.7, 1.2)))), radius, tone, -1, cv2.LINE_AA)
    elif kind < 0.8:
        reach = rng.normal(0, 1, 2) * span
        thick = max(1, round(0.12 * span[1] * rng.uniform(0.4, 1.3)))
        cv2.line(image, tuple(int(v) for v in middle - reach), tuple(int(v) for v in middle + reach), tone, thick, cv2.LINE_AA)
    else:  # the edge of a bumper or of another car over one side
        x0, y0 = (low - 2).astype(int)
        x1, y1 = (low + span + 2).astype(int)
        depth = rng.uniform(0.05, 0.22)
        if rng.random() < 0.5:
            y0 = round(float(low[1] + span[1] * (1 - depth)))
        else:
            x0 = round(float(low[0] + span[0] * (1 - depth)))
        cv2.rectangle(image, (x0, y0), (x1, y1), tone, -1)
