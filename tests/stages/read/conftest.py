"""Pictures with words, drawn here."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw, ImageFont

Draw = Callable[..., Image.Image]


@pytest.fixture(scope="session")
def draw() -> Draw:
    """A function that draws words, each at its left and upper corner, black on white."""

    def drawn(
        size: tuple[int, int], words: dict[str, tuple[int, int]], *, height: int = 28
    ) -> Image.Image:
        picture = Image.new("RGB", size, "white")
        pen = ImageDraw.Draw(picture)
        for word, place in words.items():
            pen.text(place, word, fill="black", font=ImageFont.load_default(height))
        return picture

    return drawn
