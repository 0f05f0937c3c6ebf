"""How many effects a day is likely to have, from the same weekdays before it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from scipy import stats

from harmsweep import lake as lakes
from harmsweep.enforce.bounds import Forecast
from harmsweep.enforce.sweeps import Batch
from harmsweep.ledger import is_automatic, is_counted

# Effects and views of one batch, by how many weeks before the day.
History = Mapping[Batch, Sequence[tuple[int, int]]]


def history(lake: Path, day: date, weeks: int) -> History:
    """Each batch's visible automatic effects and their views on the same weekday of past weeks.

    A week in which the ledger has no entry at all tells nothing and is left out; one in which it
    has none of a batch counts as 0. Reads those days' partitions alone.
    """
    days = [day - timedelta(weeks=n) for n in range(1, weeks + 1)]
    of_days = lakes.plain_predicate({"day": days})
    sql = f"""SELECT a.day, a.harm, a.direction, a.action, a.previous_action, a.cause_kind,
            count(*) AS n, CAST(coalesce(sum(f.views), 0) AS BIGINT) AS views
        FROM (SELECT * FROM actions_v1 WHERE {of_days} AND entry = 'intent') a
        LEFT JOIN (SELECT * FROM post_features_v1 WHERE {of_days}) f
        ON f.day = a.day AND f.post_id = a.subject_id AND f.revision = a.revision
        GROUP BY a.day, a.harm, a.direction, a.action, a.previous_action, a.cause_kind"""
    found = lakes.query(lake, sql).to_pylist()
    known = sorted({row["day"] for row in found})
    sums: dict[Batch, dict[date, tuple[int, int]]] = defaultdict(dict)
    for row in found:
        visible = is_counted(row["direction"], row["action"], row["previous_action"])
        if visible and is_automatic(row["cause_kind"]):
            of_batch = sums[row["harm"], row["direction"]]
            effects, views = of_batch.get(row["day"], (0, 0))
            of_batch[row["day"]] = effects + row["n"], views + row["views"]
    return {
        batch: [by_day.get(of_day, (0, 0)) for of_day in known] for batch, by_day in sums.items()
    }


def most(counts: Sequence[int], conf: Forecast) -> int | None:
    """The most effects that the history makes likely; None where it is too short to say.

    The upper quantile of the next count of a Poisson process whose rate is known from the history
    (Jeffreys' prior: a negative binomial), or `factor` times the most that was seen, or the least
    that is worth a person's time, whichever is greatest: days differ by more than Poisson says.
    """
    if len(counts) < conf.least_weeks:
        return None
    weeks = len(counts)
    likely = stats.nbinom.ppf(conf.quantile, sum(counts) + 0.5, weeks / (weeks + 1))
    return max(int(likely), int(conf.factor * max(counts)), conf.floor)


def limits(lake: Path, day: date, conf: Forecast) -> dict[Batch, int]:
    """By batch the most effects that a day's history makes likely; a batch without is left out.

    One that never happened in a history that is long enough has the least limit.
    """
    found = {}
    for batch, weeks in history(lake, day, conf.weeks).items():
        limit = most([effects for effects, _ in weeks], conf)
        if limit is not None:
            found[batch] = limit
    return found
