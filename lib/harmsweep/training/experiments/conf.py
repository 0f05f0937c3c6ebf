"""The typed form of conf/search.yaml: what a search for options of the fit tries, and how."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from harmsweep.conf import FieldFault, Frozen, load
from harmsweep.model.conf import Fit
from harmsweep.paths import CONF

# An option of a search that is none of the fit: the modality that no head sees, or NOTHING.
LEFT_OUT, NOTHING = "left_out", "none"


class Choice(Frozen):
    """The values of one option: a range of numbers, or some values."""

    low: float | None = None
    high: float | None = None
    log: bool = False
    values: tuple[float | str, ...] = ()

    @model_validator(mode="after")
    def _is_range_or_values(self) -> "Choice":
        if bool(self.values) == (self.low is not None and self.high is not None):
            raise ValueError("needs low and high, or values")
        return self


class SearchConfig(Frozen):
    """The keys of the file."""

    sampler: Literal["tpe", "grid"]
    seed: int
    startup_trials: int = Field(ge=1)
    warmup_epochs: int = Field(ge=0)
    space: Mapping[str, Choice] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_the_fit(self) -> "SearchConfig":
        unknown = sorted(self.space.keys() - Fit.model_fields.keys() - {LEFT_OUT})
        if unknown:
            raise FieldFault(("space", unknown[0]), f"fit has no {unknown}")
        ranges = sorted(name for name, choice in self.space.items() if not choice.values)
        if self.sampler == "grid" and ranges:
            where = ("space", ranges[0])
            raise FieldFault(where, f"a grid needs values, and {ranges} are ranges")
        return self


def load_search(path: Path = CONF / "search.yaml") -> SearchConfig:
    """The configuration of a search.

    Raises:
        ConfRefused: its line, its key and what would be allowed.
    """
    return load(path, SearchConfig)
