"""What a day costs: core-hours, GPU-hours, executors and money, from the rates of conf/rates.json.

A rate says by which command it was measured, or that it is an assumption. Prints the tables of
docs/scale.md; --rates takes another file of the same form.
"""

import argparse
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from harmsweep.conf import FieldFault, Frozen, load

ROOT = Path(__file__).resolve().parents[2]
VOLUMES = {10_000_000: "10 million", 1_000_000_000: "1 billion"}
HOUR = 3600


class Rate(Frozen):
    """How quick a step of the line is, and by which command that was measured."""

    name: str
    unit: str
    per_core_second: float = Field(gt=0)
    source: str
    # None: the step has no GPU path.
    per_gpu_second: float | None = Field(default=None, gt=0)
    gpu_source: str | None = None


class Rates(Frozen):
    """The keys of conf/rates.json."""

    # How many units of each kind an average post has.
    per_post: Mapping[str, float]
    steps: tuple[Rate, ...] = Field(min_length=1)
    used_share_of_time: float = Field(gt=0, le=1)
    core_share_beside_gpu: float = Field(ge=0, le=1)
    hours_to_finish: float = Field(gt=0)
    usd_per_core_hour: float = Field(ge=0)
    usd_per_gpu_hour: float = Field(ge=0)

    @model_validator(mode="after")
    def _units_are_counted(self) -> Self:
        for place, step in enumerate(self.steps):
            if step.unit not in self.per_post:
                raise FieldFault(("steps", place, "unit"), f"{step.unit!r} is not in per_post")
        return self


class Step(NamedTuple):
    """A step of the line: `share` is how many of its units an average post has."""

    name: str
    unit: str
    share: float
    per_core_second: float
    # None: the step has no GPU path.
    per_gpu_second: float | None
    source: str
    gpu_source: str | None


def steps(rates: Rates) -> list[Step]:
    return [Step(share=rates.per_post[step.unit], **dict(step)) for step in rates.steps]


def core_seconds(step: Step) -> float:
    """Core-seconds that an average post takes of a step."""
    return step.share / step.per_core_second


def table(header: list[str], rows: list[list[str]]) -> Iterator[str]:
    """A Markdown table."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def rate_table(found: list[Step]) -> Iterator[str]:
    rows = [
        [
            step.name,
            f"{step.per_core_second:,.4g} {step.unit}",
            f"{step.share:.4g}",
            f"{1000 * core_seconds(step):.3f}",
            step.source,
        ]
        for step in found
    ]
    rows.append(["together", "", "", f"{1000 * sum(map(core_seconds, found)):.3f}", ""])
    header = ["step", "a core-second", "of a post", "core-ms a post", "from"]
    yield from table(header, rows)


def gpu_table(found: list[Step]) -> Iterator[str]:
    rows = [
        [
            step.name,
            f"{step.per_gpu_second:,.4g} {step.unit}",
            f"{1000 * step.share / step.per_gpu_second:.4f}",
            step.gpu_source or "",
        ]
        for step in found
        if step.per_gpu_second
    ]
    yield from table(["step", "a GPU-second", "GPU-ms a post", "from"], rows)


def plans(rates: Rates) -> Iterator[str]:
    """One row per volume and kind of cluster."""
    rows = []
    for posts, name in VOLUMES.items():
        for kind, gpu in (("CPU", False), ("CPU and GPU", True)):
            rows.append([name, kind, *_plan(rates, posts, gpu=gpu)])
    yield from table(
        ["posts a day", "cluster", "core-hours", "GPU-hours", "executors of 4 cores", "GPUs",
         "a day", "a million posts"], rows,
    )  # fmt: skip


def _plan(rates: Rates, posts: int, *, gpu: bool) -> list[str]:
    found = steps(rates)
    moved = [step for step in found if gpu and step.per_gpu_second]
    used = rates.used_share_of_time
    # A step on a GPU keeps feeding it: a part of its core time stays.
    cores = sum(core_seconds(s) for s in found if s not in moved)
    cores += rates.core_share_beside_gpu * sum(map(core_seconds, moved))
    gpus = sum(s.share / s.per_gpu_second for s in moved if s.per_gpu_second)
    core_hours, gpu_hours = (posts * each / HOUR / used for each in (cores, gpus))
    hours = rates.hours_to_finish
    money = core_hours * rates.usd_per_core_hour + gpu_hours * rates.usd_per_gpu_hour
    return [
        f"{core_hours:,.0f}",
        f"{gpu_hours:,.1f}" if gpu else "",
        f"{math.ceil(core_hours / hours / 4):,}",
        f"{math.ceil(gpu_hours / hours):,}" if gpu else "",
        f"{money:,.0f} USD",
        f"{money / posts * 1e6:.2f} USD",
    ]


def hourly(rates: Rates) -> Iterator[str]:
    """Posts an hour of one core, and of one GPU with the cores that it needs."""
    found = steps(rates)
    cpu = HOUR / sum(map(core_seconds, found))
    gpu = HOUR / sum(s.share / s.per_gpu_second for s in found if s.per_gpu_second)
    rows = [["a core, every step", f"{cpu:,.0f}"], ["a GPU, its steps only", f"{gpu:,.0f}"]]
    yield from table(["an hour of", "posts"], rows)


def main(rates: Path) -> Iterator[str]:
    """The lines of all tables."""
    content = load(rates, Rates)
    yield from rate_table(steps(content))
    yield ""
    yield from gpu_table(steps(content))
    yield ""
    yield from hourly(content)
    yield ""
    yield from plans(content)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--rates", type=Path, default=ROOT / "conf" / "rates.json")
    print("\n".join(main(**vars(parser.parse_args()))))
