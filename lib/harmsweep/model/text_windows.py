"""The windows of a text: each is read by itself, so that nothing mild around it hides a harm.

A window is a sentence, or of a long one without an end overlapping runs of words. Each has a vector
and the numbers of its own words; a post's score is the greatest over its whole text and these.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from harmsweep.encoders.stored import STORED
from harmsweep.model.windows import NUMBERS
from harmsweep.text.cleaning import text_numbers
from harmsweep.text.words import words

# More are read by neighbours together: a text of 100,000 characters may have thousands.
MOST = 64
BOUNDED = f"its more than {MOST} sentences were read by neighbours together"
# So many sentences that follow each other are read together too.
TOGETHER = 3
# A sentence of more words is read by clauses; a clause of more in runs of RUN, STEP words apart.
LONG, RUN, STEP = 18, 12, 4
# Those that a post has by its normal text, so that an undone disguise leaves no trace in them.
OF_NORMAL = ("n_chars", "n_words", "n_exclamations", "upper_share", "digit_share")
# Where a sentence ends, as Unicode's property Sentence_Terminal has it for the common scripts; a
# full stop within a number or an address ends none.
_END = re.compile(
    r"(?<![.!?;])[.!?;]++[\"')\]]*+(?=\s)|[\u2026\u3002\u0964\u0965\u061f\u06d4\u1362\n]+"
)
_PAUSE = re.compile(r"[,:|\u2013\u2014\u2022\u3001\u060c]+(?=\s|$)|\s(?=[-\u2013\u2014|\u2022(]\s)")
# The marks of an end that say nothing: a text and its window are read alike with them or without.
# As Java reads it too; a run of marks within a text is looked at once.
_MARKS = r"[\s.,:;\u2026\u3002\u0964\u06d4\u1362\u3001\u060c]"
END_MARKS = rf"(?<!{_MARKS}){_MARKS}++$"
_WORD = re.compile(r"\S+")
_LINK = re.compile(r"(?<!\S)http(?!\S)")
Span = tuple[int, int]
Numbers = dict[str, float | None]


def text_windows(normal: str) -> list[str]:
    """The windows of a normal text, as they are read; none where it is one by itself."""
    return [as_read(normal[start:end]) for start, end in _bounded(_spans(normal))]


def as_read(normal: str) -> str:
    """What is embedded of a text: without the marks at its end, unless it is nothing else."""
    return re.sub(END_MARKS, "", normal) or normal


def is_bounded(normal: str) -> bool:
    """Whether the text has more than MOST windows, so that neighbours are read together."""
    return len(_spans(normal)) > MOST


def numbers_of(text: str) -> Numbers:
    """A normal text's own numbers, as if it had been posted so: NUMBERS."""
    # A link of the original stands as "http" in the clean text.
    return text_numbers(_LINK.sub("http://a.example", text), text)


def of_normal(normal: str) -> Numbers:
    """The numbers that a post has by its normal text, not by what it was written as."""
    numbers = numbers_of(normal)
    return {name: numbers[name] for name in OF_NORMAL}


def embedded_windows(
    normal: Sequence[str], embed: Callable[[Sequence[str]], Sequence[bytes | None]]
) -> list[bytes | None]:
    """The windows of normal texts as they are stored, None of a text without; each embedded once.

    `embed` gives the stored vectors of texts, none of which is blank.
    """
    texts = [text_windows(text) for text in normal]
    distinct = sorted({window for some in texts for window in some})
    vectors = embed(distinct) if distinct else []
    known = {w: vector or b"" for w, vector in zip(distinct, vectors, strict=True)}
    return [packed([known[w] for w in some], some) if some else None for some in texts]


def words_and_numbers(text: str | None) -> dict[str, Any]:
    """What a post's features say of its text: `words`, with the numbers `of_normal` its text."""
    row = words(text)
    return row | of_normal(row["normal_text"])


def packed(vectors: Sequence[bytes], texts: Sequence[str]) -> bytes:
    """Windows as one value of a vector column: of each the vector, then NUMBERS, as float16."""
    rows = [
        vector + np.array([*map(numbers_of(text).get, NUMBERS)], float).astype(STORED).tobytes()
        for vector, text in zip(vectors, texts, strict=True)
    ]
    return b"".join(rows)


def _spans(text: str) -> list[Span]:
    """Where each window stands, before there are too many; none for a text that is a single one."""
    sentences = [part for words in _parts(text, _END) for part in _clauses(text, words)]
    spans = set[Span]()
    for first, sentence in enumerate(sentences):
        spans.add((sentence[0][0], sentence[-1][1]))
        spans |= _together(sentences[first : first + TOGETHER])
    whole = {(sentences[0][0][0], sentences[-1][-1][1])} if sentences else set()
    return sorted(spans - whole)


def _together(sentences: Sequence[Sequence[Span]]) -> set[Span]:
    """The first sentence with one or more that follow, of at most LONG words: said is said."""
    lengths = accumulate(map(len, sentences))
    ends = [s[-1][1] for s, length in zip(sentences, lengths, strict=True) if length <= LONG]
    return {(sentences[0][0][0], end) for end in ends[1:]}


def _clauses(text: str, words: Sequence[Span]) -> Iterator[Sequence[Span]]:
    """A sentence whole, else its clauses, and of a long one runs of words that overlap."""
    if len(words) <= LONG:
        yield words
        return
    start = words[0][0]
    for clause in _parts(text[start : words[-1][1]], _PAUSE):
        placed = [(start + first, start + last) for first, last in clause]
        if len(placed) <= LONG:
            yield placed
            continue
        for first in range(0, len(placed) - RUN + STEP, STEP):
            yield placed[first : first + RUN]


def _parts(text: str, end: re.Pattern[str]) -> list[list[Span]]:
    """The words of each part of a text that ends so."""
    parts, start = list[list[Span]](), 0
    for stop in (*(match.end() for match in end.finditer(text)), len(text)):
        found = _WORD.finditer(text[start:stop])
        parts.append([(start + m.start(), start + m.end()) for m in found])
        start = stop
    return [words for words in parts if words]


def _bounded(spans: Sequence[Span]) -> list[Span]:
    """At most MOST spans that cover the same text."""
    size = -(-len(spans) // MOST) or 1
    runs = [spans[first : first + size] for first in range(0, len(spans), size)]
    return [(run[0][0], max(end for _, end in run)) for run in runs]
