"""The typed form of conf/notices.yaml: the words of notices and statements, checked whole."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harmsweep.conf import FieldFault, Frozen, load
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.explanations.statement import Account, Automated, Category, Keyword, Visibility
from harmsweep.harms import HARMS
from harmsweep.paths import CONF
from harmsweep.policy.actions import STRIKES, VISIBLE
from harmsweep.policy.places import Country

# What puts an action in force that others can see; `let_go` is a decision or a copy that waited for
# people.
CAUSES = ("decision", "let_go", "copy", "verdict", "order", "strikes")


class Platform(Frozen):
    """Sentences that stand in every notice but those that say otherwise."""

    terms: str = Field(min_length=1, max_length=400)
    appeal: str = Field(min_length=1)


class Action(Frozen):
    """What an action is called to its author and in the statement."""

    said: str = Field(min_length=1)
    visibility: Visibility | None = None
    other: str | None = None
    account: Account | None = None


class Where(Frozen):
    """Where an action holds, by whether it is kept to a surface, to a country or to both."""

    everywhere: str = Field(min_length=1)
    surface: str = Field(pattern=r"\{surface\}")
    country: str = Field(pattern=r"\{country\}")
    both: str = Field(pattern=r"\{surface\}.*\{country\}")


class Until(Frozen):
    """How long an action lasts."""

    end: str = Field(pattern=r"\{date\}")
    open: str = Field(min_length=1)


class Cause(Frozen):
    """How a decision came about, to its author and in the statement."""

    said: str = Field(min_length=1)
    automated: Automated
    detected: Literal["Yes", "No"]
    appeal: str | None = None  # in place of the platform's


class Wording(Frozen):
    """What a harm is called to its author and in the statement."""

    said: str = Field(min_length=1, max_length=1000)
    category: Category
    keywords: tuple[Keyword, ...] = ()
    # Whether the notice says which parts of the post decided it.
    quotes: Annotated[bool, Field(strict=True)] = True


class Shown(Frozen):
    """How evidence is introduced, by the input that it is of, or why there is none."""

    text: str = Field(pattern=r"\{words\}")
    media_text: str = Field(pattern=r"\{lines\}")
    image: str = Field(pattern=r"\{parts\}")
    video: str = Field(pattern=r"\{parts\}")
    general: str = Field(min_length=1)
    unknown: str = Field(min_length=1)


class Notices(Frozen):
    """All wordings: of every action that others can see and cause of one, and of harms of posts.

    A harm without a wording of its own has that of `other_harm`.
    """

    platform: Platform
    actions: Mapping[str, Action]
    account: Action
    where: Where
    until: Until
    countries: Mapping[Country, str]
    causes: Mapping[str, Cause]
    evidence: Shown
    harms: Mapping[str, Wording]
    other_harm: Wording

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for what, have, known, needed in (
            ("harms", self.harms, HARMS, ()),
            ("actions", self.actions, VISIBLE, VISIBLE),
            ("causes", self.causes, CAUSES, CAUSES),
        ):
            lacking, unknown = sorted(set(needed) - have.keys()), sorted(have.keys() - set(known))
            if lacking or unknown:
                raise FieldFault((what,), f"lack {lacking}, and have unknown {unknown}")
        return self

    def action(self, entry: Entry) -> Action:
        """What an effect did. What an order takes down is no strike, so it says nothing of one."""
        if entry.subject_kind == "account":
            return self.account
        ordered = entry.cause_kind == "order" and entry.action in STRIKES
        return self.actions["remove" if ordered else entry.action]

    def harm(self, name: str | None) -> Wording:
        """The wording of a harm: its own, or that of all others."""
        return self.harms.get(name or "", self.other_harm)


@cache
def load_notices(path: Path = CONF / "notices.yaml") -> Notices:
    """The wordings of a YAML file.

    Raises:
        ConfRefused: its line, its key and what would be allowed.
    """
    return load(path, Notices)
