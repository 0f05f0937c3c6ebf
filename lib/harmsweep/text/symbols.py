"""What is no letter beside or between letters: symbols, blanks and unseen characters.

Kinds are Unicode's general categories. What stands between two Latin letters either joins them or
parts them: the cheaper reading by the lexicon decides.
"""

import re
import unicodedata
from functools import lru_cache, partial

from harmsweep.text.budget import affordable
from harmsweep.text.lexicon import LONGEST, cost, is_form

# Stands for any symbol while a text is read; Unicode's own object replacement character.
_MARK = "\ufffc"
_KINDS = frozenset({"So", "Sm", "Sk", "Co", "Cn"})
_KEYCAP = re.compile("\ufe0f?\u20e3")
# Selectors, joiners, skin tones and tags go with the symbol before them.
_SYMBOL = f"{_MARK}[{_MARK}\u200d\ufe00-\ufe0f\U000e0020-\U000e007f]*"
_BETWEEN = re.compile(f"(?<![A-Za-z'])[A-Za-z]++(?:(?:{_SYMBOL})[A-Za-z]++)+")
_BESIDE = re.compile(f"[ \ufe0f\u200d]*(?:{_SYMBOL}[ \ufe0f\u200d]*)+")
_SUM = re.compile(f"(?:(?<=[0-9])|(?<=[0-9] )){_MARK}(?= ?[0-9])")
_LETTERS = re.compile("[A-Za-z]+")
# Fillers and the blank Braille pattern: blanks that Unicode does not call white space.
_FILLERS = "\u3164\uffa0\u2800\u115f\u1160"
_BLANKS = re.compile(f"(?<![A-Za-z'])[A-Za-z]++(?:[{_FILLERS}]+[A-Za-z]++)+")
_JAMO = "\u1100-\u115e\u1161-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\uac00-\ud7a3"
_BLANK = re.compile(f"[\u3164\uffa0\u2800]+|(?<![{_JAMO}])[\u115f\u1160]+(?![{_JAMO}])")
# What one letter group joined to the next costs: apart is how a reader sees them.
_JOIN = 1.0


class _Translation(dict[int, str]):
    """Each symbol as the mark; asked of Unicode once for each character."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kind = unicodedata.category(character)
        # Degrees, as in 24 °C, are read; so are tiles and regional letters until they are undone.
        symbol = code > 127 and kind in _KINDS and character != "°"
        self[code] = _MARK if symbol else character
        return self[code]


_TRANSLATION = _Translation()


def without_symbols(text: str) -> str:
    """The text without emoji and other symbols, the words beside them apart.

    Between letters they go where the letters make words (k😂i😂l😂l); a text of symbols stays.

    >>> without_symbols("so😂 nice → here")
    'so nice here'
    """
    if text.isascii():
        return text
    text = _KEYCAP.sub("", text)
    marked = text.translate(_TRANSLATION)
    if _MARK not in marked:
        return text
    # Between numbers a sign is read, as in a product.
    marked = _SUM.sub(lambda match: _sum(match, text), marked)
    read = _BETWEEN.sub(partial(_read, least=0), marked)
    bare = _BESIDE.sub(" ", read).strip()
    return bare if any(map(str.isalnum, bare)) else text


def _sum(match: re.Match[str], text: str) -> str:
    sign = text[match.start()]
    return sign if unicodedata.category(sign) == "Sm" else match[0]


def without_blanks(text: str) -> str:
    """The text with a space for each blank that is no white space, or none within a word."""
    return _BLANK.sub(" ", _BLANKS.sub(partial(_read, least=0), text))


@lru_cache(maxsize=8)
def _unseen(unseen: str) -> re.Pattern[str]:
    return re.compile(f"(?<![A-Za-z'])[A-Za-z]++(?:[{unseen}]+[A-Za-z]++)+")


def without_unseen(text: str, unseen: str) -> str:
    """The text with its Latin words joined over unseen characters (a class of a pattern).

    Where these stand for the spaces of a sentence, the words are apart.
    """
    return _unseen(unseen).sub(partial(_read, least=3), text)


def _read(match: re.Match[str], *, least: int) -> str:
    """The letter groups as words; as one, where fewer than `least` or unknown ones would result."""
    groups = tuple(_LETTERS.findall(match[0]))
    words = affordable(LONGEST * len(groups), _words, groups)
    if words is None:
        return match[0]
    if not least:
        return " ".join(words)
    known = sum(len(word) for word in words if is_form(word.lower()) or word in "aI")
    sure = known * 10 >= 7 * sum(map(len, words)) and not is_form("".join(groups).lower())
    return " ".join(words) if len(words) >= least and sure else "".join(groups)


def _words(groups: tuple[str, ...]) -> list[str]:
    """Letter groups as the cheapest words that they make, each group joined or apart."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(groups) + 1):
        word, found = "", (float("inf"), 0)
        for start in range(end - 1, -1, -1):
            word = groups[start] + word
            if len(word) > LONGEST and start < end - 1:
                break
            joins = _JOIN * (end - 1 - start)
            found = min(found, (best[start][0] + joins + cost(word.lower()[:40]), start))
        best.append(found)
    words, end = list[str](), len(groups)
    while end:
        start = best[end][1]
        words.append("".join(groups[start:end]))
        end = start
    return words[::-1]
