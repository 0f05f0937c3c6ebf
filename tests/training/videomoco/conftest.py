"""Tiny clips of moving shapes: as kept frames, and as MP4 files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def moving_shape(number: int, *, frames: int = 16, side: int = 36) -> Pixels:
    """A square on a striped ground, uint8 [frames, side, side, 3]; each number another clip."""
    draw = np.random.default_rng(number)
    colour, ground = draw.integers(0, 256, 3), draw.integers(0, 256, 3)
    stripes = (np.arange(side) // draw.integers(2, 8)) % 2
    start, step, width = draw.integers(0, side, 2), draw.integers(-3, 4, 2), draw.integers(6, 16)
    clip = np.empty((frames, side, side, 3), np.uint8)
    clip[:] = (ground * (0.5 + 0.5 * stripes[:, None])).astype(np.uint8)
    for frame in range(frames):
        rows, columns = ((start + step * frame)[:, None] + np.arange(width)) % side
        clip[frame, rows[:, None], columns] = colour
    return clip


@pytest.fixture(scope="session")
def kept_frames(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Sixteen clips as training keeps them."""
    folder = tmp_path_factory.mktemp("frames")
    paths = [folder / f"{number:02}.npy" for number in range(16)]
    for number, path in enumerate(paths):
        np.save(path, moving_shape(number))
    return paths


@pytest.fixture(scope="session")
def write_clip() -> Callable[[Path, int], None]:
    """A function that writes a moving shape as an MP4 file at 8 frames a second."""

    def write(path: Path, number: int) -> None:
        import av

        with av.open(str(path), "w") as file:
            stream = file.add_stream("libx264", rate=8)
            stream.width = stream.height = 64
            stream.pix_fmt = "yuv420p"
            for pixels in moving_shape(number, side=64):
                file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            file.mux(stream.encode())

    return write
