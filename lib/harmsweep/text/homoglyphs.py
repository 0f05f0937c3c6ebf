"""Letters that look like Latin ones: read as Latin where a word is Latin in disguise.

Which letters look alike is Unicode's list (UTS 39, confusables), by confusable-homoglyphs. Real
words of other scripts stay: a word is read as Latin only where all of it can be, and where it mixes
scripts, or stands in a text that has Latin words and no letter that is surely of its script.
"""

import re
import unicodedata
from functools import lru_cache

from confusable_homoglyphs import confusables  # type: ignore[import-untyped]

from harmsweep.text.lexicon import is_form, is_word, pieces

_WORD = re.compile(r"[^\W\d_]+")
_LATIN_WORD = re.compile(r"[A-Za-z]{2}")
# Small letters that Unicode does not list, as their capitals look alike only; too weak to tell a
# text's script by.
_MORE = dict(zip("ктмнвκητεωχβρ", "ktmhbkntewxbp", strict=True))
# Latin letters of phonetics and mathematics that no orthography of a large language has.
_PHONETIC = re.compile(r"LATIN LETTER SMALL CAPITAL ([A-Z])")
_SIMILAR_LATIN = {"\u0251": "a", "\u0261": "g", "\u017f": "s"}


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]


@lru_cache(maxsize=4096)
def _listed(character: str) -> str | None:
    """The ASCII letter that Unicode lists as looking like the character; of its case if it can."""
    found = confusables.is_confusable(character, greedy=True, preferred_aliases=["latin"])
    letters = [h["c"] for entry in found or [] for h in entry["homoglyphs"]]
    ascii_letters = [c for c in letters if len(c) == 1 and c.isascii() and c.isalpha()]
    same_case = [c for c in ascii_letters if c.isupper() == character.isupper()]
    return next(iter(same_case or ascii_letters), None)


@lru_cache(maxsize=4096)
def _latin(character: str) -> str | None:
    """The ASCII letter that the character is read as; None: it is a letter of its own."""
    if character.isascii():
        return character
    if _script(character) == "LATIN":
        small = _PHONETIC.fullmatch(unicodedata.name(character))
        return small[1].lower() if small else _SIMILAR_LATIN.get(character)
    base = unicodedata.normalize("NFD", character)[0]
    return _listed(base) or _MORE.get(base)


def undo_homoglyphs(text: str) -> str:
    """The text with words in disguise as Latin; other words as they are."""
    letters = {c for c in set(text) if c.isalpha() and not c.isascii()}
    if not any(map(_latin, letters)):
        return text
    own = {_script(c) for c in letters if _listed(unicodedata.normalize("NFD", c)[0]) is None}
    is_latin = bool(_LATIN_WORD.search(text))
    return _WORD.sub(lambda match: _read(match[0], own if is_latin else None), text)


def _read(word: str, own: set[str] | None) -> str:
    """A word as Latin, or as it is; `own` are scripts of the text with a letter of their own."""
    latin = [_latin(character) for character in word]
    if word.isascii() or None in latin:
        return word
    decoded = "".join(c for c in latin if c)
    scripts = {_script(c) for c in word if not c.isascii()}
    mixed = any(c.isascii() for c in word)
    if not mixed and scripts != {"LATIN"} and (own is None or scripts & own):
        return word
    return decoded if _is_believed(word, decoded.lower(), scripts, mixed=mixed) else word


def _is_believed(word: str, decoded: str, scripts: set[str], *, mixed: bool) -> bool:
    """Whether a decoded word is a word, or reads better than the disguised one.

    A Greek letter beside Latin ones may be a unit or a variable: only words of four letters count.
    """
    if "GREEK" in scripts or not mixed:
        return len(decoded) > 3 and is_form(decoded)
    if len(decoded) < 3:
        return is_word(decoded)
    return is_form(decoded) or pieces(decoded) < pieces(word.lower())
