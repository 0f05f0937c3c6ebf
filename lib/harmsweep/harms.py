"""The harms that conf declares: names, descriptions, examples and the policy text they enforce."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from harmsweep.conf import ConfRefused, Frozen, load
from harmsweep.errors import leave
from harmsweep.names import did_you_mean
from harmsweep.paths import CONF

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class HarmEntry(Frozen):
    """What the file says of a harm beneath its name."""

    description: str = Field(min_length=1)
    policy: str = Field(min_length=1)
    examples: tuple[str, ...] = Field(min_length=1)
    applies_to: Literal["post", "account"] = "post"
    severe: bool = False  # no policy's holdout leaves it out
    # A retired harm keeps its column in scores, as null, and gets no head and no rule.
    retired: bool = False


class HarmsFile(Frozen):
    """The keys of the file."""

    harms: Mapping[Name, HarmEntry] = Field(min_length=1)


class Harm(HarmEntry):
    """One kind of harm; a head predicts it when labels for it were trained on."""

    name: Name


def load_harms(path: Path) -> dict[str, Harm]:
    """The harms of a YAML file by name, in its order.

    Raises:
        ConfRefused: its line, its key and what would be allowed.
    """
    entries = load(path, HarmsFile).harms
    return {name: Harm(name=name, **dict(entry)) for name, entry in entries.items()}


def _declared() -> dict[str, Harm]:
    """The harms in conf; without them no process goes on, whatever imports this."""
    try:
        return load_harms(CONF / "harms.yaml")
    except ConfRefused as error:
        leave(error, Path(sys.argv[0]).name)


ALL_HARMS = _declared()
# Harms of posts, in conf's order: the columns of scores and the heads that training may make.
HARMS = tuple(h.name for h in ALL_HARMS.values() if h.applies_to == "post")
SEVERE = frozenset(h.name for h in ALL_HARMS.values() if h.severe)
ACCOUNT_HARMS = tuple(h.name for h in ALL_HARMS.values() if h.applies_to == "account")


def why_no_harm(name: str, harms: Mapping[str, Harm] = ALL_HARMS) -> str | None:
    """Why a name is no harm that posts are judged by; None where it is one."""
    usable = [h.name for h in harms.values() if h.applies_to == "post" and not h.retired]
    if name in usable:
        return None
    known = harms.get(name)
    why = "is no harm" if not known else "is retired" if known.retired else "is a harm of accounts"
    return f"{name!r} {why}; known are {', '.join(usable)}{did_you_mean(name, usable)}"
