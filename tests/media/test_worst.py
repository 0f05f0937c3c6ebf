"""The dearest files that the counted bounds let through stay within the child's."""

from collections.abc import Callable

import pytest
from media_calls import processor_seconds
from media_files import encoded, flat_animation, many_scans, png
from PIL import Image

from harmsweep.media.bounded import run_bounded
from harmsweep.media.conf import load_limits

pytestmark = pytest.mark.slow

SIDE = 1440
FRAMES = load_limits().image.animation.decoded_pixels // SIDE**2
WORST: dict[str, Callable[[], bytes]] = {
    "scans of a large JPEG": lambda: many_scans(4990, 2),
    "scans of a JPEG": lambda: many_scans(1700, 90),
    "a large transparent PNG": lambda: png(4990, 4990),
    "a large WEBP": lambda: encoded(Image.effect_noise((3600, 3600), 90), "WEBP", method=0),
    "a large AVIF": lambda: encoded(Image.effect_noise((3600, 3600), 90), "AVIF", speed=10),
    "a moving GIF": lambda: flat_animation("GIF", SIDE, FRAMES),
    "a moving PNG": lambda: flat_animation("PNG", SIDE, FRAMES),
    "a moving WEBP": lambda: flat_animation("WEBP", SIDE, FRAMES // 2),
    "a moving AVIF": lambda: flat_animation("AVIF", SIDE, FRAMES // 2),
}


@pytest.mark.parametrize("name", WORST)
def test_the_dearest_picture_of_a_kind_stays_within_the_bounds(name: str) -> None:
    # With more memory, or more processor time than a machine of this speed is given, it is refused.
    seconds = run_bounded(processor_seconds, WORST[name]())
    print(f"{name}: {seconds:.2f} s")
    assert seconds > 0
