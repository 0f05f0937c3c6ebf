"""What people found of posts that were drawn for them to judge."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harmsweep.known_media.escalations import escalated_posts
from harmsweep.lake import delta
from harmsweep.tables.catalog import LABEL_TASKS

Words = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Answers:
    """What became of tasks: ids of posts, right and wrong ones in the order of their answers."""

    right: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    # Edited, deleted or escalated before anybody judged them.
    gone: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    # Whether each answer was right.
    in_order: tuple[bool, ...] = ()

    def line(self) -> str:
        """The answers in a line."""
        return ", ".join(f"{len(getattr(self, n))} {n}" for n in ("right", "wrong", "gone", "open"))


def tasks_of(lake: Path, plan_id: str) -> list[dict[str, Any]]:
    """The tasks of a plan or watch, by post."""
    where = delta.datafusion_where({"plan_id": plan_id})
    sql = f"SELECT * FROM {LABEL_TASKS.name} WHERE {where} ORDER BY post_id, revision"
    found: list[dict[str, Any]] = delta.query(lake, sql).to_pylist()
    return found


def answers_to(lake: Path, tasks: Sequence[Mapping[str, Any]]) -> Answers:
    """What people found of the posts of tasks: each reviewer's last word on the revision counts."""
    if not tasks:
        return Answers()
    words, standing = _last_words(lake, tasks), _standing(lake, tasks)
    found, given = defaultdict[str, list[str]](list), list[tuple[datetime, str, bool]]()
    for task in tasks:
        revision = task["post_id"], task["revision"]
        of_post = words.get(revision, {})
        outcome = _outcome(of_post.values(), task["harm"])
        if outcome == "open" and revision not in standing:
            outcome = "gone"
        if outcome in ("right", "wrong"):
            # When the last of them was given, by the order of the verdicts' own acts.
            at = max(word["decided_at"] for word in of_post.values())
            given.append((at, task["post_id"], outcome == "right"))
        found[outcome].append(task["post_id"])
    in_order = tuple(right for _, _, right in sorted(given))
    return Answers(**{name: tuple(posts) for name, posts in found.items()}, in_order=in_order)


def _outcome(words: Iterable[Mapping[str, Any]], harm: str) -> str:
    """Right or wrong by most reviewers; a harmful verdict without a harm says nothing of one."""
    lead = 0
    for word in words:
        if word["verdict"] == "benign" or word["harm"] not in (None, harm):
            lead -= 1
        elif word["harm"] == harm:
            lead += 1
    return "open" if lead == 0 else "right" if lead > 0 else "wrong"


def _last_words(lake: Path, tasks: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], Words]:
    about = _about(tasks)
    sql = f"""SELECT * FROM verdicts_v1 WHERE {delta.datafusion_where(about)}
        ORDER BY decided_at, verdict_id"""
    words = defaultdict[tuple[str, int], dict[str, Mapping[str, Any]]](dict)
    for row in delta.query(lake, sql, days=delta.days_of(about)).to_pylist():
        words[row["post_id"], row["revision"]][row["reviewer"]] = row
    return dict(words)


def _about(tasks: Sequence[Mapping[str, Any]]) -> delta.Slice:
    """The slice of the tasks' posts, and of what was said of them: it has its post's day."""
    names = ("day", "post_id")
    return {name: sorted({task[name] for task in tasks}) for name in names}


def _standing(lake: Path, tasks: Sequence[Mapping[str, Any]]) -> set[tuple[str, int]]:
    """The revisions that people may still judge."""
    about = _about(tasks)
    sql = f"""SELECT post_id, revision FROM posts_v1
        WHERE status = 'accepted' AND {delta.datafusion_where(about)}"""
    days = delta.days_of(about) or []
    escalated = {post for day in days for post in escalated_posts(lake, day)}
    rows = delta.query(lake, sql).to_pylist()
    return {(r["post_id"], r["revision"]) for r in rows if r["post_id"] not in escalated}
