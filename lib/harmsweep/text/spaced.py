"""Letters set apart (k i l l, k.i.l.l) joined to words again."""

import re
from collections.abc import Callable
from functools import partial
from itertools import pairwise

from harmsweep.text.budget import affordable
from harmsweep.text.leet import LETTERS_OF
from harmsweep.text.lexicon import LONGEST, is_form, is_word, pieces, segment

# A letter or what may stand for one; apostrophes stay between letters.
_ONE = r"[A-Za-z0-9@$!]"
_PART = r"[A-Za-z0-9@$!']"
_MARK = r"[.\-_*~|/·•,]"
_RUN = re.compile(rf"(?<![\w@$]){_ONE}( ?{_MARK} ?| ){_PART}(?:\1{_PART})++")
# What a run does not end before: a word, or a mark with a word behind it.
_GOES_ON = re.compile(rf"[\w@$]|{_MARK}\w")
# Two or three letters beside longer runs, as "i.s" beside "t.h.e.m" and "i s" between wide gaps.
_SHORT = re.compile(
    r"(?<![\w@$.*-])([A-Za-z])([.\-_*~|/·•])([A-Za-z])(?:\2([A-Za-z]))?(?![\w@$]|[.\-_*~|/·•]\w)"
)
_GAPPED = re.compile(r"(?:^|(?<=  ))([A-Za-z])( )([A-Za-z])(?: ([A-Za-z]))?(?=  | \W|$)")
_GAP = "  "
# A run that is read makes the text at least so much shorter.
_LEAST = 3


def undo_spacing(text: str) -> str:
    """The text with runs of three or more single letters as words, where they are some.

    Where one run was a word for certain, shorter ones are read too.
    """
    joined = _each_run(text, partial(_joined, gaps=_GAP in text))
    if len(text) - len(joined) < _LEAST:
        return joined
    return _GAPPED.sub(_short, _SHORT.sub(_short, joined)).replace(_GAP, " ")


def _each_run(text: str, read: Callable[[re.Match[str]], str]) -> str:
    """The text with each run read; no part of it is gone through twice."""
    kept, last, place = list[str](), 0, 0
    while match := _RUN.search(text, place):
        run = _ended(match)
        if run:
            kept += [text[last : run.start()], read(run)]
            last = run.end()
        # The last letter may begin a run of another mark.
        place = run.end() if run else match.end() - 1
    return "".join([*kept, text[last:]])


def _ended(match: re.Match[str]) -> re.Match[str] | None:
    """The longest part of a run, of three letters or more, that may end where it does."""
    step = 1 + len(match[1])
    for end in range(match.end(), match.start() + 2 * step, -step):
        if match.string[end - 1] != "!" and not _GOES_ON.match(match.string, end):
            return _RUN.match(match.string, match.start(), end)
    return None


def _short(match: re.Match[str]) -> str:
    word = "".join(part for part in match.group(1, 3, 4) if part)
    return word if len(word) > 2 or is_word(word.lower()) else match[0]


def _joined(match: re.Match[str], *, gaps: bool) -> str:
    """A run as one word, if a mark or wider gaps part the words; else as several."""
    if _is_abbreviation(match):
        return match[0]
    run = match[0][0] + match[0][1:].replace(match[1], "")
    read = "".join(LETTERS_OF.get(c, c)[0] for c in run)
    letters = sum(map(str.isalpha, run.replace("'", "")))
    if letters * 3 < len(run.replace("'", "")) * 2:
        return match[0]
    if (gaps or match[1] != " ") and _is_one_word(read):
        return read
    words = affordable(LONGEST * len(read), _as_words, read)
    return words if words and _are_words(words.replace("'", " ")) else match[0]


def _as_words(read: str) -> str:
    """The letters as words, and what follows an apostrophe as its clitic and words."""
    return "'".join(_words(part, clitic=n > 0) for n, part in enumerate(read.split("'")))


def _is_abbreviation(match: re.Match[str]) -> bool:
    """Whether a point follows the last letter too, as in U.S.A. and a.k.a."""
    run = match[0]
    ends = match[1] == "." and match.string[match.end() : match.end() + 1] == "."
    return ends and (run.isupper() or len(run) < 6)


def _is_one_word(read: str) -> bool:
    stem = read.lower().partition("'")[0]
    if len(stem) < 4 or _is_alphabet(stem):
        return stem == "i" or (is_word(stem) and not _is_alphabet(stem))
    unlisted = read.islower() and pieces(stem) * 2 <= len(stem)
    return is_form(stem) or unlisted


def _words(part: str, *, clitic: bool) -> str:
    """The letters as words in their case."""
    words, start = [], 0
    for word in segment(part.lower(), clitic=clitic):
        words.append(part[start : start + len(word)])
        start += len(word)
    return " ".join(words)


def _is_alphabet(letters: str) -> bool:
    """Whether the letters are neighbours in the alphabet, or all the same."""
    steps = {ord(b) - ord(a) for a, b in pairwise(letters)}
    return len(steps) == 1 and steps <= {0, 1, -1}


def _are_words(text: str) -> bool:
    """Whether the words are words: enough of the letters are in listed ones, and no alphabet is."""
    letters = text.replace(" ", "").lower()
    words = text.lower().split()
    known = sum(len(word) for word in words if is_form(word))
    if _is_alphabet(letters):
        return False
    if len(letters) == 3:
        return known == 3 and len(words) == 1
    if len(words) == 1 and not known:
        return text.islower() and len(text) > 4 and pieces(text) * 2 <= len(text)
    return known * 5 >= len(letters) * 3
