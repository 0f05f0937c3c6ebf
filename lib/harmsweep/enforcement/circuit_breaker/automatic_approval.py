"""What a plan lacks to be approved without anybody: a small share, no label against it, history."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from harmsweep.enforcement.circuit_breaker.approvals import accepted_posts
from harmsweep.enforcement.circuit_breaker.caps import is_capped
from harmsweep.enforcement.circuit_breaker.forecast import breaches, history
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.lake import delta
from harmsweep.policy.file import Policy


def why_not_approved(
    lake: Path, new_entries: Mapping[date, Sequence[Entry]], policy: Policy, at: int
) -> list[str]:
    """Why people must look at a plan's effects, in words; nothing where nobody needs to.

    They are outside a bound, touch too many of a day's posts, people's labels say otherwise of one,
    or there are too few weeks of that weekday to compare with. All but the first are asked of no
    demonstration, and of nothing that nobody else sees. `at` is in microseconds since 1970.
    """
    over = [breach.line() for breach in breaches(lake, new_entries, policy, at)]
    if policy.mode == "demonstration":
        return over
    by_day = {day: [*filter(is_capped, entries)] for day, entries in new_entries.items()}
    for day, visible in by_day.items():
        over += _of_day(lake, day, visible) if visible else []
    return over


def _of_day(lake: Path, day: date, visible: Sequence[Entry]) -> Iterator[str]:
    bounds, posts = load_bounds(), accepted_posts(lake, day, day)
    touched = {entry.subject_id for entry in visible}
    if len(touched) > bounds.approved_share * posts:
        most = f"{bounds.approved_share:.1%}"
        yield f"{day}: {len(touched)} of {posts} posts are more than {most}"
    weeks, least = history(lake, day, bounds.forecast.weeks).weeks, bounds.forecast.least_weeks
    if weeks < least:
        yield f"{day}: {weeks} of {least} weeks of history"
    if against := _labelled_against(lake, day, visible):
        some = ", ".join(sorted(against)[:3])
        yield f"{day}: labels by people are against {len(against)}, such as {some}"


def _labelled_against(lake: Path, day: date, visible: Sequence[Entry]) -> set[str]:
    """The posts of which people found otherwise than an effect says; users' reports are none."""
    where = delta.datafusion_where({"day": day})
    sql = f"""SELECT post_id, harm, label FROM labels_v1
        WHERE {where} AND source <> 'reports'"""
    found = {(r["post_id"], r["harm"], r["label"]) for r in delta.query(lake, sql).to_pylist()}
    return {
        entry.subject_id
        for entry in visible
        if (entry.subject_id, entry.harm, 0 if entry.direction == "apply" else 1) in found
    }
