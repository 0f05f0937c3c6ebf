"""What answered an appeal that nobody decided: whatever lifted what it is about.

It is read from the ledger, the posts and the verdicts, as they stand, and not kept by the acts: an
appeal also closes by what is yet to be thought of, and waits again where the very effect came back.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from harmsweep.days import every_day
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.state.day_state import exemptions
from harmsweep.lake import delta
from harmsweep.policy.actions import VISIBLE

Row = dict[str, Any]
Subject = tuple[date, str]  # the day and id of a post


@dataclass(frozen=True)
class Closing:
    """What lifted what an appeal is about, and when."""

    by: str  # verdict, appeal (another's), undo, exemption, edit, deletion, expiry or sweep
    at: datetime


@dataclass(frozen=True)
class Facts:
    """What the lake has of the appealed posts."""

    intents: Mapping[Subject, Sequence[Entry]]  # in their order
    gone: Mapping[Subject, datetime]  # posts that their authors deleted, and when
    verdicts: Mapping[Subject, Sequence[Row]]
    exempt: Callable[[datetime], Mapping[tuple[str, str], str]]


def undecided(lake: Path, first: date | None = None, last: date | None = None) -> list[Row]:
    """The appeals that nobody decided, of posts of some days or of all, the first due first."""
    days = every_day(first, last) if first and last else None
    between = f"BETWEEN '{first}' AND '{last}'" if days else "IS NOT NULL"
    sql = f"""SELECT a.*, f.views FROM appeals_v1 a LEFT JOIN post_features_v1 f
            ON f.day = a.day AND f.post_id = a.post_id AND f.revision = a.revision
        WHERE a.status = 'filed' AND a.day {between} AND NOT EXISTS (SELECT 1 FROM appeals_v1 d
            WHERE d.day {between} AND d.appeal_id = a.appeal_id AND d.status <> 'filed')
        ORDER BY a.due_at, a.appeal_id"""
    rows: list[Row] = delta.query(lake, sql, days=days).to_pylist()
    return rows


def closings(
    lake: Path, appeals: Sequence[Row], *, at: datetime | None = None
) -> dict[str, Closing]:
    """By what each undecided appeal was closed, by its id; those that wait are not among them."""
    if not appeals:
        return {}
    facts, time = _read(lake, appeals), at or datetime.now(UTC)
    closed = ((row["appeal_id"], _closing(row, facts, time)) for row in appeals)
    return {name: closing for name, closing in closed if closing}


def _read(lake: Path, appeals: Sequence[Row]) -> Facts:
    days = _all(appeals, "day")
    where = delta.datafusion_where({"day": days})
    posts = _all(appeals, "post_id")

    def rows(table: str, name: str, more: str = "") -> dict[Subject, list[Row]]:
        about = f"{where} AND {delta.datafusion_where({name: posts})}"
        found: dict[Subject, list[Row]] = defaultdict(list)
        sql = f"SELECT * FROM {table} WHERE {about} {more}"
        for row in delta.query(lake, sql, days=days).to_pylist():
            found[row["day"], row[name]].append(row)
        return found

    intents = rows("actions_v1", "subject_id", "AND entry = 'intent' AND subject_kind = 'post'")
    revisions = rows("posts_v1", "post_id")
    return Facts(
        {key: _ordered(Entry(**row) for row in some) for key, some in intents.items()},
        {
            key: max(row["recorded_at"] for row in some)
            for key, some in revisions.items()
            if all(row["status"] == "deleted" for row in some)
        },
        rows("verdicts_v1", "post_id"),
        cache(lambda at: exemptions(lake, at, entered_by=at)),
    )


def _all(appeals: Sequence[Row], name: str) -> list[Any]:
    return sorted({row[name] for row in appeals})


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda e: (e.recorded_at, e.effect_key))


def _closing(appeal: Row, facts: Facts, at: datetime) -> Closing | None:
    subject = (appeal["day"], appeal["post_id"])
    # Whoever began to decide it finishes it: what that lifted is no other answer.
    if any(v["appeal_id"] == appeal["appeal_id"] for v in facts.verdicts.get(subject, ())):
        return None
    intents = facts.intents.get(subject, ())
    scopes = [e.scope for e in intents if e.effect_key == appeal["effect_key"]]
    history = [entry for entry in intents if entry.scope in scopes]
    gone = facts.gone.get(subject)
    if not history or (gone is None and _holds(history[-1], appeal["effect_key"], at)):
        return None
    ends = [*_ends(_since(history, appeal), appeal, facts, at)]
    ends += [Closing("deletion", gone)] if gone else []
    return min(ends, key=lambda end: end.at, default=None)


def _holds(last: Entry, effect_key: str, at: datetime) -> bool:
    return last.state_key == effect_key and last.action in VISIBLE and not last.has_expired(at)


def _since(history: Sequence[Entry], appeal: Row) -> Sequence[Entry]:
    """A scope's entries from the one that put the appealed effect in force, as it was filed."""
    starts = [n for n, entry in enumerate(history) if entry.state_key == appeal["effect_key"]]
    before = [n for n in starts if history[n].recorded_at <= appeal["at"]]
    return history[max(before, default=starts[0]) :]


def _ends(history: Sequence[Entry], appeal: Row, facts: Facts, at: datetime) -> Iterator[Closing]:
    """When nothing that others can see held at the scope any more, and by what."""
    nexts = [*(entry.recorded_at for entry in history[1:]), at]
    for entry, until in zip(history, nexts, strict=True):
        if entry.action not in VISIBLE:
            yield Closing(_cause(entry, appeal, facts), entry.recorded_at)
        elif entry.expires_at and entry.has_expired(until):
            yield Closing("expiry", entry.expires_at)


def _cause(lift: Entry, appeal: Row, facts: Facts) -> str:
    """What a lift was due to; a sweep also carries out what a killed command of a person left."""
    if lift.cause_kind in ("undo", "reapply"):
        return "undo"
    own = _verdict_on(lift, appeal, facts)
    if own and own["verdict"] == "benign":
        return "appeal" if own["appeal_id"] else "verdict"
    # A cause begins with the act that carried it out.
    if lift.cause_kind == "lifted" and lift.cause_id.startswith("appeal-"):
        return "appeal"
    was_edited = lift.revision > appeal["revision"]
    of_people = lift.cause_kind in ("lifted", "verdict", "copy")
    # Reviewers' actions outlast an edit, but for one that came from a copied post's verdict.
    if of_people and (own or not was_edited):
        return "verdict"
    if was_edited:
        return "edit"
    listed = facts.exempt(lift.recorded_at)
    subjects = (("post", appeal["post_id"]), ("account", appeal["author_id"]))
    return "exemption" if any(subject in listed for subject in subjects) else "sweep"


def _verdict_on(lift: Entry, appeal: Row, facts: Facts) -> Row | None:
    """The newest verdict on what the post then read."""
    verdicts = facts.verdicts.get((appeal["day"], appeal["post_id"]), ())
    on_it = [v for v in verdicts if v["revision"] == lift.revision]
    return max(on_it, key=lambda v: v["decided_at"], default=None)
