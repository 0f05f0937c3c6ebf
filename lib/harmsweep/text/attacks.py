"""Ways to disguise a text, each after what is seen on platforms: what `normalise` is tried on.

A transform takes a text and a seeded generator and gives a copy that a person still reads.
"""

# ruff: noqa: RUF001 (letters that look alike are what is meant)

import re
import unicodedata
from collections.abc import Callable
from functools import cache, partial
from random import Random

from confusable_homoglyphs import confusables

LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7"}
UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\ufe0f"
_UPSIDE_DOWN = str.maketrans("abcdefghijklmnpqrtuvwy", "ɐqɔpǝɟƃɥᴉɾʞlɯudbɹʇnʌʍʎ")
MARKS = "".join(map(chr, range(0x300, 0x340)))


def homoglyphs(text: str, rng: Random) -> str:
    """Half of the letters as ones that Unicode lists as looking alike."""
    return "".join(rng.choice(_alike(c)) if _alike(c) and rng.random() < 0.5 else c for c in text)


@cache
def _alike(character: str) -> list[str]:
    if not (character.isascii() and character.isalpha()):
        return []
    found = confusables.is_confusable(character, greedy=True, preferred_aliases=[]) or []
    others = [h["c"] for entry in found for h in entry["homoglyphs"]]
    return [c for c in others if len(c) == 1 and c.isalpha() and not c.isascii() and _stays(c)]


def _stays(character: str) -> bool:
    return unicodedata.normalize("NFKC", character) == character


def zero_width(text: str, rng: Random) -> str:
    """Unseen characters between half of the letters."""
    return "".join(
        c + rng.choice(UNSEEN) if c.isalpha() and rng.random() < 0.5 else c for c in text
    )


def bidi(text: str, rng: Random) -> str:
    """Every second word backwards under a right-to-left override; marks of direction between."""
    return " \u200e".join(
        f"\u202e{word[::-1]}\u202c" if rng.random() < 0.5 else word for word in text.split(" ")
    )


def leet(text: str, rng: Random) -> str:
    """Half of the letters that have one as a digit or sign."""
    return "".join(rng.choice(LEET[c]) if c in LEET and rng.random() < 0.5 else c for c in text)


def leet_each(text: str, rng: Random) -> str:
    """One letter of each word as a digit, as HateCheck's own disguised cases have it."""
    return " ".join(_one_leet(word, rng) for word in text.split(" "))


def _one_leet(word: str, rng: Random) -> str:
    places = [n for n, c in enumerate(word) if c in LEET]
    if not places or len(word) < 4:
        return word
    place = rng.choice(places)
    return word[:place] + LEET[word[place]][0] + word[place + 1 :]


def spaced(text: str, rng: Random) -> str:
    """Every letter apart, words further apart."""
    return "   ".join(" ".join(word) for word in text.split(" "))


def dotted(text: str, rng: Random) -> str:
    """The letters of every word apart by a point, hyphen, underscore or star."""
    return " ".join(
        rng.choice(".-_*").join(word) if word.isalpha() else word for word in text.split(" ")
    )


def repeated(text: str, rng: Random) -> str:
    """A letter of each longer word three to six times."""
    return " ".join(_repeat(word, rng) for word in text.split(" "))


def _repeat(word: str, rng: Random) -> str:
    places = [n for n, c in enumerate(word) if c.isalpha()]
    if len(places) < 4:
        return word
    place = rng.choice(places)
    return word[:place] + word[place] * rng.randint(3, 6) + word[place + 1 :]


def shifted(text: str, rng: Random, *, upper: int, lower: int) -> str:
    """ASCII letters moved to another block, such as fullwidth ones."""
    starts = {True: (upper, ord("A")), False: (lower, ord("a"))}
    moved = (
        chr(starts[c.isupper()][0] + ord(c) - starts[c.isupper()][1])
        if c.isascii() and c.isalpha()
        else c
        for c in text
    )
    return "".join(moved)


def zalgo(text: str, rng: Random) -> str:
    """Two to six marks on every letter."""
    return "".join(
        c + "".join(rng.choices(MARKS, k=rng.randint(2, 6))) if c.isalpha() else c for c in text
    )


fullwidth = partial(shifted, upper=0xFF21, lower=0xFF41)
bold_script = partial(shifted, upper=0x1D4D0, lower=0x1D4EA)
tiles = partial(shifted, upper=0x1F170, lower=0x1F170)


def mixed(text: str, rng: Random) -> str:
    """Each word by another transform."""
    kinds = [t for name, t in TRANSFORMS.items() if name not in ("mixed", "spaced")]
    return " ".join(rng.choice(kinds)(word, rng) for word in text.split(" "))


TRANSFORMS: dict[str, Callable[[str, Random], str]] = {
    "homoglyphs": homoglyphs,
    "zero_width": zero_width,
    "bidi": bidi,
    "leet": leet,
    "leet_each": leet_each,
    "spaced": spaced,
    "dotted": dotted,
    "repeated": repeated,
    "fullwidth": fullwidth,
    "bold_script": bold_script,
    "tiles": tiles,
    "zalgo": zalgo,
    "mixed": mixed,
}


def symbols(text: str, rng: Random) -> str:
    """An emoji, a heart or an arrow right behind each word."""
    return " ".join(word + rng.choice("😂❤→★") for word in text.split(" "))


def symbols_between(text: str, rng: Random) -> str:
    """A symbol between the letters of every word."""
    return " ".join(rng.choice("😂★→").join(word) for word in text.split(" "))


def blanks(text: str, rng: Random) -> str:
    """Blanks that are no white space for spaces."""
    return text.replace(" ", rng.choice("\u3164\uffa0\u2800"))


def markup(text: str, rng: Random) -> str:
    """Bold, struck or hidden halves of words."""
    marks = [rng.choice(["**", "~~", "||"]) for _ in text.split(" ")]
    words = zip(text.split(" "), marks, strict=True)
    return " ".join(f"{w[: len(w) // 2]}{m}{w[len(w) // 2 :]}{m}" for w, m in words)


def hashtag(text: str, rng: Random) -> str:
    """The sentence as one hashtag."""
    return "#" + "".join(w[:1].upper() + w[1:] for w in re.findall(r"\w+", text))


def upside_down(text: str, rng: Random) -> str:
    """The sentence turned by half a circle."""
    return text.lower().translate(_UPSIDE_DOWN)[::-1]


def reversed_text(text: str, rng: Random) -> str:
    """The sentence from behind."""
    return text[::-1]


def glued_link(text: str, rng: Random) -> str:
    """The sentence right behind a link."""
    return f"https://blog.example/a{rng.choice('。、，')}{text}"


def slug(text: str, rng: Random) -> str:
    """The sentence as a link's slug."""
    return "https://blog.example/" + "-".join(re.findall(r"\w+", text.lower()))


# Ways of writing that are no disguise of single words; a sentence is written so as a whole.
WRITINGS: dict[str, Callable[[str, Random], str]] = {
    "symbols": symbols,
    "symbols_between": symbols_between,
    "blanks": blanks,
    "markup": markup,
    "hashtag": hashtag,
    "upside_down": upside_down,
    "reversed": reversed_text,
    "glued_link": glued_link,
    "slug": slug,
}
