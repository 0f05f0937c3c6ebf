"""A score is the greatest over a post's row and its windows, each with the rest of the post."""

import numpy as np
import pytest

from harmsweep.encoders.stored import STORED
from harmsweep.model.fusion import Feature, Input
from harmsweep.model.windows import NAME, NUMBERS, ROWS_AT_ONCE, window_columns, windows_of

TEXT = Input(name="text", encoder_id="t", width=2)
SOURCE = windows_of([TEXT], True)


def value(*windows: tuple[float, float], words: float = 4.0) -> bytes:
    rows = np.zeros((len(windows), 2 + len(NUMBERS)))
    rows[:, :2], rows[:, 2 + NUMBERS.index("n_words")] = windows, words
    return rows.astype(STORED).tobytes()


def columns(*values: bytes | None) -> dict[str, np.ndarray]:
    count = len(values)
    return {
        "text_vector": np.zeros((count, 2), np.float32),
        "text_present": np.ones(count, bool),
        "n_words": np.full(count, 30.0),
        "views": np.arange(count) * 1.0,
        f"{NAME}_vector": np.array([*values, None], dtype=object)[:-1],
    }


def test_windows_have_an_id_of_their_own_and_models_from_before_have_none() -> None:
    assert SOURCE is not None and SOURCE.encoder_id.startswith("t:") and SOURCE.width == 11
    assert windows_of([TEXT], False) is None


def test_a_window_is_its_post_with_another_text() -> None:
    assert SOURCE is not None
    ((owners, rows),) = window_columns(columns(value((1, 2), (3, 4)), None, value((5, 6))), SOURCE)
    assert owners.tolist() == [0, 0, 2]
    assert rows["text_vector"].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert rows["n_words"].tolist() == [4, 4, 4] and rows["views"].tolist() == [0, 0, 2]
    assert f"{NAME}_vector" not in rows


def test_a_number_that_is_unknown_of_the_post_is_unknown_of_its_windows() -> None:
    assert SOURCE is not None
    known = columns(value((1, 2))) | {"n_words": np.array([np.nan])}
    ((_, rows),) = window_columns(known, SOURCE)
    assert np.isnan(rows["n_words"]).all()


def test_a_post_with_links_or_emoji_is_read_once_more_as_its_words_alone() -> None:
    assert SOURCE is not None
    numbers = {
        "n_urls": np.array([0.0, 2.0, np.nan, 1.0]),
        "n_emoji": np.array([0.0, 1.0, 0.0, 3.0]),
    }
    known = columns(None, None, None, None) | numbers
    known["text_present"][3] = False
    ((owners, rows),) = window_columns(known, SOURCE)
    assert owners.tolist() == [1]
    assert (rows["n_urls"].tolist(), rows["n_emoji"].tolist()) == ([0], [0])
    assert (rows["n_words"].tolist(), rows["views"].tolist()) == ([30], [1])


def test_many_windows_come_some_at_a_time_and_none_of_none() -> None:
    assert SOURCE is not None
    many = columns(*[value((1, 2), (3, 4))] * ROWS_AT_ONCE)
    parts = list(window_columns(many, SOURCE))
    assert [len(owners) for owners, _ in parts] == [ROWS_AT_ONCE] * 2
    assert list(window_columns(columns(None), SOURCE)) == []


def test_what_is_not_of_whole_windows_is_refused() -> None:
    assert SOURCE is not None
    with pytest.raises(ValueError, match="not of 11 numbers"):
        list(window_columns(columns(value((1, 2))[:-2]), SOURCE))


@pytest.mark.torch
def test_the_greatest_decides_head_by_head_and_no_number_stays_none() -> None:
    torch = pytest.importorskip("torch")
    from harmsweep.model.manifest import HeadsConfig
    from harmsweep.model.network import Heads, greatest_logits

    feature = Feature(name="views", transform="none")
    heads = Heads(HeadsConfig(harms=("hate", "spam"), width=4, hidden=1, dropout=0))
    with torch.no_grad():
        for parameter in heads.parameters():
            parameter.zero_()
        heads.wide.weight[0, 0] = heads.wide.weight[1, 1] = 1.0

    def scores(*values: bytes | None, windows: Input | None = SOURCE) -> list[list[float]]:
        found = greatest_logits(heads, columns(*values), [TEXT], [feature], windows=windows)
        return found.tolist()  # type: ignore[no-any-return]

    assert scores(value((2, -1), (-3, 4)), None, value((-5, -6))) == [[2, 4], [0, 0], [0, 0]]
    assert scores(value((2, 4)), windows=None) == [[0, 0]]
    assert np.isnan(scores(value((np.nan, 1), (2, 2)))).all()
