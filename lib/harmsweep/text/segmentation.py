"""Words run together (#LikeThis, like_this_one, likethisone) as words again."""

import re

from harmsweep.text.budget import affordable
from harmsweep.text.lexicon import (
    CLITICS,
    LONGEST,
    UNKNOWN,
    is_contraction,
    is_form,
    is_known,
    rank,
    segment,
)

_HASHTAG = re.compile(r"(?<![\w&#/])#(?=\w*[^\W\d_])(\w+)(?![\w#])")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Not within addresses, paths, code or other words.
_APART = r"(?<![\w@./:$#(\\-])"
_BEHIND = r"(?![\w@/:(=\[\\-]|\.\w)"
_GLUED = re.compile(rf"{_APART}[A-Za-z]++(?:([_.-])[A-Za-z]++)(?:\1[A-Za-z]++)++{_BEHIND}")
_RUN = re.compile(rf"{_APART}[A-Za-z]{{8,}}+{_BEHIND}")
# Words that hold a sentence together: names, products and identifiers rarely have one.
_BINDING = frozenset(
    [
        "a",
        "all",
        "an",
        "and",
        "are",
        "be",
        "belong",
        "by",
        "can",
        "for",
        "go",
        "has",
        "have",
        "he",
        "her",
        "his",
        "i",
        "in",
        "is",
        "it",
        "must",
        "my",
        "no",
        "not",
        "of",
        "off",
        "on",
        "or",
        "our",
        "out",
        "over",
        "should",
        "so",
        "than",
        "that",
        "the",
        "them",
        "these",
        "they",
        "this",
        "those",
        "to",
        "too",
        "us",
        "was",
        "we",
        "were",
        "who",
        "will",
        "with",
        "you",
        "your",
    ]
)
# Fewest parts of a sentence by what glues it: state-of-the-art has four.
_FEWEST = {"_": 4, ".": 4, "-": 5}
# What a hashtag or a link makes of don't.
_PARTED = re.compile(
    rf"(?<![\w'])([A-Za-z]+)(?: ?' ?| )({'|'.join(CLITICS)})(?![\w'])", re.IGNORECASE
)


def read_hashtags(text: str) -> str:
    """The text with hashtags as their words.

    >>> read_hashtags("#WordsRunTogether on #YouTube, #nyc2024")
    'Words Run Together on YouTube, #nyc2024'
    """
    return _HASHTAG.sub(_tag, text) if "#" in text else text


def undo_runs(text: str) -> str:
    """The text with sentences without spaces as their words.

    >>> undo_runs("words_that_are_glued and snake_case of YouTube")
    'words that are glued and snake_case of YouTube'
    """
    alone = " " not in text.strip()
    glued = _GLUED.sub(lambda match: _glued(match, alone=alone), text)
    return _RUN.sub(lambda match: _run(match[0]), glued)


def read_contractions(text: str) -> str:
    """The text with an apostrophe where a contraction lost it.

    >>> read_contractions("They re here, and don t mind")
    "They're here, and don't mind"
    """
    return _PARTED.sub(_contraction, text)


def split_run(letters: str) -> list[str]:
    """A word of letters and digits as the words that it is made of; itself where it is one.

    Capitals part words; without them the lexicon does.
    """
    if is_form(letters.lower()) or rank(letters.lower()) < UNKNOWN or not letters.isascii():
        return [letters]
    parts = _PARTS.findall(letters)
    if len(parts) > 1 and _known(parts):
        return [w for part in parts for w in (split_run(part) if len(part) > 11 else [part])]
    if not letters.isalpha() or len(letters) < 7:
        return [letters]
    return affordable(LONGEST * len(letters), _segmented, letters) or [letters]


def _segmented(letters: str) -> list[str]:
    words, start = list[str](), 0
    for word in segment(letters.lower()):
        words.append(letters[start : start + len(word)])
        start += len(word)
    sure = len(words) > 1 and _known(words) and len(letters) >= 2.6 * len(words)
    return words if sure else [letters]


def _known(words: list[str]) -> bool:
    """Whether three quarters of the letters are in words."""
    letters = sum(map(len, words))
    return 4 * sum(len(w) for w in words if is_known(w.lower())) >= 3 * letters


def _tag(match: re.Match[str]) -> str:
    body = match[1]
    if "_" in body or body.isalpha():
        return " ".join(word for part in body.split("_") if part for word in split_run(part))
    words = split_run(body)
    return " ".join(words) if len(words) > 2 else match[0]


def _contraction(match: re.Match[str]) -> str:
    word = f"{match[1]}'{match[2]}"
    return word if is_contraction(word.lower()) else match[0]


def _glued(match: re.Match[str], *, alone: bool) -> str:
    parts = match[0].split(match[1])
    binding = _BINDING.intersection(part.lower() for part in parts)
    enough = len(parts) >= (3 if alone else _FEWEST[match[1]])
    return " ".join(parts) if enough and binding and _known(parts) else match[0]


def _run(word: str) -> str:
    capitals = sum(map(str.isupper, word[1:]))
    one_case = not capitals or word.isupper()
    if one_case and len(word) < 12:
        return word
    words = split_run(word)
    # An unlisted part that is short, or a single letter that binds, is rather part of a long word.
    binding = [part for part in words if len(part) > 1 and part.lower() in _BINDING]
    sure = all(len(part) > 3 or is_known(part.lower()) for part in words)
    return " ".join(words) if len(words) > 2 and binding and sure else word
