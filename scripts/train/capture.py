"""What a camera and a detector do to a plate: from a clean plate canvas to the crop that the reader gets.

A canvas is a grey picture of CANVAS_HEIGHT x CANVAS_WIDTH whose middle PLATE_HEIGHT x PLATE_WIDTH is the plate, whatever
its proportion; around it is something that could be a car. A plate of two rows has SQUARE_HEIGHT rows in place of PLATE_HEIGHT.
"""

import cv2
import numpy as np

from geometry import UNIT_SQUARE, rectify, row_corners

PLATE_WIDTH, PLATE_HEIGHT, SQUARE_HEIGHT = 192, 64, 128
PAD_X, PAD_Y = 48, 24
CANVAS_WIDTH, CANVAS_HEIGHT = PLATE_WIDTH + 2 * PAD_X, PLATE_HEIGHT + 2 * PAD_Y


def surroundings(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A piece of car: smooth tones with a few edges, lines and noise (float32 grey)."""
    ramp = np.linspace(rng.uniform(0, 255), rng.uniform(0, 255), height, dtype=np.float32)[:, None] * 0.5
    image = ramp + np.linspace(rng.uniform(0, 128), rng.uniform(0, 128), width, dtype=np.float32)[None]
    for _ in range(int(rng.integers(0, 5))):
        tone = float(rng.uniform(0, 255))
        if rng.random() < 0.6:
            y = int(rng.integers(0, height))
            cv2.rectangle(image, (0, y), (width, y + int(rng.integers(2, 30))), tone, -1)
        else:
            a = (int(rng.integers(0, width)), int(rng.integers(0, height)))
            b = (int(rng.integers(0, width)), int(rng.integers(0, height)))
            cv2.line(image, a, b, tone, int(rng.integers(1, 8)), cv2.LINE_AA)
    image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 4)))
    return image + rng.normal(0, rng.uniform(0, 6), image.shape).astype(np.float32)


def weathered(rng: np.random.Generator, grey: np.ndarray) -> np.ndarray:
    """Dirt, scratches, shadow and glare on a plate (float32 in, float32 out)."""
    height, width = grey.shape
    if rng.random() < 0.35:  # blotches of dirt
        coarse = rng.random((int(rng.integers(4, 14)), int(rng.integers(8, 30)))).astype(np.float32)
        blotch = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        amount = np.clip((blotch - rng.uniform(0.5, 0.9)) * rng.uniform(1, 4), 0, rng.uniform(0.2, 0.8))
        grey = grey * (1 - amount) + float(rng.uniform(20, 160)) * amount
    if rng.random() < 0.3:  # specks
        for _ in range(int(rng.integers(1, 12))):
            centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
            cv2.circle(grey, centre, int(rng.integers(1, 4)), float(rng.uniform(0, 255)), -1, cv2.LINE_AA)
    return light(rng, grey)


def light(rng: np.random.Generator, grey: np.ndarray) -> np.ndarray:
    """A shadow's edge or a glare across the plate."""
    height, width = grey.shape
    if rng.random() < 0.25:
        angle = rng.uniform(0, np.pi)
        ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
        side = (xs - rng.uniform(0, width)) * np.cos(angle) + (ys - rng.uniform(0, height)) * np.sin(angle)
        soft = 1 / (1 + np.exp(np.clip(-side / rng.uniform(0.5, 20), -30, 30)))
        grey = grey * (1 - soft * rng.uniform(0.2, 0.7))
    if rng.random() < 0.1:
        ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
        distance = ((xs - rng.uniform(0, width)) / rng.uniform(20, 90)) ** 2 + ((ys - rng.uniform(0, height)) / rng.uniform(10, 60)) ** 2
        grey = grey + np.exp(-distance) * rng.uniform(40, 160)
    return grey


def canvas_of(rng: np.random.Generator, grey: np.ndarray, inset=(0.0, 0.0), plate_height: int = PLATE_HEIGHT) -> np.ndarray:
    """A canvas around a plate picture. `inset` says how much of the picture's width and height on each side is not plate."""
    height, width = grey.shape
    canvas = surroundings(rng, plate_height + 2 * PAD_Y, CANVAS_WIDTH)
    over_x, over_y = round(PLATE_WIDTH * inset[0] / (1 - 2 * inset[0])), round(plate_height * inset[1] / (1 - 2 * inset[1]))
    size = (PLATE_WIDTH + 2 * over_x, plate_height + 2 * over_y)
    shrink = cv2.INTER_AREA if width > size[0] else cv2.INTER_CUBIC
    canvas[PAD_Y - over_y : PAD_Y - over_y + size[1], PAD_X - over_x : PAD_X - over_x + size[0]] = cv2.resize(
        grey.astype(np.float32), size, interpolation=shrink
    )
    return np.clip(canvas, 0, 255).astype(np.uint8)


def motion_kernel(rng: np.random.Generator, length: int) -> np.ndarray:
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    middle = (length - 1) / 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    a, b = (middle - reach, middle + reach)
    cv2.line(kernel, tuple(int(round(v)) for v in a), tuple(int(round(v)) for v in b), 1.0, 1)
    return kernel / max(kernel.sum(), 1e-6)


def exposed(rng: np.random.Generator, view: np.ndarray, plate_width: float, gentle: bool = False) -> np.ndarray:
    """Lens, sensor and JPEG: blur, exposure, noise, sharpening, compression (uint8 in and out)."""
    image = view.astype(np.float32)
    kind = rng.random()
    if kind < 0.4:
        most = plate_width * (0.008 if gentle else 0.014)
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, max(0.5, most))))
    elif kind < 0.55:
        longest = max(3, round(plate_width / (28 if gentle else 15)))
        image = cv2.filter2D(image, -1, motion_kernel(rng, int(rng.integers(2, longest + 1))))
    mean = image.mean()
    if rng.random() < 0.7:
        image = (image - mean) * rng.uniform(0.35, 1.3) + mean * rng.uniform(0.5, 1.3) + rng.uniform(-20, 30)
    if rng.random() < 0.2:
        image = 255 * np.power(np.clip(image, 0, 255) / 255, rng.uniform(0.5, 2.0))
    if rng.random() < 0.2:
        soft = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.7, 1.5)))
        image = image + (image - soft) * rng.uniform(0.5, 2.0)
    if rng.random() < 0.6:
        level = rng.uniform(0.02, 0.12 if gentle else 0.3) * max(4.0, float(image.std()))
        image = image + rng.normal(0, level, image.shape).astype(np.float32)
    image = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40 if gentle else 22, 96))])
        image = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    return image


def rolled(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """A rolling shutter over a shaking or passing plate: rows are read one after the other, so they shift and sway."""
    height, width = image.shape
    rows = np.linspace(0, 1, height, dtype=np.float32)
    shift = (rows - 0.5) * rng.normal(0, 0.03 * width) + np.sin(rows * rng.uniform(2, 9) + rng.uniform(0, 6)) * rng.uniform(0, 0.008) * width
    xs = np.arange(width, dtype=np.float32)[None] + shift[:, None].astype(np.float32)
    ys = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, 1)
    return cv2.remap(image, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def night(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Dusk, darkness or infra-red light (float32 in and out): few grey levels, a lamp's cone, blooming whites, strong noise."""
    height, width = image.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    far = ((xs / width - rng.uniform(0, 1)) / rng.uniform(0.4, 1.2)) ** 2 + ((ys / height - rng.uniform(0, 1)) / rng.uniform(0.4, 1.2)) ** 2
    image = image * (rng.uniform(0.1, 0.5) + np.exp(-far) * rng.uniform(0, 0.7))
    if rng.random() < 0.4:
        bright = np.clip(image - np.percentile(image, 75), 0, None)
        image = image + cv2.GaussianBlur(bright, (0, 0), float(rng.uniform(1, 4))) * rng.uniform(0.3, 1.2)
    return image + rng.normal(0, rng.uniform(1, 8), image.shape).astype(np.float32)


def quad_of(rng: np.random.Generator, source: np.ndarray, plate_size: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Where the plate's corners come to lie: turned, sheared, in perspective up to 45 degrees from the side."""
    angle = np.deg2rad(rng.normal(0, 4 if rng.random() < 0.8 else 10))
    shear = rng.normal(0, 0.06 if rng.random() < 0.85 else 0.16)
    turn = np.float32([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.float32([[1, shear], [0, 1]])
    target = (source - centre) @ turn.T
    target += rng.normal(0, 1, (4, 2)) * plate_size * np.float32([0.015, 0.04])
    if rng.random() < 0.25:  # seen from the side: narrower, and one end lower than the other
        yaw = np.deg2rad(rng.uniform(15, 45)) * rng.choice([-1, 1])
        depth = 1 + target[:, :1] * np.sin(yaw) / (plate_size[0] * rng.uniform(4, 12))
        target = target * np.float32([np.cos(yaw), 1]) / depth
    return (target + centre + rng.uniform(-0.5, 0.5, 2)).astype(np.float32)


def given_corners(rng: np.random.Generator, target: np.ndarray, span: np.ndarray, gentle: bool) -> np.ndarray:
    """The corners as a detector gives them: loose, tight or shifted, sometimes only an upright box."""
    if rng.random() < 0.2:
        low, high = target.min(0), target.max(0)
        corners = np.float32([low, [high[0], low[1]], high, [low[0], high[1]]])
    else:
        corners = target.copy()
    wobble = 0.4 if gentle else 1.0
    middle = corners.mean(0)
    scale = 1 + rng.uniform(-0.07, 0.12, 2) * wobble
    corners = (corners - middle) * scale + middle + rng.normal(0, 1, 2) * span * np.float32([0.02, 0.045]) * wobble
    return corners + rng.normal(0, 1, (4, 2)) * span * np.float32([0.018, 0.04]) * wobble


def seen(rng: np.random.Generator, canvas: np.ndarray, aspect: float, narrow: float = 42, wide: float = 200, gentle: bool = False, row: int | None = None) -> np.ndarray:
    """A reader crop of a canvas as a camera would give it, through a frame in which the plate is narrow..wide pixels wide.

    `row` 0 or 1 gives the upper or lower half of a plate in two rows, as the reader cuts it.
    """
    tall = canvas.shape[0]
    width = float(np.exp(rng.uniform(np.log(narrow), np.log(wide))))
    height = max(10.0, width / aspect * rng.uniform(0.85, 1.1))
    zoom_x, zoom_y = width / PLATE_WIDTH, height / (tall - 2 * PAD_Y)
    small_size = (max(8, round(CANVAS_WIDTH * zoom_x)), max(8, round(tall * zoom_y)))
    small = cv2.resize(canvas, small_size, interpolation=cv2.INTER_AREA if zoom_x < 1 else cv2.INTER_LINEAR)
    pad = np.float32([small_size[0] * PAD_X / CANVAS_WIDTH, small_size[1] * PAD_Y / tall])
    plate_size = np.float32([small_size[0], small_size[1]]) - 2 * pad
    source = pad + UNIT_SQUARE * plate_size
    centre = np.float32(small_size) / 2
    target = quad_of(rng, source, plate_size, centre)
    warp = cv2.getPerspectiveTransform(source.astype(np.float32), target)
    view = cv2.warpPerspective(small, warp, small_size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if rng.random() < 0.1:
        view = rolled(rng, view)
    lit = light(rng, view.astype(np.float32))
    if rng.random() < 0.1:
        lit = night(rng, lit)
    view = exposed(rng, lit.clip(0, 255).astype(np.uint8), width, gentle)
    corners = given_corners(rng, target, np.float32([width, height]), gentle) + 0.5
    return rectify(view, corners if row is None else row_corners(corners, row))
