"""What a sweep of a day judges: each place with its entries, its decision and its post."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from harmsweep import lake as lakes
from harmsweep.decisions import pair
from harmsweep.enforce.books import Books
from harmsweep.enforce.change import change
from harmsweep.enforce.parked import Stale, let_go
from harmsweep.enforce.rules import Decision, Post, Rules
from harmsweep.enforce.sweeps import Batch, Sweep
from harmsweep.ledger import Entry, Place
from harmsweep.tables import ESCALATIONS, EXEMPTIONS, VERDICTS


@dataclass(frozen=True, slots=True)
class Case:
    """A place that has entries or a decision; `post` is None where there is none to judge."""

    place: Place
    chain: list[Entry]
    decision: Decision | None
    post: Post | None


def cases(ledger: Books, sweep: Sweep) -> list[Case]:
    """Every place of the day that has entries or decisions of the sweep's pair.

    A decision on another revision than the post's wants nothing. What holds for an escalated post,
    or for one that the model did not score, stays as it is.
    """
    lake, day, (model, policy) = ledger.lake, ledger.day, sweep.subject
    of_pair = lakes.plain_predicate({"day": day, **pair(model, policy)})
    posts = standing(
        lake,
        day,
        sweep.time,
        about=f"{LEDGERS.format(day=day)} UNION SELECT post_id FROM decisions_v1 WHERE {of_pair}",
        revisions=f"SELECT post_id, revision FROM scores_v1 WHERE {_of_model(day, model)}",
    )
    escalated = _escalated(lake, day)
    judged = {name: post for name, post in posts.items() if name not in escalated}
    wanted = _decisions(lake, of_pair, judged)
    places = {**dict.fromkeys(ledger.chains), **dict.fromkeys(wanted)}
    return [Case(p, ledger.chain(p), wanted.get(p), judged.get(p.subject_id)) for p in places]


# The posts that a day's ledger is about.
LEDGERS = "SELECT subject_id AS post_id FROM actions_v1 WHERE day = '{day}'"


def standing(
    lake: Path, day: date, at: datetime, *, about: str, revisions: str = ""
) -> dict[str, Post]:
    """The posts of the day that exist, of those that the query `about` gives, by id.

    With `revisions`, a query that gives post_id and revision, only those whose revision it has.
    """
    among = (
        f"JOIN ({revisions}) r ON r.post_id = p.post_id AND r.revision = p.revision"
        if revisions
        else ""
    )
    sql = f"""SELECT p.post_id, p.revision, p.author_id FROM (
            SELECT * FROM posts_v1 WHERE day = '{day}' AND status = 'accepted') p
        JOIN (SELECT DISTINCT post_id FROM ({about}) a) d ON d.post_id = p.post_id {among}"""
    found, verdicts = lakes.query(lake, sql).to_pylist(), _verdicts(lake, day)
    exempt = exemptions(lake, at)
    posts = {}
    for row in found:
        name, revision, author = row["post_id"], row["revision"], row["author_id"]
        kind = exempt.get(("post", name)) or exempt.get(("account", author))
        posts[name] = Post(revision, author, verdicts.get((name, revision)), kind)
    return posts


def exemptions(lake: Path, at: datetime) -> dict[tuple[str, str], str]:
    """The allow-list as it stands at a time: the kind of each subject that is on it."""
    entries = sorted(
        lakes.rows(EXEMPTIONS, lake).to_pylist(), key=lambda e: (e["added_at"], e["exemption_id"])
    )
    newest = {(e["subject_kind"], e["subject_id"]): e for e in entries if e["added_at"] <= at}
    return {
        subject: e["kind"]
        for subject, e in newest.items()
        if e["kind"] != "none" and (e["until"] is None or e["until"] > at)
    }


def _verdicts(lake: Path, day: date) -> dict[tuple[str, int], str]:
    """The newest verdict on each revision."""
    found = lakes.rows(VERDICTS, lake, day=day).to_pylist()
    found.sort(key=lambda v: (v["decided_at"], v["verdict_id"]))
    return {(v["post_id"], v["revision"]): v["verdict"] for v in found}


def _of_model(day: date, model: str) -> str:
    return lakes.plain_predicate({"day": day, "model_version": model})


def _escalated(lake: Path, day: date) -> set[str]:
    sql = f"SELECT post_id FROM escalations WHERE {lakes.plain_predicate({'day': day})}"
    found = lakes.query(lake, sql, names={"escalations": ESCALATIONS.name})
    return set(found.column("post_id").to_pylist())


def _decisions(lake: Path, of_pair: str, posts: dict[str, Post]) -> dict[Place, Decision]:
    """What was decided about the posts' current revisions."""
    sql = f"""SELECT post_id, surface, jurisdiction, revision, language, action, harm, score,
        threshold FROM decisions_v1 WHERE {of_pair}"""
    wanted = {}
    for row in lakes.query(lake, sql).to_pylist():
        name = row.pop("post_id")
        place = Place("post", name, row.pop("surface"), row.pop("jurisdiction"))
        if name in posts and posts[name].revision == row["revision"]:
            wanted[place] = Decision(**row)
    return wanted


def changes(
    found: Iterable[Case], sweep: Sweep, rules: Rules, held: dict[Batch, float] | None = None
) -> list[Entry]:
    """What is missing at the places, as entries of the sweep."""
    options: dict[str, Any] = {"sweep": sweep, "rules": rules, "held": held}
    made = (change(c.place, c.chain, c.decision, c.post, **options) for c in found if c.post)
    return [entry for entry in made if entry]


def let_go_all(
    found: Iterable[Case], parked: Iterable[Entry], sweep: Sweep, rules: Rules
) -> tuple[list[Entry], list[Entry]]:
    """Planned or held effects as intents of the sweep, and those that no longer fit.

    One that is in force or was refused gives nothing.
    """
    by_place, made, stale = {case.place: case for case in found}, list[Entry](), list[Entry]()
    for entry in parked:
        place = entry.place
        case = by_place.get(place, Case(place, [], None, None))
        options: dict[str, Any] = {"parked": entry, "sweep": sweep, "rules": rules}
        try:
            one = let_go(place, case.chain, case.decision, case.post, **options)
        except Stale:
            stale.append(entry)
        else:
            made += [one] if one else []
    return made, stale
