"""Which strikes count against which account, and how many accounts a sweep may restrict."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from harmsweep.enforcement import accounts as settling
from harmsweep.enforcement.accounts import Settled, settle_accounts, strikes
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.effects import Sweep
from harmsweep.enforcement.rules.guardrails import Guardrails
from harmsweep.enforcement.rules.strikes import Strike
from harmsweep.enforcement.state.day_ledger import by_a_person, micros
from harmsweep.errors import Held
from harmsweep.lake import delta, writes
from harmsweep.policy.file import Accounts
from harmsweep.tables.catalog import POST_VISIBILITY, POSTS

DAY = date(2026, 10, 1)
NOW = datetime(2026, 10, 10, 12, tzinfo=UTC)
STRUCK = NOW - timedelta(days=3)
EVERYWHERE = ("all", "all")
ONE = Accounts.model_validate({"decay_days": 90, "ladder": [{"strikes": 1, "days": 7}]})
TWO = Accounts.model_validate({"decay_days": 90, "ladder": [{"strikes": 2, "days": 7}]})
RULES = Guardrails(
    approved=True,
    days={("hate", "all", "all", "restrict"): 30, ("hate", "all", "DE", "restrict"): 5},
)


def seen(post: str = "p1", action: str = "strike", **more: Any) -> dict[str, Any]:
    """A row of post_visibility."""
    return {
        "day": DAY, "subject_kind": "post", "subject_id": post, "surface": "all",
        "jurisdiction": "all", "lane": "policy", "action": action, "revision": 1, "harm": "hate",
        "effect_key": "k1", "since": STRUCK, "expires_at": None,
    } | more  # fmt: skip


@pytest.fixture
def shown(lake, rows):
    """Make these what the platform reads, of posts of `authors`, or of a1; give the lake."""
    post, _ = rows

    def show(*visible: dict[str, Any], authors: dict[str, str] | None = None, **more: Any):
        names = sorted({row["subject_id"] for row in visible})
        made = [post(name) | {"author_id": (authors or {}).get(name, "a1")} | more
                for name in names]  # fmt: skip
        writes.write_rows(made, POSTS, lake, where={"day": DAY})
        writes.write_rows(list(visible), POST_VISIBILITY, lake, where={"day": DAY})
        return lake

    return show


def sweep(at: datetime = NOW) -> Sweep:
    """A sweep of the day at a time."""
    return Sweep(DAY, "enforce", ("m-1", "p-1"), "", micros(at), "tester")


def counted(
    lake: Any, guardrails: Guardrails | None = RULES
) -> dict[tuple[str, str], list[Strike]]:
    """The strikes of a1, by surface and jurisdiction."""
    found = strikes(lake, sweep(), ONE, guardrails)
    return {(scope.surface, scope.jurisdiction): some for scope, some in found.items()}


def settle(lake: Any, accounts: Accounts = ONE, at: datetime = NOW, **more: Any) -> Settled:
    """Settle the accounts under the rules, at a time."""
    options = {"guardrails": RULES, "clock": lambda: micros(at), "gate": by_a_person} | more
    return settle_accounts(lake, sweep(at), accounts, **options)


def restricted(lake: Any) -> dict[tuple[str, str], datetime]:
    """Until when accounts are restricted, by account and jurisdiction."""
    found = delta.rows(POST_VISIBILITY, lake).to_pylist()
    accounts = [row for row in found if row["subject_kind"] == "account"]
    return {(row["subject_id"], row["jurisdiction"]): row["expires_at"] for row in accounts}


def test_a_post_that_is_struck_twice_at_a_place_counts_once_as_the_severest(shown):
    earlier = STRUCK - timedelta(days=1)
    mild = seen(since=earlier, effect_key="k0")
    lake = shown(mild, seen(action="restrict", lane="review"))
    assert counted(lake) == {EVERYWHERE: [Strike(STRUCK, "restrict", "hate", 30)]}
    lake = shown(seen(), seen(lane="review", since=earlier, harm="spam"))
    assert counted(lake) == {EVERYWHERE: [Strike(earlier, "strike", "spam")]}
    lake = shown(seen(effect_key="k2"), seen(lane="review", effect_key="k1", harm="spam"))
    assert counted(lake) == {EVERYWHERE: [Strike(STRUCK, "strike", "spam")]}


def test_strikes_count_where_they_hold_and_nowhere_else(shown):
    lake = shown(seen(), seen(action="restrict", jurisdiction="DE"))
    assert counted(lake) == {
        EVERYWHERE: [Strike(STRUCK, "strike", "hate")],
        ("all", "DE"): [Strike(STRUCK, "restrict", "hate", 5)],
    }
    assert settle(lake, TWO).effects == 1
    assert restricted(lake) == {("a1", "DE"): STRUCK + timedelta(days=5)}


@pytest.mark.parametrize("status", ["deleted", "superseded"])
def test_deleting_a_post_sheds_no_strike(shown, status: str):
    assert counted(shown(seen(), status=status)) == {EVERYWHERE: [Strike(STRUCK, "strike", "hate")]}


def test_every_revision_of_a_post_together_is_one_strike(shown, rows, add_rows):
    lake, (post, _) = shown(seen(), status="superseded"), rows
    add_rows([post("p1", 2, "deleted")], POSTS, lake)
    assert counted(lake) == {EVERYWHERE: [Strike(STRUCK, "strike", "hate")]}


@pytest.mark.parametrize(
    "row",
    [
        seen(lane="order"),
        seen(lane="order", action="restrict", jurisdiction="DE"),
        seen(action="remove"),
        seen(expires_at=NOW),
        seen(expires_at=NOW - timedelta(days=1)),
        seen(day=NOW.date() - timedelta(days=91)),
    ],
    ids=["order", "order in a country", "removal", "ending", "ended", "decayed"],
)
def test_what_is_no_strike_or_is_over_does_not_count(shown, rows, add_rows, row: dict[str, Any]):
    lake, (post, _) = shown(seen("other", "label")), rows
    add_rows([post("p1") | {"day": row["day"]}], POSTS, lake)
    add_rows([row], POST_VISIBILITY, lake)
    assert counted(lake) == {}


def test_a_strike_that_still_runs_counts(shown):
    assert EVERYWHERE in counted(shown(seen(expires_at=NOW + timedelta(seconds=1))))


def test_a_restriction_lasts_for_its_rungs_days_and_the_post_stays_removed(shown):
    lake = shown(seen(action="restrict"))
    assert settle(lake, TWO) == Settled(1, "")
    assert restricted(lake) == {("a1", "all"): STRUCK + timedelta(days=30)}
    assert settle(lake, TWO, NOW + timedelta(days=28)) == Settled(0, "")


@pytest.mark.parametrize("guardrails", [replace(RULES, last=0.0), replace(RULES, approved=False)])
def test_a_pair_in_shadow_or_without_approval_neither_restricts_nor_lifts(
    shown, guardrails: Guardrails
):
    lake = shown(seen())
    assert settle(lake, guardrails=guardrails) == Settled(0, "")
    settle(lake)
    before = restricted(lake)
    assert before
    assert settle(shown(), guardrails=guardrails) == Settled(0, "")
    assert restricted(lake) == before


def test_what_a_person_did_lifts_and_shortens_and_no_more(shown):
    ladder = [{"strikes": 1, "days": 7}, {"strikes": 2, "days": 30}]
    both = Accounts.model_validate({"decay_days": 90, "ladder": ladder})
    lake = shown(seen(), seen("p2"))
    assert settle(lake, both, guardrails=None) == Settled(0, "")
    settle(lake, both)
    assert settle(shown(seen()), both, guardrails=None).effects == 1
    assert restricted(lake) == {("a1", "all"): STRUCK + timedelta(days=7)}
    assert settle(shown(seen(), seen("p2")), both, guardrails=None).effects == 0
    assert settle(shown(), both, guardrails=None).effects == 1
    assert restricted(lake) == {}


def test_what_a_person_did_leaves_restrictions_that_only_the_rules_can_time(shown):
    lake = shown(seen(action="restrict"), seen("p2"))
    settle(lake)
    before = restricted(lake)
    assert settle(shown(seen(action="restrict")), guardrails=None).effects == 0
    assert restricted(lake) == before


@pytest.fixture
def at_most(monkeypatch):
    """Set how many accounts may be restricted in 24 hours."""

    def allow(limit: int) -> None:
        changed = load_bounds().model_copy(update={"accounts_per_day": limit})
        monkeypatch.setattr(settling, "load_bounds", lambda: changed)

    return allow


def test_past_the_bound_no_account_is_restricted_until_it_is_raised(shown, at_most):
    authors = {"p1": "a1", "p2": "a2", "p3": "a3"}
    lake = shown(*map(seen, authors), authors=authors)
    at_most(2)
    effects, why = settle(lake)
    assert (effects, restricted(lake)) == (0, {})
    assert why.startswith("3 accounts to restrict and 0 in the last 24 hours pass the bound of 2")
    at_most(3)
    assert settle(lake) == Settled(3, "")


def test_the_bound_counts_what_was_restricted_in_24_hours(shown, at_most):
    authors = {"p1": "a1", "p2": "a2"}
    at_most(1)
    settle(shown(seen("p1")))
    lake = shown(*map(seen, authors), authors=authors)
    almost = NOW + timedelta(days=1, microseconds=-1)
    assert "1 account to restrict and 1 in" in settle(lake, at=almost).refusal
    assert settle(lake, at=NOW + timedelta(days=1)) == Settled(1, "")


def test_past_the_bound_restrictions_are_lifted_all_the_same(shown, at_most):
    authors = {"p1": "a1", "p2": "a2", "p3": "a3"}
    settle(shown(seen("p1")))
    lake = shown(*map(seen, ("p2", "p3")), authors=authors)
    at_most(1)
    done = settle(lake)
    assert (done.effects, restricted(lake)) == (1, {})
    assert "2 accounts" in done.refusal
    at_most(0)
    assert settle(shown()) == Settled(0, "")


STRIKING = "\naccounts: {decay_days: 3650, ladder: [{strikes: 1, days: 3650}]}\n"


@pytest.fixture
def striking(fresh):
    """A decided lake whose policy restricts an author from the first strike on."""
    real = fresh.policy

    def policy(**changes):
        path = real(**changes)
        path.write_text(path.read_text().replace("action: remove", "action: strike") + STRIKING)
        return path

    fresh.policy = policy
    return fresh


def test_a_sweep_past_the_bound_carries_out_all_else_and_is_held(striking, at_most):
    at_most(0)
    with pytest.raises(Held, match=r"^2026-10-01: 1 account to restrict .* accounts_per_day"):
        striking.sweep()
    assert striking.states() == {
        "removed": "strike", "spam": "strike", "demoted": "demote", "reviewed": "review",
    }  # fmt: skip
    at_most(1)
    assert striking.sweep()["accounts"] == 1


def test_a_sweep_past_a_cap_and_the_bound_says_both(striking, at_most):
    at_most(0)
    with pytest.raises(Held, match="1 account"):
        striking.sweep()
    with pytest.raises(Held, match=r"pass the cap of 0.* See .*\. 2026-10-01: 1 account"):
        striking.sweep(version=2, demote=0.92, release=0)
