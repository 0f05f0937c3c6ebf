"""The stage explain: what led to each visible effect of a model on a day's posts.

Enforced posts are few, as the caps have it: one process, without Spark, with each encoder loaded
once.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from harmsweep import lake as lakes
from harmsweep.encoders import load_encoders
from harmsweep.enforce.books import entries
from harmsweep.enforce.evidence import digest_of, find_evidence
from harmsweep.escalations import escalated_posts
from harmsweep.explain.notices import notice, statement
from harmsweep.explain.rescoring import contributions, scorer
from harmsweep.explain.search import find_evidence as search
from harmsweep.explain.search import reproduced
from harmsweep.explain.subject import Subject, load_subject
from harmsweep.ledger import POLICY, VISIBLE, Entry
from harmsweep.manifest import Manifest, check_encoders, load_manifest
from harmsweep.operations import check_running
from harmsweep.runs import Counts, Outcome, Read, Step, run_step
from harmsweep.tables import (
    ACTIONS,
    EVIDENCE,
    EXPLANATIONS,
    MEDIA,
    POST_FEATURES,
    POST_VISIBILITY,
    POSTS,
)

STEP = Step(
    "explain",
    reads=tuple(
        Read(table) for table in (ACTIONS, EVIDENCE, POSTS, POST_FEATURES, POST_VISIBILITY, MEDIA)
    ),
    writes=(EXPLANATIONS,),
)
# Another company in a batch moves a vector in bfloat16 by its last bits.
TOLERANCE = 1e-3
STATUSES = ("confirmed", "general", "not_reproduced", "expired")


@dataclass(frozen=True)
class Found:
    """What an explanation says: its status, contributions and evidence."""

    status: str
    contributions: dict[str, float]
    evidence: list[dict[str, Any]]


def explain_day(lake: Path, day: date, *, model: Path, media: Path | None = None) -> Outcome:
    """Explain the day's effects in force that have a model's score and no explanation yet.

    Each is kept as it is found, so that a run that is killed goes on where it was. Deleted and
    edited posts are left out, and escalated ones are never looked at. Pictures and videos are
    searched where `media`, the landing zone's folder, is given.

    Raises:
        ManifestRefused: the model's files differ from their hashes, or other encoders made its
            inputs.
        Stopped: the switch is off; what was explained until then is kept.
    """
    manifest = load_manifest(model)
    check_encoders(manifest, {name: e.encoder_id for name, e in load_encoders().items()})
    return run_step(
        STEP,
        lake,
        day,
        lambda: _work(lake, day, model.resolve(), manifest, media),
        versions={"model_version": manifest.model_version},
        inputs="" if media is None else str(media.resolve()),
    )


def _work(lake: Path, day: date, model: Path, manifest: Manifest, media: Path | None) -> Counts:
    counts = dict.fromkeys(("explained", *STATUSES, "gone", "escalated", "parts"), 0)
    for entry in due(lake, day, manifest.model_version):
        check_running(lake)
        if entry.subject_id in escalated_posts(lake, day):
            counts["escalated"] += 1
            continue
        subject = load_subject(lake, day, entry.subject_id, entry.revision)
        if subject is None:
            counts["gone"] += 1
            continue
        started = time.monotonic()
        found = explain(lake, entry, subject, model=model, media=media)
        row = _row(entry, subject, found, time.monotonic() - started)
        lakes.put_rows([row], EXPLANATIONS, lake)
        counts["explained"] += 1
        counts[found.status] += 1
        counts["parts"] += len(found.evidence)
    return counts


def due(lake: Path, day: date, model_version: str) -> Iterator[Entry]:
    """Effects of the model's own decisions that hold and were not explained, by their keys."""
    shown = lakes.rows(POST_VISIBILITY, lake, day=day).to_pylist()
    holds = {r["effect_key"] for r in shown if r["lane"] == POLICY and r["action"] in VISIBLE}
    known = set(lakes.rows(EXPLANATIONS, lake, day=day).column("effect_key").to_pylist())
    for entry in sorted(entries(lake, day), key=lambda e: e.effect_key):
        is_new = entry.entry == "intent" and entry.effect_key in holds - known
        scored = entry.score is not None and entry.threshold is not None
        if is_new and scored and entry.model_version == model_version:
            yield entry


def explain(
    lake: Path, entry: Entry, subject: Subject, *, model: Path, media: Path | None
) -> Found:
    """What led to an effect: nothing is said that does not come out again from what was kept."""
    kept = find_evidence(lake, entry)
    if kept is None:
        return Found("expired", {}, [])
    if digest_of(kept) != entry.evidence:
        return Found("not_reproduced", {}, [])
    assert entry.harm is not None and entry.score is not None and entry.threshold is not None
    asked, encoders = scorer(model, kept, entry.harm), load_encoders()
    scores = (asked.base, reproduced(asked, encoders, subject))
    # Of a score that is under its threshold without anything taken away, any part would flip it.
    near = all(abs(score - entry.score) <= TOLERANCE for score in scores)
    if not near or min(scores) < entry.threshold:
        return Found("not_reproduced", {}, [])
    parts = search(asked, encoders, subject, threshold=entry.threshold, media=media)
    return Found("confirmed" if parts else "general", contributions(asked), parts)


def _row(entry: Entry, subject: Subject, found: Found, seconds: float) -> dict[str, Any]:
    reasons = statement(entry, subject)
    told = notice(entry, found.evidence, reproduced=found.status in ("confirmed", "general"))
    return {
        "day": entry.day,
        "effect_key": entry.effect_key,
        "post_id": entry.subject_id,
        "revision": entry.revision,
        "model_version": entry.model_version,
        "status": found.status,
        "contributions": lakes.as_json(found.contributions),
        "evidence": lakes.as_json(found.evidence),
        "statement": reasons and reasons.model_dump_json(exclude_none=True),
        "notice": told,
        "explained_at": datetime.now(UTC),
        "seconds": seconds,
    }
