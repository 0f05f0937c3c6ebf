"""How players turn the frames of a video, by the display matrix of its header."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Turn(NamedTuple):
    """How players turn a frame: rows and columns swapped, then mirrored across and down."""

    swapped: bool
    across: bool
    down: bool


def turn_of(frame: Any) -> Turn:
    """The turn in the frame's display matrix; none where it has none.

    Ask one frame of a clip: PyAV ties a frame that was asked to itself, and its threads with it.
    """
    for side in frame.side_data:
        if side.type.name == "DISPLAYMATRIX":
            # Where the point (x, y) is shown: (a x + c y, b x + d y).
            a, b, _, c, d = np.frombuffer(bytes(side), np.int32)[:5].tolist()
            if abs(a) + abs(d) >= abs(b) + abs(c):
                return Turn(False, a < 0, d < 0)
            return Turn(True, c < 0, b < 0)
    return Turn(False, False, False)


def turned(pixels: NDArray[np.uint8], turn: Turn) -> NDArray[np.uint8]:
    """Pixels [height, width, 3] upright."""
    if turn.swapped:
        pixels = pixels.transpose(1, 0, 2)
    if turn.across:
        pixels = pixels[:, ::-1]
    if turn.down:
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
