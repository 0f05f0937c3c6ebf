"""The windows of a text: each is read by itself, so that nothing mild around it hides a harm.

A window is a sentence, or of a long one without an end overlapping runs of words. Each has a vector
and the numbers of its own words; a post's score is the greatest over its whole text and these.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from harmsweep.encoders.stored import STORED
from harmsweep.model.windows import NUMBERS
from harmsweep.text.cleaning import text_numbers
from harmsweep.text.words import words

# More are read by neighbours together: a text of 100,000 characters may have thousands.
MOST = 64
BOUNDED = f"its more than {MOST} sentences were read by neighbours together"
# A sentence of fewer words is read with the next: alone it says little.
LEAST_WORDS = 4
# A sentence of more words is read in runs of so many, each beginning half a run after the last.
LONG, RUN = 18, 12
# Those that a post has by its normal text, so that an undone disguise leaves no trace in them.
OF_NORMAL = ("n_chars", "n_words", "n_exclamations", "upper_share", "digit_share")
# Where a sentence ends, as Unicode's property Sentence_Terminal has it for the common scripts; a
# full stop within a number or an address ends none.
_END = re.compile(r"[.!?;]+[\"')\]]*(?=\s)|[\u2026\u3002\u0964\u0965\u061f\u06d4\u1362\n]+")
_WORD = re.compile(r"\S+")
_LINK = re.compile(r"(?<!\S)http(?!\S)")
Span = tuple[int, int]
Numbers = dict[str, float | None]


def text_windows(normal: str) -> list[str]:
    """The windows of a normal text; none where it is one by itself."""
    return [normal[start:end] for start, end in _bounded(_spans(normal))]


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
    spans = [run for sentence in _sentences(text) for run in _runs(sentence)]
    return spans if len(spans) > 1 else []


def _sentences(text: str) -> Iterator[list[Span]]:
    """The words of each sentence, or of several where they are short."""
    words: list[Span] = []
    ends = [match.end() for match in _END.finditer(text)] + [len(text)]
    start = 0
    sentences: list[list[Span]] = []
    for end in ends:
        words += [(start + m.start(), start + m.end()) for m in _WORD.finditer(text[start:end])]
        start = end
        if len(words) >= LEAST_WORDS:
            sentences.append(words)
            words = []
    if words and sentences:
        sentences[-1] = sentences[-1] + words
    elif words:
        sentences.append(words)
    yield from sentences


def _runs(words: Sequence[Span]) -> Iterator[Span]:
    """A sentence whole, or in runs of words that overlap by half."""
    if len(words) <= LONG:
        yield words[0][0], words[-1][1]
        return
    for first in range(0, len(words) - RUN // 2, RUN // 2):
        run = words[first : first + RUN]
        yield run[0][0], run[-1][1]


def _bounded(spans: Sequence[Span]) -> list[Span]:
    """At most MOST spans that cover the same text."""
    size = -(-len(spans) // MOST) or 1
    runs = [spans[first : first + size] for first in range(0, len(spans), size)]
    return [(run[0][0], run[-1][1]) for run in runs]
