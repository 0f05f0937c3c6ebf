"""Texts repaired on the way in, and cleaned for the models."""

import html
import re

import ftfy

from harmsweep.text.budget import affordable, budget
from harmsweep.text.composing import compose
from harmsweep.text.leet import count_readings, readings_of
from harmsweep.text.lexicon import form_rank, rank
from harmsweep.text.links import URL, read_links
from harmsweep.text.markup import without_markup
from harmsweep.text.symbols import without_blanks, without_unseen

# The longest post that a platform allows is shorter; 10 MB of text would hold a worker for minutes.
MAX_CHARS = 100_000

_SURROGATES = re.compile("[\ud800-\udfff]")
# Invisible characters that part a word's letters or turn its direction. Joiners stay: emoji and
# several scripts need them.
_UNSEEN = "\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_INVISIBLE = re.compile(f"[{_UNSEEN}]")
# Signs such as (TM) that would become letters of the word before them.
_RAISED = re.compile("[\u2120\u2122\U0001f16a-\U0001f16c]")
_MENTION = re.compile(r"(?<![\w@./$])@\w{1,50}+(?![@$!]\w++(?!\.\w))")
# A word with a sign for a letter: beside one, @ may be a letter too (@lone), and in @ss always is.
_LEETSPEAK = re.compile(r"(?<![\w@./])[A-Za-z]+[@$013457][A-Za-z]+(?![\w@./])")
_NO_NAME = re.compile(r"@(?:ss(?:es|holes?|hats?|wipes?)?|nd|re|ll|ny|m|n|s|t)", re.IGNORECASE)
# Text that a right-to-left override shows backwards.
_REVERSED = re.compile("\u202e([^\u202c-\u202e\n]*)\u202c?")
_HASHTAG = re.compile(r"(?<![\w&])#\w+")
_EMOJI = re.compile("[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u2600-\u27bf]")
_SPACE = re.compile(r"\s+")
# The gap between words whose letters are set apart: without it nobody can tell the words.
_GAP = re.compile(r"(?:(?<=\s\S\s\S)|(?<=\s\S)(?=\s+\S\s\S\s))\s{2,}(?=\S(?:\s|$))")

FIX = ftfy.TextFixerConfig(unescape_html=False, normalization=None, explain=False)


def repair(text: str, limit: int = MAX_CHARS) -> tuple[str, list[str]]:
    r"""The text without NUL and lone surrogates, cut at `limit` characters, and what was changed.

    >>> repair("a\x00b")
    ('ab', ['nul'])
    """
    flags = []
    if len(text) > limit:
        text = text[:limit]
        flags.append("capped")
    if "\x00" in text:
        text = text.replace("\x00", "")
        flags.append("nul")
    if _SURROGATES.search(text):
        text = _SURROGATES.sub("\ufffd", text)
        flags.append("invalid_utf8")
    return text, flags


def clean(text: str | None) -> str:
    """The text as a model reads it.

    Text shown backwards is turned, mojibake repaired and HTML entities decoded (ftfy), characters
    normalised (NFKC), invisible ones and markup removed; a link becomes "http" and its words, a
    mention "@user", any white space or blank one space, but for two between words whose letters
    are set apart.

    >>> clean("Look&amp;see  https://a.example/b **@someone**")
    'Look&see http @user'
    """
    if not text:
        return ""
    with budget():
        return _clean(text)


def _clean(text: str) -> str:
    shown = _REVERSED.sub(lambda match: match[1][::-1], html.unescape(text))
    # Before NFKC, which makes full stops and fillers of other scripts those of links and syllables.
    apart = without_blanks(_RAISED.sub(" ", read_links(shown)))
    fixed = without_unseen(compose(ftfy.fix_text(apart, FIX)), _UNSEEN)
    # NFKC once more: what stood behind a removed character may compose now.
    visible = compose(_INVISIBLE.sub("", fixed))
    named = _without_names(without_markup(visible))
    parts = _GAP.split(f" {named.strip()}")
    return repair("  ".join(_SPACE.sub(" ", part).strip() for part in parts))[0]


def _without_names(text: str) -> str:
    """The text with "@user" for each mention, but for a word that begins with @ for an a."""
    disguised = _LEETSPEAK.search(text) is not None

    def named(match: re.Match[str]) -> str:
        name = match[0][1:].lower()
        likely = disguised or len(name) > 5 or not name.isalpha()
        if _NO_NAME.fullmatch(match[0]):
            return match[0]
        word = match[0].lower()
        is_name = not likely or affordable(count_readings(word), _is_name, word)
        return "@user" if is_name else match[0]

    return _MENTION.sub(named, text)


def _is_name(mention: str) -> bool:
    """Whether no reading of a mention in leetspeak is a commoner word than its name."""
    return min(map(form_rank, readings_of(mention))) >= rank(mention[1:])


def text_numbers(text: str | None, cleaned: str) -> dict[str, float | None]:
    """Counts of the original text and of its clean form; the shares of an empty text are unknown.

    >>> text_numbers("SALE now!", "SALE now!")["upper_share"]
    0.5714285714285714
    """
    original = html.unescape(text or "")
    letters = [character for character in cleaned if character.isalpha()]
    digits = sum(map(str.isdigit, cleaned))
    return {
        "n_chars": float(len(cleaned)),
        "n_words": float(len(cleaned.split())),
        "n_urls": float(sum(1 for _ in URL.finditer(original))),
        "n_mentions": float(len(_MENTION.findall(original))),
        "n_hashtags": float(len(_HASHTAG.findall(original))),
        "n_emoji": float(len(_EMOJI.findall(original))),
        "n_exclamations": float(original.count("!")),
        "upper_share": sum(map(str.isupper, letters)) / len(letters) if letters else None,
        "digit_share": digits / len(cleaned) if cleaned else None,
    }
