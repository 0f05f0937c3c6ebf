"""A text is cut into windows that cover it, so that nothing is read only among other words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmsweep.encoders.stored import matrix_of, stored
from harmsweep.model.text_windows import (
    LONG,
    MOST,
    RUN,
    STEP,
    as_read,
    is_bounded,
    numbers_of,
    packed,
    text_windows,
    words_and_numbers,
)
from harmsweep.model.windows import NUMBERS

MILD = "The weather in the hills was fine today."
WORDS = " ".join(f"w{n}" for n in range(40))


@pytest.mark.parametrize("text", ["", "  ", "Hi.", "One sentence of six words here."])
def test_a_text_that_is_one_window_has_none_besides(text: str) -> None:
    assert text_windows(text) == []


def test_each_sentence_is_a_window_and_so_are_short_neighbours_together() -> None:
    second, third, last = (
        "Yes.",
        "We baked 3.5 loaves at a.example!",
        "They drew a map of the park.",
    )
    assert text_windows(f"{MILD} {second} {third} {last}") == [
        MILD[:-1],
        f"{MILD} {second[:-1]}",
        f"{MILD} {second} {third}",
        second[:-1],
        f"{second} {third}",
        f"{second} {third} {last[:-1]}",
        third,
        f"{third} {last[:-1]}",
        last[:-1],
    ]


def test_a_few_words_between_long_sentences_are_read_alone() -> None:
    long = " ".join(["word"] * 18) + "."
    assert text_windows(f"{long} Go. {long}") == [long[:-1], "Go", long[:-1]]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Go away.", "Go away"),
        ("Go away \u2026.", "Go away"),
        ("Go away!", "Go away!"),
        ("a.b?", "a.b?"),
        ("...", "..."),
    ],
)
def test_an_end_that_says_nothing_is_not_read(text: str, read: str) -> None:
    assert as_read(text) == read


def test_long_neighbours_are_no_window_together() -> None:
    long = " ".join(["word"] * 11) + "."
    assert text_windows(f"{long} {long}") == [long[:-1], long[:-1]]


def test_a_long_sentence_is_read_by_its_clauses() -> None:
    clause = "each one of these words here is in one of the clauses"
    text = f"{clause}, {clause}: {clause} of 3,5"
    assert text_windows(text) == [clause, clause, f"{clause} of 3,5"]


def test_a_sentence_without_an_end_is_read_in_runs_that_overlap() -> None:
    runs = [text.split() for text in text_windows(WORDS)]
    assert {len(run) for run in runs[:-1]} == {RUN} and runs[-1][-1] == "w39"
    # Any words that stand together stand together in a run, if they are not too many.
    words, most = WORDS.split(), RUN - STEP + 1
    for first in range(len(words) - most + 1):
        some = words[first : first + most]
        assert any(" ".join(some) in " ".join(run) for run in runs)


@pytest.mark.parametrize("end", [".", "!", "\u3002", "\u061f", "\u0964", "\n"])
def test_sentences_end_as_their_scripts_end_them(end: str) -> None:
    text = f"the first of two parts{end} the second of two parts"
    first, second = text_windows(text)
    assert first.startswith("the first of two parts") and second == "the second of two parts"


@given(st.lists(st.sampled_from(["word", "no.", "(so)", "a.b", "x!", ";", "\u3002"]), max_size=300))
def test_every_word_is_in_a_window_and_windows_are_few(words: list[str]) -> None:
    text = " ".join(words)
    windows = text_windows(text)
    assert len(windows) <= MOST
    assert all(window in text for window in windows)
    if len(text.split()) > LONG:
        joined = " ".join(windows)
        assert {as_read(word) for word in text.split()} <= {as_read(w) for w in joined.split()}
        assert all(len(w.split()) <= LONG for w in windows) or is_bounded(text)


def test_beyond_the_most_neighbours_are_together_and_the_text_says_so() -> None:
    text = " ".join(f"Sentence number {n} stands here." for n in range(10 * MOST))
    windows = text_windows(text)
    assert len(windows) <= MOST and is_bounded(text)
    assert all(any(f" {n} stands" in window for window in windows) for n in range(10 * MOST))
    assert not is_bounded(MILD * 3)


def test_a_window_carries_its_vector_and_its_own_numbers() -> None:
    vectors = stored(np.array([[1.0, 2.0], [3.0, 4.0]]))
    rows = matrix_of([packed(vectors, ["http is HERE!", "#so"])], 2 * (2 + len(NUMBERS)))
    first, second = rows.reshape(2, -1)
    assert first[:2].tolist() == [1.0, 2.0] and second[:2].tolist() == [3.0, 4.0]
    numbers = dict(zip(NUMBERS, first[2:].tolist(), strict=True))
    assert (numbers["n_words"], numbers["n_urls"], numbers["n_exclamations"]) == (3, 1, 1)
    assert dict(zip(NUMBERS, second[2:].tolist(), strict=True))["n_hashtags"] == 1
    assert numbers_of("ab CD")["upper_share"] == 0.5


@pytest.mark.parametrize(
    "disguised", ["You are st\u200dup\u200did, all of you", "You are $tup1d, all of you"]
)
def test_an_undone_disguise_leaves_the_numbers_of_its_plain_twin(disguised: str) -> None:
    plain, undone = words_and_numbers("You are stupid, all of you"), words_and_numbers(disguised)
    assert undone["normal_text"] == plain["normal_text"]
    assert {n: undone[n] for n in NUMBERS} == {n: plain[n] for n in NUMBERS}
