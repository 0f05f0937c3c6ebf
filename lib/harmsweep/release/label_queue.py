"""The queue of posts for people to label: drawn so that they teach most, with their chances known.

Of a day each head draws from three frames, at random and each by its own numbers: posts that score
near its threshold (uncertain), posts that score it or more (above), and all posts (audit, which
draws the same posts for each head). A post that several draw is one task, and its chance is that of
being drawn by any of them. Every post has one above 0, so that weights of 1 / chance make of
the answers what the answers on all posts would be (Horvitz and Thompson, 1952).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harmsweep.enforcement.state.decisions import version_pair
from harmsweep.lake import delta, writes
from harmsweep.lake.locks import locked
from harmsweep.model.manifest import load_manifest
from harmsweep.model.reference import ModelRef
from harmsweep.operations.act_time import time_after
from harmsweep.operations.actor import operator
from harmsweep.operations.audit import record
from harmsweep.policy.file import Policy
from harmsweep.release.conf import QueueConfig
from harmsweep.release.drawing import PLACE, chance, lowest, scored_posts
from harmsweep.release.watch import held_claims
from harmsweep.tables.catalog import LABEL_TASKS, LEARN, OPERATIONS

ACT = "learn plan"
AUDIT, UNCERTAIN, ABOVE = KINDS = ("audit", "uncertain", "above")
# Where no certified claim is in force: from there on a post is more likely harmful than not.
EVEN_ODDS = 0.5


@dataclass(frozen=True)
class Frame:
    """What a kind of draw draws from: places among the day's posts, and how many it draws."""

    kind: str
    places: Sequence[int]
    labels: int
    # Those that were drawn.
    drawn: frozenset[int]

    @property
    def chance(self) -> float:
        """The chance of each of its posts to be drawn."""
        return chance(self.labels, len(self.places))


@dataclass(frozen=True)
class HeadDraw:
    """What is drawn of a day's posts for one head."""

    day: date
    harm: str
    threshold: float
    posts: int
    frames: tuple[Frame, ...]
    tasks: tuple[dict[str, Any], ...]

    @property
    def plan_id(self) -> str:
        """What its tasks are told by."""
        return plan_id(self.day, self.harm)


def plan_id(day: date, harm: str) -> str:
    """What a head's tasks of a day are told by: they are drawn once, by whatever model."""
    return f"{LEARN}-{day}-{harm}"


def fill_queue(
    lake: Path,
    days: Sequence[date],
    model: ModelRef,
    policy: Policy,
    config: QueueConfig,
    *,
    reason: str = "",
    dry_run: bool = False,
) -> list[HeadDraw]:
    """Draw each head's posts of each day that was not drawn yet, and write their tasks.

    Gives what was drawn; in one commit, so that the same again finishes what was killed.
    """
    with locked(lake, [OPERATIONS.name, LABEL_TASKS.name]):
        drawn = [one for day in days for one in _draws(lake, day, model, policy, config)]
        if not dry_run and any(one.tasks for one in drawn):
            details = {"tasks": {one.plan_id: len(one.tasks) for one in drawn}}
            record(lake, ACT, f"{days[0]}/{days[-1]}", reason=reason, details=details)
            shared: dict[str, Any] = {**version_pair(model.model_version, policy.policy_version)}
            shared |= {"drawn_at": time_after(lake, [OPERATIONS]), "operator": operator()}
            rows = [shared | task for one in drawn for task in one.tasks]
            writes.write_rows(rows, LABEL_TASKS, lake)
    return drawn


def _draws(
    lake: Path, day: date, model: ModelRef, policy: Policy, config: QueueConfig
) -> Iterator[HeadDraw]:
    """What the heads draw that drew nothing of the day."""
    known = drawn_plans(lake, day)
    harms = [h for h in load_manifest(model.manifest).harms if plan_id(day, h) not in known]
    if not harms:
        return
    scores = ", ".join(f's."{harm}"' for harm in harms)
    same: delta.Slice = {"model_version": model.model_version}
    posts = scored_posts(lake, [day], same, columns=f"s.language, {scores}")
    thresholds = thresholds_in_force(lake, model, policy)
    for harm in harms:
        yield _draw_of(day, harm, posts, thresholds.get(harm, EVEN_ODDS), config)


def drawn_plans(lake: Path, day: date) -> set[str]:
    """The heads' draws that a day has."""
    sql = f"""SELECT DISTINCT plan_id FROM {LABEL_TASKS.name}
        WHERE {delta.datafusion_where({"day": day, "purpose": LEARN})}"""
    return {row["plan_id"] for row in delta.query(lake, sql, days=[day]).to_pylist()}


def thresholds_in_force(lake: Path, model: ModelRef, policy: Policy) -> dict[str, float]:
    """By harm the lowest score from which a certified claim that is in force lets the pair act."""
    found = dict[str, float]()
    for one in held_claims(lake, model, policy):
        threshold = one.claim.threshold
        if not one.is_suspended and threshold is not None:
            found[one.claim.harm] = min(found.get(one.claim.harm, 1.0), threshold)
    return found


def _draw_of(
    day: date, harm: str, posts: pa.Table, threshold: float, config: QueueConfig
) -> HeadDraw:
    """What a head draws of a day's posts; those that it has no score of are in no frame."""
    scores = np.asarray(posts.column(harm).to_numpy(), dtype=float)
    ids = list(zip(*(posts.column(n).to_pylist() for n in ("post_id", "revision")), strict=True))
    frames = tuple(_frames(harm, scores, ids, threshold, config))
    missed = np.ones(len(scores))
    for frame in frames:
        missed[frame.places] *= 1.0 - frame.chance
    places = sorted(frozenset[int]().union(*(frame.drawn for frame in frames)))
    of_head = {"plan_id": plan_id(day, harm), "purpose": LEARN, "harm": harm}
    # The engine's views of texts are of a type that Arrow takes no rows of.
    facts = {name: posts.column(name) for name in (*PLACE, "language")}
    rows = [{name: values[place].as_py() for name, values in facts.items()} for place in places]
    tasks = [
        of_head | row | {"threshold": threshold, "score": float(scores[place])}
        | {"probability": float(1.0 - missed[place])}
        | {"drawn_by": "+".join(frame.kind for frame in frames if place in frame.drawn)}
        for place, row in zip(places, rows, strict=True)
    ]  # fmt: skip
    return HeadDraw(day, harm, threshold, int(np.isfinite(scores).sum()), frames, tuple(tasks))


def _frames(
    harm: str,
    scores: NDArray[np.float64],
    ids: Sequence[tuple[str, int]],
    threshold: float,
    config: QueueConfig,
) -> Iterator[Frame]:
    known = (scores >= 0) & (scores <= 1)
    frames = {
        AUDIT: (known, config.audit, (LEARN, AUDIT)),
        UNCERTAIN: (known & (np.abs(scores - threshold) <= config.band), config.uncertain, None),
        ABOVE: (known & (scores >= threshold), config.above, None),
    }
    for kind, (of, labels, shared) in frames.items():
        places = list(map(int, np.flatnonzero(of)))
        # Heads audit the same posts, which one look answers for all of them.
        key = shared or (LEARN, kind, harm)
        drawn = lowest([ids[place] for place in places], key, labels)
        yield Frame(kind, places, labels, frozenset(places[n] for n in drawn))
