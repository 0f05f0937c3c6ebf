"""A landing zone of ten literal days with all that can come late, and what people find meanwhile.

It is of the standard library alone: Airflow's environment reads it too.
"""

import json
from pathlib import Path
from typing import Any

SPAM = "You won a prize, call this number now to claim your free cash"
QUIET = "A quiet walk along the river in the evening"


def post(name: str, recorded: int, created: int | None = None, **values: Any) -> dict[str, Any]:
    return {
        "post_id": name, "author_id": f"of {name}".replace(" ", "-"), "text": "A quiet morning",
        "created_at": f"2026-10-{created or recorded:02}T08:00:00Z",
        "recorded_at": f"2026-10-{recorded:02}T09:00:00Z",
    } | values  # fmt: skip


def report(actor: str, name: str, day: int) -> dict[str, Any]:
    at, about = f"2026-10-{day:02}T20:00:00Z", {"kind": "report", "reason": "spam"}
    by = {"actor_id": actor, "author_id": f"of-{name}"}
    return about | by | {"post_id": name, "post_day": f"2026-10-{day:02}", "recorded_at": at}


def label(name: str, **values: Any) -> dict[str, Any]:
    return {"post_id": name, "harm": "spam", "label": 1} | values


Lines = dict[int, list[dict[str, Any] | str]]
POST_LINES: Lines = {
    1: [
        *(post("a", 1), post("edited", 1), post("deleted", 1), post("twin", 1, text=QUIET)),
        '{"post_id": "cut',
    ],
    2: [post("b", 2)],
    3: [post("c", 3), post("back-2", 3, created=1)],
    4: [post("d", 4), post("ahead", 4, created_at="2099-01-01T00:00:00Z")],
    5: [post("e", 5), post("back-4", 5, created=1, text=SPAM)],
    6: [post("f", 6)],
    7: [
        *(post("edited", 7, created=1, revision=2, text=SPAM), post("late", 3)),
        post("kept", 7, created=2, text=f"{SPAM} today"),
    ],
    8: [post("g", 8), post("judged", 8, text=QUIET), '{"post_id": "cut again'],
    9: [post("deleted", 9, created=1, revision=2, deleted=True, text=None)],
    10: [post("h", 10), post("edited", 10, created=1, revision=3, text="Fine again")],
}
# Two who are right about three posts, as is known a week later, and then report another.
REPORTS = [report(by, name, n) for n, name in enumerate("abc", 1) for by in ("rea", "rob")]
ZONE: dict[str, Lines] = {
    "posts": POST_LINES,
    "interactions": {1: [*REPORTS[:2]], 2: [*REPORTS[2:4]], 3: [*REPORTS[4:]]}
    | {5: [report(by, "e", 5) for by in ("rea", "rob")]},
    # One has no time: it counts with its post, a week ago. So does the profile, with its author's.
    "labels": {9: [label("a")], 10: [label(n, recorded_at="2026-10-10T08:00:00Z") for n in "bc"]},
    "users": {9: [{"user_id": "of-deleted", "name": "Ann", "followers": 3}]},
}
# What lands while the night runs: the next one takes it.
MEANWHILE: Lines = {8: [post("meanwhile", 8)]}
# Who finds what, before a night and while it runs.
REMOVE = {"harm": "harassment", "action": "remove"}
Found = tuple[str, str, str, dict[str, str]]
VERDICTS: dict[int, list[Found]] = {
    9: [("ana", "judged", "harmful", REMOVE), ("ana", "b", "harmful", {"harm": "harassment"})],
    10: [("ana", "back-4", "benign", {})],
}
VERDICTS_MEANWHILE: dict[int, list[Found]] = {9: [("bob", "judged", "harmful", REMOVE)]}


def land(zone: Path, day: int, sources: dict[str, Lines] = ZONE, name: str = "") -> None:
    """Write a day's files of the sources."""
    for source, by_day in sources.items():
        if day in by_day:
            lines = [row if isinstance(row, str) else json.dumps(row) for row in by_day[day]]
            (zone / source).mkdir(parents=True, exist_ok=True)
            path = zone / source / f"2026-10-{day:02}{name}.jsonl"
            path.write_text("\n".join(lines) + "\n")


# Content of what stands at the end: nights have former revisions' scores and effects besides.
CURRENT = "SELECT day, post_id, revision FROM posts_v1 WHERE status = 'accepted'"
CONTENT = {
    "posts": "SELECT day, post_id, revision, status, text FROM posts_v1",
    "rejects": "SELECT day, stage, status, reason FROM rejects_v1",
    "ingests": "SELECT day, source, landed FROM ingests_v1",
    "users": "SELECT day, user_id, name, followers FROM users_v1",
    "interactions": "SELECT day, post_id, actor_id, kind, reason FROM interactions_v1",
    "post_features": f"""SELECT f.day, f.post_id, f.revision, clean_text, language, views
        FROM post_features_v1 f JOIN ({CURRENT}) c
        ON f.day = c.day AND f.post_id = c.post_id AND f.revision = c.revision""",
    "scores": f"""SELECT s.day, s.post_id, s.revision, status, round(spam, 4) AS spam
        FROM scores_v1 s JOIN ({CURRENT}) c
        ON s.day = c.day AND s.post_id = c.post_id AND s.revision = c.revision""",
    "decisions": f"""SELECT d.day, d.post_id, d.revision, action, harm
        FROM decisions_v1 d JOIN ({CURRENT}) c
        ON d.day = c.day AND d.post_id = c.post_id AND d.revision = c.revision""",
    "visibility": "SELECT day, subject_id, revision, lane, action, harm FROM post_visibility_v1",
    "labels": "SELECT day, post_id, harm, label, source, annotator, weight FROM labels_v1",
    "accounts": """SELECT day, slice, value_of, value FROM metrics_v1
        WHERE day >= '2026-10-01' AND metric IN ('accounts', 'posts', 'decisions', 'effects')""",
}
