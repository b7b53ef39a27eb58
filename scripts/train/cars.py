"""Draws the front of a car, with a plate on it, as a picture with transparency."""

from dataclasses import dataclass

import cv2
import numpy as np

SPRITE_WIDTH, SPRITE_HEIGHT = 1800, 1560
UNIT = 1500  # a car's width in sprite pixels
GROUND = 1440  # the sprite row where the tyres stand


@dataclass(frozen=True)
class Body:
    """Proportions as parts of the car's width; heights above the ground."""

    roof: float
    bonnet: float
    roof_half: float
    base_half: float
    lamp: str  # slim, round, tall
    grille: str  # bars, mesh, wide
    plate_height: float


BODIES = {
    "saloon": Body(0.78, 0.50, 0.295, 0.40, "slim", "bars", 0.235),
    "hatch": Body(0.84, 0.52, 0.32, 0.415, "tall", "wide", 0.25),
    "suv": Body(0.95, 0.62, 0.355, 0.43, "round", "mesh", 0.30),
    "van": Body(1.0, 0.56, 0.38, 0.45, "tall", "wide", 0.27),
}


class Sprite:
    """A canvas in car units: x to the right of the middle, y above the ground."""

    def __init__(self):
        self.colour = np.zeros((SPRITE_HEIGHT, SPRITE_WIDTH, 3), np.float32)
        self.alpha = np.zeros((SPRITE_HEIGHT, SPRITE_WIDTH), np.float32)

    def pixel(self, points) -> np.ndarray:
        points = np.asarray(points, np.float64)
        return np.stack([SPRITE_WIDTH / 2 + points[:, 0] * UNIT, GROUND - points[:, 1] * UNIT], 1)

    def mask(self, points, soften: int = 2) -> np.ndarray:
        points = rounded(np.asarray(points, np.float64), soften)
        mask = np.zeros(self.alpha.shape, np.uint8)
        cv2.fillPoly(mask, [np.round(self.pixel(points) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return mask.astype(np.float32) / 255

    def fill(self, points, top, bottom=None, soften: int = 2, opacity: float = 1.0) -> np.ndarray:
        """Fills a shape with a vertical blend from `top` to `bottom`; returns its mask."""
        bottom = top if bottom is None else bottom
        mask = self.mask(points, soften) * opacity
        rows = np.where(mask.any(1))[0]
        if not rows.size:
            return mask
        y0, y1 = rows[0], rows[-1] + 1
        ramp = np.linspace(0, 1, y1 - y0, dtype=np.float32)[:, None, None]
        tone = np.asarray(top, np.float32) * (1 - ramp) + np.asarray(bottom, np.float32) * ramp
        part = mask[y0:y1, :, None]
        self.colour[y0:y1] = self.colour[y0:y1] * (1 - part) + tone * part
        self.alpha[y0:y1] = np.maximum(self.alpha[y0:y1], mask[y0:y1])
        return mask

    def both(self, points, *arguments, **options) -> None:
        """Fills a shape and its mirror image."""
        self.fill(points, *arguments, **options)
        self.fill([(-x, y) for x, y in reversed(points)], *arguments, **options)

    def ellipse(self, x, y, rx, ry, top, bottom=None, opacity: float = 1.0) -> None:
        angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        self.fill(np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], 1), top, bottom, 0, opacity)


def rounded(points: np.ndarray, rounds: int) -> np.ndarray:
    """Cuts corners (Chaikin), so that a polygon becomes a smooth outline."""
    for _ in range(rounds):
        following = np.roll(points, -1, 0)
        points = np.stack([0.8 * points + 0.2 * following, 0.2 * points + 0.8 * following], 1).reshape(-1, 2)
    return points


def box(x0, y0, x1, y1):
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def draw_car(body: Body, paint, plate: np.ndarray, plate_width: float, lit: float = 0.5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A car front: (RGB float, alpha, plate corners in car units). `plate_width` is a part of the car's width."""
    sprite = Sprite()
    paint = np.asarray(paint, np.float32)
    light, dark, deep = np.clip(paint * 1.25 + 22, 0, 255), paint * 0.62, paint * 0.35
    b, roof = body.bonnet, body.roof
    # tyres
    sprite.both([(0.335, 0.0), (0.465, 0.0), (0.475, 0.2), (0.335, 0.2)], (34, 34, 36), (14, 14, 15))
    # glass house and roof
    rh, bh = body.roof_half, body.base_half
    foot = b - 0.09
    spread = bh + (bh - rh) * 0.09 / (roof - b)
    sprite.both([(bh - 0.02, b - 0.02), (0.5, b + 0.06), (0.5, b + 0.075), (bh - 0.03, b + 0.03)], dark, deep, soften=0)
    sprite.fill([(-spread, foot), (-rh, roof - 0.03), (-rh * 0.75, roof), (rh * 0.75, roof), (rh, roof - 0.03), (spread, foot)], light, paint, 2)
    glass_top = roof - 0.05
    glass = [(-spread + 0.035, foot + 0.01), (-rh + 0.03, glass_top), (rh - 0.03, glass_top), (spread - 0.035, foot + 0.01)]
    sprite.fill(glass, (78, 92, 104), (20, 25, 30), 1)
    seat = [(-0.24, b + 0.02), (-0.23, b + 0.13), (-0.1, b + 0.13), (-0.09, b + 0.02)]
    sprite.both(seat, (24, 26, 29), (15, 16, 18), soften=3, opacity=0.8)
    sprite.ellipse(0.165, b + 0.145, 0.035, 0.045, (20, 22, 25), opacity=0.7)
    sprite.ellipse(-0.165, b + 0.145, 0.035, 0.045, (20, 22, 25), opacity=0.7)
    sprite.fill([(-rh * 0.2, glass_top), (rh * 0.35, glass_top), (-bh * 0.1, b + 0.02), (-bh * 0.6, b + 0.02)], (190, 205, 220), (90, 100, 110), 1, 0.22)
    # mirrors
    sprite.both([(0.41, b + 0.05), (0.5, b + 0.06), (0.53, b + 0.1), (0.51, b + 0.135), (0.43, b + 0.12)], light, dark, soften=3)
    # body
    outline = [
        (-0.36, b + 0.025), (0.36, b + 0.025), (0.455, b - 0.05), (0.495, b - 0.18), (0.5, 0.2), (0.48, 0.1),
        (0.35, 0.075), (-0.35, 0.075), (-0.48, 0.1), (-0.5, 0.2), (-0.495, b - 0.18), (-0.455, b - 0.05),
    ]
    hull = sprite.fill(outline, light, dark, 2)
    xs = (np.arange(SPRITE_WIDTH, dtype=np.float32) - SPRITE_WIDTH / 2) / UNIT
    side = 1.08 - 1.6 * np.abs(xs + 0.08) ** 2.2
    sprite.colour *= 1 + (hull * (side[None] - 1))[:, :, None]
    sprite.fill([(-0.36, b + 0.026), (0.36, b + 0.026), (0.37, b + 0.012), (-0.37, b + 0.012)], (26, 27, 30), deep, 1)
    # bonnet: a lighter field and two creases
    sprite.fill([(-0.35, b + 0.012), (0.35, b + 0.012), (0.3, b - 0.11), (-0.3, b - 0.11)], light, paint, 2, 0.75)
    for x in (-1, 1):
        sprite.fill([(x * 0.2, b + 0.01), (x * 0.212, b + 0.01), (x * 0.175, b - 0.1), (x * 0.168, b - 0.1)], dark, paint, 0, 0.7)
    # lamps
    middle = b - 0.155
    lamp = {
        "slim": [(0.235, middle + 0.0), (0.44, middle + 0.06), (0.475, middle + 0.03), (0.44, middle - 0.035), (0.26, middle - 0.04)],
        "tall": [(0.28, middle + 0.04), (0.4, middle + 0.1), (0.47, middle + 0.06), (0.465, middle - 0.05), (0.3, middle - 0.06)],
        "round": [(0.28, middle + 0.06), (0.46, middle + 0.07), (0.475, middle - 0.06), (0.28, middle - 0.065)],
    }[body.lamp]
    sprite.both(lamp, (48, 52, 56), (22, 24, 27), soften=2)
    inner = [(0.375 + (x - 0.375) * 0.88, middle + 0.01 + (y - middle - 0.01) * 0.8) for x, y in lamp]
    sprite.both(inner, (205, 215, 222), (120, 128, 135), soften=2)
    for x in (-0.385, 0.385):
        sprite.ellipse(x, middle + 0.004, 0.036, 0.036, (90, 96, 102), (190, 196, 200))
        glow = 255 * lit + 150 * (1 - lit)
        sprite.ellipse(x, middle + 0.004, 0.026, 0.026, (glow, glow, glow * 0.94), (glow * 0.9,) * 3)
    # grille
    low, high, half = middle - 0.06, middle + 0.035, {"bars": 0.19, "mesh": 0.22, "wide": 0.25}[body.grille]
    grille = [(-half, high), (half, high), (half * 0.86, low), (-half * 0.86, low)]
    sprite.fill([(x * 1.06, y + (0.01 if y == high else -0.01)) for x, y in grille], (200, 204, 208), (110, 114, 118), 2)
    sprite.fill(grille, (20, 20, 22), (34, 34, 37), 2)
    if body.grille == "mesh":
        for x in np.arange(-half * 0.84, half * 0.86, 0.05):
            sprite.fill(box(x - 0.008, low + 0.008, x + 0.008, high - 0.008), (150, 154, 158), (90, 92, 95), 1)
    else:
        for y in np.arange(low + 0.018, high - 0.008, 0.024):
            sprite.fill(box(-half * 0.88, y - 0.004, half * 0.88, y + 0.004), (120, 124, 128), (70, 72, 75), 0)
    sprite.ellipse(0, (low + high) / 2, 0.033, 0.033, (225, 228, 232), (140, 144, 148))
    sprite.ellipse(0, (low + high) / 2, 0.022, 0.022, paint * 0.8 + 10)
    # bumper: a crease, the lower intake, fog lamps
    sprite.fill([(-0.495, low - 0.03), (0.495, low - 0.03), (0.49, low - 0.042), (-0.49, low - 0.042)], deep, dark, 1, 0.8)
    sprite.fill([(-0.33, 0.175), (0.33, 0.175), (0.28, 0.1), (-0.28, 0.1)], (16, 16, 18), (30, 30, 32), 2)
    for y in (0.125, 0.15):
        sprite.fill(box(-0.29, y - 0.003, 0.29, y + 0.003), (60, 60, 63), soften=0)
    sprite.both([(0.37, 0.19), (0.45, 0.2), (0.44, 0.13), (0.38, 0.12)], (24, 24, 26), (36, 36, 38), soften=2)
    sprite.ellipse(0.41, 0.162, 0.02, 0.02, (190, 196, 200), (120, 124, 128))
    sprite.ellipse(-0.41, 0.162, 0.02, 0.02, (190, 196, 200), (120, 124, 128))
    sprite.fill(box(-0.46, 0.07, 0.46, 0.092), (26, 26, 28), (12, 12, 13), 2)
    # plate
    height = plate_width * plate.shape[0] / plate.shape[1]
    centre = body.plate_height
    holder = 0.007
    sprite.fill(box(-plate_width / 2 - holder, centre - height / 2 - holder, plate_width / 2 + holder, centre + height / 2 + holder), (20, 20, 21), (34, 34, 36), 1)
    corners = np.array([(-plate_width / 2, centre + height / 2), (plate_width / 2, centre + height / 2), (plate_width / 2, centre - height / 2), (-plate_width / 2, centre - height / 2)])
    (x0, y0), _, (x1, y1), _ = np.round(sprite.pixel(corners)).astype(int)
    sprite.colour[y0:y1, x0:x1] = cv2.resize(plate, (x1 - x0, y1 - y0), interpolation=cv2.INTER_CUBIC).astype(np.float32) * 0.94
    return sprite.colour.clip(0, 255), sprite.alpha, corners
