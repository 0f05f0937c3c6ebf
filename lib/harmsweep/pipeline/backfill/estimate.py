"""What a day of a backfill would cost and do, from the lake as it is now."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

from harmsweep.conf import Frozen
from harmsweep.enforcement.circuit_breaker.approvals import accepted_posts
from harmsweep.errors import DataRefused
from harmsweep.lake import delta
from harmsweep.lake.runs import Spark
from harmsweep.model.reference import ModelRef
from harmsweep.plurals import counted
from harmsweep.policy.actions import SEVERITY
from harmsweep.policy.file import Policy
from harmsweep.stages.decide.stage import decide_day
from harmsweep.stages.embed.stage import count_inputs
from harmsweep.stages.enforce import enforce_day
from harmsweep.stages.score.stage import score_day
from harmsweep.tables.catalog import POST_FEATURES, POST_VECTORS, POSTS

# What a submitted job takes before its stage begins: a start of Java and Spark is 10 to 19 s.
START_SECONDS = 15.0


class DayForecast(Frozen):
    """One day of a backfill; None is what nobody can know yet."""

    day: date
    landed: int  # rows of posts in the landing zone that were recorded on the day
    posts: int | None  # accepted, None where the day was never ingested
    to_embed: int | None
    to_reuse: int | None
    acts: Mapping[str, int] | None  # effects newly applied, by action
    released: int | None
    held: int | None
    why: str = ""  # why its effects are not known

    def line(self) -> str:
        """The day as a person reads it."""
        posts = f"{self.landed} landed" if self.posts is None else counted(self.posts, "post")
        known = self.to_embed is not None
        vectors = f"{self.to_embed} to embed, {self.to_reuse} known" if known else "not yet read"
        return f"  {self.day}: {posts}; {vectors}; {self._effects()}"

    def _effects(self) -> str:
        if self.acts is None:
            return f"effects not known: {self.why}"
        applied = ", ".join(f"{action} {n}" for action, n in self.acts.items()) or "none"
        held = f", held {self.held}" if self.held else ""
        return f"newly applied: {applied}; released: {self.released}{held}"


def forecast_day(
    spark: Spark,
    lake: Path,
    day: date,
    stages: Sequence[str],
    *,
    model: ModelRef,
    policy: Policy,
    landed: int,
) -> DayForecast:
    """What the stages would find and do on a day.

    Scores and decisions of the day are brought up to date where it has vectors and both stages are
    asked for: that acts on nobody. Nothing else is written.
    """
    ingested = day in delta.days(POSTS, lake)
    read = "embed" in stages and day in delta.days(POST_FEATURES, lake)
    inputs = count_inputs(spark, lake, day) if read else {}
    counts, why = _effects(spark, lake, day, stages, model=model, policy=policy)
    acts = None if counts is None else {a: counts[a] for a in SEVERITY if counts.get(a)}
    return DayForecast(
        day=day,
        landed=landed,
        posts=accepted_posts(lake, day, day) if ingested else None,
        to_embed=inputs.get("to_embed"),
        to_reuse=inputs.get("to_reuse"),
        acts=acts,
        released=None if counts is None else counts.get("released", 0),
        held=None if counts is None else counts.get("held", 0),
        why=why,
    )


def _effects(
    spark: Spark, lake: Path, day: date, stages: Sequence[str], *, model: ModelRef, policy: Policy
) -> tuple[Mapping[str, int] | None, str]:
    """The counts of a sweep that only counts, or why there are none."""
    if "enforce" not in stages:
        return {}, ""
    if day not in delta.days(POST_VECTORS, lake):
        return None, "the day has no vectors yet"
    try:
        if {"score", "decide"} <= set(stages):
            score_day(spark, lake, day, model=model)
            decide_day(spark, lake, day, policy=policy, model=model)
        return enforce_day(lake, day, policy=policy, model=model, dry_run=True).counts, ""
    except DataRefused as error:
        return None, str(error)


def minutes(lake: Path, stages: Sequence[str], posts: Sequence[int]) -> float | None:
    """How long the stages would take for days of so many posts, from runs of before, at most.

    Seconds of a stage are its share for each run and for each post, by least squares without
    negative shares over what `runs` holds. Days that turn out unchanged cost nothing. None where a
    stage has never run.
    """
    where = delta.datafusion_where({"stage": stages})
    sql = f"SELECT stage, posts, seconds FROM runs_v1 WHERE {where} AND posts > 0"
    runs = delta.query(lake, sql).to_pylist()
    total = START_SECONDS * len(stages)
    for stage in stages:
        past = [(run["posts"], run["seconds"]) for run in runs if run["stage"] == stage]
        if not past:
            return None
        sizes, seconds = np.array(past, dtype=float).T
        (each_run, each_post), _ = nnls(np.column_stack([np.ones_like(sizes), sizes]), seconds)
        total += each_run * len(posts) + each_post * sum(posts)
    return round(total / 60, 1)
