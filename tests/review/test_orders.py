"""Orders act at once and apart from policy; referrals and flags ask for a person's look."""

import subprocess
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from enforcement_lake import model_ref

from harmsweep.enforcement.state.day_ledger import micros
from harmsweep.enforcement.state.decisions import DECIDE, version_pair
from harmsweep.enforcement.undo import undo
from harmsweep.errors import DataRefused
from harmsweep.lake import delta, writes
from harmsweep.lake.runs import run_stage
from harmsweep.operations import switch
from harmsweep.policy.file import load_policy
from harmsweep.review import allow_list, verdicts
from harmsweep.review.orders import listed, receive, restore_after_expired_orders, withdraw
from harmsweep.stages.enforce import enforce_day
from harmsweep.tables.catalog import ESCALATIONS, ORDERS

DAY = date(2026, 10, 1)
SOON = datetime.now(UTC) + timedelta(hours=1)
ORDER = {"kind": "order", "authority": "a court", "reference": "1 A 2/26", "action": "remove",
         "jurisdiction": "DE", "due_at": SOON, "reason": "by post"}  # fmt: skip
FLAG = {"kind": "flag", "authority": "a flagger", "reference": "7", "due_at": SOON, "reason": ""}


def in_lane(lake: Any, lane: str = "order") -> list[tuple[str, str, str]]:
    found = [v for v in lake.visible() if v["lane"] == lane]
    return [(v["subject_id"], v["jurisdiction"], v["action"]) for v in found]


def test_an_order_holds_at_once_in_its_country_and_beside_policy(held):
    row = receive(held.root, "clean", **ORDER)
    assert row["effects"] == 1
    assert in_lane(held) == [("clean", "DE", "remove")]
    again = receive(held.root, "clean", **ORDER)
    assert (again["order_id"], again["effects"]) == (row["order_id"], 0)
    assert delta.rows(ORDERS, held.root).num_rows == 1
    (effect,) = [e for e in held.ledger() if e["lane"] == "order"]
    assert (effect["cause_kind"], effect["source_id"]) == ("order", row["order_id"])
    held.sweep()
    held.sweep(version=2)
    assert in_lane(held) == [("clean", "DE", "remove")]


def test_no_allow_list_verdict_switch_or_cap_holds_an_order_up(held, monkeypatch):
    allow_list.exempt(held.root, "post", "clean", kind="newsworthy", until=None, reason="")
    verdicts.decide(held.root, "clean", "benign", rationale="")
    switch.stop(held.root, "a broken model")
    receive(held.root, "clean", **ORDER)
    assert in_lane(held) == [("clean", "DE", "remove")]
    switch.start(held.root, "")
    assert held.sweep(apply=0)["finished"] == 0
    assert in_lane(held) == [("clean", "DE", "remove")]


def test_an_order_ends_when_it_is_withdrawn_and_another_stays(held):
    first = receive(held.root, "clean", **ORDER)
    other = receive(held.root, "clean", **ORDER | {"reference": "2", "action": "label"})
    assert other["effects"] == 0
    assert [r["order_id"] for r in listed(held.root)] == sorted(
        [first["order_id"], other["order_id"]]
    )
    assert withdraw(held.root, first["order_id"], reason="lifted")["effects"] == 1
    assert in_lane(held) == [("clean", "DE", "label")]
    assert withdraw(held.root, other["order_id"], reason="lifted")["effects"] == 1
    assert withdraw(held.root, other["order_id"], reason="again")["effects"] == 0
    assert (in_lane(held), listed(held.root)) == ([], [])
    assert delta.rows(ORDERS, held.root).num_rows == 4


def test_an_order_ends_by_itself(held):
    ends = datetime.now(UTC) + timedelta(days=1)
    receive(held.root, "clean", **ORDER | {"until": ends})
    (shown,) = [v for v in held.visible() if v["lane"] == "order"]
    assert shown["expires_at"] == ends


def test_nobody_else_enters_an_order_while_it_is_entered(held, monkeypatch):
    def meanwhile(*_: Any, **__: Any) -> None:
        lock = held.root / ".locks" / f"{ORDERS.name}.lock"
        command = ["flock", "--nonblock", str(lock), "true"]
        codes.append(subprocess.run(command, check=False).returncode)

    codes: list[int] = []
    monkeypatch.setattr("harmsweep.review.orders.record", meanwhile)
    receive(held.root, "clean", **ORDER)
    assert codes == [1]


def test_an_order_that_has_ended_hides_none_that_has_not(held):
    ends = datetime.now(UTC) + timedelta(days=1)
    receive(held.root, "clean", **ORDER | {"until": ends})
    milder = receive(held.root, "clean", **ORDER | {"reference": "2", "action": "label"})
    assert (milder["effects"], in_lane(held)) == (0, [("clean", "DE", "remove")])
    assert restore_after_expired_orders(held.root) == 0
    later = micros(ends) + 1
    assert [restore_after_expired_orders(held.root, clock=lambda: later) for _ in range(2)] == [
        1,
        0,
    ]
    made = max(held.ledger(), key=lambda e: e["recorded_at"])
    assert (made["action"], made["previous_action"], made["source_id"]) == (
        "label", "none", milder["order_id"],
    )  # fmt: skip
    assert in_lane(held) == [("clean", "DE", "label")]


def test_a_sweep_of_another_day_puts_in_force_what_an_ended_order_hid(held):
    ends = datetime.now(UTC) + timedelta(seconds=1)
    receive(held.root, "clean", **ORDER | {"until": ends})
    receive(held.root, "clean", **ORDER | {"reference": "2", "action": "label"})
    time.sleep(1)
    policy, after = held.policy(), DAY + timedelta(days=1)
    versions = version_pair("m-1", load_policy(policy).policy_version)
    run_stage(DECIDE, held.root, after, dict, versions=versions)
    enforce_day(held.root, after, policy=load_policy(policy), model=model_ref("m-1"))
    assert in_lane(held) == [("clean", "DE", "label")]


def test_a_flag_asks_for_a_look_until_a_reviewer_had_it(held):
    row = receive(held.root, "clean", **FLAG)
    assert (row["action"], row["effects"]) == ("review", 1)
    assert in_lane(held) == [("clean", "all", "review")]
    verdicts.decide(held.root, "clean", "benign", rationale="nothing in it")
    held.sweep()
    assert in_lane(held) == []


def test_an_order_on_a_deleted_post_is_refused(held, rows):
    post, _ = rows
    held.put_posts([post(n) for n in ("removed", "demoted", "reviewed", "spam")])
    with pytest.raises(DataRefused, match="no accepted post"):
        receive(held.root, "clean", **ORDER)


@pytest.mark.parametrize(
    "change",
    [{"action": "review"}, {"action": "vanish"}, {"kind": "flag"}, {"action": "none"}],
    ids=str,
)
def test_what_a_kind_may_not_ask_for_is_refused(held, change: dict[str, str]):
    with pytest.raises(DataRefused, match="an order asks for"):
        receive(held.root, "clean", **ORDER | change)
    assert delta.rows(ORDERS, held.root).num_rows == 0


def test_an_order_that_is_none_cannot_be_withdrawn(held):
    with pytest.raises(DataRefused, match="no order"):
        withdraw(held.root, "order-0", reason="")


def test_an_order_that_was_undone_stays_so(held):
    row = receive(held.root, "clean", **ORDER)
    sweep_id = next(e["sweep_id"] for e in held.ledger() if e["lane"] == "order")
    undo(held.root, sweep_id=sweep_id)
    assert receive(held.root, "clean", **ORDER)["effects"] == 0
    assert in_lane(held) == []
    assert listed(held.root)[0]["order_id"] == row["order_id"]


def test_nobody_is_asked_to_look_at_what_was_escalated(held):
    receive(held.root, "clean", **FLAG)
    assert in_lane(held) == [("clean", "all", "review")]
    field = {f.name: "x" for f in ESCALATIONS.schema if f.dataType.typeName() == "string"}
    row = field | {"day": DAY, "post_id": "clean", "revision": 1, "position": 0, "distance": 0,
                   "quality": 90, "matched_at": SOON}  # fmt: skip
    writes.write_rows([row], ESCALATIONS, held.root)
    with pytest.raises(DataRefused, match="escalated"):
        receive(held.root, "clean", **FLAG | {"reference": "8"})
    held.sweep()
    assert in_lane(held) == []
    # An order acts there too: it asks nobody to look.
    assert receive(held.root, "clean", **ORDER)["effects"] == 1


def test_what_no_ended_order_hides_is_left_alone(held):
    ends = datetime.now(UTC) + timedelta(days=1)
    receive(held.root, "clean", **ORDER | {"until": ends})
    receive(held.root, "spam", **ORDER | {"reference": "2"})
    receive(held.root, "demoted", **FLAG)
    before = held.ledger()
    assert restore_after_expired_orders(held.root, clock=lambda: micros(ends) + 1) == 0
    assert held.ledger() == before


@pytest.mark.parametrize(("country", "right"), [("UK", "GB"), ("de", "DE"), ("Japan", "JP")])
def test_an_order_for_no_country_is_refused_with_the_nearest(held, country: str, right: str):
    with pytest.raises(DataRefused, match=rf"jurisdiction '{country}' .*did you mean {right}\?"):
        receive(held.root, "clean", **ORDER | {"jurisdiction": country})
    assert delta.rows(ORDERS, held.root).num_rows == 0


def test_what_would_end_before_it_begins_is_refused(held):
    past = datetime.now(UTC) - timedelta(minutes=1)
    with pytest.raises(DataRefused, match="is over"):
        receive(held.root, "clean", **ORDER, until=past)


def test_an_order_that_names_no_harm_is_refused(held):
    with pytest.raises(DataRefused, match="'hatred' is no harm; known are hate"):
        receive(held.root, "clean", **ORDER, harm="hatred")
    assert delta.rows(ORDERS, held.root).num_rows == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"action": "label"}, "action remove"),
        ({"jurisdiction": "FR"}, "jurisdiction DE"),
        ({"harm": "hate", "action": "label"}, "action remove, harm none"),
        ({"until": SOON}, "until none"),
        ({"kind": "flag", "action": "review"}, "kind order, action remove"),
    ],
)
def test_a_known_reference_with_other_content_is_refused_and_changes_nothing(held, change, told):
    row = receive(held.root, "clean", **ORDER)
    before = held.visible()
    with pytest.raises(
        DataRefused, match=f"^{row['order_id']} has that reference, with {told}: to"
    ):
        receive(held.root, "clean", **ORDER | change)
    assert (held.visible(), delta.rows(ORDERS, held.root).num_rows) == (before, 1)


def test_an_order_that_is_entered_again_is_given_as_it_is_kept(held):
    row = receive(held.root, "clean", **ORDER)
    later = ORDER | {"due_at": SOON + timedelta(days=1), "reason": "once more"}
    again = receive(held.root, "clean", **later)
    assert {n: again[n] for n in ("due_at", "reason")} == {n: row[n] for n in ("due_at", "reason")}


def test_a_withdrawn_reference_can_be_entered_again_corrected(held):
    ids = []
    for action in ("remove", "label", "remove"):
        row = receive(held.root, "clean", **ORDER | {"action": action})
        assert in_lane(held) == [("clean", "DE", action)]
        assert withdraw(held.root, row["order_id"], reason="mistyped")["effects"] == 1
        ids.append(row["order_id"])
    assert len({*ids}) == 3
    assert (in_lane(held), listed(held.root)) == ([], [])


def test_the_nearest_order_is_offered(held):
    row = receive(held.root, "clean", **ORDER)
    with pytest.raises(DataRefused, match=f"did you mean {row['order_id']}"):
        withdraw(held.root, row["order_id"][:-1] + "x", reason="")
