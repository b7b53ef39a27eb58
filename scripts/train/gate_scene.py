"""The rendered gate: a lane with a kerb, a fence, a barrier post, and cars that stand on the lane."""

import cv2
import numpy as np

from cars import GROUND, SPRITE_WIDTH, UNIT

WIDTH, HEIGHT = 960, 540
OVER = 2


def empty_lane(seed: int) -> np.ndarray:
    """The lane without cars (float RGB, HEIGHT x WIDTH)."""
    rng = np.random.default_rng(seed)
    w, h = WIDTH * OVER, HEIGHT * OVER
    horizon = round(0.3 * h)
    image = np.zeros((h, w, 3), np.float32)
    ramp = np.linspace(0, 1, horizon, dtype=np.float32)[:, None, None]
    image[:horizon] = np.float32([150, 176, 205]) * (1 - ramp) + np.float32([216, 224, 228]) * ramp

    def patch(points, top, bottom=None, opacity=1.0):
        mask = np.zeros((h, w), np.uint8)
        cv2.fillPoly(mask, [np.int32(np.asarray(points) * OVER)], 255, cv2.LINE_AA)
        rows = np.where(mask.any(1))[0]
        if not rows.size:
            return
        blend = np.linspace(0, 1, rows[-1] - rows[0] + 1, dtype=np.float32)[:, None, None]
        tone = np.float32(top) * (1 - blend) + np.float32(top if bottom is None else bottom) * blend
        part = mask[rows[0] : rows[-1] + 1, :, None].astype(np.float32) / 255 * opacity
        image[rows[0] : rows[-1] + 1] = image[rows[0] : rows[-1] + 1] * (1 - part) + tone * part

    for x in np.arange(-20, 980, 26):  # trees
        top = 92 + rng.normal(0, 12)
        points = [(x + r * np.cos(a) * rng.uniform(0.8, 1.2), top + 34 + r * np.sin(a) * rng.uniform(0.8, 1.2)) for r, a in zip([38] * 14, np.linspace(0, 6.28, 14))]
        green = rng.uniform(0.8, 1.15)
        patch(points, np.float32([84, 112, 74]) * green, np.float32([46, 66, 44]) * green)
    patch([(-1, 128), (961, 128), (961, 170), (-1, 170)], (66, 84, 58), (84, 98, 70))
    patch([(560, 66), (800, 66), (800, 166), (560, 166)], (196, 188, 174), (168, 160, 148))  # a building
    patch([(552, 58), (808, 58), (808, 70), (552, 70)], (92, 88, 86), (74, 70, 68))
    for x in range(580, 790, 44):
        patch([(x, 84), (x + 26, 84), (x + 26, 116), (x, 116)], (96, 118, 134), (58, 72, 84))
    for x in range(-10, 980, 22):  # fence
        patch([(x, 112), (x + 3, 112), (x + 3, 172), (x, 172)], (58, 62, 64))
    for y in (118, 160):
        patch([(-1, y), (961, y), (961, y + 3), (-1, y + 3)], (62, 66, 68))
    patch([(-1, 170), (961, 170), (961, 541), (-1, 541)], (110, 128, 88), (84, 104, 64))  # grass
    patch([(395, 168), (565, 168), (1010, 541), (-50, 541)], (150, 148, 144), (128, 126, 122))  # kerbs
    patch([(404, 168), (556, 168), (978, 541), (-18, 541)], (122, 121, 120), (94, 93, 93))  # lane
    for at in (0.03, 0.11, 0.24, 0.46, 0.8):  # middle line
        y0, y1 = 168 + 373 * at, 168 + 373 * min(1.1, at * 1.22 + 0.03)
        patch([(480 - 1 - 5 * at, y0), (480 + 1 + 5 * at, y0), (480 + 2 + 7 * at, y1), (480 - 2 - 7 * at, y1)], (206, 204, 196), opacity=0.75)
    grain = rng.normal(0, 1, (h // 2, w // 2)).astype(np.float32)
    grain = cv2.resize(cv2.GaussianBlur(grain, (0, 0), 0.8), (w, h)) * 6
    lane = np.zeros((h, w), np.float32)
    cv2.fillPoly(lane, [np.int32(np.float32([(404, 168), (556, 168), (978, 541), (-18, 541)]) * OVER)], 1.0)
    image += (grain * (0.35 + 0.65 * lane) * (np.arange(h)[:, None] > 168 * OVER))[:, :, None]
    patch([(0, 330), (300, 250), (470, 300), (150, 420)], (40, 44, 50), opacity=0.16)  # a tree's shadow
    # the barrier post with its raised arm, and a bollard
    patch([(866, 468), (958, 468), (958, 492), (866, 492)], (150, 150, 148), (110, 110, 108))
    patch([(884, 300), (944, 300), (944, 470), (884, 470)], (236, 170, 44), (190, 130, 30))
    patch([(884, 300), (900, 300), (900, 470), (884, 470)], (250, 196, 80), (206, 150, 50))
    patch([(880, 290), (948, 290), (948, 304), (880, 304)], (60, 62, 66), (40, 42, 46))
    patch([(904, 276), (924, 276), (924, 291), (904, 291)], (230, 90, 40), (180, 60, 24))
    patch([(893, 330), (935, 330), (935, 400), (893, 400)], (64, 66, 70), (48, 50, 54), 0.5)
    for step in range(9):
        y = 312 - step * 38
        tone = (206, 40, 38) if step % 2 else (240, 240, 236)
        patch([(926 + step * 3.0, y), (938 + step * 3.0, y), (941 + step * 3.0, y - 38), (929 + step * 3.0, y - 38)], tone, np.float32(tone) * 0.86)
    patch([(30, 372), (52, 372), (52, 470), (30, 470)], (70, 72, 76), (44, 46, 50))
    patch([(30, 390), (52, 390), (52, 404), (30, 404)], (236, 236, 230))
    return cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


def place(frame: np.ndarray, car, x: float, ground: float, width: float, lean: float = 0.0) -> np.ndarray:
    """Draws a car (colour, alpha, plate corners) with its tyres at (x, ground), `width` pixels wide; returns the plate's corners."""
    colour, alpha, corners = car
    zoom = width / UNIT
    shadow = np.zeros(frame.shape[:2], np.float32)
    cv2.ellipse(shadow, (round(x), round(ground - 0.01 * width)), (round(0.53 * width), round(0.075 * width)), 0, 0, 360, 0.62, -1, cv2.LINE_AA)
    shadow = cv2.GaussianBlur(shadow, (0, 0), max(1.0, 0.018 * width))
    frame *= 1 - shadow[:, :, None]
    size = (max(2, round(colour.shape[1] * zoom)), max(2, round(colour.shape[0] * zoom)))
    zoom_x, zoom_y = size[0] / colour.shape[1], size[1] / colour.shape[0]
    shape = cv2.INTER_AREA
    small_alpha = cv2.resize(alpha, size, interpolation=shape)
    small = cv2.resize(colour * alpha[:, :, None], size, interpolation=shape)
    turn = np.float32([[1, lean, x - SPRITE_WIDTH / 2 * zoom_x - lean * GROUND * zoom_y], [-lean * 0.35, 1, ground - GROUND * zoom_y + lean * 0.35 * SPRITE_WIDTH / 2 * zoom_x]])
    target = (frame.shape[1], frame.shape[0])
    small_alpha = cv2.warpAffine(small_alpha, turn, target)
    small = cv2.warpAffine(small, turn, target)
    frame *= 1 - small_alpha[:, :, None]
    frame += small
    points = np.stack([(SPRITE_WIDTH / 2 + corners[:, 0] * UNIT) * zoom_x, (GROUND - corners[:, 1] * UNIT) * zoom_y, np.ones(4)])
    return (turn @ points).T


def photographed(frame: np.ndarray, rng: np.random.Generator, noise: float = 2.0, exposure: float = 1.0) -> np.ndarray:
    """Sensor noise and exposure; uint8 RGB."""
    grain = rng.normal(0, noise, frame.shape[:2]).astype(np.float32)[:, :, None]
    return np.clip(frame * exposure + grain, 0, 255).astype(np.uint8)
