"""Which frames of an animation are looked at: spread by time, as those of a video."""

from PIL import Image

from harmsweep.media.conf import load_limits
from harmsweep.media.gif import count_frames
from harmsweep.media.problem import MediaProblem
from harmsweep.media.sampling import by_time

MOVING = ("PNG", "WEBP", "GIF", "AVIF")
DEAR = ("WEBP", "AVIF")
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
    lengths = [_shown(image, number) for number in range(count)]
    return by_time(lengths, most, always=(0, count - 1))


def _count(image: Image.Image, data: bytes) -> int:
    """How many frames there are, once it is known that so many may be decoded."""
    limits = load_limits()
    moving, most = limits.image.animation, limits.image.webp_avif.bytes // 2
    pixels, dear = image.width * image.height, image.format in DEAR
    all_pixels = moving.decoded_pixels // 2 if dear else moving.decoded_pixels
    budget = max(1, min(limits.video.decoded_frames, all_pixels // pixels))
    frames = count_frames(data, most=budget + 1) if image.format == "GIF" else 0
    count = frames if frames > budget else int(getattr(image, "n_frames", 1))
    if count > budget:
        raise MediaProblem("refused", f"over {budget} frames of its size to decode")
    if count > 1 and pixels > moving.pixels:
        over = f"over {moving.pixels / 1e6:g} megapixels and moves"
        raise MediaProblem("refused", f"{image.width}x{image.height} is {over}")
    if count > 1 and dear and len(data) > most:
        raise MediaProblem("refused", f"{len(data)} bytes are over {most} and move")
    return count


def _shown(image: Image.Image, number: int) -> float:
    """For how many milliseconds players show the frame; only its decoding tells."""
    image.seek(number)
    image.load()
    asked = float(image.info.get("duration") or 0)
    return asked if asked > HASTY else HASTY_SHOWN
