"""From an uploaded file to the 64 numbers that the model takes, in training as in serving."""

from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

LARGEST_BYTES = 2**15  # as base64, it has to fit into MAX_BODY_BYTES
LARGEST_SIDE = 256  # pixels
SIDE = 8  # pixels that the model sees
LEAST_CONTRAST = 32  # of 255, between a digit and what it is drawn on
FAINT = 0.25  # a pixel with no more than this share of the most ink is outside a digit

Ink = npt.NDArray[np.float32]


@lru_cache(maxsize=64)  # the check of a question and its answer read the same file
def as_pixels(content: bytes) -> Ink:
    """Return the 64 numbers, from 0 to 1, of a PNG: the digit as large as fits, in the middle.

    Raise ValueError if it is not a PNG, too large, or blank.
    """
    ink = read_ink(content)
    rows, columns = (np.flatnonzero((ink > FAINT).any(axis=axis)) for axis in (1, 0))
    digit = Image.fromarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    scale = SIDE / max(digit.size)
    width, height = (max(1, round(side * scale)) for side in digit.size)
    small = np.asarray(digit.resize((width, height), Image.Resampling.BOX))
    pixels = np.zeros((SIDE, SIDE), dtype=np.float32)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    pixels[top : top + height, left : left + width] = small / small.max()
    return pixels.reshape(-1)


def read_ink(content: bytes) -> Ink:
    """Return how much ink each pixel of a PNG has, from 0 to 1; or raise ValueError."""
    if len(content) > LARGEST_BYTES:
        raise ValueError(f"The file is larger than {LARGEST_BYTES // 1024} KiB")
    try:
        with PngImageFile(BytesIO(content)) as image:
            size = image.size
            # nothing is unpacked yet
            ink = max(layers(image), key=np.ptp) if max(size) <= LARGEST_SIDE else None
    except Exception:  # Pillow's own errors have no common class
        raise ValueError("The file is not a complete PNG") from None
    if ink is None:
        raise ValueError(f"It has {size[0]} x {size[1]} pixels, more than {LARGEST_SIDE} on a side")
    if np.ptp(ink) < LEAST_CONTRAST:
        raise ValueError("Nothing is drawn in it")
    share: Ink = ink / ink.max()
    return share


def layers(image: Image.Image) -> Iterator[Ink]:
    """Yield how much each pixel differs from the edge, 0 to 255: ink may be dark or light.

    A drawing on a transparent ground is put on white paper and on black: one of them shows it.
    """
    if image.mode.startswith("I"):  # 16 bits
        yield unlike_edge(np.asarray(image, dtype=np.float32) / np.float32(257))
    elif not image.has_transparency_data:
        yield unlike_edge(np.asarray(image.convert("L"), dtype=np.float32))
    else:
        drawn = image.convert("RGBA")
        for paper in ("white", "black"):
            whole = Image.alpha_composite(Image.new("RGBA", image.size, paper), drawn)
            yield unlike_edge(np.asarray(whole.convert("L"), dtype=np.float32))


def unlike_edge(grey: Ink) -> Ink:
    """Return the difference of each pixel from the median of the edge."""
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    difference: Ink = np.abs(grey - np.median(edge))
    return difference
