"""Pictures as viewers show them: what is transparent lies on white or on black."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Shades that differ by less are one to a reader.
SHOWN = 16


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
        yield image.convert("RGB")
        return
    clear = image.convert("RGBA")
    if int(np.asarray(clear.getchannel("A")).min()) > 255 - SHOWN:
        yield clear.convert("RGB")
        return
    grounds = (Image.new("RGBA", clear.size, name) for name in ("white", "black"))
    light, dark = (Image.alpha_composite(ground, clear).convert("RGB") for ground in grounds)
    if _contrast(light) >= SHOWN or _contrast(dark) < SHOWN:
        yield light
    if _contrast(dark) >= SHOWN:
        yield dark


def _contrast(picture: Image.Image) -> int:
    """The widest range of a colour."""
    return max(high - low for low, high in picture.getextrema())  # type: ignore[misc]


def _from_16_bits(image: Image.Image) -> Image.Image:
    """16 bits of grey as 8, with the transparent shade: Pillow clips nearly all to white."""
    values: NDArray[Any] = np.asarray(image)
    grey = Image.fromarray((values // 256).astype(np.uint8))
    shade = image.info.get("transparency")
    if shade is not None:
        grey.putalpha(Image.fromarray(np.where(values == shade, 0, 255).astype(np.uint8)))
    return grey
