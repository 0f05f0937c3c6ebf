"""The claims in force are watched: people's answers suspend one, and people resume it."""

from typing import Any

import pytest
from builders import DAY, post, scored
from certify_site import MODEL, Site

from harmsweep.enforcement.state.policy_binding import certificate_in_force
from harmsweep.errors import REFUSED, USAGE
from harmsweep.lake import delta, writes
from harmsweep.model.reference import load_model_ref
from harmsweep.operations import suspensions
from harmsweep.policy.certificates import Certificate
from harmsweep.policy.file import load_policy
from harmsweep.release.conf import WatchConfig
from harmsweep.release.watch import draw_audits, suspend_failed, watched
from harmsweep.tables.catalog import LABEL_TASKS, OPERATIONS, POSTS, SCORES

CLAIM = "hate/en/all/0.6/0.9/0.02"
CONFIG = WatchConfig(labels_per_day=40, error=0.05, drop=0.1)


@pytest.fixture
def certified(site: Site) -> Site:
    """A site with a claim in force: hate in English from 0.8 on."""
    site.plan()
    site.judge(site.drawn())
    site.finish()
    return site


def pair(site: Site) -> tuple[Any, Any, WatchConfig]:
    return load_model_ref(site.model), load_policy(site.policy), CONFIG


def audits(site: Site) -> list[dict[str, Any]]:
    return [t for t in delta.rows(LABEL_TASKS, site.lake).to_pylist() if t["purpose"] == "watch"]


def draw_of_day(site: Site) -> list[str]:
    draw_audits(site.lake, DAY, *pair(site))
    return [task["post_id"] for task in audits(site)]


def in_force(site: Site) -> Certificate:
    version = load_policy(site.policy).policy_version
    found = certificate_in_force(site.lake, site.model.parent / "certificates", MODEL, version)
    assert found
    return found


def act(site: Site, name: str, *more: str, claim: str = CLAIM) -> tuple[int, str, str]:
    return site.call(name, claim, "--model", site.model, "--policy", site.policy, *more)


def shown(site: Site) -> str:
    return site.call("watch", "--model", site.model, "--policy", site.policy)[1]


def test_without_a_certificate_nothing_is_watched(site: Site):
    assert shown(site) == "no claim is in force\n"
    assert draw_audits(site.lake, DAY, *pair(site)) == 0
    assert suspend_failed(site.lake, *pair(site)) == []


def test_posts_of_the_claims_population_are_drawn_once_a_day(certified: Site):
    elsewhere = scored("on stories", model_version=MODEL, hate=0.9) | {"surface": "stories"}
    writes.write_rows([post("on stories")], POSTS, certified.lake)
    writes.write_rows([elsewhere], SCORES, certified.lake)
    assert draw_audits(certified.lake, DAY, *pair(certified)) == 40
    assert draw_audits(certified.lake, DAY, *pair(certified)) == 0
    tasks = audits(certified)
    facts = {(t["probability"], t["harm"], t["threshold"]) for t in tasks}
    assert facts == {(40 / 90, "hate", 0.8)}
    assert len({t["post_id"] for t in tasks}) == 40
    assert "on stories" not in {t["post_id"] for t in tasks}
    # Of those that were judged for the certificate the answer is known.
    rows = delta.rows(LABEL_TASKS, certified.lake).to_pylist()
    judged = {task["post_id"] for task in rows if task["purpose"] == "certify"}
    known = len(judged & {task["post_id"] for task in tasks})
    assert 0 < known < 40
    assert f"in force: {known} of {known} right, {40 - known} to judge" in shown(certified)


def test_answers_that_rule_the_promise_out_suspend_the_claim(certified: Site):
    drawn = draw_of_day(certified)
    later = post("x")["created_at"].replace(hour=20)
    certified.judge(drawn, "benign", decided_at=later)
    (failed,) = suspend_failed(certified.lake, *pair(certified))
    assert failed.found.startswith("0 of 40 right: its precision is below 0.")
    assert failed.bound < 0.6
    (claim,) = in_force(certified).claims
    assert (claim.suspended, claim.places) == (True, frozenset())
    (row,) = (r for r in delta.rows(OPERATIONS, certified.lake).to_pylist()
              if r["act"] == suspensions.SUSPEND)  # fmt: skip
    assert row["object"].endswith(CLAIM)
    assert suspend_failed(certified.lake, *pair(certified)) == []  # once
    assert "suspended (0 of 40 right" in shown(certified)


def test_answers_that_bear_the_promise_out_suspend_nothing(certified: Site):
    certified.judge(draw_of_day(certified))
    assert suspend_failed(certified.lake, *pair(certified)) == []
    assert not in_force(certified).claims[0].suspended


def test_a_post_that_is_gone_says_nothing_of_a_claim(certified: Site):
    drawn = draw_of_day(certified)
    certified.judge(drawn)
    new = {f"p{n}" for n in range(90)}
    rows = [post(n, status="deleted") for n in new]
    writes.write_rows(rows, POSTS, certified.lake, where={"day": DAY})
    (one,) = watched(certified.lake, *pair(certified))
    assert len(one.answers.in_order) == 40


def test_a_suspended_claim_is_not_drawn_for(certified: Site):
    act(certified, "suspend", "--reason", "a new campaign")
    assert draw_audits(certified.lake, DAY, *pair(certified)) == 0


def test_a_person_suspends_and_resumes_and_the_watch_begins_anew(certified: Site):
    digest = in_force(certified).in_force
    certified.judge(draw_of_day(certified))
    code, out, _ = act(certified, "suspend", "--reason", "a new campaign")
    assert (code, f"{CLAIM}: leads to review alone" in out) == (0, True)
    assert "suspended (a new campaign): 40 of 40 right" in shown(certified)
    assert in_force(certified).in_force != digest
    assert act(certified, "resume", "--reason", "it ended")[0] == 0
    assert in_force(certified).in_force == digest
    assert "in force: 0 of 0 right" in shown(certified)
    assert len(draw_of_day(certified)) == 80


def test_a_dry_run_changes_nothing(certified: Site):
    before = delta.rows(OPERATIONS, certified.lake).num_rows
    assert "a dry run" in act(certified, "suspend", "--dry-run")[1]
    assert "a dry run" in act(certified, "resume", "--dry-run")[1]
    assert delta.rows(OPERATIONS, certified.lake).num_rows == before


@pytest.mark.parametrize("name", ["suspend", "resume"])
def test_an_unknown_claim_or_no_reason_is_refused(certified: Site, name: str):
    code, _, err = act(certified, name, "--reason", "r", claim=CLAIM.replace("hate", "hat"))
    assert (code, CLAIM in err) == (REFUSED, True)
    assert act(certified, name)[0] == USAGE


def test_a_suspension_is_its_row_of_the_audit(certified: Site, monkeypatch: pytest.MonkeyPatch):
    """So that a kill leaves it done or not begun, and the same again changes nothing."""

    def die(name: str) -> None:
        if name == "operations_v1:before-commit":
            raise KeyboardInterrupt

    for name, after in (("suspend", True), ("resume", False)):
        monkeypatch.setattr(writes, "failpoint", die)
        with pytest.raises(KeyboardInterrupt):
            act(certified, name, "--reason", "r")
        monkeypatch.undo()
        assert in_force(certified).claims[0].suspended is not after
        for _ in range(2):
            assert act(certified, name, "--reason", "r")[0] == 0
        assert in_force(certified).claims[0].suspended is after
        acts = [r["act"] for r in delta.rows(OPERATIONS, certified.lake).to_pylist()]
        assert [acts.count(a) for a in (suspensions.SUSPEND, suspensions.RESUME)] == [
            1, int(not after),
        ]  # fmt: skip
