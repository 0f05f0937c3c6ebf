"""The stage explain: what led to each effect on a day's posts that others can see.

Every one has a notice and a statement; evidence is looked for where a model's score led to it.
Enforced posts are few, as the caps have it: one process, without Spark, with each encoder loaded
once.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harmsweep.conf import fault_lines
from harmsweep.digests import as_json
from harmsweep.encoders.conf import load_encoders
from harmsweep.enforcement.rules.ledger import ACCOUNTS_DAY, POLICY, Entry
from harmsweep.enforcement.state.day_state import WITHHELD
from harmsweep.enforcement.state.evidence import digest_of, find_evidence
from harmsweep.explanations.evidence_search import find_evidence as search
from harmsweep.explanations.evidence_search import reproduced
from harmsweep.explanations.identity import is_identity_alone
from harmsweep.explanations.notices import notice
from harmsweep.explanations.pending import Due, due
from harmsweep.explanations.reasons import statement
from harmsweep.explanations.rescoring import contributions, scorer
from harmsweep.explanations.subject import Subject, load_subject
from harmsweep.explanations.withheld import review_withheld
from harmsweep.known_media.escalations import escalated_posts
from harmsweep.lake import delta, table_log, writes
from harmsweep.lake.flow import EXPLAIN
from harmsweep.lake.locks import locked
from harmsweep.lake.runs import Counts, Outcome, run_stage
from harmsweep.logs import log
from harmsweep.model.manifest import Manifest, check_encoders, load_manifest
from harmsweep.model.reference import ModelRef
from harmsweep.operations.switch import check_running
from harmsweep.tables.catalog import ACTIONS, EXPLANATIONS

# Without days a run explains what took effect in so many.
BACK_DAYS = 30
# Another company in a batch moves a vector in bfloat16 by its last bits.
TOLERANCE = 1e-3
# The runs of several days would all tell the same account: one at a time.
_TURN = "explain-accounts"
STATUSES = (
    *("confirmed", "general", "not_searched", "not_reproduced", "expired", "unscored"),
    "no_statement",
)


@dataclass(frozen=True)
class Found:
    """What an explanation says: its status, contributions and evidence."""

    status: str
    contributions: dict[str, float]
    evidence: list[dict[str, Any]]


def explain_day(lake: Path, day: date, *, model: ModelRef, media: Path | None = None) -> Outcome:
    """Explain the day's effects in force that others can see and that have no explanation yet.

    Each is kept as it is found, so that a run that is killed goes on where it was. Deleted posts
    are left out, and of edited ones policy's effects; escalated ones are never looked at. Pictures
    and videos are searched where `media`, the landing zone's folder, is given. Accounts have no
    day: those that were restricted since are told by whatever day's run comes first. An action
    without a reason to tell becomes a review at the end of the run.

    Raises:
        ManifestRefused: the model's files differ from their hashes, or other encoders made its
            inputs.
        Stopped: the switch is off; what was explained until then is kept.
    """
    manifest = load_manifest(model.manifest)
    check_encoders(manifest, {name: e.encoder_id for name, e in load_encoders().items()})
    done = run_stage(
        EXPLAIN,
        lake,
        day,
        lambda: _work(lake, day, model, manifest, media),
        versions={"model_version": manifest.model_version},
        inputs="" if media is None else str(media.resolve()),
    )
    accounts = _explain_accounts(lake, manifest)
    if not accounts:
        return done
    return replace(done, skipped=False, counts={**done.counts, "accounts": accounts})


def explain_few(
    lake: Path, days: Sequence[date], *, model: ModelRef, media: Path | None = None, most: int = 3
) -> list[str]:
    """Explain at most so many posts of the days, of as many harms; all that were explained so.

    For a first look: `explain_day` finds the others still to be done. A lake that has explanations
    is left as it is.
    """
    where = delta.datafusion_where({"day": days})
    sql = f"SELECT post_id FROM explanations_v1 WHERE {where} ORDER BY day, post_id"
    if not delta.query(lake, sql, days=days).num_rows:
        manifest = load_manifest(model.manifest)
        every = (one for day in days for one in due(lake, day, manifest.model_version))
        by_harm = {one.entry.harm: one for one in every if one.entry.score is not None}
        for one in list(by_harm.values())[:most]:
            _explain_one(lake, one, model, manifest, media)
            review_withheld(lake, one.entry.day, model)
    found: list[str] = delta.query(lake, sql, days=days).column("post_id").to_pylist()
    return found


def recent_days(lake: Path, now: datetime, *, back_days: int = BACK_DAYS) -> list[date]:
    """The days of posts on which something took effect lately, in order: also what people did."""
    since = now - timedelta(days=back_days)
    days = table_log.days_since(ACTIONS, lake, "recorded_at", since)
    sql = f"""SELECT DISTINCT day FROM actions_v1 WHERE {delta.datafusion_where({"day": days})}
        AND entry = 'intent' AND subject_kind = 'post'
        AND recorded_at > TIMESTAMP '{since.isoformat()}' ORDER BY day"""
    found: list[date] = delta.query(lake, sql, days=days).column("day").to_pylist()
    return found


def _work(lake: Path, day: date, model: ModelRef, manifest: Manifest, media: Path | None) -> Counts:
    names = ("explained", *STATUSES, "gone", "escalated", "parts", "reviewed")
    counts = dict.fromkeys(names, 0)
    for one in due(lake, day, manifest.model_version):
        status, parts = _explain_one(lake, one, model, manifest, media)
        counts[status] += 1
        counts["explained"] += status in STATUSES
        counts["parts"] += parts
    # By the lake, not by this run: one that was killed may have left some.
    counts["reviewed"] = review_withheld(lake, day, model)
    return counts


def _explain_one(
    lake: Path, one: Due, model: ModelRef, manifest: Manifest, media: Path | None
) -> tuple[str, int]:
    """Keep an explanation; its status, or why there is none, and how many parts it names."""
    entry = one.entry
    check_running(lake)
    if entry.subject_id in escalated_posts(lake, entry.day):
        return "escalated", 0
    # An edit lifts nothing that people decided: what holds is told of, whatever it reads now.
    revision = entry.revision if entry.lane == POLICY else None
    subject = load_subject(lake, entry.day, entry.subject_id, revision)
    if subject is None:
        return "gone", 0
    started = time.monotonic()
    found = explain(lake, entry, subject, model=model.manifest.resolve(), media=media)
    row = _row(one, subject, found, manifest, started)
    writes.write_rows([row], EXPLANATIONS, lake)
    return row["status"], len(found.evidence)


def _explain_accounts(lake: Path, manifest: Manifest) -> int:
    """Explain restrictions of accounts; give how many."""
    with locked(lake, [_TURN]):
        told = [
            _row(one, None, Found("unscored", {}, []), manifest, time.monotonic())
            for one in due(lake, ACCOUNTS_DAY, manifest.model_version)
        ]
        if told:
            check_running(lake)
            writes.write_rows(told, EXPLANATIONS, lake)
    return len(told)


def explain(
    lake: Path, entry: Entry, subject: Subject, *, model: Path, media: Path | None
) -> Found:
    """What led to an effect: nothing is said that does not come out again from what was kept."""
    if entry.score is None or entry.threshold is None or entry.harm is None:
        return Found("unscored", {}, [])
    kept = find_evidence(lake, entry)
    if kept is None:
        return Found("expired", {}, [])
    if digest_of(kept) != entry.evidence:
        return Found("not_reproduced", {}, [])
    asked, encoders = scorer(model, kept, entry.harm), load_encoders()
    scores = (asked.base, reproduced(asked, encoders, subject))
    # Of a score that is under its threshold without anything taken away, any part would flip it.
    near = all(abs(score - entry.score) <= TOLERANCE for score in scores)
    if not near or min(scores) < entry.threshold:
        return Found("not_reproduced", {}, [])
    parts, whole = search(asked, encoders, subject, threshold=entry.threshold, media=media)
    status = "confirmed" if parts else "general" if whole else "not_searched"
    return Found(status, contributions(asked), parts)


def _row(
    one: Due, subject: Subject | None, found: Found, manifest: Manifest, started: float
) -> dict[str, Any]:
    entry, status = one.entry, found.status
    # Who names a group breaks no rule: that is told to nobody as a reason, and is reviewed.
    withheld = subject is not None and is_identity_alone(found.evidence, subject)
    told = WITHHELD if withheld else notice(one, found.evidence, status=status)
    try:
        reasons = None if withheld else statement(one, subject)
    except ValidationError as error:
        # One that the database would refuse keeps no other from being told; its author is.
        ids = {"subject": entry.subject_id, "effect": entry.effect_key}
        facts = ids | {"faults": fault_lines(error)}
        log("explain", day=str(entry.day)).error("no valid statement of reasons", **facts)
        reasons, status = None, "no_statement"
    return {
        "day": entry.day,
        "effect_key": entry.effect_key,
        "post_id": entry.subject_id,
        "revision": entry.revision,
        "model_version": manifest.model_version,
        "status": status,
        "contributions": as_json(found.contributions),
        "evidence": as_json(found.evidence),
        "statement": reasons and reasons.model_dump_json(exclude_none=True),
        "notice": told,
        "explained_at": datetime.now(UTC),
        "seconds": time.monotonic() - started,
    }
