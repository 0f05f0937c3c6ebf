"""What a model was given of a post that was acted on: kept beside the ledger, to replay it.

A copy, so that no stage that writes a slice anew, no edit and no VACUUM takes it away. Vectors and
numbers only: neither text nor pictures.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

from harmsweep.digests import as_json
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.lake import delta, writes
from harmsweep.lake.locks import locked
from harmsweep.model.columns import PostInputs, columns_of_posts
from harmsweep.model.fusion import SIMILARITY
from harmsweep.model.inputs import NUMBERS
from harmsweep.model.manifest import Manifest
from harmsweep.policy.actions import VISIBLE
from harmsweep.tables.catalog import ACTIONS, EVIDENCE

Row = dict[str, Any]
_STORED = [name for name in NUMBERS if name != SIMILARITY]
# The stages that write what a model is given of a post.
_WRITERS = ("features", "embed")
# Batch sizes change the last bits of a score, by less than this.
TOLERANCE = 1e-5


def rests_on_scores(entry: Entry) -> bool:
    """Whether an entry puts an action in force that others can see and a score led to."""
    return entry.entry == "intent" and entry.score is not None and entry.action in VISIBLE


def with_evidence(lake: Path, day: date, new_entries: Sequence[Entry]) -> list[Entry]:
    """Keep what the entries' decisions rest on; give the entries with its digest.

    Entries without a score, reviews and releases rest on nothing that is kept.
    """
    acting = [entry for entry in new_entries if rests_on_scores(entry)]
    if not acting:
        return [*new_entries]
    inputs = _inputs(lake, day, acting)
    of_day = f"SELECT post_id, digest FROM evidence_v1 WHERE day = '{day}'"
    known = delta.query(lake, of_day, days=[day])
    stored = {(row["post_id"], row["digest"]) for row in known.to_pylist()}
    names = {entry.subject_id: entry.revision for entry in acting}
    wanted = {post: row for post, row in inputs.items() if row["revision"] == names.get(post)}
    new = [row for post, row in wanted.items() if (post, row["digest"]) not in stored]
    if new:
        at, rewritten = max(e.recorded_at for e in acting), _rewritten(lake, day, acting)
        rows = [r | {"kept_at": at, "is_rewritten": rewritten.get(r["post_id"])} for r in new]
        writes.write_rows(rows, EVIDENCE, lake)
    digests = {post: row["digest"] for post, row in wanted.items()}
    keys = {entry.effect_key for entry in acting}
    return [
        replace(e, evidence=digests.get(e.subject_id)) if e.effect_key in keys else e
        for e in new_entries
    ]


def _decided(day: date, acting: Sequence[Entry]) -> str:
    """SQL of the posts that the entries' pairs decided about."""
    pairs = {(e.model_version or "", e.policy_version or "") for e in acting}
    about = " OR ".join(
        delta.datafusion_where({"model_version": model, "policy_version": policy})
        for model, policy in sorted(pairs)
    )
    return f"SELECT DISTINCT post_id FROM decisions_v1 WHERE day = '{day}' AND ({about})"


def _rewritten(lake: Path, day: date, acting: Sequence[Entry]) -> dict[str, bool]:
    """By post, whether its inputs were written again after the score that is acted on.

    A batch that is let go, and what is put back, act on an earlier score. They were where
    the model's score of the post is another by now, or a stage that writes inputs ended after the
    model scored. A post without scores, or whose stages left no record, is left out.
    """
    sql = f"""SELECT s.* FROM (SELECT * FROM scores_v1 WHERE day = '{day}') s
        JOIN ({_decided(day, acting)}) d ON d.post_id = s.post_id"""
    rows = delta.query(lake, sql, days=[day]).to_pylist()
    scores = {(row["post_id"], row["revision"], row["model_version"]): row for row in rows}
    ends = f"SELECT stage, variant, finished_at FROM runs_v1 WHERE day = '{day}'"
    runs = delta.query(lake, ends).to_pylist()
    written = max((r["finished_at"] for r in runs if r["stage"] in _WRITERS), default=None)
    scored = {r["variant"]: r["finished_at"] for r in runs if r["stage"] == "score"}
    rewritten: dict[str, bool] = {}
    for entry in acting:
        row = scores.get((entry.subject_id, entry.revision, entry.model_version))
        now, at = row.get(entry.harm) if row else None, scored.get(entry.model_version)
        differs = now is not None and abs(now - (entry.score or 0.0)) > TOLERANCE
        known = written > at if written and at else None
        if differs or known is not None:
            before = rewritten.get(entry.subject_id, False)
            rewritten[entry.subject_id] = before or differs or bool(known)
    return rewritten


def _inputs(lake: Path, day: date, acting: Sequence[Entry]) -> dict[str, Row]:
    """Rows of evidence for the posts that the entries' pairs decided about, by post."""
    decided = _decided(day, acting)
    numbers = ", ".join(f"f.{name}" for name in _STORED)
    features = delta.query(
        lake,
        f"""SELECT f.post_id, f.revision, f.author_id, f.author_origin, {numbers}
            FROM (SELECT * FROM post_features_v1 WHERE day = '{day}') f
            JOIN ({decided}) d ON d.post_id = f.post_id""",
        days=[day],
    ).to_pylist()
    vectors = _vectors(lake, day, decided)
    return {row["post_id"]: _row(day, row, vectors) for row in features}


def _vectors(lake: Path, day: date, decided: str) -> dict[tuple[str, int | None], list[Row]]:
    """Vectors by post and revision, and by author (without a revision)."""
    vectors: dict[tuple[str, int | None], list[Row]] = {}
    of_posts = f"""SELECT v.post_id AS owner, v.revision, v.input, v.encoder_id, v.vector
        FROM (SELECT * FROM post_vectors_v1 WHERE day = '{day}' AND vector IS NOT NULL) v
        JOIN ({decided}) d ON d.post_id = v.post_id"""
    of_authors = f"""SELECT author_id AS owner, 'description' AS input, encoder_id, vector
        FROM author_vectors_v1 WHERE day = '{day}'"""
    for sql in (of_posts, of_authors):
        for row in delta.query(lake, sql, days=[day]).to_pylist():
            key = (row.pop("owner"), row.pop("revision", None))
            vectors.setdefault(key, []).append(row)
    return vectors


def _row(day: date, features: Row, vectors: Mapping[tuple[str, int | None], Sequence[Row]]) -> Row:
    post, revision = features["post_id"], features["revision"]
    of_post = vectors.get((post, revision), [])
    of_author = vectors.get((features["author_id"], None), [])
    row = {
        "day": day,
        "post_id": post,
        "revision": revision,
        "author_origin": features["author_origin"],
        "numbers": as_json({name: features[name] for name in _STORED}),
        "vectors": sorted([*of_post, *of_author], key=lambda v: (v["input"], v["encoder_id"])),
    }
    return row | {"digest": digest_of(row)}


def digest_of(row: Mapping[str, Any]) -> str:
    """SHA-256 of what a row of evidence holds."""
    vectors = [[v["input"], v["encoder_id"], v["vector"].hex()] for v in row["vectors"]]
    facts = [row["post_id"], row["revision"], row["author_origin"], row["numbers"], vectors]
    return hashlib.sha256(as_json(facts).encode()).hexdigest()


def find_evidence(lake: Path, entry: Entry) -> Row | None:
    """What an entry rests on; None where it is not kept, or no longer."""
    if entry.evidence is None:
        return None
    where: delta.Slice = {"day": entry.day, "post_id": entry.subject_id, "digest": entry.evidence}
    sql = f"SELECT * FROM evidence_v1 WHERE {delta.datafusion_where(where)}"
    rows: list[Row] = delta.query(lake, sql, days=[entry.day]).to_pylist()
    return rows[0] if rows else None


def is_past_keeping(at: datetime, today: date) -> bool:
    """Whether what was kept, or acted on, at a time is past its keeping (`evidence_days`)."""
    return at.date() < _first_kept(today)


def _first_kept(today: date) -> date:
    return today - timedelta(days=load_bounds().evidence_days)


def forget(lake: Path, today: date) -> int:
    """Delete the evidence whose last act is past its keeping (`evidence_days`); give the rows.

    The last act is the newest of `kept_at` and of the ledger's entries that name it, and where
    there is neither, the post's day: a post of last year that was acted on today keeps its
    evidence as long as any. It holds the ledger's lock too, so that no sweep names what is deleted.
    """
    with locked(lake, [ACTIONS.name, EVIDENCE.name]):
        old = [day for day in delta.days(EVIDENCE, lake) if day < _first_kept(today)]
        gone = [row for day in old for row in _past_keeping(lake, day, today)]
        if not gone:
            return 0
        table = delta.opened(lake, EVIDENCE.name, days=old)
        same = "t.day = g.day AND t.digest = g.digest"
        merge = table.merge(pa.Table.from_pylist(gone), same, source_alias="g", target_alias="t")
        return int(merge.when_matched_delete().execute()["num_target_rows_deleted"])


def _past_keeping(lake: Path, day: date, today: date) -> list[Row]:
    """Day and digest of what is past its keeping of a day's posts."""
    acts = delta.query(
        lake,
        f"""SELECT evidence, max(recorded_at) AS at FROM actions_v1
            WHERE day = '{day}' AND evidence IS NOT NULL GROUP BY evidence""",
        days=[day],
    ).to_pylist()
    acted = {row["evidence"]: row["at"] for row in acts}
    sql = f"SELECT day, digest, kept_at FROM evidence_v1 WHERE day = '{day}'"
    return [
        {"day": row["day"], "digest": row["digest"]}
        for row in delta.query(lake, sql, days=[day]).to_pylist()
        if all(
            at is None or is_past_keeping(at, today)
            for at in (row["kept_at"], acted.get(row["digest"]))
        )
    ]


def columns_of(row: Mapping[str, Any], manifest: Manifest) -> dict[str, NDArray[Any]]:
    """Evidence as a model's input columns of one row, joined as for scoring."""
    post = PostInputs(
        json.loads(row["numbers"]),
        {(v["input"], v["encoder_id"]): v["vector"] for v in row["vectors"]},
        is_author_assigned=row["author_origin"] == "assigned",
    )
    return columns_of_posts([post], manifest)
