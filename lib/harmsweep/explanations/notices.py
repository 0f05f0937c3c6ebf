"""Notices to authors, in conf's plain words: of what was done, where, until when and why."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.explanations.conf import Notices, load_notices
from harmsweep.explanations.pending import Due
from harmsweep.explanations.subject import Subject
from harmsweep.harms import ALL_HARMS

Evidence = Mapping[str, Any]
# The columns of a grid of four, and its rows, as people say them; a finer grid is said in the same.
_ACROSS = ("left", "middle", "middle", "right")
_DOWN = ("upper", "middle", "middle", "lower")


def notice(due: Due, evidence: Sequence[Evidence], *, status: str) -> str:
    """What the author is told; it holds neither a score nor a word of the post.

    The evidence's places are written as {0}, {1}, in its order: `filled` puts the words there.
    """
    conf, entry = load_notices(), due.entry
    cause = conf.causes[due.cause]
    said = [conf.action(entry).said, _where(conf, entry), _until(conf, entry)]
    shown = _evidence(conf, evidence, status) if conf.harm(entry.harm).quotes else []
    appeal = cause.appeal or conf.platform.appeal
    return " ".join([*said, *_why(conf, due), *shown, cause.said, appeal])


def _evidence(conf: Notices, evidence: Sequence[Evidence], status: str) -> list[str]:
    shown = [
        getattr(conf.evidence, part["input"]).replace(_PLACES[part["input"]], f"{{{number}}}")
        for number, part in enumerate(evidence)
    ]
    if not shown and status != "unscored":
        # That no part decided it is said only where every part was looked at.
        shown = [conf.evidence.general if status == "general" else conf.evidence.unknown]
    return shown


def _why(conf: Notices, due: Due) -> list[str]:
    """The rule that was broken; an order names the law's, and none of the platform's own."""
    if due.cause == "order":
        return []
    named = ALL_HARMS.get(due.entry.harm or "")
    rule = f": {named.policy}" if named else "."
    return [conf.harm(due.entry.harm).said, f"This is against {conf.platform.terms}{rule}"]


def _where(conf: Notices, entry: Entry) -> str:
    surface, country = entry.surface, entry.jurisdiction
    kind = {
        (False, False): conf.where.everywhere,
        (True, False): conf.where.surface,
        (False, True): conf.where.country,
        (True, True): conf.where.both,
    }[surface != "all", country != "all"]
    return kind.format(surface=surface, country=conf.countries.get(country, country))


def _until(conf: Notices, entry: Entry) -> str:
    if entry.expires_at is None:
        return conf.until.open
    return conf.until.end.format(date=f"{entry.expires_at.day} {entry.expires_at:%B %Y}")


_PLACES = {"text": "{words}", "media_text": "{lines}", "image": "{parts}", "video": "{parts}"}


def filled(text: str, evidence: Sequence[Evidence], subject: Subject | None, *, mask: bool) -> str:
    """The notice with the author's own words, or as many stars, in its places."""

    def words_of(place: re.Match[str]) -> str:
        part = evidence[int(place[1])]
        words = [_masked(word) if mask else word for word in quoted(part, subject)]
        return ", ".join(f"“{word}”" for word in words) or _described(part)

    # In one pass: an author's words may look like a place themselves.
    return re.sub(r"\{(\d+)\}", words_of, text)


def quoted(part: Evidence, subject: Subject | None) -> list[str]:
    """The author's words that a part of the evidence is; none of a picture or video."""
    if subject and part["input"] == "text":
        return [subject.clean_text[start:end].strip() for start, end in part["spans"]]
    if subject and part["input"] == "media_text":
        return [subject.lines[place][line].strip() for place, line in part["lines"]]
    return []


def _masked(word: str) -> str:
    """A star for each thing that a reader sees, but spaces and punctuation.

    What only alters the letter or picture before it (vowel signs, accents, joiners) goes with it.
    """
    masked, before = "", ""
    for letter in word:
        kind = unicodedata.category(letter)
        alters = kind[0] == "M" or kind == "Cf" or before == _JOINER
        if not masked or not alters:
            masked += letter if letter.isspace() or kind[0] == "P" else "*"
        before = letter
    return masked


_JOINER = "\u200d"


def _described(part: Evidence) -> str:
    if part["input"] == "video":
        first, last, of = min(part["frames"]), max(part["frames"]) + 1, part["of"]
        return f"from {first * 100 // of} % to {-(-last * 100 // of)} % of its length"
    grid = part["grid"]
    places = {(row * 4 // grid, column * 4 // grid) for row, column in part["cells"]}
    return ", ".join(dict.fromkeys(f"{_DOWN[r]} {_ACROSS[c]}" for r, c in sorted(places)))
