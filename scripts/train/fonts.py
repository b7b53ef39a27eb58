"""The type faces of the generator: where each comes from, its licence, and glyph masks cut from it.

No font copies a country's official plate face; together they cover its range of shapes (condensed, square, monospaced,
rounded). Fetch the packages once with `fetch_fonts.sh`; a font that is not installed is left out with a warning.
"""

import functools
import os
import sys
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import strokes

NPM_ROOT = os.environ.get("PLATE_FONTS", "/tmp/plate-fonts") + "/node_modules/@fontsource"
DEBIAN_ROOT = "/usr/share/fonts"
GLYPH_HEIGHT = 96


OURS = "strokes:"


@dataclass(frozen=True)
class Face:
    path: str
    licence: str
    uses: str  # letters: e EU style, k UK, u US, b Brazil, m Mercosur, s small print

    def is_installed(self) -> bool:
        return self.path.startswith(OURS) or os.path.exists(self.path)


def _npm(package: str, weight: int, uses: str, licence: str = "OFL-1.1") -> Face:
    return Face(f"{NPM_ROOT}/{package}/files/{package}-latin-{weight}-normal.woff", licence, uses)


def _debian(path: str, licence: str, uses: str) -> Face:
    return Face(f"{DEBIAN_ROOT}/{path}", licence, uses)


def _ours(style: str, uses: str) -> Face:
    return Face(OURS + style, "our own drawing", uses)


FACES = [
    _ours("pressed", "eeeemmmm"),
    _ours("square", "eubm"),
    _ours("round", "ebkm"),
    _ours("thin", "eu"),
    _ours("bold", "ekbu"),
    _npm("barlow-condensed", 500, "eubm"),
    _npm("barlow-condensed", 700, "eukb"),
    _npm("barlow-semi-condensed", 500, "eubs"),
    _npm("barlow-semi-condensed", 700, "ekb"),
    _npm("saira-condensed", 500, "eu"),
    _npm("saira-condensed", 600, "euk"),
    _npm("overpass", 700, "ekb"),
    _npm("overpass", 900, "k"),
    _npm("oswald", 500, "us"),
    _npm("archivo-narrow", 600, "euks"),
    _npm("share-tech-mono", 400, "u"),
    _npm("rajdhani", 600, "eu"),
    _npm("rajdhani", 700, "eubm"),
    _npm("antonio", 400, "u"),
    _npm("antonio", 600, "us"),
    _npm("pathway-gothic-one", 400, "us"),
    _npm("b612-mono", 400, "u"),
    _npm("b612-mono", 700, "u"),
    _npm("quantico", 400, "eu"),
    _npm("quantico", 700, "eu"),
    _npm("big-shoulders-display", 600, "us"),
    _npm("big-shoulders-display", 800, "u"),
    _npm("ubuntu-mono", 700, "u", "UFL-1.0"),
    _debian("truetype/dejavu/DejaVuSansCondensed-Bold.ttf", "Bitstream Vera", "eub"),
    _debian("truetype/dejavu/DejaVuSansMono-Bold.ttf", "Bitstream Vera", "u"),
    _debian("truetype/dejavu/DejaVuSerif-Bold.ttf", "Bitstream Vera", "s"),
    _debian("truetype/dejavu/DejaVuSans-Bold.ttf", "Bitstream Vera", "s"),
    _debian("truetype/liberation/LiberationSansNarrow-Bold.ttf", "OFL-1.1", "eukbs"),
    _debian("truetype/liberation/LiberationSansNarrow-Regular.ttf", "OFL-1.1", "us"),
    _debian("truetype/liberation/LiberationSans-Bold.ttf", "OFL-1.1", "ekbs"),
    _debian("truetype/liberation/LiberationMono-Bold.ttf", "OFL-1.1", "u"),
    _debian("truetype/liberation/LiberationSerif-BoldItalic.ttf", "OFL-1.1", "s"),
    _debian("truetype/liberation/LiberationSerif-Bold.ttf", "OFL-1.1", "s"),
    _debian("truetype/freefont/FreeSansBold.ttf", "GPL-3 with font exception", "ekb"),
    _debian("truetype/freefont/FreeSerifBoldItalic.ttf", "GPL-3 with font exception", "s"),
    _debian("truetype/roboto/unhinted/RobotoCondensed-Medium.ttf", "Apache-2.0", "eub"),
    _debian("truetype/roboto/unhinted/RobotoCondensed-Bold.ttf", "Apache-2.0", "eukb"),
    _debian("opentype/ocr-b/OCRB.otf", "public domain", "u"),
    _debian("truetype/opendin/OSP-DIN.ttf", "OFL-1.1", "eub"),
    _debian("opentype/bebas-neue/BebasNeue-Bold.otf", "OFL-1.1", "eus"),
    _debian("opentype/bebas-neue/BebasNeue-Regular.otf", "OFL-1.1", "eu"),
]


@functools.lru_cache(None)
def faces_for(use: str) -> tuple[Face, ...]:
    """The installed faces for one use letter; one that names the letter twice stands in it twice."""
    found = tuple(face for face in FACES for letter in face.uses if letter == use and face.is_installed())
    if not found:
        raise SystemExit(f"no font for use '{use}' is installed: run scripts/train/fetch_fonts.sh")
    return found


@functools.lru_cache(None)
def glyph(path: str, character: str) -> np.ndarray:
    """A character's mask, cut to its ink and scaled to GLYPH_HEIGHT (float 0..1); its width keeps the face's proportion."""
    if path.startswith(OURS):
        return strokes.mask(character, path.removeprefix(OURS), GLYPH_HEIGHT)
    font = ImageFont.truetype(path, 160)
    canvas = Image.new("L", (400, 320), 0)
    ImageDraw.Draw(canvas).text((100, 60), character, font=font, fill=255)
    mask = np.asarray(canvas)
    rows, columns = np.where(mask > 40)
    mask = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    width = max(8, round(mask.shape[1] * GLYPH_HEIGHT / mask.shape[0]))
    return cv2.resize(mask, (width, GLYPH_HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


@functools.lru_cache(4096)
def small_print(path: str, text: str, height: int) -> np.ndarray:
    """A line of small print as a mask (float 0..1), its ink `height` pixels high."""
    font = ImageFont.truetype(path, 48)
    left, top, right, bottom = font.getbbox(text)
    canvas = Image.new("L", (max(1, right - left) + 4, max(1, bottom - top) + 4), 0)
    ImageDraw.Draw(canvas).text((2 - left, 2 - top), text, font=font, fill=255)
    mask = np.asarray(canvas)
    width = max(1, round(mask.shape[1] * height / mask.shape[0]))
    return cv2.resize(mask, (width, max(1, height)), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


if __name__ == "__main__":
    for face in FACES:
        print("ok     " if face.is_installed() else "missing", face.licence, face.path, sep="\t", file=sys.stderr)
