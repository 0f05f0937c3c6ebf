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
    picture = _laid_on(clear, "white")
    light = _shows(picture)
    if light:
        yield picture
    del picture  # before the next is made: each may have 100 MB
    picture = _laid_on(clear, "black")
    if _shows(picture):
        yield picture
    elif not light:
        del picture
        yield _laid_on(clear, "white")


def _shows(picture: Image.Image) -> bool:
    """Whether a colour ranges over enough shades."""
    lows, highs = np.transpose(picture.getextrema())
    return bool((highs - lows).max() >= SHOWN)


def _laid_on(clear: Image.Image, ground: str) -> Image.Image:
    whole = Image.new("RGB", clear.size)
    for top in range(0, clear.height, STRIP):
        part = clear.crop((0, top, clear.width, min(top + STRIP, clear.height)))
        below = Image.new("RGBA", part.size, ground)
        whole.paste(Image.alpha_composite(below, part).convert("RGB"), (0, top))
    return whole


def _from_16_bits(image: Image.Image) -> Image.Image:
    """16 bits of grey as 8, with the transparent shade: Pillow clips nearly all to white."""
    values: NDArray[Any] = np.asarray(image)
    grey = Image.fromarray((values // 256).astype(np.uint8))
    shade = image.info.get("transparency")
    if shade is not None:
        grey.putalpha(Image.fromarray(np.where(values == shade, 0, 255).astype(np.uint8)))
    return grey
