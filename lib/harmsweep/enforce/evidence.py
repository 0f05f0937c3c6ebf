"""What a model was given of a post that was acted on: kept beside the ledger, to replay it.

A copy, so that no stage that writes a slice anew, no edit and no VACUUM takes it away. Vectors and
numbers only: neither text nor pictures.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep import lake as lakes
from harmsweep.enforce.bounds import bounds
from harmsweep.inputs import NUMBERS, SIMILARITY
from harmsweep.ledger import Entry
from harmsweep.manifest import Manifest
from harmsweep.tables import AUTHOR_NUMBERS, EVIDENCE
from harmsweep.vectors import cosine, matrix_of

Row = dict[str, Any]
_STORED = [name for name in NUMBERS if name != SIMILARITY]
_OF_AUTHOR = {field.name for field in AUTHOR_NUMBERS}


def with_evidence(lake: Path, day: date, made: Sequence[Entry]) -> list[Entry]:
    """Keep what the entries' decisions rest on; give the entries with its digest.

    Entries without a score, reviews and releases rest on nothing that is kept.
    """
    acting = [e for e in made if e.entry == "intent" and e.score is not None and e.is_counted]
    if not acting:
        return [*made]
    found = _inputs(lake, day, acting)
    known = lakes.query(lake, f"SELECT post_id, digest FROM evidence_v1 WHERE day = '{day}'")
    stored = {(row["post_id"], row["digest"]) for row in known.to_pylist()}
    names = {entry.subject_id: entry.revision for entry in acting}
    wanted = {post: row for post, row in found.items() if row["revision"] == names.get(post)}
    new = [row for post, row in wanted.items() if (post, row["digest"]) not in stored]
    if new:
        lakes.put_rows(new, EVIDENCE, lake)
    digests = {post: row["digest"] for post, row in wanted.items()}
    keys = {entry.effect_key for entry in acting}
    return [
        replace(e, evidence=digests.get(e.subject_id)) if e.effect_key in keys else e for e in made
    ]


def _inputs(lake: Path, day: date, acting: Sequence[Entry]) -> dict[str, Row]:
    """Rows of evidence for the posts that the entries' pairs decided about, by post."""
    pairs = {(e.model_version or "", e.policy_version or "") for e in acting}
    about = " OR ".join(
        lakes.plain_predicate({"model_version": model, "policy_version": policy})
        for model, policy in sorted(pairs)
    )
    decided = f"SELECT DISTINCT post_id FROM decisions_v1 WHERE day = '{day}' AND ({about})"
    numbers = ", ".join(f"f.{name}" for name in _STORED)
    features = lakes.query(
        lake,
        f"""SELECT f.post_id, f.revision, f.author_id, f.author_origin, {numbers}
            FROM (SELECT * FROM post_features_v1 WHERE day = '{day}') f
            JOIN ({decided}) d ON d.post_id = f.post_id""",
    ).to_pylist()
    vectors = _vectors(lake, day, decided)
    return {row["post_id"]: _row(day, row, vectors) for row in features}


def _vectors(lake: Path, day: date, decided: str) -> dict[tuple[str, int | None], list[Row]]:
    """Vectors by post and revision, and by author (without a revision)."""
    found: dict[tuple[str, int | None], list[Row]] = {}
    of_posts = f"""SELECT v.post_id AS owner, v.revision, v.input, v.encoder_id, v.vector
        FROM (SELECT * FROM post_vectors_v1 WHERE day = '{day}' AND vector IS NOT NULL) v
        JOIN ({decided}) d ON d.post_id = v.post_id"""
    of_authors = f"""SELECT author_id AS owner, 'description' AS input, encoder_id, vector
        FROM author_vectors_v1 WHERE day = '{day}'"""
    for sql in (of_posts, of_authors):
        for row in lakes.query(lake, sql).to_pylist():
            key = (row.pop("owner"), row.pop("revision", None))
            found.setdefault(key, []).append(row)
    return found


def _row(day: date, features: Row, vectors: Mapping[tuple[str, int | None], Sequence[Row]]) -> Row:
    post, revision = features["post_id"], features["revision"]
    of_post = vectors.get((post, revision), [])
    of_author = vectors.get((features["author_id"], None), [])
    row = {
        "day": day,
        "post_id": post,
        "revision": revision,
        "author_origin": features["author_origin"],
        "numbers": lakes.as_json({name: features[name] for name in _STORED}),
        "vectors": sorted([*of_post, *of_author], key=lambda v: (v["input"], v["encoder_id"])),
    }
    return row | {"digest": digest_of(row)}


def digest_of(row: Mapping[str, Any]) -> str:
    """SHA-256 of what a row of evidence holds."""
    vectors = [[v["input"], v["encoder_id"], v["vector"].hex()] for v in row["vectors"]]
    facts = [row["post_id"], row["revision"], row["author_origin"], row["numbers"], vectors]
    return hashlib.sha256(lakes.as_json(facts).encode()).hexdigest()


def find_evidence(lake: Path, entry: Entry) -> Row | None:
    """What an entry rests on; None where it is not kept, or no longer."""
    if entry.evidence is None:
        return None
    where: lakes.Slice = {"day": entry.day, "post_id": entry.subject_id, "digest": entry.evidence}
    sql = f"SELECT * FROM evidence_v1 WHERE {lakes.plain_predicate(where)}"
    found: list[Row] = lakes.query(lake, sql).to_pylist()
    return found[0] if found else None


def forget(lake: Path, today: date) -> int:
    """Delete the evidence of days that are past their keeping (`evidence_days`); give the rows."""
    last = today - timedelta(days=bounds().evidence_days)
    done = lakes.stored(lake, EVIDENCE.name).delete(f"day < '{last}'")
    return int(done["num_deleted_rows"])


def columns_of(row: Mapping[str, Any], manifest: Manifest) -> dict[str, NDArray[Any]]:
    """Evidence as a model's input columns of one row, joined as `harmsweep.inputs` joins them."""
    assigned = row["author_origin"] == "assigned"
    numbers = json.loads(row["numbers"])
    by_input = {
        (v["input"], v["encoder_id"]): v["vector"]
        for v in row["vectors"]
        if not (assigned and v["input"] == "description")
    }
    found: dict[str, NDArray[Any]] = {}
    seen: dict[str, bytes] = {}
    for source in manifest.inputs:
        vector = by_input.get((source.name, source.encoder_id))
        found[f"{source.name}_present"] = np.array([vector is not None])
        zeros = np.zeros((1, source.width), np.float32)
        found[f"{source.name}_vector"] = matrix_of([vector], source.width) if vector else zeros
        if vector:
            seen[source.name] = vector
    pair = [seen[name] for name in ("caption", "image") if name in seen]
    numbers[SIMILARITY] = cosine(*pair) if len(pair) == 2 else None
    for feature in manifest.features:
        known = None if assigned and feature.name in _OF_AUTHOR else numbers.get(feature.name)
        found[feature.name] = np.array([np.nan if known is None else float(known)])
    return found
