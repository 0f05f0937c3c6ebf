"""A day as the lake has it, each table read once: what sweeps, plans and acts of people judge."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from harmsweep.enforcement.rules.effects import from_micros
from harmsweep.enforcement.rules.guardrails import Decision, Post
from harmsweep.enforcement.rules.ledger import Scope
from harmsweep.enforcement.state.day_ledger import DayLedger
from harmsweep.enforcement.state.decisions import NO_ENCODER, REASON_PARTS, version_pair
from harmsweep.enforcement.state.human_input import HumanInput, read_human_input
from harmsweep.known_media.escalations import escalated_posts
from harmsweep.lake import delta
from harmsweep.tables.catalog import EXEMPTIONS

Pair = tuple[str, ...]  # model version and policy version
Revisions = Mapping[tuple[str, int], bool]  # by post and revision
# A notice that is not sent.
WITHHELD = ""


@dataclass(frozen=True)
class DayState:
    """A day's ledger, and what it is compared with as of the ledger's time."""

    ledger: DayLedger
    human_input: HumanInput
    posts: Mapping[str, Post]  # those that exist, of all that the rest is about
    escalated: frozenset[str]  # posts that only orders may touch
    decisions: Mapping[Pair, Mapping[Scope, Decision]]  # about the posts' current revisions
    scored: Mapping[str, Revisions]  # what each model scored, and whether it saw it whole


def read_day_state(ledger: DayLedger, *pairs: Pair) -> DayState:
    """Read what a day's ledger is compared with, and what was decided under some pairs of versions.

    Whoever writes what follows from it holds the ledger's locks from before the ledger was read.
    """
    lake, day = ledger.lake, ledger.day
    escalated = frozenset(escalated_posts(lake, day))
    human_input = read_human_input(ledger, escalated)
    about = f"SELECT subject_id AS post_id FROM actions_v1 WHERE day = '{day}'"
    if pairs:
        about += f" UNION SELECT post_id FROM decisions_v1 WHERE {_of_pairs(day, pairs)}"
    posts = _read_posts(ledger, about, human_input)
    decisions = _read_decisions(lake, day, pairs, posts) if pairs else {}
    scored = _read_scored(lake, day, sorted({model for model, _ in pairs}), about) if pairs else {}
    return DayState(ledger, human_input, posts, escalated, decisions, scored)


def _of_pairs(day: date, pairs: Sequence[Pair]) -> str:
    """The condition on decisions of a day that are some pairs' own."""
    own = (delta.datafusion_where(version_pair(*pair)) for pair in sorted(set(pairs)))
    return f"day = '{day}' AND ({' OR '.join(f'({condition})' for condition in own)})"


def _read_posts(ledger: DayLedger, about: str, human_input: HumanInput) -> dict[str, Post]:
    """The posts that exist, of those of the query `about` and of instructions, by id."""
    names = sorted({scope.subject_id for scope in human_input.instructions})
    instructed = delta.datafusion_where({"p.post_id": names}) if names else "FALSE"
    sql = f"""SELECT p.post_id, p.revision, p.author_id, p.dataset, p.surface FROM (
            SELECT * FROM posts_v1 WHERE day = '{ledger.day}' AND status = 'accepted') p
        LEFT JOIN (SELECT DISTINCT post_id FROM ({about}) a) d ON d.post_id = p.post_id
        WHERE d.post_id IS NOT NULL OR {instructed}"""
    exempt = exemptions(ledger.lake, from_micros(ledger.at))
    bare = without_reason(ledger.lake, ledger.day)
    posts = {}
    for row in delta.query(ledger.lake, sql, days=[ledger.day]).to_pylist():
        name, revision, author = row["post_id"], row["revision"], row["author_id"]
        kind = exempt.get(("post", name)) or exempt.get(("account", author))
        verdict = human_input.verdict(name, revision)
        posts[name] = Post(
            revision,
            author,
            verdict,
            kind,
            dataset=row["dataset"],
            surface=row["surface"],
            without_reason=(name, revision) in bare,
        )
    return posts


def without_reason(lake: Path, day: date) -> set[tuple[str, int]]:
    """The posts, by revision, that were acted on for nothing that an author can be told."""
    sql = f"""SELECT post_id, revision FROM explanations_v1
        WHERE day = '{day}' AND notice = '{WITHHELD}'"""
    bare = delta.query(lake, sql, days=[day]).to_pylist()
    return {(row["post_id"], row["revision"]) for row in bare}


def exemptions(
    lake: Path, at: datetime, *, entered_by: datetime | None = None
) -> dict[tuple[str, str], str]:
    """The allow-list as it stands at a time: the kind of each subject that is on it.

    What the lake holds was entered, whatever the clock was; `entered_by` asks for a past state.
    """
    entries = sorted(
        delta.rows(EXEMPTIONS, lake).to_pylist(), key=lambda e: (e["added_at"], e["exemption_id"])
    )
    known = [e for e in entries if entered_by is None or e["added_at"] <= entered_by]
    newest = {(e["subject_kind"], e["subject_id"]): e for e in known}
    return {
        subject: e["kind"]
        for subject, e in newest.items()
        if e["kind"] != "none" and (e["until"] is None or e["until"] > at)
    }


def _read_decisions(
    lake: Path, day: date, pairs: Sequence[Pair], posts: Mapping[str, Post]
) -> dict[Pair, dict[Scope, Decision]]:
    """What each pair decided about the posts' current revisions."""
    sql = f"""SELECT model_version, policy_version, post_id, surface, jurisdiction, revision,
        language, action, harm, score, threshold FROM decisions_v1 WHERE {_of_pairs(day, pairs)}"""
    decisions: dict[Pair, dict[Scope, Decision]] = {pair: {} for pair in pairs}
    for row in delta.query(lake, sql, days=[day]).to_pylist():
        pair, name = (row.pop("model_version"), row.pop("policy_version")), row.pop("post_id")
        scope = Scope("post", name, row.pop("surface"), row.pop("jurisdiction"))
        if name in posts and posts[name].revision == row["revision"]:
            decisions[pair][scope] = Decision(**row)
    return decisions


def _read_scored(
    lake: Path, day: date, models: Sequence[str], about: str
) -> dict[str, dict[tuple[str, int], bool]]:
    """The revisions that each model scored, of a query's posts, and whether it saw them whole."""
    of_models = delta.datafusion_where({"day": day, "model_version": models})
    sql = f"""SELECT s.model_version, s.post_id, s.revision, s.status, s.reason
        FROM (SELECT * FROM scores_v1 WHERE {of_models}) s
        JOIN (SELECT DISTINCT post_id FROM ({about}) a) d ON d.post_id = s.post_id"""
    scored: dict[str, dict[tuple[str, int], bool]] = defaultdict(dict)
    for row in delta.query(lake, sql, days=[day]).to_pylist():
        whole = was_whole(row["status"], row["reason"])
        scored[row["model_version"]][row["post_id"], row["revision"]] = whole
    return dict(scored)


def was_whole(status: str, reason: str | None) -> bool:
    """Whether scores rest on all of a post; as in decisions, a want of an encoder is no damage."""
    if status != "scored_partial":
        return status == "scored"
    parts = re.split(REASON_PARTS, reason or "unknown")
    return all(re.fullmatch(NO_ENCODER, part) for part in parts)
