"""`harmsweep certify`: a sample of live posts is planned, judged by people, and finished."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import DAY, post, row
from certify_site import MODEL, TARGET, Site

from harmsweep.errors import REFUSED, USAGE
from harmsweep.lake import delta, writes
from harmsweep.policy import certificates
from harmsweep.policy.certificates import SampleSource
from harmsweep.policy.file import load_policy
from harmsweep.release.sample_plan import plans
from harmsweep.tables.catalog import ESCALATIONS, LABEL_TASKS, OPERATIONS, POSTS


def test_a_plan_says_what_its_labels_show_and_writes_a_task_for_each(site: Site):
    code, out, _ = site.plan()
    assert code == 0
    assert "precision" in out and "0.1000" in out  # the error of the one test that there is
    assert "60 of 90 posts in en of 2026-10-01 to 2026-10-01 that score 0.8 or more" in out
    tasks = delta.rows(LABEL_TASKS, site.lake).to_pylist()
    assert len({task["post_id"] for task in tasks}) == 60
    assert {task["probability"] for task in tasks} == {60 / 90}
    assert {(t["surface"], t["dataset"], t["revision"]) for t in tasks} == {("feed", "live", 1)}
    assert all(task["post_id"].startswith("p") for task in tasks)
    (plan,) = plans(site.lake)
    assert [s.model_dump() for s in plan.frame] == [
        {"dataset": "live", "surface": "feed", "groups": 90}
    ]


def test_a_dry_run_draws_and_writes_nothing(site: Site):
    code, out, _ = site.plan("--dry-run")
    assert (code, "60 of 90 posts" in out) == (0, True)
    assert delta.rows(LABEL_TASKS, site.lake).num_rows == 0
    assert delta.rows(OPERATIONS, site.lake).num_rows == 0


def test_without_a_number_of_labels_the_power_decides(site: Site):
    code, out, _ = site.plan("--dry-run", "--expected", "0.8", "--power", "0.9", labels=0)
    assert code == 0
    assert "of 90 posts" in out


def test_an_escalated_post_is_its_contacts_alone(site: Site):
    writes.write_rows([row(ESCALATIONS, post_id="p1")], ESCALATIONS, site.lake)
    _, out, _ = site.plan()
    assert "60 of 89 posts" in out
    assert "p1" not in site.drawn()


@pytest.mark.parametrize(
    ("more", "code", "why"),
    [
        (("--language", "de"), REFUSED, "has no figures of hate in de: its posts go to people"),
        (("--surface", "ads"), REFUSED, "states no precision of hate, surface ads"),
        (("--harm", "hats"), REFUSED, "hats"),
        (("--threshold", "0.95"), REFUSED, "0 posts score 0.95 or more, and 60 are to be"),
        (("--labels", "59"), USAGE, "59 labels show no precision of 0.6"),
        (("--labels", "0"), USAGE, "as many labels as people can give show no precision"),
        (("--reason", ""), USAGE, "say why"),
    ],
)
def test_a_plan_that_can_show_nothing_is_refused(
    site: Site, more: tuple[str, ...], code: int, why: str
):
    words = {"harm": "hate", "labels": "60", "threshold": "0.8", "reason": "a trial"}
    words |= {"expected": "0.6", "language": "en", "surface": "all", more[0][2:]: more[1]}
    pair = ("--model", site.model, "--policy", site.policy, "--from", DAY)
    said = [part for name, value in words.items() for part in (f"--{name}", value)]
    found, _, err = site.call("plan", *pair, *said)
    assert (found, why in err) == (code, True), err
    assert delta.rows(OPERATIONS, site.lake).num_rows == 0


def test_a_language_that_the_policy_does_not_name_is_refused(site: Site):
    site.write_policy(languages=["de"])
    code, _, err = site.plan()
    assert (code, "acts on nothing in en" in err) == (REFUSED, True)


def test_a_policy_that_does_not_name_the_model_is_refused_before_labels_are_asked_for(site: Site):
    site.write_policy(approved_models=["m-1"])
    code, out, err = site.plan()
    assert (code, out, delta.rows(OPERATIONS, site.lake).num_rows) == (REFUSED, "", 0)
    assert f"{site.policy}: approved_models does not name {MODEL}: name it first" in err


def test_one_plan_is_made_and_the_same_again_changes_nothing(site: Site):
    site.plan()
    assert site.plan()[0] == 0
    assert delta.rows(LABEL_TASKS, site.lake).num_rows == 60
    assert delta.rows(OPERATIONS, site.lake).num_rows == 1
    code, _, err = site.plan(threshold=0.7)
    assert code == REFUSED
    assert "another attempt needs another version of the policy" in err


def test_a_plan_that_was_killed_is_finished_by_the_same_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    def die(name: str) -> None:
        if name == "label_tasks_v1:before-commit":
            raise KeyboardInterrupt

    monkeypatch.setattr(writes, "failpoint", die)
    with pytest.raises(KeyboardInterrupt):
        site.plan()
    monkeypatch.undo()
    assert delta.rows(LABEL_TASKS, site.lake).num_rows == 0
    code, _, err = site.console("certify", "status", "--lake", site.lake)
    assert (code, "has 0 of its 60 tasks: plan it again" in err) == (REFUSED, True)
    assert site.plan()[0] == 0
    assert delta.rows(LABEL_TASKS, site.lake).num_rows == 60


def test_a_sample_that_bears_the_promise_out_acts_at_its_threshold(site: Site):
    site.plan()
    drawn = site.drawn()
    site.judge(drawn[:57])
    site.judge(drawn[57:], "benign")
    assert "57 right, 3 wrong, 0 gone, 0 open" in site.call("status")[1]
    code, out, err = site.finish("--dry-run")
    assert (code, "0.6: 0.8: 57 of 60 flagged are right" in out) == (0, True), err
    assert site.certificate() is None
    assert site.finish()[0] == 0
    held = site.certificate()
    assert held
    assert held.source == SampleSource(first=DAY, last=DAY, tests=1)
    (claim,) = held.granted("hate", TARGET)
    assert (claim.threshold, claim.level, claim.language) == (0.8, pytest.approx(0.1), "en")
    assert claim.places == {("live", "feed")}
    acts = delta.rows(OPERATIONS, site.lake).to_pylist()
    done = {row["act"]: json.loads(row["details"]) for row in acts}
    assert done["certify finish"] == {"digest": held.digest}


def test_a_sample_that_falls_short_says_so_and_acts_on_nothing(site: Site):
    site.plan()
    drawn = site.drawn()
    site.judge(drawn[:40])
    site.judge(drawn[40:], "harmful", harm="spam")
    code, out, _ = site.finish()
    assert (code, "review only: 40 of 60 sampled posts are right" in out) == (0, True)
    held = site.certificate()
    assert held
    assert held.thresholds("hate", TARGET) == {}


def test_tasks_that_wait_are_told(site: Site):
    site.plan()
    drawn = site.drawn()
    site.judge(drawn[:50])
    site.judge(drawn[50:51], "harmful", harm=None)
    site.judge(drawn[51:52], "benign")
    site.judge(drawn[51:52], "harmful", reviewer="bo")  # they differ
    (plan,) = plans(site.lake)
    _, out, _ = site.call("status", plan.plan_id)
    assert "50 right, 0 wrong, 0 gone, 10 open" in out
    assert set(drawn[50:]) <= set(out.split())
    code, _, err = site.finish()
    assert code == REFUSED
    assert "10 of 60 tasks wait for a verdict with its harm" in err


def test_a_post_that_is_gone_counts_as_wrong(site: Site):
    site.plan()
    drawn = site.drawn()
    site.judge(drawn[2:])
    left = [post(n, status="superseded" if n == drawn[0] else "deleted") for n in drawn[:2]]
    left += [post(drawn[0], 2), *map(post, drawn[2:])]
    writes.write_rows(left, POSTS, site.lake, where={"day": DAY})
    assert "58 right, 0 wrong, 2 gone, 0 open; a post that is gone" in site.call("status")[1]
    site.finish()
    held = site.certificate()
    assert held and held.claims[0].counts
    assert held.claims[0].counts.right_groups == 58


def test_each_reviewers_last_word_counts(site: Site):
    site.plan()
    drawn = site.drawn()
    earlier = post("x")["created_at"].replace(hour=1)
    site.judge(drawn, "benign", decided_at=earlier)
    site.judge(drawn)
    assert "60 right" in site.call("status")[1]


def test_another_policy_or_model_finishes_nothing(site: Site, tmp_path: Path):
    site.plan()
    site.judge(site.drawn())
    site.write_policy(version=2)
    code, _, err = site.finish()
    assert (code, "is of trial-1-" in err) == (REFUSED, True)
    (plan,) = plans(site.lake)
    code, _, err = site.call("finish", f"{plan.plan_id}x", "--model", site.model, "--policy",
                             site.policy)  # fmt: skip
    assert (code, plan.plan_id in err) == (REFUSED, True)


def test_a_finish_that_was_killed_can_be_done_again(site: Site, monkeypatch: pytest.MonkeyPatch):
    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    site.plan()
    site.judge(site.drawn())
    monkeypatch.setattr(certificates, "write_whole", die)
    with pytest.raises(KeyboardInterrupt):
        site.finish()
    monkeypatch.undo()
    assert site.certificate() is None
    for _ in range(2):
        assert site.finish()[0] == 0
    held = site.certificate()
    assert held
    assert held.thresholds("hate", TARGET) == {"en": 0.8}


def test_what_was_finished_stays_as_it_was_whatever_reviewers_say_later(site: Site):
    site.plan()
    site.judge(site.drawn())
    site.finish()
    held = site.certificate()
    later = post("x")["created_at"].replace(hour=20)
    site.judge(site.drawn()[:9], "benign", decided_at=later)
    code, _, err = site.finish()
    assert (code, "certified before, otherwise" in err) == (REFUSED, True)
    assert site.certificate() == held
    acts = [row["act"] for row in delta.rows(OPERATIONS, site.lake).to_pylist()]
    assert acts.count("certify finish") == 1


def test_a_pair_that_was_certified_from_a_snapshot_is_not_mixed(site: Site):
    from certifying import certificate, claim

    site.plan()
    site.judge(site.drawn())
    version = load_policy(site.policy).policy_version
    folder = site.model.parent / "certificates"
    certificates.write_certificate(certificate(claim(), policy=version, model=MODEL), folder)
    code, _, err = site.finish()
    assert (code, "is certified from a snapshot" in err) == (REFUSED, True)


def test_no_plan_is_none(site: Site):
    code, out, err = site.call("status")
    assert (code, out, err) == (0, "", "no plan was made\n")
