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
    needed = _pruned(growing[under[0]], without, threshold)
    # What is shown was scored by itself, in no batch.
    return needed if without([needed])[0] < threshold else None


def _pruned(needed: frozenset[int], without: Without, threshold: float) -> frozenset[int]:
    """The units less all that can stay: put back in runs, as a call costs more than a set in it."""
    while len(needed) > 1:
        units = sorted(needed)
        scores = without([needed - {unit} for unit in units])
        idle = [units[n] for n in np.argsort(scores, kind="stable") if scores[n] < threshold]
        fewer = [needed.difference(idle[: count + 1]) for count in range(len(idle))]
        fewer = [some for some in fewer[1:] if some]
        if not idle:
            break
        enough = np.flatnonzero(without(fewer) < threshold) if fewer else np.empty(0, int)
        needed = fewer[enough[-1]] if enough.size else needed - {idle[0]}
    return needed


def spans_without(
    text: str, score: Callable[[Sequence[str]], Scores], threshold: float
) -> list[Span] | None:
    """The words of a text without which its score is under the threshold, by their offsets.

    A long text is searched by sentences first, then by runs of words within those found, then by
    words. `score` is given texts that lack some spans (`cut`).
    """
    best: list[Span] | None = None
    spans = words(text, (0, len(text)))
    if len(spans) > MOST_UNITS:
        spans = grouped([match.span() for match in _SENTENCE.finditer(text) if match[0].strip()])
    while spans:

        def without(sets: Sequence[frozenset[int]], now: list[Span] = spans) -> Scores:
            return score([cut(text, [now[unit] for unit in units]) for units in sets])

        chosen = irreducible(len(spans), without, threshold)
        if chosen is None:
            break
        best = [spans[unit] for unit in sorted(chosen)]
        finer = grouped([word for span in best for word in words(text, span)])
        spans = [] if finer in (spans, best) else finer
    return best


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
    parts, last = [], 0
    for start, end in sorted(spans):
        parts.append(text[last:start])
        last = end
    return "".join([*parts, text[last:]])
