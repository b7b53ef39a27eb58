"""Renders the demo's drive (samples/drive) and a few stills for tests (samples/pictures). Seeded and repeatable.

    python drive.py [--samples ../../samples] [--seed 11]
"""

import argparse
import json
import os
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

import cars
import gate_scene
import layouts

FRAMES_PER_SECOND = 5
QUALITY = 80


@dataclass(frozen=True)
class Visitor:
    plate: str
    shown: str
    layout: str
    body: str
    paint: tuple
    plate_width: float  # part of the car's width
    far: float  # the car's width in pixels in its first frame
    near: float  # and in its last readable one


VISITORS = {
    "BKX4711": Visitor("BKX4711", "B KX 4711", "de", "saloon", (52, 86, 148), 0.30, 340, 600),
    "LK21FWP": Visitor("LK21FWP", "LK21 FWP", "uk", "hatch", (168, 34, 38), 0.30, 340, 600),
    "7KDM294": Visitor("7KDM294", "7KDM294", "us", "suv", (196, 200, 204), 0.19, 520, 760),
    "RTF4H82": Visitor("RTF4H82", "RTF4H82", "br", "van", (228, 228, 222), 0.25, 380, 600),
    "GH58TRN": Visitor("GH58TRN", "GH58 TRN", "uk", "suv", (44, 92, 66), 0.29, 350, 600),
}
PERMITS = [
    {"plate": "BKX4711", "holder": "Anna Bergmann"},
    {"plate": "7KDM294", "holder": "Daniel Moreno"},
    {"plate": "GH58TRN", "holder": "Priya Nair"},
]
# The script: an empty stretch of so many frames, or a visitor; "follow" means nose to tail behind the one before.
SCRIPT = [3, "BKX4711", 5, "LK21FWP", 5, "7KDM294", ("follow", "RTF4H82"), 6, "BKX4711", 5, "GH58TRN", 4]
READABLE_FRAMES = 6


def plate_of(visitor: Visitor, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if visitor.layout == "de":
        return layouts.draw_eu(rng, "de", visitor.shown).image
    if visitor.layout == "uk":
        return layouts.draw_uk(rng, visitor.shown).image
    if visitor.layout == "br":
        return layouts.draw_mercosur(rng, visitor.shown, "br-mercosur").image
    return layouts.draw_us(rng, visitor.shown, "CALIFORNIA").image


PLATE_SEEDS = {"BKX4711": 10, "LK21FWP": 1, "7KDM294": 9, "RTF4H82": 10, "GH58TRN": 13}


def car_of(visitor: Visitor):
    return cars.draw_car(cars.BODIES[visitor.body], visitor.paint, plate_of(visitor, PLATE_SEEDS[visitor.plate]), visitor.plate_width)


def stand(width: float) -> float:
    """Where the tyres of a car of this width stand (row of the frame)."""
    return 168 + 0.585 * width


def approach(visitor: Visitor, step: float) -> tuple[float, float, float]:
    """(x, ground row, width) of the car at a step; 0 is its first readable frame, READABLE_FRAMES - 1 its last."""
    part = step / (READABLE_FRAMES - 1)
    width = visitor.far * (visitor.near / visitor.far) ** part
    return 480 + 8 * np.sin(step), min(stand(width), 600), width


def leaving(visitor: Visitor, step: int) -> tuple[float, float, float]:
    """The car drives past the camera, out of the picture below its right edge: by the first step its plate is out of view."""
    width = visitor.near * (1.2 + 0.3 * step)
    return 480 + 0.68 * width, 540 + 0.42 * width, width


def render_drive(folder: str, seed: int) -> None:
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        if name.endswith(".jpg"):
            os.remove(os.path.join(folder, name))
    rng = np.random.default_rng(seed)
    lane = gate_scene.empty_lane(1)
    sprites = {plate: car_of(visitor) for plate, visitor in VISITORS.items()}
    frames: list[list] = []  # per frame: what to draw, far to near
    passages = []
    for entry in SCRIPT:
        if isinstance(entry, int):
            frames += [[] for _ in range(entry)]
            continue
        follows = isinstance(entry, tuple)
        visitor = VISITORS[entry[1] if follows else entry]
        if follows:  # comes into view in the frame in which the one before drives out
            del frames[-1]
        first = len(frames)
        frames += [[(visitor, approach(visitor, step))] for step in range(READABLE_FRAMES)]
        if follows:
            before = VISITORS[passages[-1]["plate"]]
            frames[first].append((before, leaving(before, 0)))
        frames.append([(visitor, leaving(visitor, 0))])
        permitted = any(permit["plate"] == visitor.plate for permit in PERMITS)
        passages.append({"plate": visitor.plate, "permitted": permitted, "layout": visitor.layout, "first_frame": first, "last_frame": first + READABLE_FRAMES - 1})
    names, plates = [], []
    for number, content in enumerate(frames):
        view, seen = lane.copy(), []
        for visitor, (x, ground, width) in content:
            corners = gate_scene.place(view, sprites[visitor.plate], x, ground, width, 0.012)
            inside = (corners[:, 0] > 0).all() and (corners[:, 0] < gate_scene.WIDTH).all() and (corners[:, 1] < gate_scene.HEIGHT).all()
            if inside:
                seen.append({"plate": visitor.plate, "corners": np.round(corners, 1).tolist()})
        picture = gate_scene.photographed(view, rng, 1.2, 1 + 0.01 * np.sin(number / 3))
        name = f"{number:03d}.jpg"
        Image.fromarray(picture).save(os.path.join(folder, name), quality=QUALITY, optimize=True)
        names.append(name)
        plates.append({"file": name, "plates": seen})
    truth = {"frames_per_second": FRAMES_PER_SECOND, "frames": len(names), "permits": PERMITS, "passages": passages, "pictures": plates}
    with open(os.path.join(folder, "truth.json"), "w") as file:
        file.write(one_line_per_entry(truth))
    print(f"{len(names)} frames, {len(passages)} passages, {sum(os.path.getsize(os.path.join(folder, n)) for n in names) // 1024} KiB")


def one_line_per_entry(truth: dict) -> str:
    parts = []
    for key, value in truth.items():
        if isinstance(value, list):
            body = ",\n    ".join(json.dumps(entry) for entry in value)
            parts.append(f'  "{key}": [\n    {body}\n  ]')
        else:
            parts.append(f'  "{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def render_stills(folder: str, seed: int) -> None:
    """Test pictures: JPEG, PNG, a small BMP, a JPEG that is stored sideways (EXIF orientation 6), two cars, no car, night."""
    os.makedirs(folder, exist_ok=True)
    rng = np.random.default_rng(seed + 1)
    lane = gate_scene.empty_lane(1)
    truth = []

    def still(content):
        view, seen = lane.copy(), []
        for plate, x, ground, width in content:
            corners = gate_scene.place(view, car_of(VISITORS[plate]), x, ground, width, 0.012)
            seen.append({"plate": plate, "corners": corners})
        return view, seen

    def note(name, size, seen, scale=1.0):
        plates = [{"plate": one["plate"], "corners": np.round(one["corners"] * scale, 1).tolist()} for one in seen]
        truth.append({"file": name, "width": size[0], "height": size[1], "plates": plates})

    view, seen = still([("BKX4711", 480, stand(560), 560)])
    picture = Image.fromarray(gate_scene.photographed(view, rng))
    picture.save(os.path.join(folder, "day.jpg"), quality=82)
    note("day.jpg", picture.size, seen)

    view, seen = still([("LK21FWP", 470, stand(580), 580)])
    picture = Image.fromarray(gate_scene.photographed(view, rng))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown, turn the stored picture by 90 degrees clockwise
    picture.transpose(Image.Transpose.ROTATE_90).save(os.path.join(folder, "sideways.jpg"), quality=82, exif=exif)
    note("sideways.jpg", picture.size, seen)

    view, seen = still([("7KDM294", 480, stand(700), 700)])
    picture = Image.fromarray(gate_scene.photographed(view, rng, 0.0)).resize((640, 360), Image.Resampling.BOX)
    picture.quantize(128).save(os.path.join(folder, "us.png"), optimize=True)
    note("us.png", picture.size, seen, 640 / gate_scene.WIDTH)

    view, seen = still([("RTF4H82", 480, stand(600), 600)])
    picture = Image.fromarray(gate_scene.photographed(view, rng, 0.5)).convert("L").resize((480, 270), Image.Resampling.BOX)
    picture.save(os.path.join(folder, "grey.bmp"))
    note("grey.bmp", picture.size, seen, 480 / gate_scene.WIDTH)

    view, seen = still([("GH58TRN", 300, stand(400), 400), ("BKX4711", 690, stand(420), 420)])
    picture = Image.fromarray(gate_scene.photographed(view, rng))
    picture.save(os.path.join(folder, "two-cars.jpg"), quality=82)
    note("two-cars.jpg", picture.size, seen)

    view, seen = still([("GH58TRN", 480, stand(560), 560)])
    picture = Image.fromarray(gate_scene.photographed(view, rng, 5.0, 0.38)).convert("L")
    picture.save(os.path.join(folder, "night.jpg"), quality=75)
    note("night.jpg", picture.size, seen)

    picture = Image.fromarray(gate_scene.photographed(lane.copy(), rng))
    picture.save(os.path.join(folder, "empty.jpg"), quality=80)
    note("empty.jpg", picture.size, [])

    with open(os.path.join(folder, "truth.json"), "w") as file:
        file.write(one_line_per_entry({"pictures": truth}))
    print(f"{len(truth)} stills, {sum(os.path.getsize(os.path.join(folder, n)) for n in os.listdir(folder)) // 1024} KiB")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", default=os.path.join(os.path.dirname(__file__), "../../samples"))
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    render_drive(os.path.join(options.samples, "drive"), options.seed)
    render_stills(os.path.join(options.samples, "pictures"), options.seed)


if __name__ == "__main__":
    main()
