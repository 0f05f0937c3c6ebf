"""Appeals: filed, and decided by another: small lakes."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from appealing import MINE, overturn

from harmsweep.enforcement.dry_run import effects_since, scratch_copy
from harmsweep.enforcement.state.copies import verdicts as judged
from harmsweep.enforcement.undo import undo
from harmsweep.errors import DataRefused
from harmsweep.lake import delta, writes
from harmsweep.operations.audit import operations
from harmsweep.policy.file import PolicyError
from harmsweep.review import verdicts
from harmsweep.review.appeal_outcomes import outcomes, views_lost
from harmsweep.review.appeals import decide_appeal, file_appeal, queue
from harmsweep.review.apply_now import apply_now
from harmsweep.tables.catalog import APPEALS, ESCALATIONS, VERDICTS

DAY = date(2026, 10, 1)
TEXT = "one two three four five"


@pytest.fixture
def struck(fresh, rows, text_of):
    """A lake in which `removed` and its copy are struck, and their author restricted for it."""
    post, scored = rows
    names = ["removed", "copy", "demoted", "clean"]
    fresh.put_posts([post(name) for name in names])
    scores = {"removed": 0.99, "copy": 0.99, "demoted": 0.9, "clean": 0.1}
    fresh.put_scores([scored(name, hate=score) for name, score in scores.items()])
    texts = {"removed": TEXT, "copy": TEXT.upper()}
    views = {"removed": 10, "copy": 3, "demoted": 2, "clean": 40}
    fresh.put_features(
        [text_of(n, texts.get(n, n).lower(), views=views[n], followers=5) for n in names]
    )
    plain = fresh.policy

    def policy(**changes):
        path = plain(**{"version": 7} | changes)
        text = path.read_text().replace("action: remove", "action: strike")
        accounts = "\naccounts: {decay_days: 3650, ladder: [{strikes: 2, days: 7}]}\n"
        path.write_text(text + accounts)
        return path

    fresh.policy = policy
    fresh.sweep()
    assert fresh.states()["a1"] == "restrict"
    return fresh


def test_an_appeal_is_about_what_is_in_force_and_is_filed_once(struck):
    row = file_appeal(struck.root, "removed", **MINE)
    effect = next(v for v in struck.visible() if v["subject_id"] == "removed")
    assert (row["effect_key"], row["action"], row["harm"], row["text"]) == (
        effect["effect_key"], "strike", "hate", "it is a quote",
    )  # fmt: skip
    assert row["due_at"] - row["at"] == timedelta(days=14)
    assert file_appeal(struck.root, "removed", **MINE)["appeal_id"] == row["appeal_id"]
    assert delta.rows(APPEALS, struck.root).num_rows == 1
    (waits,) = queue(struck.root)
    assert (waits["appeal_id"], waits["views"]) == (row["appeal_id"], 10)
    assert [o["act"] for o in operations(struck.root, row["appeal_id"])] == ["appeal"]


@pytest.mark.parametrize(
    ("post", "author", "why"),
    [
        ("removed", "another", "not a post of another"),
        ("clean", "a1", "nothing is in force"),
        ("nobody", "a1", "no accepted post"),
    ],
)
def test_an_appeal_that_is_none_is_refused(struck, post: str, author: str, why: str):
    with pytest.raises(DataRefused, match=why):
        file_appeal(struck.root, post, author_id=author, statement="")
    assert delta.rows(APPEALS, struck.root).num_rows == 0


def test_an_escalated_post_has_no_appeal_and_no_verdict(struck):
    field = {f.name: "x" for f in ESCALATIONS.schema if f.dataType.typeName() == "string"}
    now = struck.ledger()[0]["recorded_at"]
    row = field | {"day": DAY, "post_id": "removed", "revision": 1, "position": 0, "distance": 0,
                   "quality": 90, "matched_at": now}  # fmt: skip
    writes.write_rows([row], ESCALATIONS, struck.root)
    with pytest.raises(DataRefused, match="escalated"):
        file_appeal(struck.root, "removed", **MINE)
    with pytest.raises(DataRefused, match="escalated"):
        verdicts.decide(struck.root, "removed", "benign", rationale="")


def test_an_overturn_restores_the_post_its_copies_and_the_strike_at_once(struck):
    appeal_id = file_appeal(struck.root, "removed", **MINE)["appeal_id"]
    row = overturn(struck, appeal_id)
    # Of the post 40 - 10, and of its copy 40 - 3.
    assert (row["effects"], row["status"], row["views_lost"]) == (2, "overturned", 30 + 37)
    assert struck.states() == {"demoted": "demote"}
    assert queue(struck.root) == []
    (verdict,) = delta.rows(VERDICTS, struck.root).to_pylist()
    assert (verdict["verdict"], verdict["post_id"], verdict["appeal_id"]) == (
        "benign", "removed", appeal_id,
    )  # fmt: skip
    (act,) = [o for o in operations(struck.root, appeal_id) if o["act"] == "overturned"]
    assert json.loads(act["details"])["policy"] == row["policy_version"]


def test_an_overturn_that_is_rehearsed_shows_the_account_too(struck):
    appeal_id, began = file_appeal(struck.root, "removed", **MINE)["appeal_id"], datetime.now(UTC)
    before = struck.visible()
    with scratch_copy(struck.root) as copy:
        decide_appeal(copy, appeal_id, "overturned", policy=struck.policy(), rationale="it is one")
        found = effects_since(copy, struck.root, began)
        assert [(e["subject_id"], e["action"]) for e in found] == [
            ("a1", "none"), ("copy", "none"), ("removed", "none"),
        ]  # fmt: skip
    assert struck.visible() == before
    assert overturn(struck, appeal_id)["effects"] == 2


def test_an_overturn_restores_a_post_that_was_edited_since(struck, rows):
    post, scored = rows
    appeal_id = file_appeal(struck.root, "removed", **MINE)["appeal_id"]
    edited = [post("removed", 1, "superseded"), post("removed", 2)]
    struck.put_posts([post(name) for name in ("copy", "demoted", "clean")] + edited)
    overturn(struck, appeal_id)
    assert struck.states() == {"demoted": "demote"}
    # What the author wrote since was judged by nobody: a model may find it harmful.
    struck.put_scores([scored("removed", 2, hate=0.99)])
    struck.sweep()
    assert struck.states()["removed"] == "strike"


def test_an_overturn_counts_also_where_a_later_revision_was_judged(struck, rows, user):
    post, _ = rows
    asked = {"harm": "hate", "action": "remove", "rationale": "seen"}
    row = verdicts.decide(struck.root, "removed", "harmful", **asked)
    apply_now(struck.root, DAY, kind="verdict", source_id=row["verdict_id"], clock=lambda: 1)
    edited = [post("removed", 1, "superseded"), post("removed", 2)]
    struck.put_posts([post(name) for name in ("copy", "demoted", "clean")] + edited)
    verdicts.decide(struck.root, "removed", "harmful", **asked)
    appeal_id = file_appeal(struck.root, "removed", **MINE)["appeal_id"]
    user("another")
    overturn(struck, appeal_id)
    assert "removed" not in struck.states()


def test_no_sweep_repeats_what_was_overturned_under_another_policy_or_model(struck, rows):
    _, scored = rows
    overturn(struck, file_appeal(struck.root, "removed", **MINE)["appeal_id"])
    assert struck.sweep(version=8).get("strike", 0) == 0
    names = ["removed", "copy"]
    struck.put_scores([scored(name, hate=0.999, model_version="m-2") for name in names])
    struck.sweep("m-2")
    assert not {"removed", "copy", "a1"} & struck.states().keys()


def test_an_appeal_is_decided_to_its_end_although_another_judged_the_post_meanwhile(struck, user):
    appeal_id = file_appeal(struck.root, "removed", **MINE)["appeal_id"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harmsweep.review.appeals.views_lost", _killed)
        with pytest.raises(KeyboardInterrupt):
            overturn(struck, appeal_id)
    user("another")
    verdicts.decide(struck.root, "removed", "harmful", rationale="no quote")
    row = overturn(struck, appeal_id)
    assert row["status"] == "overturned"
    # The newest word on the post is the other's.
    assert struck.states()["copy"] == "strike"


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_upheld_appeal_changes_nothing_and_cannot_be_filed_again(struck):
    before = struck.visible()
    appeal_id = file_appeal(struck.root, "removed", **MINE)["appeal_id"]
    row = overturn(struck, appeal_id, "upheld")
    assert (row["effects"], row["views_lost"]) == (0, None)
    struck.sweep()
    assert struck.visible() == before
    with pytest.raises(DataRefused, match="was upheld"):
        file_appeal(struck.root, "removed", **MINE)
    with pytest.raises(DataRefused, match="was upheld by"):
        overturn(struck, appeal_id)


def test_who_judged_the_post_before_cannot_decide(struck, user):
    verdicts.decide(struck.root, "removed", "harmful", harm="hate", rationale="seen")
    appeal_id = file_appeal(struck.root, "removed", **MINE)["appeal_id"]
    with pytest.raises(DataRefused, match="judged removed before"):
        overturn(struck, appeal_id)
    user("another")
    assert overturn(struck, appeal_id)["effects"] == 2


def test_an_upheld_reviewers_action_stays(held, user):
    asked = {"harm": "hate", "action": "interstitial", "rationale": "seen"}
    row = verdicts.decide(held.root, "clean", "harmful", **asked)
    apply_now(held.root, DAY, kind="verdict", source_id=row["verdict_id"], clock=lambda: 1)
    assert held.states()["clean"] == "interstitial"
    user("another")
    appeal_id = file_appeal(held.root, "clean", **MINE)["appeal_id"]
    overturn(held, appeal_id, "upheld")
    held.sweep()
    assert held.states()["clean"] == "interstitial"


def test_a_decision_that_was_cut_short_goes_on_with_the_same_outcome(struck, crash_at):
    appeal_id = file_appeal(struck.root, "removed", **MINE)["appeal_id"]
    for moment in ("verdicts_v1:after-commit", "post_visibility_v1:before-commit"):
        crash_at(moment, 1)
        with pytest.raises(KeyboardInterrupt):
            overturn(struck, appeal_id)
    with pytest.raises(DataRefused, match="another outcome"):
        overturn(struck, appeal_id, "upheld")
    overturn(struck, appeal_id)
    assert struck.states() == {"demoted": "demote"}
    assert delta.rows(VERDICTS, struck.root).num_rows == 1
    intents, outcomes = ([e["effect_key"] for e in struck.ledger(k)] for k in ("intent", "outcome"))
    assert sorted(intents) == sorted(outcomes)


def test_an_overturn_that_is_undone_stands_as_long_as_its_verdict_does(struck):
    overturn(struck, file_appeal(struck.root, "removed", **MINE)["appeal_id"])
    lifted = next(e for e in struck.ledger() if e["cause_kind"] == "lifted")
    undo(struck.root, sweep_id=lifted["sweep_id"])
    assert struck.states() == {"demoted": "demote"}


@pytest.mark.parametrize("id_", ["appeal-0", "x' --", "x' OR '1'='1"])
def test_what_is_no_appeal_is_refused(struck, id_: str):
    with pytest.raises(DataRefused, match="there is no appeal"):
        overturn(struck, id_)


def test_a_refused_policy_decides_nothing(struck, tmp_path):
    appeal_id = file_appeal(struck.root, "removed", **MINE)["appeal_id"]
    with pytest.raises(PolicyError):
        decide_appeal(struck.root, appeal_id, "upheld", policy=tmp_path / "no", rationale="")
    assert delta.rows(VERDICTS, struck.root).num_rows == 0


def test_without_anything_alike_lost_views_are_not_known(struck, text_of):
    said = verdicts.decide(struck.root, "removed", "benign", rationale="a quote")
    (verdict,) = judged(struck.root, DAY, DAY)
    assert verdict.verdict_id == said["verdict_id"]
    struck.put_features([text_of("removed", TEXT, views=1, followers=5)])
    assert views_lost(struck.root, [DAY], verdict) is None
    other = text_of("clean", "x", views=9, followers=5_000_000)
    struck.put_features([text_of("removed", TEXT, views=1, followers=5), other])
    assert views_lost(struck.root, [DAY], verdict) is None
    assert views_lost(struck.root, [], verdict) is None


def test_a_copy_on_which_nothing_held_lost_nothing(struck, rows, text_of):
    post, _ = rows
    names = ["removed", "copy", "clean", "free"]
    struck.put_posts([post(name) for name in names])
    verdicts.decide(struck.root, "removed", "benign", rationale="a quote")
    (verdict,) = judged(struck.root, DAY, DAY)
    views = {"removed": 10, "copy": 3, "clean": 40, "free": 20}
    texts = dict.fromkeys(("removed", "copy", "free"), TEXT)
    struck.put_features([text_of(n, texts.get(n, n), views=views[n], followers=5) for n in names])
    assert views_lost(struck.root, [DAY], verdict) == (30 - 10) + (30 - 3)


def test_outcomes_are_counted_by_harm_and_action_with_an_interval(struck, monkeypatch):
    first = file_appeal(struck.root, "removed", **MINE)["appeal_id"]
    file_appeal(struck.root, "demoted", **MINE)
    for row in outcomes(struck.root, DAY, DAY):
        assert (row["filed"], row["decided"], row["wrong"], row["days"]) == (1, 0, None, None)
    overturn(struck, first)
    found = {row["action"]: row for row in outcomes(struck.root, DAY, DAY)}
    struck_row = found["strike"]
    assert (struck_row["decided"], struck_row["overturned"], struck_row["wrong"]) == (1, 1, 1.0)
    assert (round(struck_row["from"], 4), struck_row["to"]) == (0.2065, 1.0)
    assert struck_row["views_lost"] == 67
    assert 0 <= struck_row["days"] < 1
    assert found["demote"]["from"] is None
    later = DAY + timedelta(days=1)
    assert outcomes(struck.root, later, later) == []
