"""Views, likes, comments, saves and reports for any landing zone's posts.

Only a post's id, author and time are used, with the seed: never its words, media or labels. So the
rows of one post tell nothing about harm, and other posts change none of them.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from harmsweep.files import writing_whole
from harmsweep.harms import HARMS

SUFFIXES = (".jsonl", ".jsonl.gz", ".parquet")
ACTORS = 2000
CROWD = "simulated-crowd"  # the actor of rows that stand for many events
DAYS_SEEN = 3  # a post is seen on its own day and on two more
LIKED, SAVED, REPORTED = 0.05, 0.25, 0.04  # of views; of posts; of posts
RUDE, COMMENT_REPORTED = 0.2, 0.3  # of comments; of rude comments
COMMENTS = ("Nice one.", "I had to read this twice.", "Thanks for sharing!", "Hm.", "Where is it?")
RUDE_COMMENTS = ("What a silly thing to say.", "Nobody asked you.", "Go away, you fool.")
HOUR = 3600.0


class _Post(NamedTuple):
    post_id: str
    author_id: str
    created_at: datetime

    @property
    def day(self) -> date:
        return self.created_at.date()


def write_interactions(landing: Path, out: Path, *, seed: int) -> Path:
    """Write simulated interactions of the posts in `landing` to `out`, JSON Lines; returns `out`.

    Events past the landing zone's last day are left out. Posts are read as a stream, twice (the
    first time for the last day); only their ids are held. The file appears whole or not at all.

    Raises:
        FileNotFoundError: `landing` has no posts.
    """
    last = max((post.day for post in _posts(landing)), default=date.min)
    out.parent.mkdir(parents=True, exist_ok=True)
    with writing_whole(out) as fresh, fresh.open("w", encoding="utf-8") as file:
        for post in _posts(landing):
            for row in _interactions(post, last, Random(f"{seed}:{post.post_id}")):
                file.write(json.dumps(row) + "\n")
    return out


def _interactions(post: _Post, last: date, rng: Random) -> Iterator[dict[str, Any]]:
    """Rows of one post, 3 to 8 as a rule: by time, then reports on its comments."""
    events = sorted([*_bulk(post, rng), *_singles(post, rng)], key=lambda event: event[0])
    named = [(f"sim-{post.post_id}-{n}", *event) for n, event in enumerate(events)]
    for event_id, recorded_at, fields in (*named, *_reports_on_comments(named, rng)):
        if recorded_at.date() <= last:
            yield {
                "event_id": event_id,
                "post_id": post.post_id,
                "post_day": post.day.isoformat(),
                "author_id": post.author_id,
                "recorded_at": recorded_at.isoformat(),
                "text": None,
                "reason": None,
                "comment_id": None,
                "amount": 1,
                "simulated": True,
            } | fields


def _bulk(post: _Post, rng: Random) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Views and likes by day; each further day brings about a fifth of the one before."""
    views = 1 + int(rng.lognormvariate(4.0, 1.2))
    for offset in range(DAYS_SEEN):
        seen = _moment(post, offset, rng)
        likes = sum(rng.random() < LIKED for _ in range(min(views, 1000)))
        for kind, amount in (("view", views), ("like", likes)):
            if amount:
                yield seen, {"kind": kind, "actor_id": CROWD, "amount": amount}
        views //= 5


def _singles(post: _Post, rng: Random) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Comments, saves and reports, each by one actor, most of them on the post's own day."""
    kinds = ["comment"] * rng.choice((0, 0, 0, 1, 1, 2))
    kinds += ["save"] * (rng.random() < SAVED) + ["report"] * (rng.random() < REPORTED)
    for kind in kinds:
        actor = f"simulated-{rng.randrange(ACTORS):04d}"
        fields: dict[str, Any] = {"kind": kind, "actor_id": actor}
        if kind == "comment":
            fields["text"] = rng.choice(RUDE_COMMENTS if rng.random() < RUDE else COMMENTS)
        if kind == "report":
            fields["reason"] = rng.choice(HARMS)
        yield _moment(post, rng.choice((0, 0, 0, 0, 1, 2)), rng), fields


def _reports_on_comments(
    events: list[tuple[str, datetime, dict[str, Any]]], rng: Random
) -> Iterator[tuple[str, datetime, dict[str, Any]]]:
    """A report, some minutes later, on some of the rude comments."""
    for event_id, recorded_at, fields in events:
        if fields.get("text") in RUDE_COMMENTS and rng.random() < COMMENT_REPORTED:
            end = datetime.combine(recorded_at, datetime.max.time(), UTC)
            later = min(recorded_at + timedelta(minutes=rng.randint(1, 60)), end)
            actor = f"simulated-{rng.randrange(ACTORS):04d}"
            report = {"kind": "report", "actor_id": actor, "reason": "harassment"}
            yield f"{event_id}-report", later, report | {"comment_id": event_id}


def _moment(post: _Post, offset: int, rng: Random) -> datetime:
    """A time after the post's creation, on its own UTC day or `offset` days later."""
    midnight = datetime.combine(post.day, datetime.min.time(), UTC) + timedelta(days=offset)
    start = max(midnight, post.created_at)
    end = midnight + timedelta(days=1)
    left = (end - start).total_seconds()
    # Within six hours of the start, as attention fades fast, and never at the very start.
    return start + timedelta(seconds=1 + int(rng.random() * min(left - 1, 6 * HOUR)))


def _posts(landing: Path) -> Iterator[_Post]:
    """Originals by first sight of their id: no edits, deletions, repeats or unreadable rows."""
    seen: set[str] = set()
    for row in _rows(landing):
        post = _parsed(row)
        if post is not None and post.post_id not in seen:
            seen.add(post.post_id)
            yield post


def _parsed(row: Any) -> _Post | None:
    if not isinstance(row, dict) or row.get("deleted") or (row.get("revision") or 1) != 1:
        return None
    post_id, author_id, created = (row.get(k) for k in ("post_id", "author_id", "created_at"))
    if not (isinstance(post_id, str) and isinstance(author_id, str) and post_id and author_id):
        return None
    utc = _utc(created)
    return None if utc is None else _Post(post_id, author_id, utc)


def _utc(created: Any) -> datetime | None:
    """The time in UTC; None where it cannot be read or has no room for the days after it."""
    try:
        moment = created if isinstance(created, datetime) else datetime.fromisoformat(str(created))
        utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return utc if utc + timedelta(days=DAYS_SEEN + 1) else None
    except (ValueError, OverflowError):
        return None


def _rows(landing: Path) -> Iterator[Any]:
    """Decoded rows of the landing zone's posts; None for a line that is no JSON."""
    for path in _files(landing):
        if path.name.endswith(".parquet"):
            import pyarrow.dataset as ds

            for batch in ds.dataset(path).to_batches(batch_size=4096):
                yield from batch.to_pylist()
        else:
            with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
                yield from map(_decoded, file)


def _files(landing: Path) -> list[Path]:
    """`posts.jsonl` and the like, and what is in a folder `posts`; hidden files are unfinished."""
    named = [landing / f"posts{suffix}" for suffix in SUFFIXES]
    found = [path for path in (*named, *landing.glob("posts/*")) if path.exists()]
    files = [p for p in found if p.name.endswith(SUFFIXES) and not p.name.startswith((".", "_"))]
    if not files:
        raise FileNotFoundError(f"{landing}: no posts ({', '.join(path.name for path in named)})")
    return sorted(files)


def _decoded(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
