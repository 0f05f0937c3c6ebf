"""What a day is likely to have of effects and views, by its weekday; and what is more than that."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from harmsweep.enforcement.circuit_breaker.batches import already_held
from harmsweep.enforcement.circuit_breaker.caps import (
    CapBreach,
    cap_breaches,
    cap_of,
    is_capped,
    used_in_24h,
    visible_counts,
)
from harmsweep.enforcement.circuit_breaker.day_share import day_breaches
from harmsweep.enforcement.conf import Forecast, load_bounds
from harmsweep.enforcement.rules.effects import Batch
from harmsweep.enforcement.rules.ledger import Entry, is_automatic, is_counted
from harmsweep.lake import delta
from harmsweep.policy.file import Policy


@dataclass(frozen=True)
class Past:
    """The same weekday of past weeks: how many have entries, and each batch's effects and views."""

    weeks: int
    seen: Mapping[Batch, Sequence[tuple[int, int]]]

    def of(self, batch: Batch) -> tuple[list[int], list[int]]:
        """A batch's effects and its views in each week; a week without it counts as 0."""
        weeks = self.seen.get(batch, ())
        known = [*weeks, *[(0, 0)] * (self.weeks - len(weeks))]
        return [effects for effects, _ in known], [views for _, views in known]


def history(lake: Path, day: date, weeks: int) -> Past:
    """Each batch's visible automatic effects and their views on the same weekday of past weeks.

    A week in which the ledger has no entry at all tells nothing and is left out; what a person took
    back makes no more of it likely. Reads those days' partitions alone.
    """
    rows = _booked(lake, [day - timedelta(weeks=n) for n in range(1, weeks + 1)])
    sums = _sums(row for row in rows if not row["taken_back"])
    seen = {batch: [by_day[d] for d in sorted(by_day)] for batch, by_day in sums.items()}
    return Past(len({row["day"] for row in rows}), seen)


def so_far(lake: Path, day: date) -> dict[Batch, tuple[int, int]]:
    """The effects and their views that sweeps began on a day's posts, whatever became of them."""
    return {batch: by_day[day] for batch, by_day in _sums(_booked(lake, [day])).items()}


def _booked(lake: Path, days: Sequence[date]) -> list[dict[str, Any]]:
    """How many intents the days have of each kind, and the views of their posts."""
    of_days = delta.datafusion_where({"day": days})
    sql = f"""SELECT a.day, a.harm, a.direction, a.action, a.previous_action, a.cause_kind,
            u.key IS NOT NULL AS taken_back,
            count(*) AS n, CAST(coalesce(sum(f.views), 0) AS BIGINT) AS views
        FROM (SELECT * FROM actions_v1 WHERE {of_days} AND entry = 'intent') a
        LEFT JOIN (SELECT * FROM post_features_v1 WHERE {of_days}) f
        ON f.day = a.day AND f.post_id = a.subject_id AND f.revision = a.revision
        LEFT JOIN (SELECT DISTINCT previous_key AS key FROM actions_v1 WHERE {of_days}
            AND entry = 'intent' AND cause_kind IN ('undo', 'lifted')) u
        ON u.key = a.effect_key
        GROUP BY a.day, a.harm, a.direction, a.action, a.previous_action, a.cause_kind,
            u.key IS NOT NULL"""
    rows: list[dict[str, Any]] = delta.query(lake, sql, days=days).to_pylist()
    return rows


def _sums(rows: Iterable[dict[str, Any]]) -> dict[Batch, dict[date, tuple[int, int]]]:
    """Each batch's effects that caps count, and their views, by day."""
    sums: dict[Batch, dict[date, tuple[int, int]]] = defaultdict(dict)
    for row in rows:
        visible = is_counted(row["direction"], row["action"], row["previous_action"])
        if visible and is_automatic(row["cause_kind"]):
            of_batch = sums[row["harm"], row["direction"]]
            effects, views = of_batch.get(row["day"], (0, 0))
            of_batch[row["day"]] = effects + row["n"], views + row["views"]
    return sums


def most(counts: Sequence[int], conf: Forecast) -> int | None:
    """The most effects that the history makes likely; None where it is too short to say.

    The upper quantile of the next count of a Poisson process whose rate is known from the history
    (Jeffreys' prior: a negative binomial), or `factor` times the most that was seen, or the least
    that is worth a person's time, whichever is greatest: days differ by more than Poisson says.
    """
    if len(counts) < conf.least_weeks:
        return None
    # Its import takes longer than all else at the start of a sweep.
    from scipy import stats

    weeks = len(counts)
    likely = stats.nbinom.ppf(conf.quantile, sum(counts) + 0.5, weeks / (weeks + 1))
    return max(int(likely), int(conf.factor * max(counts)), conf.floor)


def most_views(views: Sequence[int], conf: Forecast) -> int | None:
    """The most views that effects are likely to touch; None where the history is too short.

    `factor` times the most of a past week, or the floor: one post may have half of a day's views,
    so that no distribution of counts fits.
    """
    if len(views) < conf.least_weeks:
        return None
    return max(int(conf.factor * max(views)), conf.views_floor)


def views_of(lake: Path, day: date, new_entries: Iterable[Entry]) -> dict[Batch, int]:
    """The views so far of the posts that effects which caps count touch, by batch."""
    of_post: dict[str, set[Batch]] = defaultdict(set)
    for entry in filter(is_capped, new_entries):
        of_post[entry.subject_id].add((entry.harm or "", entry.direction))
    sums: Counter[Batch] = Counter()
    if of_post:
        sql = f"SELECT post_id, views FROM post_features_v1 WHERE day = '{day}' AND views > 0"
        for row in delta.query(lake, sql).to_pylist():
            for batch in of_post.get(row["post_id"], ()):
                sums[batch] += int(row["views"])
    return dict(sums)


def unlikely(
    planned: Mapping[Batch, int],
    views: Mapping[Batch, int],
    past: Past,
    conf: Forecast,
    before: Mapping[Batch, tuple[int, int]] | None = None,
) -> list[CapBreach]:
    """The batches of a day with more effects, or more views, than its history makes likely.

    `before` are the effects and views that the day has had: many small sweeps are no less than a
    great one.
    """
    breaches = []
    for batch, n in sorted(planned.items()):
        effects, seen = past.of(batch)
        limit, viewed = most(effects, conf), most_views(seen, conf)
        had, had_views = (before or {}).get(batch, (0, 0))
        touched = views.get(batch, 0)
        if limit is not None and n + had > limit:
            breaches.append(CapBreach(*batch, n, had, limit, "forecast"))
        elif viewed is not None and touched and touched + had_views > viewed:
            breaches.append(CapBreach(*batch, touched, had_views, viewed, "views"))
    return breaches


@dataclass(frozen=True)
class Headroom:
    """A day's part of a batch beside what it may be: with more, or past the cap, it is held."""

    day: date
    harm: str
    direction: str
    effects: int
    before: int  # effects that the day has had
    likely: int | None  # of both; None: the history is too short to say
    views: int
    views_before: int
    likely_views: int | None
    waits: bool  # whether a part of it is held
    together: int  # effects of all days
    used: int  # in the last 24 hours
    cap: int


def headroom(
    lake: Path, new_entries: Mapping[date, Sequence[Entry]], policy: Policy, at: int
) -> list[Headroom]:
    """What each day's batches come to and what bounds them, by day and batch; see `breaches`."""
    together = visible_counts(entry for of_day in new_entries.values() for entry in of_day)
    lately, conf = used_in_24h(lake, at), load_bounds().forecast
    rows = []
    for day, of_day in new_entries.items():
        past, views = history(lake, day, conf.weeks), views_of(lake, day, of_day)
        had, waits = so_far(lake, day), already_held(lake, day, of_day)
        for batch, n in sorted(visible_counts(of_day).items()):
            effects, seen = past.of(batch)
            before, views_before = had.get(batch, (0, 0))
            row = Headroom(
                day,
                *batch,
                effects=n,
                before=before,
                likely=most(effects, conf),
                views=views.get(batch, 0),
                views_before=views_before,
                likely_views=most_views(seen, conf),
                waits=batch in waits,
                together=together[batch],
                used=lately.get(batch, 0),
                cap=cap_of(policy, batch),
            )
            rows.append(row)
    return rows


def breaches(
    lake: Path, new_entries: Mapping[date, Sequence[Entry]], policy: Policy, at: int
) -> list[CapBreach]:
    """The batches that a sweep may not carry out by itself, each once.

    They pass a cap, over all days together, or what a day makes likely or its posts allow, or a
    part of them waits. `at` is the time in microseconds since 1970.
    """
    if not any(new_entries.values()):
        return []
    together = visible_counts(entry for of_day in new_entries.values() for entry in of_day)
    by_batch = {e.batch: e for e in cap_breaches(together, used_in_24h(lake, at), policy)}
    conf = load_bounds().forecast
    for day, of_day in new_entries.items():
        past = history(lake, day, conf.weeks)
        views, had = views_of(lake, day, of_day), so_far(lake, day)
        planned = visible_counts(of_day)
        for breach in unlikely(planned, views, past, conf, had):
            by_batch.setdefault(breach.batch, breach)
        for batch, n in already_held(lake, day, of_day).items():
            by_batch.setdefault(batch, CapBreach(*batch, n, 0, 0, "waits"))
        enough = past.weeks >= conf.least_weeks
        for breach in day_breaches(lake, day, planned, at, is_known=enough, held=[*by_batch]):
            by_batch.setdefault(breach.batch, breach)
    return [by_batch[batch] for batch in sorted(by_batch)]
