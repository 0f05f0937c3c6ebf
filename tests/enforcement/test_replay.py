"""What comes out of a past decision again, under a model whose heads are plain to see."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from replaying import DAY, change_inputs, keep_policy, outcome, ran, rewrite_ledger

from harmsweep.cli.main import app
from harmsweep.enforcement.circuit_breaker import batches
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.replay import replay, replay_day
from harmsweep.enforcement.state.day_ledger import entries
from harmsweep.enforcement.undo import undo
from harmsweep.errors import DataRefused, Held
from harmsweep.lake import delta
from harmsweep.maintenance.tables import LEAST_KEEP_DAYS, maintain
from harmsweep.tables.catalog import EVIDENCE, POST_FEATURES, SCORES

pytestmark = pytest.mark.torch


def test_every_visible_effect_comes_out_the_same(known):
    known.sweep()
    keep_policy(known)
    found = replay_day(known.root, DAY, known.model)
    assert [(r.entry.subject_id, r.outcome, r.why, r.is_fault) for r in found] == [
        ("demoted", "same", "", False), ("removed", "same", "", False), ("spam", "same", "", False),
    ]  # fmt: skip
    assert found[0].score == pytest.approx(0.9)


def test_a_post_on_which_no_model_acted_is_refused(known):
    known.sweep()
    with pytest.raises(DataRefused, match="no model's decision acted on reviewed"):
        replay(known.root, "reviewed", known.model)


def test_a_release_to_review_is_no_visible_effect_and_keeps_nothing(known):
    known.sweep()
    known.sweep(version=2, remove=0.999, demote=0.995)
    last = [
        e for e in entries(known.root, DAY) if e.subject_id == "removed" and e.entry == "intent"
    ]
    assert [(e.action, e.evidence is None) for e in sorted(last, key=lambda e: e.recorded_at)] == [
        ("remove", False), ("review", True),
    ]  # fmt: skip
    assert len(replay(known.root, "removed", known.model)) == 1


def test_an_effect_without_evidence_is_missing_it(known):
    delta.stored(known.root, POST_FEATURES.name).delete()
    known.sweep()
    assert outcome(known) == ("missing", "the ledger names no evidence")
    assert replay(known.root, "removed", known.model)[0].is_fault


def test_evidence_that_is_gone_before_its_time_is_missing(known):
    known.sweep()
    delta.stored(known.root, EVIDENCE.name).delete()
    assert outcome(known) == ("missing", "the evidence is gone before its time")


def test_evidence_that_is_gone_in_time_is_expired(known):
    known.sweep()
    delta.stored(known.root, EVIDENCE.name).delete()
    long_ago = datetime.now(UTC) - timedelta(days=load_bounds().evidence_days + 1)
    rewrite_ledger(known, "removed", recorded_at=long_ago)
    assert outcome(known) == ("expired", "the evidence is kept no longer")
    assert not replay(known.root, "removed", known.model)[0].is_fault


def test_evidence_that_was_changed_differs(known):
    known.sweep()
    delta.stored(known.root, EVIDENCE.name).update(updates={"numbers": "'{}'"})
    assert outcome(known) == ("differs", "the evidence is not what the ledger names")


def test_what_another_model_did_is_named(known, model):
    known.sweep()
    model.manifest.model_version = "m-2"
    assert outcome(known) == ("another model", "it was m-1")


def let_go(lake: Any, monkeypatch: Any) -> None:
    """Resume the one batch that a cap of one removal held."""
    monkeypatch.setattr(
        "harmsweep.enforcement.circuit_breaker.batches.check_approved", lambda *_: None
    )
    (batch,) = batches.waiting(lake.root)
    binding = lake.binding(apply=1)
    batches.resume(lake.root, batch.batch.name, binding)


REWRITTEN = "by 0.01; the inputs were written again between the score and the act"


def test_a_batch_let_go_after_its_inputs_were_made_anew_says_so(known, monkeypatch):
    ran(known, "score", 3, "m-1")
    ran(known, "features", 1)
    with pytest.raises(Held):
        known.sweep(apply=1)
    change_inputs(known, "removed", views=98)
    ran(known, "features", 5)
    let_go(known, monkeypatch)
    assert outcome(known) == ("inputs changed", REWRITTEN)
    assert outcome(known, "demoted")[0] == "same"
    assert replay(known.root, "removed", known.model)[0].is_fault


def test_a_batch_let_go_after_it_was_scored_anew_says_so(known, monkeypatch):
    with pytest.raises(Held):
        known.sweep(apply=1)
    change_inputs(known, "removed", views=98)
    rows = delta.rows(SCORES, known.root).to_pylist()
    changed = [r | {"hate": 0.98} if r["post_id"] == "removed" else r for r in rows]
    known.put_scores(changed)
    let_go(known, monkeypatch)
    assert outcome(known) == ("inputs changed", REWRITTEN)


def test_what_is_put_back_after_its_inputs_were_made_anew_says_so(known):
    ran(known, "embed", 1)
    ran(known, "score", 3, "m-1")
    known.sweep()
    sweep_id = known.ledger()[0]["sweep_id"]
    undo(known.root, sweep_id=sweep_id)
    change_inputs(known, "removed", views=98)
    ran(known, "embed", 5)
    undo(known.root, sweep_id=sweep_id, redo=True)
    first, last = replay(known.root, "removed", known.model)
    assert (first.outcome, last.outcome, last.why) == ("same", "inputs changed", REWRITTEN)


def test_inputs_that_nobody_wrote_since_and_that_give_another_score_differ(known, model):
    ran(known, "features", 1)
    ran(known, "score", 3, "m-1")
    known.sweep()
    model.more = 0.005
    assert outcome(known) == ("differs", "by 0.005")


def age(lake: Any, table: str, days: int) -> None:
    """Make all that a table's log says to have been done so many days ago."""
    for path in (lake.root / table / "_delta_log").glob("*.json"):
        actions = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for action in actions:
            for known in action.values():
                for name in ("deletionTimestamp", "timestamp"):
                    if name in known:
                        known[name] -= days * 24 * 3600 * 1000
        path.write_text("".join(json.dumps(a) + "\n" for a in actions), encoding="utf-8")


def test_a_decision_comes_out_the_same_once_maintenance_deleted_what_it_was_made_of(known):
    known.sweep()
    keep_policy(known)
    known.put_features(
        [r | {"views": 1} for r in delta.rows(POST_FEATURES, known.root).to_pylist()]
    )
    age(known, POST_FEATURES.name, LEAST_KEEP_DAYS + 1)
    today = datetime.now(UTC).date()
    done = {
        row.table: row
        for row in maintain(known.root, today, keep_days=LEAST_KEEP_DAYS, dry_run=False)
    }
    assert done[POST_FEATURES.name].deleted == 1
    assert {r.outcome for r in replay_day(known.root, DAY, known.model)} == {"same"}


def told(lake: Any, capsys: Any, *words: str, exits: int = 0) -> str:
    """What `harmsweep replay` says, and that it ends with that exit code."""
    options = ["--model", str(lake.model), "--lake", str(lake.root)]
    with pytest.raises(SystemExit, match=str(exits)):
        app(["replay", *words, *options])
    said: str = capsys.readouterr().out
    return said


@pytest.fixture
def named(known, monkeypatch):
    """The lake, where the command takes any path for a model's."""
    known.model.parent.mkdir(parents=True)
    known.model.write_text("{}", encoding="utf-8")
    return known


def test_the_command_shows_what_comes_out_and_by_what_it_was_compared(named, capsys):
    named.sweep()
    said = told(named, capsys, "removed")
    assert "1 same\n1 of them by score and threshold alone" in said
    assert "alone" not in told(named, capsys, "removed", "--policy", str(named.policy()))


def test_the_command_fails_where_evidence_is_missing(named, capsys):
    named.sweep()
    delta.stored(named.root, EVIDENCE.name).delete("post_id = 'spam'")
    said = told(named, capsys, "--from", str(DAY), exits=1)
    assert "1 missing, 2 same" in said and "gone before its time" in said
