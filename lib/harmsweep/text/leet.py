"""Leetspeak (h4te, $h1t) and repeated letters (haaate) as plain words."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice, product

from harmsweep.text.lexicon import UNKNOWN, is_form, is_word, pieces, rank

# What a character may stand for, the likelier first.
LETTERS_OF = {
    **{"0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g"},
    **{"@": "a", "$": "s", "!": "il", "|": "li", "+": "t", "€": "e", "£": "l", "¡": "i"},
}
_SIGNS = "".join(LETTERS_OF)
_SIGN = re.escape(_SIGNS)
_TOKEN = re.compile(rf"(?<!\w)[A-Za-z0-9{_SIGN}]++(?!\w)")
_SUSPECT = re.compile(rf"[A-Za-z][{_SIGN}]|[{_SIGN}][A-Za-z]|[@$]{{3}}|([A-Za-z])\1\1")
_ADDRESS = re.compile(r"\w@[^@]+\.\w|://")
_REPEAT = re.compile(r"([A-Za-z])\1{2,}")
_INSIDE = re.compile(r"[A-Za-z]+(?:[013457@$!|][A-Za-z]+)+")
_LETTERS = re.compile(r"[a-z]+")
# A word's first and last letter and how many are between: i18n, a11y.
_NUMERONYM = re.compile(r"[A-Za-z][0-9]{2,}[A-Za-z]")
_ROMAN = re.compile(r"[IVXLCDM]+")
# Words beside a number that the lexicon does not list.
_UNITS = {"am", "pm", "st", "nd", "rd", "th", "cm", "mm", "km", "kg", "mg", "ml", "nm"}
_UNITS |= {"kb", "mb", "gb", "tb", "hz", "mhz", "ghz", "kw", "mw"}
# Where both readings are words, as a variable named $hit would be, the ruder one is meant.
_RUDE = {"$hit": "shit", "$hits": "shits", "@ss": "ass", "$ex": "sex"}
# At most so many readings of one word: 1 and ! have two each.
_READINGS = 32
# Longer tokens are no words; reading them costs their length times the readings.
_LONGEST = 40


def undo_leet(text: str) -> str:
    """The text with leetspeak and repeated letters as plain words, where they are some.

    A text with a word in leetspeak for certain may have others that are less so, as th3 beside
    h4te.
    """
    if not _SUSPECT.search(text):
        return text
    certain = _each(text, partial(_plain, certain=True))
    lenient = certain != text and any(c in LETTERS_OF for c in text)
    return _each(certain, partial(_plain, certain=False)) if lenient else certain


def _each(text: str, read: Callable[[re.Match[str]], str]) -> str:
    """The text with every token read, but for addresses."""
    chunks = text.split(" ")
    return " ".join(c if _ADDRESS.search(c) else _TOKEN.sub(read, c) for c in chunks)


def _plain(match: re.Match[str], *, certain: bool) -> str:
    """One word plainly, with the marks at its end."""
    token = match[0]
    word = token.rstrip("!|+")
    head = len(word) - len(word.lstrip("!|+"))
    core = word[head:]
    if len(core) > _LONGEST or not _SUSPECT.search(core):
        return token
    read = _RUDE.get(core.lower()) or (_read(core) if certain else _leniently(core))
    return token[:head] + read + token[len(word) :]


def _read(core: str) -> str:
    if core.isalpha():
        return _shortened(core)
    if not _may_be_leet(core):
        return core
    readings = _readings(core)
    found = _commonest(v for reading in readings for v in _variants(reading))
    if found:
        return found
    return readings[0] if _reads_better(core, readings[0]) else core


def _leniently(core: str) -> str:
    """A sign beside a word, read as a letter where that gives a commoner word: th3, 4ll, w3."""
    body = core.strip(_SIGNS).lower()
    if core.isalpha() or not body.isalpha():
        return core
    known = rank(body) if len(body) > 1 else UNKNOWN
    words = [w for w in _readings(core) if is_word(w.lower()) and rank(w.lower()) < known]
    return min(words, key=lambda w: rank(w.lower()), default=core)


def _readings(core: str) -> list[str]:
    letters = (LETTERS_OF.get(c, c) for c in core)
    return ["".join(reading) for reading in islice(product(*letters), _READINGS)]


def _may_be_leet(core: str) -> bool:
    """Whether signs stand for letters: not beside a word or a unit, and no more than letters."""
    letters = sum(map(str.isalpha, core))
    digits = sum(map(str.isdigit, core))
    unread = any(c.isdigit() and c not in LETTERS_OF for c in core)
    if (
        _NUMERONYM.fullmatch(core)
        or unread
        or digits > letters
        or (not letters and len(set(core)) == 1)
    ):
        return False
    body = core.strip(_SIGNS).lower()
    if not digits and len(core) - len(body) > 1:
        return True
    # A number or sign beside a word or a single letter: day5, 4you, G8, $home.
    return not (body.isalpha() and (len(body) < 2 or is_word(body) or body in _UNITS))


def _variants(word: str) -> Iterator[str]:
    """The word, and with each repeated letter once or twice."""
    yield word
    yield from _collapsed(word)


def _collapsed(word: str) -> Iterable[str]:
    runs = len(_REPEAT.findall(word))
    for counts in islice(product((1, 2), repeat=runs), _READINGS if runs else 0):
        left = iter(counts)
        yield _REPEAT.sub(lambda m: m[1] * next(left), word)  # noqa: B023


def _commonest(words: Iterable[str]) -> str | None:
    """The most frequent of the words that are words."""
    forms = [w for w in words if len(w) > 2 and is_form(w.lower())]
    return min(forms, key=lambda w: rank(w.lower()), default=None)


def _reads_better(core: str, word: str) -> bool:
    """Whether an unlisted word is one in disguise, as most slurs are: short parts and fewer pieces.

    What stands beside the sign must be no word itself, as in now!still, and 8 and 9 are rarely
    letters; a WordPiece of a real word has two letters or more.
    """
    lower, parts = core.lower(), _LETTERS.findall(core.lower())
    one_case = core[1:].islower() or core.isupper()
    # Longer ones beside a mark are two words without a space.
    longest = 5 if set(core) & set("@$!|") else 9
    of_parts = max(map(len, parts)) < longest and not any(len(p) > 2 and is_word(p) for p in parts)
    if not (one_case and of_parts and len(core) > 4 and _INSIDE.fullmatch(core)):
        return False
    count = pieces(word.lower())
    return count < pieces(lower) and count * 2 <= len(word)


def _shortened(word: str) -> str:
    """A word without repeated letters; up to four of one letter stay where no shorter word is."""
    lower = word.lower()
    if rank(lower) < UNKNOWN or len(set(lower)) == 1 or _ROMAN.fullmatch(word):
        return word
    shorter = list(_collapsed(word))
    known = [w for w in shorter if is_form(w.lower())]
    if known:
        return min(known, key=lambda w: rank(w.lower()))
    longest = max(len(m[0]) for m in _REPEAT.finditer(word))
    return _REPEAT.sub(r"\1\1", word) if longest > 4 else word
