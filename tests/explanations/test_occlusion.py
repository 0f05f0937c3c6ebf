"""The search for what flips a decision, against scores whose causes are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmsweep.explanations.occlusion import MOST_UNITS, cut, grouped, irreducible, spans_without

WORDS = st.lists(st.sampled_from(["trigger", "quiet", "lake", "b2,", "Ende."]), max_size=40)


def linear(weights):
    """A model that is the sum of what is left."""
    total = np.asarray(weights, float)
    return lambda sets: np.array([total.sum() - total[[*some]].sum() for some in sets])


def weighted(**weights):
    """A model of texts: the sum of the weights of their words."""
    return lambda texts: np.array(
        [sum(weights.get(word, 0.0) for word in text.split()) for text in texts], float
    )


def said(text, spans):
    return [text[start:end] for start, end in spans]


def test_the_planted_word_is_exactly_what_is_found():
    text = "A quiet day at the lake, and then a trigger came by. Nothing else was said."
    spans = spans_without(text, weighted(trigger=0.9, quiet=0.05), 0.5)
    assert said(text, spans) == ["trigger"]


def test_two_words_that_only_together_are_enough_are_both_found():
    text = "one trigger here and another there"
    assert said(text, spans_without(text, weighted(trigger=0.4, another=0.4), 0.4)) == [
        "trigger",
        "another",
    ]


@pytest.mark.parametrize("sentences", [40, 400])
def test_a_long_text_is_searched_down_to_the_word(sentences):
    parts = ["The lake is quiet and it is a long way there."] * sentences
    parts[sentences // 3] = "The lake has a trigger and it is a long way there."
    text = " ".join(parts)
    calls = []

    def score(texts):
        calls.extend(texts)
        return weighted(trigger=1.0)(texts)

    assert said(text, spans_without(text, score, 0.5)) == ["trigger"]
    assert len(calls) < 8 * MOST_UNITS


def test_what_no_removal_flips_has_no_evidence():
    assert irreducible(3, lambda sets: np.full(len(sets), 0.9), 0.5) is None
    assert spans_without("some words", lambda texts: np.full(len(texts), 0.9), 0.5) is None
    assert spans_without("", weighted(), 0.5) is None


def test_a_score_that_differs_alone_is_not_shown():
    """A set that was under the threshold in company only is not confirmed."""
    assert (
        irreducible(2, lambda sets: np.full(len(sets), 0.9 if len(sets) == 1 else 0.1), 0.5) is None
    )


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=30), st.integers(0, 20))
def test_what_is_found_flips_and_each_unit_of_it_is_needed(weights, over):
    """`over` is how far the score is above the threshold."""
    without, threshold = linear(weights), sum(weights) - over
    found = irreducible(len(weights), without, threshold)
    assert (found is None) == (sum(w for w in weights if w > 0) <= over)
    if found is None:
        return
    assert without([found])[0] < threshold
    if len(found) > 1:
        assert (without([found - {unit} for unit in found]) >= threshold).all()


@given(WORDS)
def test_the_rest_of_the_words_stays(chosen):
    text = " ".join(chosen)
    spans = spans_without(text, weighted(trigger=1.0), 0.5) if "trigger" in chosen else []
    assert cut(text, spans or []).split() == [word for word in chosen if word != "trigger"]


@given(st.integers(0, 500))
def test_groups_hold_every_span_and_are_few(count):
    spans = [(n, n + 1) for n in range(count)]
    groups = grouped(spans)
    assert len(groups) <= MOST_UNITS
    assert [n for start, end in groups for n in range(start, end)] == list(range(count))
