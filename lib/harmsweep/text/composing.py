"""Characters in their normal form (NFKC), in time that grows with the text only."""

import re
import unicodedata
from itertools import groupby

# Sorting marks takes the square of their number; no letter of a language has more, as the
# Stream-Safe Text Format has it (UAX 15, section 13).
_MOST_MARKS = 30
# Marks are neither of words nor space: what may hold too many of them.
_LONG = re.compile(rf"[^\w\s]{{{_MOST_MARKS + 1},}}")


def compose(text: str) -> str:
    r"""The text in NFKC, with at most 30 combining marks in a row: what lies behind is dropped.

    >>> len(compose("x" + 100 * "\u0301"))
    31
    """
    return unicodedata.normalize("NFKC", _LONG.sub(_with_few_marks, text))


def _with_few_marks(match: re.Match[str]) -> str:
    runs = groupby(match[0], key=lambda character: unicodedata.combining(character) > 0)
    return "".join("".join(run)[: _MOST_MARKS if marks else None] for marks, run in runs)
