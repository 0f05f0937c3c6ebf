"""Pictures as viewers show them: what is transparent lies on white or on black."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Shades that differ by less are one to a reader.
SHOWN = 16
# Rows that are laid on a ground at once: the whole would be there four times.
STRIP = 256


def as_seen(image: Image.Image) -> Iterator[Image.Image]:
    """The picture in RGB, on each ground that shows something of it, white first.

    Players show white in light mode and black in dark mode. A shade differs from one of them by
    half the range at least, so that words of any shade stand out on one: what hides from us does
    not hide from people. Nothing is given twice: an opaque picture once, and one of which a ground
    shows nothing on the other ground alone.
    """
    if image.mode.startswith("I"):
        image = _from_16_bits(image)
    if not image.has_transparency_data:
        yield image if image.mode == "RGB" else image.convert("RGB")
        return
    clear = image if image.mode == "RGBA" else image.convert("RGBA")
    low, _ = clear.getextrema()[-1]  # type: ignore[misc]
    if low > 255 - SHOWN:
        yield clear.convert("RGB")
        return
    # One after the other, and not kept: each may have 100 MB.
    light = _contrast(clear, "white") >= SHOWN
    dark = _contrast(clear, "black") >= SHOWN
    if light or not dark:
        yield _laid_on(clear, "white")
    if dark:
        yield _laid_on(clear, "black")


def _contrast(clear: Image.Image, ground: str) -> int:
    """The widest range of a colour on the ground."""
    each = [strip.getextrema() for _, strip in _strips(clear, ground)]
    lows, highs = np.moveaxis(np.array(each), 2, 0)
    return int((highs.max(axis=0) - lows.min(axis=0)).max())


def _laid_on(clear: Image.Image, ground: str) -> Image.Image:
    whole = Image.new("RGB", clear.size)
    for top, strip in _strips(clear, ground):
        whole.paste(strip, (0, top))
    return whole


def _strips(clear: Image.Image, ground: str) -> Iterator[tuple[int, Image.Image]]:
    """The picture on the ground in strips from top to bottom, and where each begins."""
    for top in range(0, clear.height, STRIP):
        part = clear.crop((0, top, clear.width, min(top + STRIP, clear.height)))
        below = Image.new("RGBA", part.size, ground)
        yield top, Image.alpha_composite(below, part).convert("RGB")


def _from_16_bits(image: Image.Image) -> Image.Image:
    """16 bits of grey as 8, with the transparent shade: Pillow clips nearly all to white."""
    values: NDArray[Any] = np.asarray(image)
    grey = Image.fromarray((values // 256).astype(np.uint8))
    shade = image.info.get("transparency")
    if shade is not None:
        grey.putalpha(Image.fromarray(np.where(values == shade, 0, 255).astype(np.uint8)))
    return grey
