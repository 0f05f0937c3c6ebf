"""Occlusion: the parts of an input without which a score falls under its threshold.

Methods: Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014 (cover a
part, score again); Martens and Provost, Explaining Data-Driven Document Classifications, MIS
Quarterly 2014 (words without which the class changes, searched greedily and then pruned).
"""

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
# The harm's score of the input once without each of these sets of its units.
Without = Callable[[Sequence[frozenset[int]]], Scores]
Span = tuple[int, int]
# Units that are told apart at one level: a long text is first searched in runs of words.
MOST_UNITS = 64
_SENTENCE = re.compile(r"[^.!?…\n]+[.!?…\n]*|[.!?…\n]+")
_WORD = re.compile(r"\S+")


def irreducible(units: int, without: Without, threshold: float) -> frozenset[int] | None:
    """Units whose removal brings the score under the threshold, each of them needed for it.

    They are removed in the order of what each does alone, until the score is under; then whatever
    can stay does. None where not even the removal of all is enough. It is no smallest set: that
    would take every subset.
    """
    everything = range(units)
    alone = without([frozenset([unit]) for unit in everything])
    order = np.argsort(alone, kind="stable").tolist()
    growing = [frozenset(order[: count + 1]) for count in everything]
    under = np.flatnonzero(without(growing) < threshold)
    if not under.size:
        return None
    found = growing[under[0]]
    # The strongest were removed first: the weakest are the likeliest to be idle.
    for unit in reversed(order[: len(found)]):
        rest = found - {unit}
        if rest and without([rest])[0] < threshold:
            found = rest
    # What is shown is what was scored alone, in no batch.
    return found if without([found])[0] < threshold else None


def spans_without(
    text: str, score: Callable[[Sequence[str]], Scores], threshold: float
) -> list[Span] | None:
    """The words of a text without which its score is under the threshold, by their offsets.

    Sentences first, then runs of words within those found, then single words. `score` is given
    texts that lack some spans (`cut`).
    """
    found: list[Span] | None = None
    spans = grouped([match.span() for match in _SENTENCE.finditer(text) if match[0].strip()])
    while spans:

        def without(sets: Sequence[frozenset[int]], now: list[Span] = spans) -> Scores:
            return score([cut(text, [now[unit] for unit in units]) for units in sets])

        chosen = irreducible(len(spans), without, threshold)
        if chosen is None:
            break
        found = [spans[unit] for unit in sorted(chosen)]
        finer = grouped([word for span in found for word in words(text, span)])
        spans = [] if finer in (spans, found) else finer
    return found


def words(text: str, span: Span) -> list[Span]:
    """The words that begin within a span."""
    start, end = span
    return [(start + m.start(), start + m.end()) for m in _WORD.finditer(text[start:end])]


def grouped(spans: Sequence[Span], most: int = MOST_UNITS) -> list[Span]:
    """Neighbouring spans as one, so that there are at most so many."""
    size = -(-len(spans) // most) or 1
    runs = [spans[first : first + size] for first in range(0, len(spans), size)]
    return [(run[0][0], run[-1][1]) for run in runs]


def cut(text: str, spans: Sequence[Span]) -> str:
    """The text without some spans that do not overlap.

    >>> cut("one two three", [(4, 7)])
    'one  three'
    """
    kept, last = [], 0
    for start, end in sorted(spans):
        kept.append(text[last:start])
        last = end
    return "".join([*kept, text[last:]])
