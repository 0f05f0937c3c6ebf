"""What a day costs: core-hours, GPU-hours, executors and money, from the rates of conf/rates.json.

A rate says by which command it was measured, or that it is an assumption. Prints the tables of
docs/scale.md; --rates takes another file of the same form.
"""

import argparse
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
VOLUMES = {10_000_000: "10 million", 1_000_000_000: "1 billion"}
HOUR = 3600


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


def steps(rates: Mapping[str, Any]) -> list[Step]:
    return [
        Step(
            name=step["name"],
            unit=step["unit"],
            share=rates["per_post"][step["unit"]],
            per_core_second=step["per_core_second"],
            per_gpu_second=step.get("per_gpu_second"),
            source=step["source"],
            gpu_source=step.get("gpu_source"),
        )
        for step in rates["steps"]
    ]


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


def plans(rates: Mapping[str, Any]) -> Iterator[str]:
    """One row per volume and kind of cluster."""
    rows = []
    for posts, name in VOLUMES.items():
        for kind, gpu in (("CPU", False), ("CPU and GPU", True)):
            rows.append([name, kind, *_plan(rates, posts, gpu=gpu)])
    yield from table(
        ["posts a day", "cluster", "core-hours", "GPU-hours", "executors of 4 cores", "GPUs",
         "a day", "a million posts"], rows,
    )  # fmt: skip


def _plan(rates: Mapping[str, Any], posts: int, *, gpu: bool) -> list[str]:
    found = steps(rates)
    moved = [step for step in found if gpu and step.per_gpu_second]
    used = rates["used_share_of_time"]
    # A step on a GPU keeps feeding it: a part of its core time stays.
    cores = sum(core_seconds(s) for s in found if s not in moved)
    cores += rates["core_share_beside_gpu"] * sum(map(core_seconds, moved))
    gpus = sum(s.share / s.per_gpu_second for s in moved if s.per_gpu_second)
    core_hours, gpu_hours = (posts * each / HOUR / used for each in (cores, gpus))
    hours = rates["hours_to_finish"]
    money = core_hours * rates["usd_per_core_hour"] + gpu_hours * rates["usd_per_gpu_hour"]
    return [
        f"{core_hours:,.0f}",
        f"{gpu_hours:,.1f}" if gpu else "",
        f"{math.ceil(core_hours / hours / 4):,}",
        f"{math.ceil(gpu_hours / hours):,}" if gpu else "",
        f"{money:,.0f} USD",
        f"{money / posts * 1e6:.2f} USD",
    ]


def hourly(rates: Mapping[str, Any]) -> Iterator[str]:
    """Posts an hour of one core, and of one GPU with the cores that it needs."""
    found = steps(rates)
    cpu = HOUR / sum(map(core_seconds, found))
    gpu = HOUR / sum(s.share / s.per_gpu_second for s in found if s.per_gpu_second)
    rows = [["a core, every step", f"{cpu:,.0f}"], ["a GPU, its steps only", f"{gpu:,.0f}"]]
    yield from table(["an hour of", "posts"], rows)


def main(rates: Path) -> Iterator[str]:
    """The lines of all tables."""
    content = json.loads(rates.read_text(encoding="utf-8"))
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
