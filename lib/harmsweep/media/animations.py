"""Which frames of an animation are looked at: spread by time, as those of a video."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from harmsweep.media.conf import load_limits
from harmsweep.media.gif import count_frames
from harmsweep.media.problem import MediaProblem

MOVING = ("PNG", "WEBP", "GIF", "AVIF")
# Frames of an animation that are looked at, as many as of a video.
FRAMES = 16
# Players show a frame that asks for 10 ms or less for 100.
HASTY, HASTY_SHOWN = 10.0, 100.0


def chosen_frames(image: Image.Image, data: bytes, most: int = FRAMES) -> list[int]:
    """The numbers of the frames that are looked at, in order; all, where they are no more.

    Else the first, the last, and those that `by_time` gives between.

    Raises:
        MediaProblem: refused, where too many frames would have to be decoded for it.
    """
    if most == 1 or image.format not in MOVING:
        return [0]
    count = _count(image, data)
    if count <= most:
        return list(range(count))
    return by_time([_shown(image, number) for number in range(count)], most)


def by_time(lengths: Sequence[float], most: int) -> list[int]:
    """The first, the last, and what is shown in the middles of equal parts of the rest's time.

    What is left of `most`, where one frame takes many middles, goes to the others in the same way.
    """
    chosen = {0, len(lengths) - 1}
    while len(chosen) < min(most, len(lengths)):
        rest = [number for number in range(len(lengths)) if number not in chosen]
        ends = np.cumsum([lengths[number] for number in rest])
        parts = most - len(chosen)
        middles = (np.arange(parts) + 0.5) * ends[-1] / parts
        places = np.searchsorted(ends, middles, side="right").clip(max=len(rest) - 1)
        chosen |= {rest[place] for place in places.tolist()}
    return sorted(chosen)


def _count(image: Image.Image, data: bytes) -> int:
    """How many frames there are, once it is known that so many may be decoded."""
    limits = load_limits().video
    budget = min(limits.decoded_frames, limits.decoded_pixels // (image.width * image.height))
    frames = count_frames(data, most=budget + 1) if image.format == "GIF" else 0
    count = frames if frames > budget else int(getattr(image, "n_frames", 1))
    if count > budget:
        raise MediaProblem("refused", f"over {budget} frames of its size to decode")
    return count


def _shown(image: Image.Image, number: int) -> float:
    """For how many milliseconds players show the frame; only its decoding tells."""
    image.seek(number)
    image.load()
    asked = float(image.info.get("duration") or 0)
    return asked if asked > HASTY else HASTY_SHOWN
