"""Letters set apart (k i l l, k.i.l.l) joined to words again."""

import re
from itertools import pairwise

from harmsweep.text.leet import LETTERS_OF
from harmsweep.text.lexicon import is_form, is_word, pieces, segment

# A letter or what may stand for one; apostrophes stay between letters.
_ONE = r"[A-Za-z0-9@$!]"
_PART = r"[A-Za-z0-9@$!']"
_BETWEEN = r"( ?[.\-_*~|/·•,] ?| )"
_RUN = re.compile(rf"(?<![\w@$]){_ONE}(?:{_BETWEEN}{_PART})(?:\1{_PART})+(?![\w@$]|[.\-_*~|/·•]\w)")
# Two or three letters beside longer runs, as "i.s" beside "t.h.e.m".
_SHORT = re.compile(
    r"(?<![\w@$.*-])([A-Za-z])([.\-_*~|/·•])([A-Za-z])(?:\2([A-Za-z]))?(?![\w@$]|[.\-_*~|/·•]\w)"
)
_LONG_RUN = 4


def undo_spacing(text: str) -> str:
    """The text with runs of three or more single letters as words, where they are some.

    Where a longer run was one for certain, short ones are read too.
    """
    joined = _RUN.sub(_joined, text)
    return _SHORT.sub(_short, joined) if len(text) - len(joined) >= _LONG_RUN - 1 else joined


def _short(match: re.Match[str]) -> str:
    word = "".join(part for part in match.group(1, 3, 4) if part)
    return word if len(word) > 2 or is_word(word.lower()) else match[0]


def _joined(match: re.Match[str]) -> str:
    if _is_abbreviation(match):
        return match[0]
    run = match[0][0] + match[0][1:].replace(match[1], "")
    parts = [_words(part, clitic=n > 0) for n, part in enumerate(run.split("'"))]
    if not all(parts) or not _is_believed(" ".join(parts), match[1]):
        return match[0]
    return "'".join(parts)


def _is_abbreviation(match: re.Match[str]) -> bool:
    """Whether a point follows the last letter too, as in U.S.A. and a.k.a."""
    run = match[0]
    ends = match[1] == "." and match.string[match.end() : match.end() + 1] == "."
    return ends and (run.isupper() or len(run) < 6)


def _words(part: str, *, clitic: bool) -> str:
    """The letters as words in their case; what stands for a letter is one."""
    read = "".join(LETTERS_OF.get(c, c)[0] for c in part)
    if sum(map(str.isalpha, part)) * 3 < len(part) * 2:
        return ""
    words, start = [], 0
    for word in segment(read.lower(), clitic=clitic):
        words.append(read[start : start + len(word)])
        start += len(word)
    return " ".join(words)


def _is_believed(text: str, between: str) -> bool:
    """Whether the words are words: enough of the letters are in listed ones, and no alphabet is."""
    letters = text.replace(" ", "").lower()
    steps = {ord(b) - ord(a) for a, b in pairwise(letters)}
    if len(steps) == 1 and steps <= {0, 1, -1}:
        return False
    words = text.lower().split()
    known = sum(len(word) for word in words if is_form(word))
    if len(letters) == 3:
        return known == 3 and len(words) == 1
    if len(words) == 1 and not known:
        return text.islower() and len(text) > 4 and pieces(text) * 2 <= len(text)
    return known * 5 >= len(letters) * 3
