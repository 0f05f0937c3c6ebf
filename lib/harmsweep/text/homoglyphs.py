"""Letters that look like Latin ones: read as Latin where a word is Latin in disguise.

Which letters look alike is Unicode's list (UTS 39, confusables), by confusable-homoglyphs. Real
words of other scripts stay: a word is read as Latin only where all of it can be, and where it mixes
scripts, or stands in a text that has Latin words and no letter that is surely of its script.
"""

import re
import unicodedata
from functools import lru_cache

from confusable_homoglyphs import confusables

from harmsweep.text.lexicon import is_form, is_word, pieces

_WORD = re.compile(r"[^\W\d_]+")
_LATIN_WORD = re.compile(r"[A-Za-z]{2}")
# Small letters that Unicode does not list, as their capitals look alike only; too weak to tell a
# text's script by.
_MORE = dict(zip("ктмнвκητεωχβρ", "ktmhbkntewxbp", strict=True))
_PHONETIC = re.compile(r"LATIN LETTER SMALL CAPITAL ([A-Z])")
# Letters that stand alone, some after an apostrophe.
_ALONE = frozenset("aist")
# Letters that Unicode lists as similar to i, u, y, f and l, and that languages write: Turkish, Ewe.
_ORTHOGRAPHIC = set("\u0131\u0269\u028b\u0263\u0192\u01c0")


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]


@lru_cache(maxsize=4096)
def _listed(character: str) -> str | None:
    """The ASCII letter that Unicode lists as looking like the character; of its case if it can."""
    found = confusables.is_confusable(character, greedy=True)
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
        return small[1].lower() if small else _listed(character)
    base = unicodedata.normalize("NFD", character)[0]
    return _listed(base) or _MORE.get(base)


def undo_homoglyphs(text: str) -> str:
    """The text with words in disguise as Latin; other words as they are.

    Where a word was one for certain, others that can be read as Latin are read so too.
    """
    letters = {c for c in set(text) if c.isalpha() and not c.isascii()}
    if not any(map(_latin, letters)):
        return text
    own = {_script(c) for c in letters if _listed(unicodedata.normalize("NFD", c)[0]) is None}
    if not _LATIN_WORD.search(text):
        own |= set(map(_script, letters))
    certain = _WORD.sub(lambda match: _read(match[0], own, certain=False), text)
    if certain == text:
        return text
    return _WORD.sub(lambda match: _read(match[0], own, certain=True), certain)


def _read(word: str, own: set[str], *, certain: bool) -> str:
    """A word as Latin, or as it is; `own` are scripts of the text with a letter of their own."""
    latin = [_latin(character) for character in word]
    if word.isascii() or None in latin:
        return word
    decoded = "".join(c for c in latin if c)
    if _is_small_capitals(word):
        return decoded
    scripts = {_script(c) for c in word if not c.isascii()}
    mixed = any(c.isascii() for c in word) or len(scripts) > 1
    if not mixed and (scripts - {"LATIN"}) & own:
        return word
    if certain and (mixed or decoded.lower() in _ALONE or is_word(decoded.lower())):
        return decoded
    return decoded if _is_believed(word, decoded.lower(), scripts, mixed=mixed) else word


def _is_small_capitals(word: str) -> bool:
    """Whether most letters are small capitals, of several kinds: no orthography writes them so."""
    small = [c for c in word if _PHONETIC.fullmatch(unicodedata.name(c, ""))]
    return len(set(small)) > 2 and len(small) * 2 > len(word)


def _is_believed(word: str, decoded: str, scripts: set[str], *, mixed: bool) -> bool:
    """Whether a decoded word is a word, or reads better than the disguised one.

    A Greek letter beside Latin ones may be a unit or a variable, and letters that only look like
    others of the Latin script may be of another orthography: only words of four letters count,
    and common ones of three that mix both.
    """
    is_listed = len(decoded) > (2 if mixed else 3) and is_form(decoded)
    if not mixed or scripts <= {"GREEK"}:
        return is_listed
    if scripts <= {"LATIN"}:
        return is_listed and not set(word) & _ORTHOGRAPHIC
    if len(decoded) < 3:
        return is_word(decoded)
    return is_form(decoded) or pieces(decoded) < pieces(word.lower())
