"""Landing rows of the drafts: authors, times, the order of events, and what happened later."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from draft import Draft, pick
from hostile import BROKEN_LINE, FIRST, SECOND, STRANGE_LABEL, THIRD
from written import BOTS, SPAMMERS, TEXTS

Row = dict[str, Any]
DAYS = (FIRST, SECOND, THIRD)
AUTHORS = tuple(f"user-{number:04d}" for number in range(80))
SURFACES = ("feed", "feed", "feed", "reply")
COUNTRIES = ("US", "GB", "DE", "FR", "IN", "BR", "ZZ")
LAST_SECOND = 23 * 3600  # nothing after 23:00, so that a post is recorded on the day it was made


def post_rows(drafts: Iterable[Draft], *, seed: int) -> list[Row]:
    """Rows of posts in the order in which the platform recorded them."""
    # By kind of post, then day by day in turn: each day gets its share of each label.
    ordered = sorted(drafts, key=lambda draft: (draft.dataset, sorted(draft.labels.items())))
    rows = [
        row
        for number, draft in enumerate(ordered)
        for row in _events(draft, DAYS[number % 3], Random(f"{seed}:when:{draft.post_id}"))
    ]
    rows.sort(key=lambda row: (row["recorded_at"], row["post_id"]))
    sequence = {row["event_id"]: 1000 + number for number, row in enumerate(rows)}
    return [row | {"sequence": sequence[row["event_id"]]} for row in rows]


def _events(draft: Draft, day: str, rng: Random) -> list[Row]:
    """The original, and the edit, deletion or repeat that follows it."""
    midnight = datetime.fromisoformat(draft.fields.get("day", day) + "T00:00:00+00:00")
    created = midnight + timedelta(seconds=rng.randrange(LAST_SECOND))
    recorded = created + timedelta(seconds=rng.randrange(1, 60))
    first = _row(draft, created, recorded)
    match draft.fields.get("then"):
        case "duplicate":
            return [first, dict(first)]
        case "late":
            return [first | {"recorded_at": (recorded + timedelta(days=2)).isoformat()}]
        case "edited":
            return [first, _later(first, recorded, days=2, text=TEXTS["long_harmful"])]
        case "deleted":
            return [first, _later(first, recorded, days=1, text=None, deleted=True)]
        case _:
            return [first]


def _row(draft: Draft, created: datetime, recorded: datetime) -> Row:
    return {
        "post_id": draft.post_id,
        "author_id": draft.author or pick(AUTHORS, "author", draft.post_id),
        "author_origin": "assigned",
        "created_at": created.isoformat(),
        "recorded_at": recorded.isoformat(),
        "event_id": f"e-{draft.post_id}-1",
        "sequence": 0,
        "revision": 1,
        "deleted": False,
        "text": draft.text,
        "media": list(draft.media),
        "surface": pick(SURFACES, "surface", draft.post_id),
        "country": pick(COUNTRIES, "country", draft.post_id),
        "likes": None,
        "dataset": draft.dataset,
        "split_group": draft.group,
    }


def _later(row: Row, recorded: datetime, *, days: int, **changes: Any) -> Row:
    event = {"event_id": f"e-{row['post_id']}-2", "revision": 2}
    return row | event | {"recorded_at": (recorded + timedelta(days=days)).isoformat()} | changes


def label_rows(drafts: Iterable[Draft]) -> list[Row]:
    """A row for each label, and one of a harm that nobody declared."""
    labelled = [draft for draft in drafts if draft.labels]
    rows = [
        {
            "post_id": draft.post_id,
            "harm": harm,
            "label": label,
            "source": "hand",
            "dataset": draft.dataset,
        }
        for draft in labelled
        for harm, label in draft.labels.items()
    ]
    return [*rows, {"post_id": labelled[0].post_id, **STRANGE_LABEL}]


def account_label_rows() -> list[Row]:
    """The made-up spammers and bots, and twenty accounts that are neither."""
    kinds = {"spammer": SPAMMERS, "bot": BOTS}
    return [
        {"user_id": user, "bad_actor": int(user in bad), "kind": kind, "dataset": "written"}
        for kind, bad in kinds.items()
        for user in (*bad, *AUTHORS[:20])
    ]


def as_lines(rows: Iterable[Row]) -> list[str]:
    """JSON of each row; a row with half a surrogate pair, which UTF-8 cannot hold, is escaped."""
    return [json.dumps(row, ensure_ascii="\ud83d" in (row.get("text") or "")) for row in rows]


def with_broken_line(lines: list[str]) -> list[str]:
    """The lines with one that is no JSON in their middle."""
    middle = len(lines) // 2
    return [*lines[:middle], BROKEN_LINE, *lines[middle:]]
