"""Leetspeak (h4te, $h1t) and repeated letters (haaate) as plain words."""

import re
from collections.abc import Callable, Container, Iterable
from functools import partial
from itertools import islice, product

from harmsweep.text.budget import affordable
from harmsweep.text.codes import codes_of, is_formula
from harmsweep.text.lexicon import CLITICS, LONGEST_FORM, form_rank, is_form, is_word, pieces
from harmsweep.text.repeats import REPEAT, VARIANTS, shortened, variants

# What a character may stand for, the likelier first.
LETTERS_OF = {
    **{"0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g"},
    **{"@": "a", "$": "s", "!": "il", "|": "li", "+": "t", "€": "e", "£": "l", "¡": "i"},
}
_SIGNS = "".join(LETTERS_OF)
_TWOFOLD = [sign for sign, letters in LETTERS_OF.items() if len(letters) > 1]
# As i and l are one here, no reading repeats a letter where this does not.
_ALIKE = str.maketrans(
    {sign: letters[0].replace("i", "l") for sign, letters in LETTERS_OF.items()} | {"i": "l"}
)
_SIGN = re.escape(_SIGNS)
_TOKEN = re.compile(rf"(?<!\w)[A-Za-z0-9{_SIGN}]++(?!\w)")
_SUSPECT = re.compile(rf"[A-Za-z][{_SIGN}]|[{_SIGN}][A-Za-z]|[@$]{{3}}|([A-Za-z])\1\1")
_ADDRESS = re.compile(r"\w@[^@]+\.\w|://|@user\b")
_INSIDE = re.compile(r"[A-Za-z]+(?:[013457@$!|][A-Za-z]+)+")
_LETTERS = re.compile(r"[a-z]+")
# What may follow an apostrophe, as in it's and can't.
_CLITIC = re.compile(r"(?<=[A-Za-z]')[A-Za-z0-9$!|]{1,2}(?!\w)")
# Numbers that are words in a text with several words in leetspeak.
_NUMBERS = {"4": "a", "70": "to", "50": "so"}
_NUMBER = re.compile(r"(?<=[A-Za-z] )(?:4|70|50)(?= [A-Za-z])")
# Accessibility and localisation, as their initials and the number of letters between; a name.
_NO_LEET = {"a11y", "l10n", "a$ap"}
# Words beside a number that the lexicon does not list.
_UNITS = {"am", "pm", "st", "nd", "rd", "th", "cm", "mm", "km", "kg", "mg", "ml", "nm"}
_UNITS |= {"kb", "mb", "gb", "tb", "hz", "mhz", "ghz", "kw", "mw"}
# Where both readings are words, as a variable named $hit would be, the ruder one is meant.
_RUDE = {"$hit": "shit", "$hits": "shits", "@ss": "ass", "$ex": "sex"}
# A token with more digits than letters is a code, unless it is so long and a listed word.
_CODED = 8
# At most so many readings of one word: 1 and ! have two each.
_READINGS = 32


def undo_leet(text: str) -> str:
    """The text with leetspeak and repeated letters as plain words, where they are some.

    A text with one disguised word for certain may have others that are less so, as th3 beside h4te.
    """
    if not _SUSPECT.search(text):
        return text
    english = text.isascii()
    codes = codes_of(text)
    certain = _each(text, partial(_plain, english=english), codes)
    if certain == text:
        return text
    lenient = _each(_CLITIC.sub(_clitic, certain), partial(_lenient, english=english), codes)
    changed = sum(a != b for a, b in zip(text.split(" "), lenient.split(" "), strict=True))
    return _NUMBER.sub(lambda match: _NUMBERS[match[0]], lenient) if changed > 1 else lenient


def _clitic(match: re.Match[str]) -> str:
    found = (r for r in readings_of(match[0].lower()) if r in CLITICS)
    return next(found, match[0])


def _each(text: str, read: Callable[[re.Match[str]], str], codes: Container[str]) -> str:
    """The text with every token read, but for addresses, mentions and codes."""

    def unless_code(match: re.Match[str]) -> str:
        return match[0] if match[0].rstrip("!|+") in codes else read(match)

    chunks = text.split(" ")
    return " ".join(c if _ADDRESS.search(c) else _TOKEN.sub(unless_code, c) for c in chunks)


def _plain(match: re.Match[str], *, english: bool) -> str:
    """One word plainly, with the marks around it."""
    token = match[0]
    word = token.rstrip("!|+")
    core = word.lstrip("!|+")
    likely = core.isalpha() or core.lower() in _RUDE or _may_be_leet(core)
    if len(core) > LONGEST_FORM or not _SUSPECT.search(core) or not likely:
        return token
    read = affordable(_lookups(core), _plain_core, core, english) or core
    head = len(word) - len(core)
    return token[:head] + read + token[len(word) :]


def _plain_core(core: str, english: bool) -> str:
    if core.isalpha():
        return shortened(core, english=english)
    return _RUDE.get(core.lower()) or _read(core)


def _read(core: str) -> str:
    readings = readings_of(core)
    known = _commonest(v for r in readings for v in (r, *variants(r)))
    if known:
        return known
    return readings[0] if _is_slur_like(core, readings[0]) else core


def _lenient(match: re.Match[str], *, english: bool) -> str:
    """One word of a disguised text: a sign at its edge is a letter too, where a word results."""
    core = match[0].rstrip("!|+")
    letters = sum(map(str.isalpha, core))
    if core.isalpha() and not REPEAT.search(core):
        return match[0]
    unread = any(c.isdigit() and c not in LETTERS_OF for c in core)
    of_signs = core.isdigit() or len(core) != 2
    if core == "@" or (not letters and of_signs) or unread or len(core) > LONGEST_FORM:
        return "a" if core == "@" else match[0]
    read = affordable(_lookups(core), _lenient_core, core, english) or core
    return read + match[0][len(core) :]


def _lenient_core(core: str, english: bool) -> str:
    return shortened(core, english=english, certain=True) if core.isalpha() else _likeliest(core)


def _lookups(core: str) -> int:
    """The most words that are looked up to read one: every variant of all its readings."""
    repeats = REPEAT.search(core.lower().translate(_ALIKE))
    return count_readings(core) * (VARIANTS if repeats else 1)


def _likeliest(core: str) -> str:
    """The commonest word that the signs allow; without one, what has fewer WordPieces."""
    readings = readings_of(core)
    known = [w for w in readings if is_form(w.lower())]
    first = readings[0]
    if known or len(core) < 5:
        return min(known, key=lambda w: form_rank(w.lower()), default=core)
    return first if pieces(first.lower()) < pieces(core.lower()) else core


def count_readings(core: str) -> int:
    """How many readings a word in leetspeak has."""
    return min(_READINGS, 1 << sum(map(core.count, _TWOFOLD)))


def readings_of(core: str) -> list[str]:
    """What a word in leetspeak may read, the likelier first."""
    letters = (LETTERS_OF.get(c, c) for c in core)
    return ["".join(reading) for reading in islice(product(*letters), _READINGS)]


def _may_be_leet(core: str) -> bool:
    """Whether signs stand for letters: not beside a word or a unit, and no more than letters."""
    letters = sum(map(str.isalpha, core))
    digits = sum(map(str.isdigit, core))
    unread = any(c.isdigit() and c not in LETTERS_OF for c in core)
    if core.lower() in _NO_LEET or unread:
        return False
    if digits > letters:
        return len(core) >= _CODED and any(is_word(r) for r in readings_of(core.lower()))
    body = core.strip(_SIGNS).lower()
    if not digits and len(core) - len(body) > 1:
        return len(set(core)) > 1
    # A number or sign beside a word or a single letter: day5, 4you, G8, $home.
    return not (body.isalpha() and (len(body) < 2 or is_word(body) or body in _UNITS))


def _commonest(words: Iterable[str]) -> str | None:
    """The most frequent of the words that are words."""
    forms = [w for w in words if len(w) > 2 and is_form(w.lower())]
    return min(forms, key=lambda w: form_rank(w.lower()), default=None)


def _is_slur_like(core: str, word: str) -> bool:
    """Whether an unlisted word is one in disguise, as most slurs are: short parts and fewer pieces.

    What stands beside the sign must be no word itself, as in now!still, and 8 and 9 are rarely
    letters; a WordPiece of a real word has two letters or more.
    """
    lower, parts = core.lower(), _LETTERS.findall(core.lower())
    one_case = core[1:].islower() or core.isupper()
    # Longer ones beside a mark are two words without a space.
    longest = 5 if set(core) & set("@$!|") else 9
    of_parts = max(map(len, parts), default=0) < longest
    of_parts = of_parts and not any(len(p) > 2 and is_word(p) for p in parts)
    of_parts = of_parts and not is_formula(core)
    if not (one_case and of_parts and len(core) > 4 and _INSIDE.fullmatch(core)):
        return False
    count = pieces(word.lower())
    return count < pieces(lower) and count * 2 <= len(word)
