"""Hashed n-grams: the same places for a text everywhere, and near ones for a near text."""

import numpy as np
import pytest

from harmsweep.encoders.embedding import Floats
from harmsweep.encoders.ngrams import MOST_CHARACTERS, ngram_vectors


def one(text: str, places: int = 4096) -> Floats:
    vector: Floats = ngram_vectors([text], places)[0]
    return vector


def test_a_text_keeps_its_places_from_version_to_version() -> None:
    """Other places are another encoder: count up _NGRAMS in encoders/conf.py with them."""
    vector = one("Lake café")
    plus, minus = np.flatnonzero(vector > 0).tolist(), np.flatnonzero(vector < 0).tolist()
    assert plus == [1283, 1938, 2434, 3381, 3848, 4041, 4094]
    assert minus == [473, 630, 642, 778, 1120, 1265, 2060, 2695, 2798, 3446, 3649, 3826]


def test_vectors_have_unit_length() -> None:
    assert np.linalg.norm(one("a quiet afternoon by the lake")) == pytest.approx(1)


def test_a_blank_text_is_all_zeros_and_a_single_letter_is_not() -> None:
    assert not one(" ").any()
    assert one("x").any()


def test_case_says_nothing() -> None:
    assert np.array_equal(one("LEAVE"), one("leave"))


def test_a_misspelt_word_is_near_and_another_far() -> None:
    word, misspelt, other = ngram_vectors(["despicable", "despicible", "afternoon"], 4096)
    assert word @ misspelt > 0.15 > word @ other


def test_a_word_said_often_counts_by_its_logarithm() -> None:
    often, once = one("spam " * 7 + "egg"), one("egg")
    assert often @ once > 0.1


def test_of_a_huge_text_the_beginning_counts() -> None:
    start = "boat " * (MOST_CHARACTERS // 5)
    assert np.array_equal(one(start), one(start + "and much more"))


def test_company_changes_no_bit() -> None:
    texts = ["a boat", "a lake at dawn", "", "you won"]
    together = ngram_vectors(texts, 2048)
    assert np.array_equal(together[1], one("a lake at dawn", 2048))
