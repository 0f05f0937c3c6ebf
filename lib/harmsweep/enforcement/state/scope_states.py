"""What a sweep of a day judges: each place with its entries, its decision and its post."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from harmsweep.enforcement.rules.effects import Batch, Sweep
from harmsweep.enforcement.rules.guardrails import Decision, Guardrails, Post
from harmsweep.enforcement.rules.held import Stale, resume_held, under_review
from harmsweep.enforcement.rules.lanes import Instruction
from harmsweep.enforcement.rules.ledger import ORDER, POLICY, REVIEW, Entry, Scope
from harmsweep.enforcement.rules.reconcile import reconcile
from harmsweep.enforcement.state.day_ledger import DayLedger
from harmsweep.enforcement.state.decisions import NO_ENCODER, REASON_PARTS, version_pair
from harmsweep.enforcement.state.human_input import NO_INPUT, HumanInput, human_input
from harmsweep.known_media.escalations import escalated_posts
from harmsweep.lake import delta
from harmsweep.tables.catalog import EXEMPTIONS


@dataclass(frozen=True, slots=True)
class ScopeState:
    """A place that has entries or where something is wanted; without a post nothing is judged."""

    scope: Scope
    history: list[Entry]
    wanted: Decision | Instruction | None
    post: Post | None


def scope_states(
    ledger: DayLedger, sweep: Sweep, *, beside: tuple[str, ...] | None = None
) -> list[ScopeState]:
    """Every place of the day that has entries, decisions of the sweep's pair, or demands.

    Entries of the pair `beside` may be imagined ones, so that the ledger's table lacks their posts.
    A decision on another revision than the post's wants nothing. What holds for an escalated post
    stays as it is, but for orders; in policy's lane, also for one that the model did not score.
    """
    lake, day, (model, policy) = ledger.lake, ledger.day, sweep.subject
    of_pair = delta.datafusion_where({"day": day, **version_pair(model, policy)})
    pairs = {beside or (model, policy), (model, policy)}
    decided = " UNION ".join(
        "SELECT post_id FROM decisions_v1 WHERE "
        + delta.datafusion_where({"day": day, **version_pair(*p)})
        for p in sorted(pairs)
    )
    about, people = f"{LEDGERS.format(day=day)} UNION {decided}", human_input(lake, day, sweep.time)
    posts = standing(lake, day, sweep.time, about=about, people=people)
    escalated, scored = escalated_posts(lake, day), _scored(lake, day, model, about)
    judged = {REVIEW: {n: p for n, p in posts.items() if n not in escalated}, ORDER: posts}
    judged[POLICY] = {
        name: replace(post, whole=scored[name, post.revision])
        for name, post in judged[REVIEW].items()
        if (name, post.revision) in scored
    }
    wanted: dict[Scope, Decision | Instruction] = {**people.instructions}
    wanted |= _decisions(lake, of_pair, judged[POLICY])
    scopes = {**dict.fromkeys(ledger.histories), **dict.fromkeys(wanted)}
    return [
        ScopeState(p, ledger.history(p), wanted.get(p), judged[p.lane].get(p.subject_id))
        for p in scopes
    ]


# The posts that a day's ledger is about.
LEDGERS = "SELECT subject_id AS post_id FROM actions_v1 WHERE day = '{day}'"


def standing(
    lake: Path, day: date, at: datetime, *, about: str, people: HumanInput = NO_INPUT
) -> dict[str, Post]:
    """The posts of the day that exist, of those of the query `about` and of demands, by id."""
    names = sorted({scope.subject_id for scope in people.instructions})
    demanded = delta.datafusion_where({"p.post_id": names}) if names else "FALSE"
    sql = f"""SELECT p.post_id, p.revision, p.author_id FROM (
            SELECT * FROM posts_v1 WHERE day = '{day}' AND status = 'accepted') p
        LEFT JOIN (SELECT DISTINCT post_id FROM ({about}) a) d ON d.post_id = p.post_id
        WHERE d.post_id IS NOT NULL OR {demanded}"""
    exempt = exemptions(lake, at)
    posts = {}
    for row in delta.query(lake, sql).to_pylist():
        name, revision, author = row["post_id"], row["revision"], row["author_id"]
        kind = exempt.get(("post", name)) or exempt.get(("account", author))
        posts[name] = Post(revision, author, people.verdict(name, revision), kind)
    return posts


def exemptions(lake: Path, at: datetime) -> dict[tuple[str, str], str]:
    """The allow-list as it stands at a time: the kind of each subject that is on it."""
    entries = sorted(
        delta.rows(EXEMPTIONS, lake).to_pylist(), key=lambda e: (e["added_at"], e["exemption_id"])
    )
    newest = {(e["subject_kind"], e["subject_id"]): e for e in entries if e["added_at"] <= at}
    return {
        subject: e["kind"]
        for subject, e in newest.items()
        if e["kind"] != "none" and (e["until"] is None or e["until"] > at)
    }


def _scored(lake: Path, day: date, model: str, about: str) -> dict[tuple[str, int], bool]:
    """The revisions that the model scored, of a query's posts, and whether it saw them whole."""
    of_model = delta.datafusion_where({"day": day, "model_version": model})
    sql = f"""SELECT s.post_id, s.revision, s.status, s.reason
        FROM (SELECT * FROM scores_v1 WHERE {of_model}) s
        JOIN (SELECT DISTINCT post_id FROM ({about}) a) d ON d.post_id = s.post_id"""
    return {
        (row["post_id"], row["revision"]): was_whole(row["status"], row["reason"])
        for row in delta.query(lake, sql).to_pylist()
    }


def was_whole(status: str, reason: str | None) -> bool:
    """Whether scores rest on all of a post; as in decisions, a want of an encoder is no damage."""
    if status != "scored_partial":
        return status == "scored"
    parts = re.split(REASON_PARTS, reason or "unknown")
    return all(re.fullmatch(NO_ENCODER, part) for part in parts)


def _decisions(lake: Path, of_pair: str, posts: dict[str, Post]) -> dict[Scope, Decision]:
    """What was decided about the posts' current revisions."""
    sql = f"""SELECT post_id, surface, jurisdiction, revision, language, action, harm, score,
        threshold FROM decisions_v1 WHERE {of_pair}"""
    wanted = {}
    for row in delta.query(lake, sql).to_pylist():
        name = row.pop("post_id")
        scope = Scope("post", name, row.pop("surface"), row.pop("jurisdiction"))
        if name in posts and posts[name].revision == row["revision"]:
            wanted[scope] = Decision(**row)
    return wanted


def changes(
    states: Iterable[ScopeState],
    sweep: Sweep,
    guardrails: Guardrails,
    held: dict[Batch, float] | None = None,
) -> list[Entry]:
    """What is missing at the places, as entries of the sweep; see `being_read` for what waits."""
    options: dict[str, Any] = {"sweep": sweep, "guardrails": guardrails, "held": held}
    judged = list(states)
    new_entries = (
        reconcile(c.scope, c.history, c.wanted, c.post, **options) for c in judged if c.post
    )
    read = under_review([state.history for state in judged])
    return [
        entry
        for entry in new_entries
        if entry and not (entry.is_counted and (entry.scope, entry.revision) in read)
    ]


def resume_all_held(
    states: Iterable[ScopeState], held_effect: Iterable[Entry], sweep: Sweep, guardrails: Guardrails
) -> tuple[list[Entry], list[Entry]]:
    """Planned or held effects as intents of the sweep, and those that no longer fit.

    One that is in force or was refused gives nothing.
    """
    by_scope, new_entries, stale = (
        {state.scope: state for state in states},
        list[Entry](),
        list[Entry](),
    )
    for entry in held_effect:
        scope = entry.scope
        state = by_scope.get(scope, ScopeState(scope, [], None, None))
        options: dict[str, Any] = {"held_effect": entry, "sweep": sweep, "guardrails": guardrails}
        try:
            one = resume_held(scope, state.history, state.wanted, state.post, **options)
        except Stale:
            stale.append(entry)
        else:
            new_entries += [one] if one else []
    return new_entries, stale
