"""A past decision computed anew from what was kept of it: the same, or where it differs."""

from dataclasses import dataclass
from pathlib import Path

from harmsweep.enforce.books import entries
from harmsweep.enforce.evidence import columns_of, digest_of, find_evidence
from harmsweep.job import DataRefused
from harmsweep.ledger import POLICY, Entry
from harmsweep.manifest import load_manifest
from harmsweep.verdicts import find_post

# A row among others and a row alone differ in the order of float32 sums.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Replayed:
    """One effect of a model's decision, and what came out now."""

    entry: Entry
    outcome: str  # same, differs, expired or another model
    score: float | None = None  # now
    why: str = ""


def replay(lake: Path, post_id: str, model: Path) -> list[Replayed]:
    """Every visible effect of a model on a post, the oldest first, computed anew from its evidence.

    Raises:
        ManifestRefused: the model's files differ from their hashes.
        DataRefused: there is no such post, or no model acted on it.
    """
    post = find_post(lake, post_id)
    acted = [e for e in entries(lake, post["day"]) if e.subject_id == post_id and _is_of_model(e)]
    if not acted:
        raise DataRefused(f"no model's decision acted on {post_id}")
    return [_replayed(lake, e, model) for e in sorted(acted, key=lambda e: e.recorded_at)]


def _is_of_model(entry: Entry) -> bool:
    intent = entry.entry == "intent" and entry.lane == POLICY and entry.is_counted
    return intent and entry.score is not None


def _replayed(lake: Path, entry: Entry, model: Path) -> Replayed:
    from harmsweep.model import load_heads, score_columns

    manifest = load_manifest(model)
    if manifest.model_version != entry.model_version:
        return Replayed(entry, "another model", why=f"it was {entry.model_version}")
    kept = find_evidence(lake, entry)
    if kept is None:
        return Replayed(entry, "expired", why="the evidence is kept no longer")
    if digest_of(kept) != entry.evidence:
        return Replayed(entry, "differs", why="the evidence is not what the ledger names")
    scores = score_columns(*load_heads(model), columns_of(kept, manifest))
    score = float(scores[0, list(manifest.harms).index(entry.harm or "")])
    return _compared(entry, score)


def _compared(entry: Entry, score: float) -> Replayed:
    then, threshold = entry.score or 0.0, entry.threshold or 0.0
    if (score >= threshold) != (then >= threshold):
        return Replayed(entry, "differs", score, "the other side of the threshold")
    if abs(score - then) > TOLERANCE:
        return Replayed(entry, "differs", score, f"by {abs(score - then):.2g}")
    return Replayed(entry, "same", score)
