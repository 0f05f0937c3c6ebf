"""Notices to authors, in conf's plain words, and the statement of reasons beside each."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from harmsweep.explain.statement import Account, Category, Keyword, Statement, Visibility, scope
from harmsweep.explain.subject import Subject
from harmsweep.harms import ALL_HARMS, HARMS
from harmsweep.ledger import VISIBLE, Entry, is_automatic
from harmsweep.paths import CONF

Evidence = Mapping[str, Any]
# The columns of a grid of four, and its rows, as people say them; a finer grid is said in the same.
_ACROSS = ("left", "middle", "middle", "right")
_DOWN = ("upper", "middle", "middle", "lower")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Platform(_Frozen):
    """Sentences that stand in every notice."""

    terms: str = Field(min_length=1, max_length=400)
    appeal: str = Field(min_length=1)
    automation: str = Field(min_length=1)


class Action(_Frozen):
    """What an action is called to its author and in the statement."""

    said: str = Field(min_length=1)
    visibility: Visibility
    other: str | None = None
    account: Account | None = None


class Wording(_Frozen):
    """What a harm is called to its author and in the statement."""

    said: str = Field(min_length=1, max_length=1000)
    category: Category
    keywords: tuple[Keyword, ...] = ()


class Shown(_Frozen):
    """How evidence is introduced, by the input that it is of, or why there is none."""

    text: str = Field(pattern=r"\{words\}")
    media_text: str = Field(pattern=r"\{lines\}")
    image: str = Field(pattern=r"\{parts\}")
    video: str = Field(pattern=r"\{parts\}")
    general: str = Field(min_length=1)
    unknown: str = Field(min_length=1)


class Notices(_Frozen):
    """All wordings, one for every harm of posts and every action that others can see."""

    platform: Platform
    actions: Mapping[str, Action]
    evidence: Shown
    harms: Mapping[str, Wording]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for what, have, want in (
            ("harms", self.harms, HARMS),
            ("actions", self.actions, VISIBLE),
        ):
            if have.keys() != set(want):
                lacking, unknown = sorted(set(want) - have.keys()), sorted(have.keys() - set(want))
                raise ValueError(f"{what} lack {lacking}, and have unknown {unknown}")
        return self


@cache
def load_notices(path: Path = CONF / "notices.yaml") -> Notices:
    """The wordings of a YAML file.

    Raises:
        pydantic.ValidationError: a harm or an action has no wording, or a field is not known.
    """
    return Notices.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def notice(entry: Entry, evidence: Sequence[Evidence], *, reproduced: bool) -> str:
    """What the author is told; it holds neither a score nor a word of the post.

    The evidence's places are written as {0}, {1}, in its order: `filled` puts the words there.
    """
    conf = load_notices()
    said = [conf.actions[entry.action].said, conf.harms[entry.harm or ""].said]
    rule = f"This is against {conf.platform.terms}: {ALL_HARMS[entry.harm or ''].policy}"
    shown = [
        getattr(conf.evidence, part["input"]).replace(_PLACES[part["input"]], f"{{{number}}}")
        for number, part in enumerate(evidence)
    ]
    if not shown:
        shown = [conf.evidence.general if reproduced else conf.evidence.unknown]
    automation = [conf.platform.automation] if is_automatic(entry.cause_kind) else []
    return " ".join([*said, rule, *shown, *automation, conf.platform.appeal])


_PLACES = {"text": "{words}", "media_text": "{lines}", "image": "{parts}", "video": "{parts}"}


def filled(text: str, evidence: Sequence[Evidence], subject: Subject, *, mask: bool) -> str:
    """The notice with the author's own words, or as many stars, in its places."""

    def told(place: re.Match[str]) -> str:
        part = evidence[int(place[1])]
        words = [_masked(word) if mask else word for word in _quoted(part, subject)]
        return ", ".join(f"“{word}”" for word in words) or _described(part)

    # In one pass: an author's words may look like a place themselves.
    return re.sub(r"\{(\d+)\}", told, text)


def _quoted(part: Evidence, subject: Subject) -> list[str]:
    if part["input"] == "text":
        return [subject.clean_text[start:end].strip() for start, end in part["spans"]]
    if part["input"] == "media_text":
        return [subject.lines[place][line].strip() for place, line in part["lines"]]
    return []


def _masked(word: str) -> str:
    return "".join("*" if letter.isalnum() else letter for letter in word)


def _described(part: Evidence) -> str:
    if part["input"] == "video":
        first, last, of = min(part["frames"]), max(part["frames"]) + 1, part["of"]
        return f"from {first * 100 // of} % to {-(-last * 100 // of)} % of its length"
    grid = part["grid"]
    places = {(row * 4 // grid, column * 4 // grid) for row, column in part["cells"]}
    return ", ".join(dict.fromkeys(f"{_DOWN[r]} {_ACROSS[c]}" for r, c in sorted(places)))


def statement(entry: Entry, subject: Subject) -> Statement | None:
    """The statement of reasons of an effect; None where it holds in no country of the EEA.

    Raises:
        pydantic.ValidationError: the database would refuse it.
    """
    territory = scope(entry.jurisdiction)
    if not territory:
        return None
    conf, harm = load_notices(), entry.harm or ""
    action, wording = conf.actions[entry.action], conf.harms[harm]
    automatic = is_automatic(entry.cause_kind)
    language = None if subject.language == "und" else subject.language.upper()
    facts: dict[str, Any] = {
        "decision_visibility": [action.visibility],
        "decision_visibility_other": action.other,
        "decision_account": action.account,
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "incompatible_content_ground": conf.platform.terms,
        "incompatible_content_explanation": ALL_HARMS[harm].policy,
        "content_type": [f"CONTENT_TYPE_{kind.upper()}" for kind in sorted(subject.kinds)],
        "category": wording.category,
        "category_specification": wording.keywords,
        "territorial_scope": territory,
        "content_language": language,
        "content_date": entry.day,
        "application_date": entry.recorded_at.date(),
        "end_date_visibility_restriction": entry.expires_at.date() if entry.expires_at else None,
        "decision_facts": wording.said,
        "source_type": "SOURCE_VOLUNTARY",
        "automated_detection": "Yes",
        "automated_decision": f"AUTOMATED_DECISION_{'FULLY' if automatic else 'PARTIALLY'}",
        "puid": entry.effect_key,
    }
    return Statement.model_validate(facts)
