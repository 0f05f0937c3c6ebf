"""`harmsweep learn`: each head's posts of a day are drawn once, by known chances, and judged."""

from collections import Counter
from typing import Any

import pytest
from builders import DAY, post, scored
from certify_site import MODEL, Site

from harmsweep.errors import USAGE
from harmsweep.lake import delta, writes
from harmsweep.release import label_queue
from harmsweep.release.conf import QueueConfig
from harmsweep.tables.catalog import LABEL_TASKS, OPERATIONS, POSTS, SCORES

# A day of 1,000 posts whose scores of hate are spread evenly, beside the site's 93 of 0.9 or so.
SPREAD = {f"s{n}": n / 1000 for n in range(1000)}


@pytest.fixture
def busy(site: Site) -> Site:
    writes.write_rows([post(name) for name in SPREAD], POSTS, site.lake)
    rows = [scored(n, model_version=MODEL, hate=s, spam=s / 2) for n, s in SPREAD.items()]
    writes.write_rows(rows, SCORES, site.lake)
    return site


def learn(site: Site, *more: Any, reason: str = "more labels") -> tuple[int, str, str]:
    pair = ("--model", site.model, "--policy", site.policy, "--from", DAY, "--reason", reason)
    return site.console("learn", "plan", *pair, *more, "--lake", site.lake)


def tasks(site: Site, harm: str = "hate") -> list[dict[str, Any]]:
    rows = delta.rows(LABEL_TASKS, site.lake).to_pylist()
    return [row for row in rows if row["harm"] == harm and row["purpose"] == "learn"]


def test_three_kinds_draw_and_a_task_has_the_chance_of_any(busy: Site):
    code, out, err = learn(busy)
    assert code == 0, err
    assert "posts to look at" in out
    drawn = tasks(busy)
    kinds = Counter(kind for task in drawn for kind in task["drawn_by"].split("+"))
    assert kinds == {"audit": 20, "uncertain": 5, "above": 5}
    # Of all languages: 1,000 posts, the 90, one that is edited since, one of 0.79, one in German.
    flagged = sum(score >= 0.5 for score in SPREAD.values()) + 92
    near = sum(abs(score - 0.5) <= 0.1 for score in SPREAD.values())
    for task in drawn:
        missed = 1 - 20 / 1092
        missed *= 1 - 5 / near if abs(task["score"] - 0.5) <= 0.1 else 1
        missed *= 1 - 5 / flagged if task["score"] >= 0.5 else 1
        assert task["probability"] == pytest.approx(1 - missed, abs=2e-5)
        assert task["threshold"] == 0.5


def test_heads_audit_the_same_posts_and_a_head_without_scores_asks_nothing(busy: Site):
    learn(busy)
    audits = [
        {task["post_id"] for task in tasks(busy, harm) if "audit" in task["drawn_by"]}
        for harm in ("hate", "spam")
    ]
    spread = [{post for post in audit if post in SPREAD} for audit in audits]
    assert spread[0] <= spread[1]  # spam has no score of the site's own posts
    assert tasks(busy, "violence") == []


def test_a_day_is_drawn_once_and_a_dry_run_draws_nothing(busy: Site):
    code, out, _ = learn(busy, "--dry-run", reason="")
    assert (code, "a dry run" in out) == (0, True)
    assert (tasks(busy), delta.rows(OPERATIONS, busy.lake).num_rows) == ([], 0)
    learn(busy)
    before, acts = tasks(busy), delta.rows(OPERATIONS, busy.lake).num_rows
    code, out, _ = learn(busy)
    assert (code, "0 posts to look at" in out) == (0, True)
    assert tasks(busy) == before
    assert delta.rows(OPERATIONS, busy.lake).num_rows == acts == 1


def test_nobody_is_asked_without_a_reason(busy: Site):
    assert learn(busy, reason="")[0] == USAGE


def test_a_certified_threshold_in_force_is_what_posts_are_near(busy: Site):
    busy.plan()
    busy.judge(busy.drawn())
    busy.finish()
    learn(busy)
    assert {task["threshold"] for task in tasks(busy)} == {0.8}
    near = [task for task in tasks(busy) if "uncertain" in task["drawn_by"]]
    assert all(0.7 <= task["score"] <= 0.9 for task in near) and len(near) == 5
    claim = "hate/en/all/0.6/0.9/0.02"
    pair = ("--model", busy.model, "--policy", busy.policy)
    busy.call("suspend", claim, *pair, "--reason", "a new campaign")
    from harmsweep.model.reference import load_model_ref
    from harmsweep.policy.file import load_policy

    given = load_model_ref(busy.model), load_policy(busy.policy)
    assert label_queue.thresholds_in_force(busy.lake, *given) == {}


def test_a_plan_that_was_killed_is_finished_by_the_same_again(
    busy: Site, monkeypatch: pytest.MonkeyPatch
):
    def die(name: str) -> None:
        if name == "label_tasks_v1:before-commit":
            raise KeyboardInterrupt

    monkeypatch.setattr(writes, "failpoint", die)
    with pytest.raises(KeyboardInterrupt):
        learn(busy)
    monkeypatch.undo()
    assert tasks(busy) == []
    assert learn(busy)[0] == 0
    assert len(tasks(busy)) >= 28


def test_the_status_says_what_the_answers_show_of_all_posts(busy: Site):
    learn(busy)
    drawn = tasks(busy)
    busy.judge([task["post_id"] for task in drawn if task["score"] >= 0.8])
    busy.judge([task["post_id"] for task in drawn if task["score"] < 0.8][1:], "benign")
    code, out, _ = busy.console("learn", "status", "--lake", busy.lake)
    assert code == 0
    assert "prevalence" in out and "hate" in out and "spam" in out
    code, out, _ = busy.console("learn", "status", "hate", "--lake", busy.lake)
    waiting = next(task["post_id"] for task in drawn if task["score"] < 0.8)
    assert out.split()[-1] == waiting
    assert "spam" not in out


def test_without_tasks_there_is_nothing_to_say(site: Site):
    code, out, _ = site.console("learn", "status", "--lake", site.lake)
    assert (code, "prevalence" in out) == (0, True)


def test_the_audit_cannot_be_switched_off():
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        QueueConfig(audit=0, uncertain=5, above=5, band=0.1)
