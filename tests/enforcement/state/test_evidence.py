"""What is kept of a decision's inputs, and the columns that a model gets from it again."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from replaying import ran

from harmsweep.encoders.stored import cosine, stored
from harmsweep.enforcement.circuit_breaker import batches
from harmsweep.enforcement.conf import Bounds, load_bounds
from harmsweep.enforcement.state.day_ledger import append, entries
from harmsweep.enforcement.state.evidence import (
    columns_of,
    digest_of,
    find_evidence,
    forget,
    with_evidence,
)
from harmsweep.enforcement.sweep import sweep
from harmsweep.errors import Held
from harmsweep.lake import delta, writes
from harmsweep.model.fusion import SIMILARITY, Feature, Input
from harmsweep.tables.catalog import ACTIONS, AUTHOR_VECTORS, EVIDENCE, POST_VECTORS, SCORES

DAY = date(2026, 10, 1)
ONE, TWO = stored(np.array([[1.0, 0.5], [0.25, 1.0]]))


def vectors(post_id: str, value: bytes, revision: int = 1) -> dict[str, Any]:
    return {"day": DAY, "post_id": post_id, "revision": revision, "encoder_id": "e", "inputs": 1,
            "input": "text", "status": "ok", "reason": None, "vector": value,
            "windows": 1}  # fmt: skip


@pytest.fixture
def known(fresh, text_of):
    """The five posts with numbers and vectors of the text and of their author."""
    names = ("removed", "demoted", "reviewed", "clean", "spam")
    fresh.put_features([text_of(name, name, views=7, author_origin="native") for name in names])
    rows = [vectors(name, ONE) for name in names] + [vectors("removed", TWO, 2)]
    writes.write_rows(rows, POST_VECTORS, fresh.root)
    author = {"day": DAY, "author_id": "a1", "encoder_id": "d", "vector": TWO, "windows": 1}
    writes.write_rows([author], AUTHOR_VECTORS, fresh.root)
    return fresh


def kept(lake: Any) -> dict[str, dict[str, Any]]:
    return {row["post_id"]: row for row in delta.rows(EVIDENCE, lake.root).to_pylist()}


def test_what_acts_is_kept_once_and_named_by_the_ledger(known):
    known.sweep()
    assert kept(known).keys() == {"removed", "demoted", "spam"}
    named = {e["subject_id"]: e["evidence"] for e in known.ledger() if e["evidence"]}
    assert named == {post: row["digest"] for post, row in kept(known).items()}
    assert {e["evidence"] for e in known.ledger("outcome")} == {*named.values(), None}
    row = kept(known)["removed"]
    assert [(v["input"], v["encoder_id"], v["vector"]) for v in row["vectors"]] == [
        ("description", "d", TWO), ("text", "e", ONE),
    ]  # fmt: skip
    assert '"views": 7' in row["numbers"]
    known.sweep(version=2, remove=0.99)
    assert len(kept(known)) == 3


def test_the_digest_is_of_all_that_is_kept(known):
    known.sweep()
    row = kept(known)["removed"]
    assert digest_of(row) == row["digest"]
    changes = [{"numbers": "{}"}, {"author_origin": "assigned"}, {"vectors": row["vectors"][:1]},
               {"post_id": "x"}, {"revision": 2}]  # fmt: skip
    assert len({digest_of(row | change) for change in changes} | {row["digest"]}) == 6


def test_an_effect_that_was_cut_short_has_its_evidence(known, crash_at):
    crash_at("actions_v1:before-commit", 1)
    with pytest.raises(KeyboardInterrupt):
        known.sweep()
    assert (len(kept(known)), known.ledger()) == (3, [])
    known.sweep()
    assert delta.rows(EVIDENCE, known.root).num_rows == 3


def test_a_held_batch_has_evidence_once_it_is_let_go(known, monkeypatch):
    with pytest.raises(Held):
        known.sweep(apply=1)
    assert kept(known).keys() == {"spam"}
    monkeypatch.setattr(
        "harmsweep.enforcement.circuit_breaker.batches.check_approved", lambda *_: None
    )
    (batch,) = batches.waiting(known.root)
    batches.resume(
        known.root,
        batch.batch.name,
        known.binding(apply=1),
    )
    assert kept(known).keys() == {"removed", "demoted", "spam"}


def test_a_release_to_review_rests_on_nothing_that_is_kept(known):
    known.sweep()
    known.sweep(version=2, remove=0.999, demote=0.995)
    released = [e for e in known.ledger() if e["direction"] == "release"]
    assert {(e["action"], e["evidence"]) for e in released} == {("review", None)}


def test_it_says_when_it_was_kept(known):
    known.sweep()
    acted = {e["subject_id"]: e["recorded_at"] for e in known.ledger() if e["evidence"]}
    assert {post: row["kept_at"] for post, row in kept(known).items()} == acted


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], None),
        ([("features", 1)], None),
        ([("score", 3, "m-1")], None),
        ([("features", 1), ("score", 3, "m-2")], None),
        ([("features", 1), ("embed", 2), ("score", 3, "m-1")], False),
        ([("features", 1), ("embed", 4), ("score", 3, "m-1")], True),
    ],
)
def test_it_says_whether_its_inputs_are_newer_than_the_models_scores(known, runs, expected):
    for run in runs:
        ran(known, *run)
    known.sweep()
    assert {row["is_rewritten"] for row in kept(known).values()} == {expected}


def test_a_score_that_is_another_by_now_says_that_its_inputs_were_rewritten(known):
    binding = known.binding()
    scores = [r | {"hate": 0.97} for r in delta.rows(SCORES, known.root).to_pylist()]
    known.put_scores(scores)
    sweep(known.root, DAY, binding)
    assert {post: row["is_rewritten"] for post, row in kept(known).items()} == {
        "removed": True, "demoted": True, "spam": None,
    }  # fmt: skip


@pytest.mark.parametrize("scores", [(0.99, 0.97), (0.97, 0.99)])
def test_of_two_effects_on_a_post_one_with_another_score_is_enough(known, scores):
    known.sweep()
    delta.stored(known.root, EVIDENCE.name).delete()
    ran(known, "features", 1)
    ran(known, "score", 3, "m-1")
    of_post = (e for e in entries(known.root, DAY) if e.subject_id == "removed")
    entry = next(e for e in of_post if e.entry == "intent")
    with_evidence(known.root, DAY, [replace(entry, score=score) for score in scores])
    assert kept(known)["removed"]["is_rewritten"]


def at_times(lake: Any, *, kept_at: datetime | None, acted_at: datetime) -> None:
    """Make the evidence and the ledger say these times."""
    rows = delta.rows(EVIDENCE, lake.root).to_pylist()
    writes.write_rows(
        [r | {"kept_at": kept_at} for r in rows], EVIDENCE, lake.root, where={"day": DAY}
    )
    delta.stored(lake.root, ACTIONS.name).alter.set_table_properties({"delta.appendOnly": "false"})
    acts = [e | {"recorded_at": acted_at} for e in delta.rows(ACTIONS, lake.root).to_pylist()]
    writes.write_rows(acts, ACTIONS, lake.root, where={"day": DAY})


SOON, LATE = (datetime(2026, 10, 2, 3, tzinfo=UTC), datetime(2027, 6, 1, 3, tzinfo=UTC))


@pytest.mark.parametrize(("kept_at", "acted_at"), [(LATE, SOON), (SOON, LATE), (None, LATE)])
def test_it_is_forgotten_so_many_days_after_the_last_act_on_it(known, kept_at, acted_at):
    known.sweep()
    at_times(known, kept_at=kept_at, acted_at=acted_at)
    entry = next(e for e in entries(known.root, DAY) if e.subject_id == "removed")
    assert find_evidence(known.root, entry) == kept(known)["removed"]
    days = timedelta(days=load_bounds().evidence_days)
    assert forget(known.root, SOON.date() + days + timedelta(days=1)) == 0
    assert forget(known.root, LATE.date() + days) == 0
    assert forget(known.root, LATE.date() + days + timedelta(days=1)) == 3
    assert find_evidence(known.root, entry) is None


def test_of_a_days_evidence_what_a_newer_entry_names_stays(known):
    known.sweep()
    at_times(known, kept_at=SOON, acted_at=SOON)
    entry = next(e for e in entries(known.root, DAY) if e.subject_id == "demoted" and e.evidence)
    append(known.root, [replace(entry, effect_key="later", recorded_at=LATE)])
    assert forget(known.root, LATE.date() + timedelta(days=load_bounds().evidence_days)) == 2
    assert kept(known).keys() == {"demoted"}


def test_a_review_names_no_evidence(known):
    known.sweep()
    review = next(e for e in entries(known.root, DAY) if e.subject_id == "reviewed")
    assert (review.evidence, find_evidence(known.root, review)) == (None, None)
    assert isinstance(load_bounds(), Bounds)


ROW = {
    "author_origin": "native", "numbers": '{"views": 7, "followers": 3, "likes": null}',
    "vectors": [
        {"input": "caption", "encoder_id": "c", "vector": ONE},
        {"input": "description", "encoder_id": "d", "vector": ONE},
        {"input": "image", "encoder_id": "i", "vector": TWO},
        {"input": "text", "encoder_id": "old", "vector": TWO},
    ],
}  # fmt: skip
MODEL = SimpleNamespace(
    inputs=[
        Input(name=name, encoder_id=encoder, width=2)
        for name, encoder in [("caption", "c"), ("description", "d"), ("image", "i"), ("text", "t")]
    ],
    features=[
        Feature(name=name, transform="none") for name in ("views", "followers", "likes", SIMILARITY)
    ],
    windows=None,
)


def test_columns_are_those_that_the_model_asks_for():
    found = columns_of(ROW, MODEL)
    assert found["caption_vector"].tolist() == [[1.0, 0.5]]
    there = [n for n in ("caption", "description", "image", "text") if found[f"{n}_present"][0]]
    assert there == ["caption", "description", "image"]
    assert found["text_vector"].tolist() == [[0.0, 0.0]]
    assert (found["views"][0], found["followers"][0]) == (7.0, 3.0)
    assert math.isnan(found["likes"][0])
    assert found[SIMILARITY][0] == pytest.approx(cosine(ONE, TWO))


def test_an_assigned_author_says_nothing_again():
    found = columns_of(ROW | {"author_origin": "assigned"}, MODEL)
    assert not found["description_present"][0]
    assert math.isnan(found["followers"][0]) and found["views"][0] == 7.0


def test_without_a_picture_there_is_no_similarity():
    alone = ROW | {"vectors": ROW["vectors"][:1]}
    assert math.isnan(columns_of(alone, MODEL)[SIMILARITY][0])
