"""Draws clean plates of the world's layouts. A plate is an RGB picture whose edges are the plate's edges.

`draw(rng)` picks a layout in one row; `draw_square(rng)` one in two rows. Families: europe.py, americas.py, elsewhere.py; paint.py has the
brushes. The text of a plate is its label: capital letters and digits without separators. US and Canadian plates are labelled
with 0 for the letter O, as the real US labels are.
"""

import numpy as np

import americas
import elsewhere
import europe
from americas import SLOGANS, draw_mercosur, draw_us
from europe import draw as draw_eu
from europe import draw_uk
from paint import HEIGHT, LETTERS, Plate, pick

__all__ = ["HEIGHT", "LETTERS", "SLOGANS", "Plate", "draw", "draw_eu", "draw_mercosur", "draw_square", "draw_uk", "draw_us", "pick", "registration_text"]

ONE_ROW = [
    (0.33, lambda rng: europe.draw(rng)),
    (0.08, lambda rng: europe.draw_uk(rng)),
    (0.30, lambda rng: americas.draw_us(rng)),
    (0.02, lambda rng: americas.draw_canada(rng)),
    (0.02, lambda rng: americas.draw_mexico(rng)),
    (0.05, lambda rng: americas.draw_br_old(rng)),
    (0.08, lambda rng: americas.draw_mercosur(rng)),
    (0.01, lambda rng: americas.draw_ar_old(rng)),
    (0.01, lambda rng: americas.draw_colombia(rng)),
    (0.01, lambda rng: americas.draw_chile(rng)),
    (0.05, lambda rng: elsewhere.draw_india(rng)),
    (0.01, lambda rng: elsewhere.draw_china(rng)),
    (0.03, lambda rng: elsewhere.draw_plain(rng)),
]
TWO_ROWS = [
    (0.40, lambda rng: europe.draw_square(rng)),
    (0.14, lambda rng: europe.draw_uk_square(rng)),
    (0.22, lambda rng: americas.draw_br_square(rng)),
    (0.06, lambda rng: americas.draw_us_square(rng)),
    (0.13, lambda rng: elsewhere.draw_india(rng, two=True)),
    (0.05, lambda rng: elsewhere.draw_plain(rng, two=True)),
]


def _draw(rng: np.random.Generator, shares) -> Plate:
    parts = np.array([part for part, _ in shares])
    return shares[rng.choice(len(shares), p=parts / parts.sum())][1](rng)


def draw(rng: np.random.Generator) -> Plate:
    """A plate of a random layout in one row."""
    return _draw(rng, ONE_ROW)


def draw_square(rng: np.random.Generator) -> Plate:
    """A plate of a random layout in two rows."""
    while True:
        plate = _draw(rng, TWO_ROWS)
        if len(plate.rows) == 2 and all(plate.rows):
            return plate


def registration_text(text: str, us: bool) -> str:
    """A real label as a training label."""
    text = "".join(c for c in text.upper() if c.isascii() and c.isalnum())
    return text.replace("O", "0") if us else text
