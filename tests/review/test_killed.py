"""What reviewers, authors and authorities ask for, killed at every point that it passes."""

import json
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest
from enforcement_lake import model_ref
from killing import acts, facts, kills, spread

from harmsweep.cli import review_acts
from harmsweep.enforcement.state.day_state import exemptions
from harmsweep.lake import delta
from harmsweep.policy.file import load_policy
from harmsweep.stages.enforce import enforce_day
from harmsweep.tables.catalog import APPEALS, EXEMPTIONS, OPERATIONS, ORDERS, VERDICTS
from harmsweep.tables.spec import Table

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("kill_points")]
DAY = date(2026, 10, 1)
TEXT = "one two three four five"
MINE = {"author": "a1", "statement": "it is a quote"}


def kept(lake: Any, table: Table, *names: str) -> list[tuple[Any, ...]]:
    """Some columns of all rows of a table."""
    found = delta.rows(table, lake.root).to_pylist()
    return sorted((tuple(row[name] for name in names) for row in found), key=repr)


def told(lake: Any, name: str) -> set[str]:
    """The ids of a kind that the details of the audit name."""
    return {json.loads(details).get(name) for (details,) in kept(lake, OPERATIONS, "details")}


def effects(lake: Any) -> list[tuple[Any, ...]]:
    """The ledger without keys, in which a verdict's random id is."""
    rows = [*lake.ledger("intent"), *lake.ledger("outcome")]
    names = ("entry", "subject_id", "lane", "action", "previous_action", "cause_kind")
    return sorted(tuple(row[name] for name in names) for row in rows)


@pytest.mark.parametrize("said", ["removed benign", "clean harmful"])
def test_a_verdict_acts_once_and_never_without_the_audit(held, tmp_path, said: str):
    post, found = said.split()
    asked = {"harm": "hate", "action": "interstitial"} if found == "harmful" else {}
    verdict, before = (
        partial(review_acts.verdict, post, found, rationale="seen", **asked),
        held.states(),
    )
    for point, killed, clean in kills(held, verdict, tmp_path):
        known = {row for (row,) in kept(killed, VERDICTS, "verdict_id")}
        assert known <= told(killed, "verdict_id"), point
        swept = killed.copy(tmp_path / f"swept at {point}")
        swept.sweep()
        assert swept.states() == (clean.states() if known else before), point
        verdict(lake=killed.root)
        assert effects(killed) == effects(clean), point
        assert killed.states() == clean.states() != before
        # The reviewer said it twice, and each time is in the audit.
        assert len(kept(killed, VERDICTS, "verdict_id")) == len(known) + 1
    assert len(set(effects(clean))) == len(effects(clean)) == 10


ORDER = {"kind": "order", "authority": "a court", "reference": "1 A 2/26", "action": "remove",
         "jurisdiction": "DE", "reason": "by post"}  # fmt: skip


@pytest.mark.parametrize("act", ["order", "withdraw"])
def test_an_order_is_entered_and_ended_once_and_never_without_the_audit(held, tmp_path, act: str):
    command: Any = partial(review_acts.receive, "clean", **ORDER)
    if act == "withdraw":
        command(lake=held.root)
        ((name,),) = kept(held, ORDERS, "order_id")
        command = partial(review_acts.withdraw, name, reason="lifted")
    before, entered = held.visible(), kept(held, ORDERS, "order_id", "status")
    for point, killed, clean in kills(held, command, tmp_path):
        ((name, _),) = set(kept(clean, ORDERS, "order_id", "day"))
        begun = kept(killed, ORDERS, "order_id", "status") != entered
        assert not begun or (act, name) in acts(killed), point
        swept = killed.copy(tmp_path / f"swept at {point}")
        swept.sweep()
        assert swept.states() == (clean if begun else held).states(), point
        command(lake=killed.root)
        assert facts(killed) == facts(clean), point
        both = [kept(lake, ORDERS, "order_id", "status") for lake in (killed, clean)]
        assert both[0] == both[1], point
        assert (act, name) in acts(killed), point
    assert clean.visible() != before


def test_an_exemption_is_never_without_the_audit(held, tmp_path):
    exempt = partial(review_acts.exempt, "removed", kind="newsworthy", reason="a report")
    for point, killed, _ in kills(held, exempt, tmp_path):
        known = {row for (row,) in kept(killed, EXEMPTIONS, "exemption_id")}
        assert known <= told(killed, "exemption_id"), point
        exempt(lake=killed.root)
        assert exemptions(killed.root, datetime.now(UTC)) == {("post", "removed"): "newsworthy"}
        assert ("exempt", "removed") in acts(killed), point


def test_an_appeal_is_filed_once_and_never_without_the_audit(held, tmp_path):
    file = partial(review_acts.file_, "removed", **MINE)
    for point, killed, clean in kills(held, file, tmp_path):
        known = kept(killed, APPEALS, "appeal_id")
        ((name,),) = kept(clean, APPEALS, "appeal_id")
        assert not known or ("appeal", name) in acts(killed), point
        file(lake=killed.root)
        assert kept(killed, APPEALS, "appeal_id", "status") == [(name, "filed")], point
        assert ("appeal", name) in acts(killed), point


SCORES = {"removed": 0.99, "copy": 0.99, "struck": 0.98, "clean": 0.1, "fine": 0.1}
STRUCK = "\naccounts: {decay_days: 3650, ladder: [{strikes: 4, days: 7}, {strikes: 6, days: 30}]}\n"


@pytest.fixture
def struck(fresh, rows, text_of):
    """Two days with a post and its copy each, struck with another post; an appeal is filed."""
    post, scored = rows
    fresh.put_posts([post(name) for name in SCORES])
    fresh.put_scores([scored(name, hate=score) for name, score in SCORES.items()])
    texts, views = {"removed": TEXT, "copy": TEXT}, {"removed": 10, "copy": 3, "clean": 40}
    fresh.put_features(
        [text_of(n, texts.get(n, n), views=views.get(n, 30), followers=5) for n in SCORES]
    )
    policy = fresh.policy()
    policy.write_text(policy.read_text().replace("action: remove", "action: strike") + STRUCK)
    fresh.policy = lambda **_: policy
    fresh.decide()
    for day in spread(fresh, 2):
        enforce_day(fresh.root, day, policy=load_policy(policy), model=model_ref("m-1"))
    review_acts.file_("removed", **MINE, lake=fresh.root)
    return fresh


@pytest.mark.parametrize("outcome", ["overturned", "upheld"])
def test_an_appeal_is_decided_once_and_never_without_the_audit(struck, tmp_path, outcome: str):
    ((name,),) = kept(struck, APPEALS, "appeal_id")
    options: Any = {"policy": struck.policy(), "rationale": "it is one"}
    decide = partial(review_acts.decide, name, outcome, **options)
    passing = ["verdicts_v1:before-commit#1", "appeals_v1:after-commit#1"]
    if outcome == "overturned":
        passing += ["actions_v1:before-commit#8", "post_visibility_v1:after-commit#4"]
    decided = ("appeal_id", "status", "views_lost", "policy_version")
    for point, killed, clean in kills(struck, decide, tmp_path, passing=passing):
        begun = kept(killed, VERDICTS, "verdict_id")
        assert not begun or (outcome, name) in acts(killed), point
        if len(kept(killed, APPEALS, "status")) == 1:
            decide(lake=killed.root)
        assert facts(killed) == facts(clean), point
        assert kept(killed, APPEALS, *decided) == kept(clean, APPEALS, *decided), point
        assert len(kept(killed, VERDICTS, "verdict_id")) == 1, point
        assert (outcome, name) in acts(killed), point
    lifted = {"a1", "removed", "copy", "removed-02", "copy-02"} - clean.states().keys()
    assert len(lifted) == (5 if outcome == "overturned" else 0)
