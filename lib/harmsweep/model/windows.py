"""The windows of a text as rows of their own beside their post's: no text, no Spark, no torch.

`model/text_windows.py` cuts them. Each has a vector and the numbers of its own words; a post's
score is the greatest over its whole text and these.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep.encoders.stored import STORED
from harmsweep.model.fusion import Columns, Input

# The input of post_vectors that holds a post's windows, and how they are cut: other rules, other
# vectors. Change it with them.
NAME = "text_windows"
_CUT = 2
# The numbers that a window has of its own.
NUMBERS = (
    *("n_chars", "n_words", "n_urls", "n_mentions", "n_hashtags", "n_emoji", "n_exclamations"),
    *("upper_share", "digit_share"),
)
# What stands beside the words of a text: a post is read once more as if it had none, so that a link
# or an emoji never lowers a score.
BESIDE = ("n_urls", "n_hashtags", "n_emoji")
# A fused row takes 25 KB.
ROWS_AT_ONCE = 1024
OwnColumns = dict[str, NDArray[Any]]


def windows_input(text: Input) -> Input:
    """The input that holds the windows of a text's input; its width is that of one window."""
    encoder_id = f"{text.encoder_id}:{NAME}-{_CUT}"
    return Input(name=NAME, encoder_id=encoder_id, width=text.width + len(NUMBERS))


def windows_of(inputs: Iterable[Input], read: bool) -> Input | None:
    """The input that holds the windows, where they are `read` beside these inputs."""
    return next((windows_input(s) for s in inputs if s.name == "text"), None) if read else None


def window_columns(
    columns: Columns, source: Input
) -> Iterator[tuple[NDArray[np.int64], OwnColumns]]:
    """A row for each window, some at a time, with the places of the rows that they are of.

    The text is the window's, and so are NUMBERS that are known of the row; all else is the row's.
    A row with anything BESIDE its words comes first as its words alone.
    `columns` has the windows as values of a vector column, None for a row without.

    Raises:
        ValueError: a value is not of whole windows.
    """
    yield from _words_alone(columns)
    values = [value or b"" for value in columns[f"{NAME}_vector"]]
    windows = np.frombuffer(b"".join(values), STORED).astype(np.float32)
    size = source.width * STORED.itemsize
    if any(len(value) % size for value in values):
        raise ValueError(f"{NAME}: not of {source.width} numbers each")
    rows = windows.reshape(-1, source.width)
    owners = np.repeat(np.arange(len(values)), [len(value) // size for value in values])
    for first in range(0, len(owners), ROWS_AT_ONCE):
        some = slice(first, first + ROWS_AT_ONCE)
        yield owners[some], _as_posts(columns, owners[some], rows[some])


def _words_alone(columns: Columns) -> Iterator[tuple[NDArray[np.int64], OwnColumns]]:
    counted = [name for name in BESIDE if name in columns]
    if not counted:
        return
    some = np.any([columns[name] > 0 for name in counted], axis=0) & columns["text_present"]
    places = np.flatnonzero(some)
    for first in range(0, len(places), ROWS_AT_ONCE):
        owners = places[first : first + ROWS_AT_ONCE]
        rows = {n: column[owners] for n, column in columns.items() if n != f"{NAME}_vector"}
        yield owners, rows | {name: np.zeros(len(owners)) for name in counted}


def _as_posts(
    columns: Columns, owners: NDArray[np.int64], windows: NDArray[np.float32]
) -> OwnColumns:
    rows = {name: column[owners] for name, column in columns.items() if name != f"{NAME}_vector"}
    vectors, numbers = np.split(windows, [windows.shape[1] - len(NUMBERS)], axis=1)
    rows |= {"text_vector": vectors, "text_present": np.ones(len(owners), dtype=bool)}
    for name, own in zip(NUMBERS, numbers.T, strict=True):
        if name in rows:
            rows[name] = np.where(np.isnan(rows[name]), np.nan, own)
    return rows
