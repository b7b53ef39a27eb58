"""Windows of our own rendered gate with random cars and plates: fences, posts and grilles without a plate, too."""

import cv2
import numpy as np

import capture
import cars
import gate_scene
import layouts


def windows(seed: int, count: int, side: int, most_plates: int):
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    images = np.zeros((count, side, side), np.uint8)
    quads = np.full((count, most_plates, 9), np.nan, np.float32)
    lane = gate_scene.empty_lane(int(rng.integers(1 << 30)))
    for index in range(count):
        if index % 30 == 0:
            plate = layouts.draw(rng).image
            share = 0.19 if plate.shape[1] < 2.3 * plate.shape[0] else 0.28
            car = cars.draw_car(cars.BODIES[layouts.pick(rng, list(cars.BODIES))], rng.uniform(15, 240, 3), plate, share * rng.uniform(0.9, 1.1), rng.random())
        view, found = lane.copy(), []
        if rng.random() < 0.7:
            width = float(rng.uniform(140, 800))
            found.append(gate_scene.place(view, car, rng.uniform(200, 760), 168 + 0.585 * width + rng.uniform(-30, 30), width, rng.normal(0, 0.015)))
        grey = cv2.cvtColor(gate_scene.photographed(view, rng, rng.uniform(0, 4), rng.uniform(0.4, 1.15)), cv2.COLOR_RGB2GRAY)
        scale = float(rng.uniform(0.62, 1.1))
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        x, y = int(rng.integers(0, grey.shape[1] - side)), int(rng.integers(0, max(1, grey.shape[0] - side)))
        if found and rng.random() < 0.7:
            middle = found[0].mean(0) * scale - rng.uniform(0.2, 0.8, 2) * side
            x, y = int(np.clip(middle[0], 0, grey.shape[1] - side)), int(np.clip(middle[1], 0, max(0, grey.shape[0] - side)))
        cut = grey[y : y + side, x : x + side]
        images[index, : cut.shape[0]] = cut
        images[index] = capture.exposed(rng, images[index], 60, gentle=True)
        for slot, quad in enumerate(found):
            moved = quad * scale - np.float32([x, y])
            if (moved.mean(0) >= 0).all() and (moved.mean(0) < side).all():
                quads[index, slot, :8] = moved.reshape(8)
                quads[index, slot, 8] = 1
    return images, quads
