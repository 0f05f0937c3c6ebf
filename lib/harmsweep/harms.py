"""The harms that conf declares: names, descriptions, examples and the policy text they enforce."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from harmsweep.paths import CONF


class Harm(BaseModel):
    """One kind of harm; a head predicts it when labels for it were trained on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    description: str = Field(min_length=1)
    policy: str = Field(min_length=1)
    examples: tuple[str, ...] = Field(min_length=1)
    applies_to: Literal["post", "account"] = "post"
    severe: bool = False  # no policy's holdout leaves it out
    # A retired harm keeps its column in scores, as null, and gets no head and no rule.
    retired: bool = False


def load_harms(path: Path) -> dict[str, Harm]:
    """The harms of a YAML file by name, in its order.

    Raises:
        pydantic.ValidationError: an entry lacks a field, or has one that is not known.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["harms"]
    return {name: Harm(name=name, **entry) for name, entry in entries.items()}


ALL_HARMS = load_harms(CONF / "harms.yaml")
# Harms of posts, in conf's order: the columns of scores and the heads that training may make.
HARMS = tuple(h.name for h in ALL_HARMS.values() if h.applies_to == "post")
SEVERE = frozenset(h.name for h in ALL_HARMS.values() if h.severe)
ACCOUNT_HARMS = tuple(h.name for h in ALL_HARMS.values() if h.applies_to == "account")
