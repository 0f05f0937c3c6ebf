"""Who may change a bank, and when a hash counts."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest

from harmsweep.known_media import banks
from harmsweep.known_media.banks import BankEntry, BankRefused, entries
from harmsweep.lake import delta, writes
from harmsweep.operations import audit
from harmsweep.tables.catalog import HASH_BANK, SEVERE_BANK

AT = datetime(2026, 10, 1, 9, tzinfo=UTC)
ONE, TWO = "1e" * 32, "2d" * 32
Add = Callable[..., int]


@pytest.fixture
def add(lake: Path) -> Add:
    return partial(banks.add, lake, bank="memes", kind="hate", by="ana", at=AT)


@pytest.fixture
def confirm(lake: Path) -> Add:
    return partial(banks.confirm, lake, bank="memes", by="ben", at=AT)


def only(lake: Path) -> BankEntry:
    (entry,) = entries(lake)
    return entry


def test_a_hash_counts_once_a_second_person_confirmed_it(lake: Path, add: Add, confirm: Add):
    assert add([ONE]) == 1
    assert not only(lake).counts_on(date(2026, 10, 1))
    assert confirm([ONE]) == 1
    entry = only(lake)
    assert entry.counts_on(date(2026, 10, 1))
    assert (entry.added_by, entry.confirmed_by, entry.added_at) == ("ana", "ben", AT)


@pytest.mark.parametrize("name", ["ana", "Ana", "ANA"])
def test_the_same_person_cannot_confirm(lake: Path, add: Add, confirm: Add, name: str):
    add([ONE, TWO])
    with pytest.raises(BankRefused, match="a second person must confirm"):
        confirm([ONE, TWO], by=name)
    assert {entry.status for entry in entries(lake)} == {"quarantined"}


def test_a_confirmation_of_several_is_whole_or_not_at_all(lake: Path, add: Add, confirm: Add):
    add([ONE])
    with pytest.raises(BankRefused, match="2d2d2d2d2d2d is not in bank memes"):
        confirm([ONE, TWO])
    assert only(lake).status == "quarantined"


def test_doing_it_again_changes_nothing(lake: Path, add: Add, confirm: Add):
    remove = partial(banks.remove, lake, bank="memes", by="ana", at=AT, reason="no meme")
    assert [add([ONE, ONE]), add([ONE]), confirm([ONE]), add([ONE]), confirm([ONE])] == [
        1, 0, 1, 0, 0,
    ]  # fmt: skip
    assert [remove([ONE]), remove([ONE])] == [1, 0]
    assert delta.version(HASH_BANK, lake) == 3 + 1  # one commit for each change, one for the CHECK


def test_a_removed_hash_keeps_its_row_and_goes_in_anew(lake: Path, add: Add, confirm: Add):
    add([ONE])
    confirm([ONE])
    banks.remove(lake, [ONE], bank="memes", by="eve", at=AT, reason="no meme")
    entry = only(lake)
    assert (entry.status, entry.removed_by, entry.reason) == ("removed", "eve", "no meme")
    assert not entry.counts_on(date(2026, 10, 1))
    with pytest.raises(BankRefused, match="add it again first"):
        confirm([ONE])
    assert add([ONE]) == 1
    assert (only(lake).status, only(lake).confirmed_by) == ("quarantined", None)


def test_a_hash_counts_up_to_the_day_before_it_expires(lake: Path, add: Add, confirm: Add):
    add([ONE], expires=date(2026, 10, 5))
    confirm([ONE])
    counts = [only(lake).counts_on(date(2026, 10, day)) for day in (4, 5)]
    assert counts == [True, False]
    assert banks.expire(lake, [ONE], bank="memes", on=None) == 1
    assert only(lake).counts_on(date(2027, 1, 1))


def test_a_hash_over_its_budget_waits_for_a_person_again(lake: Path, add: Add, confirm: Add):
    add([ONE], budget=7)
    confirm([ONE])
    assert banks.send_back(lake, "memes", {ONE: 8}, date(2026, 10, 1)) == 1
    entry = only(lake)
    assert entry.reason == "over budget: 8 posts on 2026-10-01, budget 7"
    assert entry.is_held_on(date(2026, 10, 1))
    assert confirm([ONE], budget=50) == 1
    assert not only(lake).is_held_on(date(2026, 10, 1))
    assert only(lake).match_budget == 50


def test_a_severe_bank_stands_apart(lake: Path, add: Add, confirm: Add):
    add([ONE], bank="worst", kind="severe", contact="duty-officer")
    assert entries(lake) == []
    (entry,) = entries(lake, severe=True)
    assert (entry.contact, entry.match_budget) == ("duty-officer", None)
    assert (lake / SEVERE_BANK.name).parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(BankRefused, match="another kind"):
        add([TWO], bank="worst")
    assert confirm([ONE], bank="worst") == 1


def test_every_act_on_a_bank_is_in_the_audit_once(lake: Path, add: Add, confirm: Add):
    for _ in range(2):
        add([ONE])
        confirm([ONE])
        banks.expire(lake, [ONE], bank="memes", on=date(2027, 1, 1))
    for _ in range(2):
        banks.remove(lake, [ONE], bank="memes", by="eve", at=AT, reason="no meme")
    done = audit.operations(lake, "memes")
    assert [(o["act"], o["reason"]) for o in done] == [
        ("bank_add", ""), ("bank_confirm", ""), ("bank_expire", ""), ("bank_remove", "no meme"),
    ]  # fmt: skip
    assert json.loads(done[0]["details"]) == {"kind": "hate", "hashes": [ONE]}
    assert json.loads(done[2]["details"]) == {"expires_on": "2027-01-01", "hashes": [ONE]}
    assert {o["operator"] for o in done} == {audit.operator()}


def test_an_act_that_is_refused_is_not_in_the_audit(lake: Path, add: Add, confirm: Add):
    add([ONE])
    with pytest.raises(BankRefused):
        confirm([ONE], by="ana")
    assert [o["act"] for o in audit.operations(lake, "memes")] == ["bank_add"]


def test_what_the_stage_sends_back_is_no_persons_act(lake: Path, add: Add, confirm: Add):
    add([ONE], budget=7)
    confirm([ONE])
    banks.send_back(lake, "memes", {ONE: 8}, date(2026, 10, 1))
    assert len(audit.operations(lake, "memes")) == 2


def test_the_audit_has_of_a_severe_bank_neither_hash_nor_reason(lake: Path, add: Add):
    add([ONE], bank="worst", kind="severe", contact="duty-officer")
    banks.remove(lake, [ONE], bank="worst", by="ana", at=AT, reason="what it showed")
    done = audit.operations(lake, "worst")
    assert [json.loads(o["details"])["hashes"] for o in done] == [1, 1]
    assert ONE not in str(done) and "showed" not in str(done)


@pytest.mark.parametrize("act", ["add", "confirm", "expire", "remove"])
def test_a_killed_act_is_in_the_audit_and_can_be_done_again(
    lake: Path, add: Add, confirm: Add, act: str, monkeypatch: pytest.MonkeyPatch
):
    def killed(name: str) -> None:
        if name == "hash_bank_v1:before-commit":
            raise KeyboardInterrupt

    until = date(2027, 1, 1)
    acts = {
        "add": partial(add, [ONE]),
        "confirm": partial(confirm, [ONE]),
        "expire": partial(banks.expire, lake, [ONE], bank="memes", on=until),
        "remove": partial(banks.remove, lake, [ONE], bank="memes", by="b", at=AT, reason="x"),
    }
    if act != "add":
        add([ONE])
    before = entries(lake)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(writes, "failpoint", killed)
        acts[act]()
    assert entries(lake) == before
    assert [acts[act](), acts[act]()] == [1, 0]
    assert [o["act"] for o in audit.operations(lake, "memes")][-2:] == [f"bank_{act}"] * 2


BAD = {
    "hash": ({"hashes": ["xyz"]}, "'xyz' is no PDQ hash"),
    "kind": ({"kind": "hat"}, "kind 'hat' is not known; known are hate"),
    "kind of accounts": ({"kind": "phishing"}, "is not known"),
    "bank": ({"bank": "a b"}, "bank 'a b'"),
    "name": ({"by": ""}, "by ''"),
    "severe without contact": ({"kind": "severe"}, "needs a contact"),
    "contact of another kind": ({"contact": "x"}, "has no contact"),
    "severe with a budget": ({"kind": "severe", "contact": "x", "budget": 5}, "no match budget"),
    "budget of 0": ({"budget": 0}, "1 or more"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_entry_is_refused(lake: Path, add: Add, fault: str):
    options, message = BAD[fault]
    with pytest.raises(BankRefused, match=message):
        add(**{"hashes": [ONE]} | options)
    assert entries(lake) == []


def test_a_bank_has_one_kind(lake: Path, add: Add):
    add([ONE])
    with pytest.raises(BankRefused, match="bank memes is of kind hate, not known_good"):
        add([TWO], kind="known_good")
