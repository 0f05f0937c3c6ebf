"""Which frames of what moves are looked at, by how long each is shown."""

from collections.abc import Collection, Sequence

import numpy as np


def by_time(lengths: Sequence[float], most: int, *, always: Collection[int] = ()) -> list[int]:
    """The numbers of at most `most` frames: some always, and those in the middles of equal parts.

    What is left of `most`, where one frame stands so long that it takes many middles, goes to the
    others in the same way: a picture that stands for an hour hides nothing beside it.
    """
    chosen = set(always)
    while len(chosen) < min(most, len(lengths)):
        rest = [number for number in range(len(lengths)) if number not in chosen]
        ends = np.cumsum([lengths[number] for number in rest])
        parts = most - len(chosen)
        middles = (np.arange(parts) + 0.5) * ends[-1] / parts
        places = np.searchsorted(ends, middles, side="right").clip(max=len(rest) - 1)
        chosen |= {rest[place] for place in places.tolist()}
    return sorted(chosen)
