"""The media of escalated posts, kept for the named contact whatever happens to the post.

All media of the matched revision, not only the matched ones: they are part of what is reported
(18 U.S.C. 2258A(h)(2) names commingled content). Whatever content was recorded for a place is
wanted: an author may put other bytes behind a reference. Nothing here is logged or counted.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from harmsweep.known_media import vault
from harmsweep.lake import delta, writes
from harmsweep.lake.failpoints import failpoint
from harmsweep.lake.locks import locked
from harmsweep.media.conf import load_limits
from harmsweep.media.problem import MediaProblem
from harmsweep.tables.catalog import ESCALATIONS, MEDIA, PRESERVATIONS

Row = dict[str, Any]
Place = tuple[str, int, int]
PRESERVED, MISSING, CHANGED, REFUSED = "preserved", "missing", "changed", "refused"
_NAMES = {"escalations": ESCALATIONS.name, "media": MEDIA.name, "preserved": PRESERVATIONS.name}


@dataclass(frozen=True)
class Wanted:
    """A content of a place of an escalated post; None where nothing hashed it yet."""

    place: Place
    content_hash: str | None
    kind: str | None = None
    uri: str | None = None


@dataclass(frozen=True)
class Attempt:
    """What became of a content that was wanted."""

    wanted: Wanted
    status: str
    reason: str | None = None


def preserve_day(lake: Path, day: date, media_root: Path | None) -> None:
    """Copy the media of the day's escalated posts that are not preserved yet, and say what became.

    A row is added where a medium's outcome is another than its last row's: a second run adds
    nothing, and what failed is tried again.
    """
    if not _has_escalations(lake, day):
        return
    with locked(lake, [PRESERVATIONS.name]):
        vault.clear_unfinished(lake)
        rows = _rows_of(lake, day)
        attempts = [_attempt(lake, one, media_root) for one in _pending(lake, day, rows)]
        if new := _new_rows(attempts, rows, day):
            writes.write_rows(new, PRESERVATIONS, lake)


def delete_expired(lake: Path, today: date) -> int:
    """Delete preserved bytes that no row keeps to this day or longer; give how many files.

    The rows stay. Where several keep one content, the latest day counts.
    """
    sql = f"""SELECT content_hash FROM preserved WHERE status = '{PRESERVED}'
        GROUP BY content_hash HAVING max(keep_until) < CAST('{today}' AS DATE)"""
    with locked(lake, [PRESERVATIONS.name]):
        vault.clear_unfinished(lake)
        expired = delta.query(lake, sql, names=_named("preserved")).column(0).to_pylist()
        return sum(vault.discard(lake, content_hash) for content_hash in expired)


def _has_escalations(lake: Path, day: date) -> bool:
    sql = f"SELECT 1 FROM escalations WHERE day = '{day}' LIMIT 1"
    return bool(delta.query(lake, sql, names=_named("escalations"), days=[day]).num_rows)


def _rows_of(lake: Path, day: date) -> list[Row]:
    """The day's rows so far, in their order."""
    sql = f"SELECT * FROM preserved WHERE day = '{day}' ORDER BY sequence"
    found: list[Row] = delta.query(lake, sql, names=_named("preserved"), days=[day]).to_pylist()
    return found


def _pending(lake: Path, day: date, rows: Sequence[Row]) -> list[Wanted]:
    """What is not preserved of the day's escalated revisions, by what any table knows of it.

    The rows know a reference that an edit or a deletion has taken out of the day's media since.
    """
    known = [*rows, *_media(lake, day)]
    references = {_place(row): (row["kind"], row["uri"]) for row in known if row["uri"]}
    recorded = [*known, *_escalated(lake, day)]
    contents = {(_place(row), row["content_hash"]) for row in recorded}
    hashed = {place for place, content in contents if content}
    unhashed = {(place, None) for place in hashed}
    kept = {(_place(r), r["content_hash"]) for r in rows if r["status"] == PRESERVED}
    return [
        Wanted(place, content, *references.get(place, (None, None)))
        for place, content in sorted(contents - unhashed - kept, key=str)
    ]


def _media(lake: Path, day: date) -> list[Row]:
    sql = f"""SELECT m.post_id, m.revision, m.position, m.kind, m.uri, m.content_hash
        FROM (SELECT * FROM media WHERE day = '{day}') m
        JOIN (SELECT DISTINCT post_id, revision FROM escalations WHERE day = '{day}') e
        ON m.post_id = e.post_id AND m.revision = e.revision"""
    names = _named("media", "escalations")
    found: list[Row] = delta.query(lake, sql, names=names, days=[day]).to_pylist()
    return found


def _escalated(lake: Path, day: date) -> list[Row]:
    sql = f"""SELECT DISTINCT post_id, revision, position, content_hash FROM escalations
        WHERE day = '{day}'"""
    found: list[Row] = delta.query(lake, sql, names=_named("escalations"), days=[day]).to_pylist()
    return found


def _attempt(lake: Path, wanted: Wanted, root: Path | None) -> Attempt:
    """Copy a medium's bytes unless another post's copy has them."""
    try:
        content = _copied(lake, wanted, root)
    except MediaProblem as problem:
        status = problem.status if problem.status in (MISSING, CHANGED) else REFUSED
        return Attempt(wanted, status, problem.reason)
    failpoint("match:after-copy")
    return Attempt(replace(wanted, content_hash=content), PRESERVED)


def _copied(lake: Path, wanted: Wanted, root: Path | None) -> str:
    expected = wanted.content_hash
    if expected and vault.holds(lake, expected):
        return expected
    if wanted.uri is None or wanted.kind is None:
        raise MediaProblem(MISSING, "its reference is no longer known")
    return vault.take(lake, root, wanted.uri, wanted.kind, expected=expected)


def _new_rows(attempts: Iterable[Attempt], rows: Sequence[Row], day: date) -> list[Row]:
    """A row for each outcome that is another than the last one of the same content."""
    last = {(_place(r), r["content_hash"]): (r["status"], r["reason"]) for r in rows}
    count = Counter(_place(row) for row in rows)
    made = []
    for attempt in attempts:
        wanted = attempt.wanted
        said = last.get((wanted.place, wanted.content_hash))
        if said != (attempt.status, attempt.reason):
            count[wanted.place] += 1
            made.append(_row(attempt, day, count[wanted.place]))
    return made


def _row(attempt: Attempt, day: date, sequence: int) -> Row:
    wanted, at = attempt.wanted, datetime.now(UTC)
    until = at.date() + timedelta(days=load_limits().preserve_days)
    return {
        "day": day,
        **dict(zip(("post_id", "revision", "position"), wanted.place, strict=True)),
        "sequence": sequence,
        "kind": wanted.kind,
        "uri": wanted.uri,
        "content_hash": wanted.content_hash,
        "status": attempt.status,
        "reason": attempt.reason,
        "recorded_at": at,
        "keep_until": until if attempt.status == PRESERVED else None,
    }


def _place(row: Row) -> Place:
    return row["post_id"], row["revision"], row["position"]


def _named(*names: str) -> dict[str, str]:
    return {name: _NAMES[name] for name in names}
