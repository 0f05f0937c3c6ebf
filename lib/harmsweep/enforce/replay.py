"""A past decision computed anew from what was kept of it: the same, or where it differs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from harmsweep import lake as lakes
from harmsweep.enforce.books import entries
from harmsweep.enforce.evidence import columns_of, digest_of, find_evidence
from harmsweep.job import DataRefused
from harmsweep.ledger import POLICY, Entry
from harmsweep.tables import EVIDENCE
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
    acted = [e for e in _acted(lake, find_post(lake, post_id)["day"]) if e.subject_id == post_id]
    if not acted:
        raise DataRefused(f"no model's decision acted on {post_id}")
    return _replayed(acted, partial(find_evidence, lake), model)


def replay_day(lake: Path, day: date, model: Path) -> list[Replayed]:
    """Every visible effect of models on a day's posts, the oldest first, computed anew.

    Raises:
        ManifestRefused: the model's files differ from their hashes.
    """
    rows = lakes.rows(EVIDENCE, lake, day=day).to_pylist()
    kept = {(row["post_id"], row["digest"]): row for row in rows}
    return _replayed(_acted(lake, day), lambda e: kept.get((e.subject_id, e.evidence)), model)


def _acted(lake: Path, day: date) -> list[Entry]:
    found = (entry for entry in entries(lake, day) if _is_of_model(entry))
    return sorted(found, key=lambda e: (e.recorded_at, e.subject_id, e.effect_key))


def _is_of_model(entry: Entry) -> bool:
    intent = entry.entry == "intent" and entry.lane == POLICY and entry.is_counted
    return intent and entry.score is not None


def _replayed(
    acted: Iterable[Entry], find: Callable[[Entry], Mapping[str, Any] | None], model: Path
) -> list[Replayed]:
    from harmsweep.model import load_heads, score_columns

    manifest, heads = load_heads(model)
    found = []
    for entry in acted:
        kept = find(entry)
        if manifest.model_version != entry.model_version:
            found.append(Replayed(entry, "another model", why=f"it was {entry.model_version}"))
        elif kept is None:
            found.append(Replayed(entry, "expired", why="the evidence is kept no longer"))
        elif digest_of(kept) != entry.evidence:
            why = "the evidence is not what the ledger names"
            found.append(Replayed(entry, "differs", why=why))
        else:
            scores = score_columns(manifest, heads, columns_of(kept, manifest))
            harm = list(manifest.harms).index(entry.harm or "")
            found.append(_compared(entry, float(scores[0, harm])))
    return found


def _compared(entry: Entry, score: float) -> Replayed:
    then, threshold = entry.score or 0.0, entry.threshold or 0.0
    if (score >= threshold) != (then >= threshold):
        return Replayed(entry, "differs", score, "the other side of the threshold")
    if abs(score - then) > TOLERANCE:
        return Replayed(entry, "differs", score, f"by {abs(score - then):.2g}")
    return Replayed(entry, "same", score)
