"""What a sweep does for each difference between what is wanted and what holds."""

from datetime import UTC, date, datetime
from functools import partial

import pytest

from harmsweep.enforcement.state.day_ledger import now_micros, read_day_ledger, visibility
from harmsweep.enforcement.state.day_state import was_whole
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.enforcement.sweep import sweep
from harmsweep.errors import DataRefused
from harmsweep.lake import delta, writes
from harmsweep.lake.late_posts import late_posts
from harmsweep.paths import ROOT
from harmsweep.policy.file import PolicyError, load_policy
from harmsweep.stages.enforce import enforce_day
from harmsweep.tables.catalog import ACTIONS, ESCALATIONS, LATE_POSTS, POST_VISIBILITY

DAY = date(2026, 10, 1)
FIRST = {"removed": "remove", "demoted": "demote", "reviewed": "review", "spam": "remove"}


def test_each_decision_is_carried_out_once_and_shown(held):
    intents, outcomes = held.ledger("intent"), held.ledger("outcome")
    assert held.states() == FIRST
    assert {r["subject_id"]: r["action"] for r in intents} == FIRST
    assert {r["effect_key"] for r in intents} == {r["effect_key"] for r in outcomes}
    assert {
        (r["harm"], r["score"], r["threshold"]) for r in intents if r["action"] == "remove"
    } == {
        ("hate", 0.99, 0.95),
        ("spam", 0.97, 0.95),
    }


def test_a_second_sweep_writes_nothing(held):
    versions = [delta.version(t, held.root) for t in (ACTIONS, POST_VISIBILITY)]
    assert held.sweep() == {}  # skipped: unchanged
    counts = sweep(held.root, DAY, PolicyBinding(load_policy(held.policy()), "m-1"))
    assert counts == {"decisions": 4, "finished": 0}
    assert [delta.version(t, held.root) for t in (ACTIONS, POST_VISIBILITY)] == versions


def test_a_dry_run_counts_and_writes_nothing(fresh):
    found = _enforce(fresh, dry_run=True)
    assert found.counts == {"decisions": 4, "demote": 1, "remove": 2, "review": 1, "finished": 0}
    assert fresh.content() == ([], [])


def test_of_a_day_that_is_over_only_late_posts_are_swept(held, rows):
    post, scored = rows
    late = {"day": DAY, "post_id": "clean", "revision": 2, "found_at": datetime.now(UTC)}
    writes.write_rows([late], LATE_POSTS, held.root)
    held.put_posts([post(name) for name in FIRST] + [post("clean", revision=2)])
    held.put_scores([scored("clean", revision=2, hate=0.99, spam=0.1)])
    # Under another policy 'demoted' would be a review; an older one's effect stands.
    pair = held.pair(version=2, remove=0.98, demote=0.95)
    held.decide(version=2, remove=0.98, demote=0.95)
    counted = enforce_day(held.root, DAY, **pair, dry_run=True, late_only=True)
    assert (counted.counts["remove"], late_posts(held.root, DAY)) == (1, {"clean"})
    enforce_day(held.root, DAY, **pair, late_only=True)
    assert held.states() == FIRST | {"clean": "remove"}
    assert late_posts(held.root, DAY) == frozenset()


def _enforce(lake, **options):
    return enforce_day(lake.root, DAY, **lake.pair(), **options)


def test_a_sweep_without_fresh_decisions_is_refused(fresh, rows):
    _, scored = rows
    fresh.put_scores([scored("removed", hate=0.2)])
    with pytest.raises(DataRefused, match="run decide first"):
        _enforce(fresh)


def test_a_demonstration_policy_is_refused_on_another_lake(fresh):
    (fresh.root / "DEMONSTRATION").unlink()
    with pytest.raises(PolicyError, match="no demonstration lake"):
        _enforce(fresh)


def test_another_policy_repeats_no_effect_and_releases_what_it_no_longer_wants(held):
    before = {r["subject_id"]: r for r in held.visible()}
    counts = held.sweep(version=2, remove=0.98, demote=0.95)  # 'demoted' at 0.9 becomes a review
    assert counts == {"decisions": 4, "released": 1, "finished": 0}
    assert held.states() == FIRST | {"demoted": "review"}
    assert held.visible()[1] == before["removed"]
    again = held.sweep()
    assert again == {"decisions": 4, "demote": 1, "finished": 0}
    demotions = [r for r in held.ledger() if r["action"] == "demote"]
    assert len({r["effect_key"] for r in demotions}) == 2
    assert len({r["sweep_id"] for r in held.ledger()}) == 3


def test_another_model_that_agrees_repeats_no_effect(held, rows):
    _, scored = rows
    ledger = held.content()
    held.put_scores(
        [
            scored("removed", model_version="m-2", hate=0.96),
            scored("demoted", model_version="m-2", hate=0.86),
            scored("reviewed", model_version="m-2", hate=0.7),
            scored("spam", model_version="m-2", spam=0.99),
        ]
    )
    assert held.sweep("m-2") == {"decisions": 4, "finished": 0}
    assert held.content() == ledger


def test_an_edit_keeps_what_holds_until_it_is_scored_and_then_follows_its_score(held, rows):
    post, scored = rows
    names = ("demoted", "reviewed", "clean", "spam")
    others = [post(name) for name in names]
    old = [scored("removed", hate=0.99), scored("demoted", hate=0.9)]
    old += [scored("reviewed", hate=0.6), scored("clean", hate=0.1), scored("spam", spam=0.97)]
    edited = [post("removed", 1, "superseded"), post("removed", 2)]
    held.put_posts(others + edited)
    assert held.sweep() == {"decisions": 3, "finished": 0}
    assert held.states() == FIRST
    held.put_scores([*old, scored("removed", 2, hate=0.97)])
    assert held.sweep() == {"decisions": 4, "remove": 1, "finished": 0}
    assert {r["subject_id"]: r["revision"] for r in held.visible()}["removed"] == 2
    held.put_posts([*others, *edited[:1], post("removed", 2, "superseded"), post("removed", 3)])
    held.put_scores([*old, scored("removed", 2, hate=0.97), scored("removed", 3, hate=0.1)])
    assert held.sweep() == {"decisions": 3, "released": 1, "finished": 0}
    assert "removed" not in held.states()
    assert held.ledger()[-1]["cause_kind"] == "withdrawn"


@pytest.mark.parametrize("revision", [1, 2])
def test_a_broken_upload_lifts_nothing(held, rows, revision: int):
    post, scored = rows
    names = ("demoted", "reviewed", "clean", "spam")
    edited = [post("removed", 1, "superseded")] if revision == 2 else []
    held.put_posts([*map(post, names), *edited, post("removed", revision)])
    broken = {"status": "scored_partial", "reason": "image undecodable"}
    harmless = scored("removed", revision, hate=0.1)
    held.put_scores([*map(scored, names), harmless | broken])
    held.sweep(version=2)
    assert held.states() == {"removed": "remove"}
    held.put_scores([*map(scored, names), harmless])
    held.sweep(version=3)
    assert held.states() == {}


@pytest.mark.parametrize(
    ("status", "reason", "whole"),
    [
        ("scored", None, True),
        ("scored_partial", "video unsupported", True),
        ("scored_partial", "image unsupported; video unsupported", True),
        ("scored_partial", "image undecodable; video unsupported", False),
        ("scored_partial", "text capped", False),
        ("scored_partial", None, False),
        ("quarantined", "video unsupported", False),
        ("failed", "output is not a probability", False),
    ],
)
def test_a_post_was_seen_whole_unless_something_was_damaged(
    status: str, reason: str | None, whole: bool
):
    assert was_whole(status, reason) is whole


def test_a_deleted_post_gets_no_effect_and_keeps_its_state(held, rows):
    post, _ = rows
    ledger = held.content()
    gone = [post("removed", 1, "superseded"), post("removed", 2, "deleted")]
    held.put_posts(gone + [post(name) for name in ("demoted", "reviewed", "clean", "spam")])
    assert held.sweep() == {"decisions": 3, "finished": 0}
    assert held.content() == ledger


def test_what_the_platform_reads_can_be_rebuilt_from_the_ledger(held):
    rebuilt = visibility(read_day_ledger(held.root, DAY, now_micros).histories)
    assert sorted(rebuilt, key=lambda r: r["subject_id"]) == held.visible()


def test_jobs_are_thin() -> None:
    jobs = ROOT / "jobs"
    for name in ("decide", "enforce", "measure", "undo"):
        assert len((jobs / f"{name}.py").read_text(encoding="utf-8").splitlines()) < 40


def test_what_holds_for_an_escalated_post_stays(held, add_rows):
    escalated = {"day": DAY, "post_id": "removed", "revision": 1, "position": 0, "bank": "b"}
    escalated |= {"hash": "0" * 64, "media_hash": "0" * 64, "distance": 0, "quality": 100}
    escalated |= {"content_hash": "0", "contact": "duty officer"}
    add_rows(
        [escalated | {"matched_at": datetime(2026, 10, 1, tzinfo=UTC)}], ESCALATIONS, held.root
    )
    held.sweep(version=2)  # decides anew, and no longer about the escalated post
    assert held.states() == FIRST


def test_a_sweep_that_was_planned_before_another_pair_acted_is_refused(held):
    before, later = datetime(2026, 1, 1, tzinfo=UTC), datetime.now(UTC)
    held.decide(version=2, remove=0.995)
    before_content = held.content()
    planned = partial(enforce_day, held.root, DAY, **held.pair(version=2, remove=0.995))
    with pytest.raises(
        DataRefused, match=r"m-1 under trial-1.* acted since the plan of 2026-01-01"
    ):
        planned(planned_at=before)
    assert held.content() == before_content
    assert planned(planned_at=later).counts["released"] == 1


def test_a_planned_sweep_goes_on_where_it_stopped_itself(fresh, crash_at):
    before = datetime(2026, 1, 1, tzinfo=UTC)
    fresh.decide()
    again = partial(enforce_day, fresh.root, DAY, **fresh.pair())
    crash_at("actions_v1:after-commit", 1)
    with pytest.raises(KeyboardInterrupt):
        again(planned_at=before)
    crash_at("never", 1)
    again(planned_at=before)
    assert len(fresh.states()) == 4
