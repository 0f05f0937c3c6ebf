"""Disguises undone: what a reader sees through, a tokenizer should see through too.

Each step believes a decoded word only where it is a word, or reads better than what stands there
(lexicon), so that product names, code, dates and other languages stay as they are. A change makes
the text shorter or more ASCII, so the steps come to an end; they are repeated until nothing
changes.
"""

import re
import unicodedata
from collections import Counter

from harmsweep.text.budget import budget
from harmsweep.text.composing import compose
from harmsweep.text.homoglyphs import undo_homoglyphs
from harmsweep.text.leet import undo_leet
from harmsweep.text.segmentation import read_contractions, read_hashtags, undo_runs
from harmsweep.text.spaced import undo_spacing
from harmsweep.text.symbols import without_symbols, without_unseen
from harmsweep.text.turned import undo_turned

# More rounds than any text needs that was not made to need them; each is linear.
ROUNDS = 8
_LATIN = "A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff"
# What is not seen beside a letter of a script that needs no joiners: joiners, fillers, selectors.
_UNSEEN = (
    "\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e01ef"
)
_UNSEEN_BEHIND = re.compile(f"(?<=[{_LATIN}])[{_UNSEEN}]+")
# Lines through, over and under a letter, and rings around it: no orthography writes them apart.
_LINES = re.compile(f"(?<=[{_LATIN}])[\u0305\u0332-\u0338\u033f\u0347\u20d0-\u20e5]+")
# Two marks that did not compose with their letter are a stack; languages need one at most.
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff"
_LETTER = f"[{_LATIN}\u1e00-\u1eff]"
_WORD = re.compile(f"(?:{_LETTER}[{_MARKS}]*)+")
_STACK = re.compile(f"{_LETTER}[{_MARKS}]{{2,}}")
_SINGLE = re.compile(f"{_LETTER}[{_MARKS}]")
_MARKED = re.compile(f"(?:{_LETTER}[{_MARKS}]){{3,}}")
# Letters on a tile or disc that NFKC leaves: \U0001f150 is a white A on black.
_TILES = {
    ord(first) + n: chr(ord("A") + n) for first in ("\U0001f150", "\U0001f170") for n in range(26)
}
_TILE = re.compile("[\U0001f150-\U0001f169\U0001f170-\U0001f189]\ufe0f?")
_TILE_RUN = re.compile("(?:[\U0001f150-\U0001f169\U0001f170-\U0001f189]\ufe0f? ?){2,}")
_TILE_INSIDE = re.compile("(?<=[A-Za-z])[\U0001f150-\U0001f169\U0001f170-\U0001f189]\ufe0f?")
_TILE_BEFORE = re.compile("[\U0001f150-\U0001f169\U0001f170-\U0001f189]\ufe0f?(?=[A-Za-z])")
# Flags are pairs of regional letters: by first letter the second ones of ISO 3166 and a few more.
_SECONDS = """
A:CDEFGILMOQRSTUWXZ B:ABDEFGHIJLMNOQRSTVWYZ C:ACDFGHIKLMNOPRUVWXYZ D:EGJKMOZ E:ACEGHRSTU F:IJKMOR
G:ABDEFGHILMNPQRSTUWY H:KMNRTU I:CDELMNOQRST J:EMOP K:EGHIMNPRWYZ L:ABCIKRSTUVY
M:ACDEFGHKLMNOPQRSTUVWXYZ N:ACEFGILOPRUZ O:M P:AEFGHKLMNRSTWY Q:A R:EOSUW
S:ABCDEGHIJKLMNORSTVXYZ T:ACDFGHJKLMNORTVWZ U:AGMNSYZ V:ACEGINU W:FS X:K Y:ET Z:AMW
"""
_FLAGS = {first[0] + second for first in _SECONDS.split() for second in first[2:]}
_REGIONAL = re.compile("[\U0001f1e6-\U0001f1ff]+")
# With the mark that ended it.
_LINK = re.compile(r"(?<![\w.:/'\"-])http(?![\w:/.'\"-])[,;\u3001\u3002\uff0c]* ?")
_PARENTHESISED = re.compile(r"(?:\([A-Za-z]\)){3,}")


def normalise(cleaned: str) -> str:
    """The clean text with its disguises undone: a second time changes nothing.

    Undone are unseen characters within words, stacks of marks, letters on tiles, homoglyphs,
    l.e.t.t.e.r.s apart, leetspeak and repeeeeated letters. Words that are none stay.

    >>> normalise("you are a l1ar and a f.r.a.u.d")
    'you are a liar and a fraud'
    """
    text = cleaned
    with budget():
        for _ in range(ROUNDS):
            before, text = text, _round(text)
            if text == before:
                break
    return text


def disguised_words(cleaned: str, normal: str) -> int:
    """How many words of the clean text no longer stand in the normal one."""
    read = legible(cleaned)
    if read == normal:
        return 0
    return (Counter(read.split()) - Counter(normal.split())).total()


def legible(cleaned: str) -> str:
    """The clean text without what is no word and no disguise either: symbols, marks of hashtags
    and "http" for links.
    """
    with budget():
        return read_contractions(read_hashtags(_without_links(without_symbols(cleaned))))


def _round(text: str) -> str:
    if not text.isascii():
        text = undo_homoglyphs(undo_turned(without_symbols(_undo_marks(text))))
    else:
        text = undo_turned(text)
    runs = undo_runs(read_hashtags(_without_links(text)))
    return undo_leet(read_contractions(undo_spacing(_PARENTHESISED.sub(_letters, runs))))


def _without_links(text: str) -> str:
    """The text without the words "http" that stand for links, unless it has no other."""
    bare = _LINK.sub("", text).strip()
    return bare if any(map(str.isalnum, bare)) else text


def _undo_marks(text: str) -> str:
    """The text without unseen characters in words, stacks of marks, and letters on tiles."""
    seen = _LINES.sub("", _UNSEEN_BEHIND.sub("", without_unseen(text, _UNSEEN)))
    bare = _WORD.sub(_without_stacks, seen)
    if bare != seen:
        # Where one letter has a stack, a single mark that did not compose is none of the language.
        bare = _SINGLE.sub(_base, bare)
    tiled = _TILE_RUN.sub(_off_tiles, bare)
    for pattern in (_TILE_INSIDE, _TILE_BEFORE, *([_TILE] if tiled != bare else [])):
        tiled = pattern.sub(_off_tiles, tiled)
    return compose(_REGIONAL.sub(_off_flags, tiled))


def _without_stacks(match: re.Match[str]) -> str:
    stacked = _STACK.search(match[0]) or _MARKED.search(match[0])
    return _base(match) if stacked else match[0]


def _base(match: re.Match[str]) -> str:
    """The letters without any mark."""
    decomposed = unicodedata.normalize("NFD", match[0])
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _off_tiles(match: re.Match[str]) -> str:
    return match[0].replace("\ufe0f", "").translate(_TILES)


def _off_flags(match: re.Match[str]) -> str:
    letters = "".join(chr(ord(c) - 0x1F1E6 + ord("A")) for c in match[0])
    pairs = {letters[n : n + 2] for n in range(0, len(letters), 2)}
    return match[0] if pairs <= _FLAGS else letters


def _letters(match: re.Match[str]) -> str:
    return re.sub("[()]", "", match[0])
