"""Words without the letters that were repeated (haaate)."""

import re
from collections.abc import Iterator
from itertools import islice, product

from harmsweep.text.lexicon import UNKNOWN, form_rank, is_form, pieces, rank

REPEAT = re.compile(r"([A-Za-z])\1{2,}")
_ROMAN = re.compile(r"[IVXLCDM]+")
# At most so many variants of one word, each repeated letter once or twice.
VARIANTS = 32


def variants(word: str) -> Iterator[str]:
    """The word with each letter that stands three times or more in a row once and twice."""
    for counts in islice(product((1, 2), repeat=len(REPEAT.findall(word))), VARIANTS):
        left = iter(counts)
        yield REPEAT.sub(lambda match: match[1] * next(left), word)  # noqa: B023


def shortened(word: str, *, english: bool, certain: bool = False) -> str:
    """A word without repeated letters where that gives a word; else as it is, or a little shorter.

    Three of a letter are right in German compounds and four in Estonian ones: an unlisted word is
    shortened where the text has English letters only and the WordPieces are two fewer (one where
    the text is disguised for `certain`), or where the letters are five.
    """
    lower = word.lower()
    if rank(lower) < UNKNOWN or len(set(lower)) == 1 or _ROMAN.fullmatch(word):
        return word
    shorter = list(variants(word))
    known = [w for w in shorter if is_form(w.lower())]
    if known:
        return min(known, key=lambda w: form_rank(w.lower()))
    best = min(shorter, key=lambda w: pieces(w.lower()))
    if english and pieces(best.lower()) + (1 if certain else 2) <= pieces(lower):
        return best
    longest = max(len(match[0]) for match in REPEAT.finditer(word))
    return (best if english else REPEAT.sub(r"\1\1", word)) if longest > 4 else word
