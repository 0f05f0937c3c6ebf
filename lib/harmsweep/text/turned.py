"""Turned text: upside down, mirrored, or written backwards without a mark that says so."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from harmsweep.text.lexicon import is_form, is_known, is_word

_NAMED = re.compile(
    r"LATIN (?:(SMALL|CAPITAL) )?LETTER (?:SMALL CAPITAL )?(?:TURNED|REVERSED|SIDEWAYS)"
    r"(?: OPEN)? ([A-Z])"
)
# Letters that stand for a turned one, though Unicode names them by their own shape, and plain ones.
_MORE = {
    **dict(zip("ɔəƃɟᵷɓıɾɿſʃʅ∀Ɐ", "cegfgqijrjlrAA", strict=True)),
    **dict(zip("ƆԀᗡᗺƎℲ⅁⅄∩Λ┴ꓕ˥ꞀΩ", "CPDBEFGYUVTTLLU", strict=True)),
}
_PLAIN = dict(zip("bdnupqmwlosxzaeyHINOSXZWM'", "qpundbwmlosxzaeyHINOSXZMW,", strict=True))
_WORD = re.compile(r"\S+")
_LETTER = re.compile(r"[^\W\d_]+")
# Whether a word is of a stretch for certain, may be, or is not.
_Marks = Callable[[str], bool | None]
_Read = Callable[[str], str]
_APOSTROPHE = re.compile(r"(?<=[a-z]),(?=[a-z])")
_EDGES = ".,;:!?'\"()¡¿˙\u2018\u2019\u201c\u201d"


@lru_cache(maxsize=4096)
def _turned(character: str) -> str | None:
    """The letter that a turned one shows; None for a letter that is none."""
    if character.isascii():
        return None
    if character in _MORE:
        return _MORE[character]
    match = _NAMED.match(unicodedata.name(character, ""))
    if not match:
        return None
    return match[2] if match[1] == "CAPITAL" else match[2].lower()


def undo_turned(text: str) -> str:
    """The text with stretches of turned letters as what they show, and backwards words forwards.

    >>> undo_turned("ʇxǝʇ sᴉɥʇ pɐǝɹ")
    'read this text'
    """
    if any(map(_turned, set(text))):
        text = _stretches(text, _is_turned, _upright)
    return _stretches(text, _is_backwards, _forwards)


def _stretches(text: str, marked: _Marks, read: _Read) -> str:
    """The text with each longest stretch of words that are marked, or between such, read."""
    words = [(match.start(), match.end(), marked(match[0])) for match in _WORD.finditer(text)]
    if not any(mark for _, _, mark in words):
        return text
    kept, last, place = list[str](), 0, 0
    while place < len(words):
        if not words[place][2]:
            place += 1
            continue
        first = place
        while place < len(words) and words[place][2] is not False:
            place += 1
        while first and words[first - 1][2] is None and words[first - 1][0] >= last:
            first -= 1
        behind = place
        if first or place < len(words):
            # Words that read either way belong to the text around it, at the edges of a stretch.
            while words[first][2] is None:
                first += 1
            while words[behind - 1][2] is None:
                behind -= 1
        start, end = words[first][0], words[behind - 1][1]
        kept += [text[last:start], read(text[start:end])]
        last = end
    return "".join([*kept, text[last:]])


def _is_turned(word: str) -> bool | None:
    """True of a word with a turned letter, None of one that reads either way up."""
    if any(map(_turned, word)):
        return all(map(_shown, filter(str.isalpha, word)))
    letters = [c for c in word if c.isalpha()]
    return None if all(c in _PLAIN for c in letters) else False


def _shown(character: str) -> str | None:
    """What a letter shows the other way up; of a sign itself."""
    turned = _turned(character) or _PLAIN.get(character)
    return turned or (None if character.isalpha() else character)


def _upright(stretch: str) -> str:
    """A stretch the right way up, from behind or as it stands: what has more words."""
    shown = "".join(_shown(c) or c for c in stretch)
    shown = _APOSTROPHE.sub("'", shown)
    read = max((shown[::-1], shown), key=_share)
    return read if _share(read) >= 0.6 and _share(read) > _share(stretch) else stretch


def _share(text: str) -> float:
    """The share of letters that are in words."""
    words = [word.lower() for word in _LETTER.findall(text)]
    known = sum(len(word) for word in words if is_known(word))
    return known / max(1, sum(map(len, words)))


def _is_backwards(word: str) -> bool | None:
    """True of a word that is one only backwards, None of one that may be either, or neither."""
    # Of a word with an apostrophe its longest part says it: it's, t'nod.
    core = max(word.strip(_EDGES).lower().split("'"), key=len)
    if not (core.isascii() and core.isalpha()):
        return None if not any(map(str.isalnum, core)) else False
    if is_form(core):
        # Short ones are words both ways (no, on): of a stretch where both sides are.
        return None if len(core) < 5 and _is_known(core[::-1]) else False
    return True if len(core) > 2 and is_form(core[::-1]) else None


def _is_known(word: str) -> bool:
    return word in ("a", "i") or is_word(word)


def _forwards(stretch: str) -> str:
    """A stretch from behind, where that gives words; each word alone where their order stands."""
    words = stretch.split()
    sure = sum(_is_backwards(word) is True for word in words)
    back = stretch[::-1]
    if (
        sure < 2
        or sure * 2 < sum(len(word) > 4 for word in words)
        or _share(back) < 0.6
        or _share(stretch) > 0.4
    ):
        return stretch
    kept = words[0][-1:].isupper() and not words[-1][-1:].isupper()
    kept = kept or any(word[-1] in ",;:" for word in words[:-1])
    return " ".join(map(_word_forwards, words)) if kept else back


def _word_forwards(word: str) -> str:
    core = word.strip(_EDGES)
    return word.replace(core, core[::-1], 1) if core else word
