"""What past weekdays make likely."""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from harmsweep.enforcement.circuit_breaker.caps import CapBreach
from harmsweep.enforcement.circuit_breaker.forecast import (
    Headroom,
    Past,
    breaches,
    headroom,
    history,
    most,
    most_views,
    so_far,
    unlikely,
    views_of,
)
from harmsweep.enforcement.conf import Forecast
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.state.day_ledger import micros
from harmsweep.tables.catalog import ACTIONS, POST_FEATURES

CONF = Forecast(weeks=8, least_weeks=4, quantile=0.999, factor=2.0, floor=50, views_floor=1000)
DAY = date(2026, 10, 29)


def effects(weeks_ago: int, n: int, **more: Any) -> list[dict[str, Any]]:
    """So many removals on the same weekday so many weeks ago."""
    day = DAY - timedelta(weeks=weeks_ago)
    fields: dict[str, Any] = {
        "day": day, "entry": "intent", "recorded_at": datetime(2026, 10, 29, tzinfo=UTC),
        "sweep_id": "s", "subject_kind": "post", "revision": 1, "action": "remove",
        "previous_action": "none", "direction": "apply", "surface": "all", "jurisdiction": "all",
        "cause_kind": "decision", "cause_id": "c", "harm": "hate", "operator": "tester",
        "lane": "policy",
    }  # fmt: skip
    names = [f"{weeks_ago}-{more.get('action', '')}-{place}" for place in range(n)]
    keys = [{"effect_key": name, "state_key": name, "subject_id": name} for name in names]
    return [fields | more | key for key in keys]


def seen(post_id: str, views: int, weeks_ago: int) -> dict[str, Any]:
    """A row of post_features: a post's views."""
    values = {"string": "", "integer": 1, "long": 0, "boolean": False, "date": DAY}
    empty = {
        f.name: None if f.nullable else values.get(f.dataType.typeName(), [])
        for f in POST_FEATURES.schema
    }
    day = DAY - timedelta(weeks=weeks_ago)
    return empty | {"day": day, "post_id": post_id, "views": views}


@pytest.fixture
def past(lake: Path, add_rows: Callable[..., None]) -> Path:
    """Five weeks: 3, 4, 5, 6 removals, and in one only a review; and what never counts."""
    rows = [row for week in (1, 2, 3, 4) for row in effects(week, week + 2)]
    rows += effects(5, 1, action="review")
    rows += effects(2, 7, action="demote", cause_kind="undo")
    rows += effects(2, 7, action="label", entry="held")
    rows += effects(9, 99, action="label")
    add_rows(rows, ACTIONS, lake)
    return lake


HATE = ("hate", "apply")


def test_a_week_without_a_batch_is_0_and_one_without_any_entry_is_left_out(past: Path) -> None:
    found = history(past, DAY, 8)
    assert (found.weeks, found.of(HATE)) == (5, ([6, 5, 4, 3, 0], [0] * 5))
    assert found.of(("spam", "apply")) == ([0] * 5, [0] * 5)


def test_so_many_weeks_are_looked_at_as_are_asked_for(past: Path) -> None:
    assert history(past, DAY, 4).of(HATE) == ([6, 5, 4, 3], [0] * 4)
    assert history(past, DAY, 9).of(HATE)[0] == [99, 6, 5, 4, 3, 0]


def test_a_weeks_effects_of_all_actions_and_their_views_are_added(
    past: Path, add_rows: Callable[..., None]
) -> None:
    add_rows(effects(1, 3, action="label"), ACTIONS, past)
    rows = [seen(f"1-label-{n}", 100 + n, 1) for n in range(3)]
    rows += [seen(f"1--{n}", 7, 1) for n in range(3)]
    add_rows(rows, POST_FEATURES, past)
    assert history(past, DAY, 8).of(HATE) == ([6, 5, 4, 6, 0], [0, 0, 0, 324, 0])


def test_another_weekday_has_no_history(past: Path) -> None:
    assert history(past, DAY + timedelta(days=1), 8) == Past(0, {})


def test_more_than_is_likely_is_found_by_effects_and_then_by_views() -> None:
    known = Past(4, {HATE: [(30, 400), (20, 100)]})
    fine = {HATE: 60}
    assert unlikely(fine, {HATE: 1000}, known, CONF) == []
    assert unlikely({HATE: 61}, {}, known, CONF) == [CapBreach(*HATE, 61, 0, 60, "forecast")]
    (viewed,) = unlikely(fine, {HATE: 1001}, known, CONF)
    assert viewed == CapBreach(*HATE, 1001, 0, 1000, "views")
    assert viewed.batch == HATE
    assert viewed.line() == (
        "hate: 1001 views to apply are more than the 1000 that the same weekday of past weeks"
        " makes likely"
    )
    # A harm that never acted in a history that is long enough has the floor.
    spam = ("spam", "release")
    assert unlikely({spam: 50}, {}, known, CONF) == []
    assert unlikely({spam: 51}, {}, known, CONF) == [CapBreach(*spam, 51, 0, 50, "forecast")]
    assert unlikely({spam: 51}, {spam: 10**9}, Past(3, {}), CONF) == []


# In microseconds since 1970: nothing of the history is in its last 24 hours.
LATER = 4_000_000_000_000_000


def planned(n: int, **more: Any) -> list[Entry]:
    empty: dict[str, Any] = dict.fromkeys((f.name for f in fields(Entry)), None)
    return [Entry(**empty | row | more) for row in effects(0, n)]


def test_a_breach_is_of_the_cap_first_and_each_batch_is_named_once(past: Path) -> None:
    policy = SimpleNamespace(cap=lambda harm, direction: 60)
    found = {n: breaches(past, {DAY: planned(n)}, policy, LATER) for n in (50, 51, 61)}
    assert [[e.kind for e in some] for some in found.values()] == [[], ["forecast"], ["cap"]]
    other = DAY + timedelta(days=1)
    both = breaches(past, {DAY: planned(31), other: planned(30)}, policy, LATER)
    assert [(e.kind, e.planned) for e in both] == [("cap", 61)]
    assert breaches(past, {DAY: []}, policy, LATER) == []


def test_many_small_sweeps_of_a_day_are_no_less_than_a_great_one(
    past: Path, add_rows: Callable[..., None]
) -> None:
    policy = SimpleNamespace(cap=lambda harm, direction: 1000)
    assert breaches(past, {DAY: planned(30)}, policy, LATER) == []
    add_rows(effects(0, 21), ACTIONS, past)
    (found,) = breaches(past, {DAY: planned(30)}, policy, LATER)
    assert found == CapBreach(*HATE, 30, 21, 50, "forecast")
    assert found.line().startswith("hate: 30 to apply and 21 before are more than the 50 that")


def test_the_views_that_a_day_has_had_are_counted_too() -> None:
    known, had = Past(4, {HATE: [(30, 400), (20, 100)]}), {HATE: (1, 600)}
    assert unlikely({HATE: 1}, {HATE: 400}, known, CONF, had) == []
    (found,) = unlikely({HATE: 1}, {HATE: 401}, known, CONF, had)
    assert found == CapBreach(*HATE, 401, 600, 1000, "views")
    # What nobody has seen yet adds nothing to what people let go before.
    assert unlikely({HATE: 1}, {}, known, CONF, {HATE: (1, 1001)}) == []


def taken_back(cause: str, weeks_ago: int, n: int) -> list[dict[str, Any]]:
    """That so many of a week's removals were taken back."""
    made = effects(weeks_ago, n, action="none", direction="release", cause_kind=cause)
    return [row | {"previous_key": f"{weeks_ago}--{k}"} for k, row in enumerate(made)]


def test_what_the_day_has_had_is_all_of_it_with_its_views_whatever_became_of_it(
    past: Path, add_rows: Callable[..., None]
) -> None:
    add_rows([*effects(0, 3), *taken_back("lifted", 0, 1)], ACTIONS, past)
    add_rows([seen(f"0--{n}", 10, 0) for n in range(2)], POST_FEATURES, past)
    assert so_far(past, DAY) == {HATE: (3, 20)}


@pytest.mark.parametrize("cause", ["undo", "lifted"])
def test_what_a_person_took_back_makes_no_more_likely(
    past: Path, add_rows: Callable[..., None], cause: str
) -> None:
    add_rows(taken_back(cause, 1, 3) + taken_back(cause, 3, 2), ACTIONS, past)
    assert history(past, DAY, 8).of(HATE)[0] == [6, 3, 4, 0, 0]


def test_what_a_sweep_took_back_is_history(past: Path, add_rows: Callable[..., None]) -> None:
    add_rows(taken_back("withdrawn", 1, 3), ACTIONS, past)
    assert history(past, DAY, 8).of(HATE)[0] == [6, 5, 4, 3, 0]


def test_what_a_pair_does_on_while_a_batch_of_it_waits_is_a_breach(
    past: Path, add_rows: Callable[..., None]
) -> None:
    policy = SimpleNamespace(cap=lambda *_: 1000)
    pair = {"model_version": "m-1", "policy_version": "p-1"}
    add_rows(effects(0, 1, entry="held", **pair), ACTIONS, past)
    (found,) = breaches(past, {DAY: planned(2, **pair)}, policy, LATER)
    assert found == CapBreach(*HATE, 2, 0, 0, "waits")
    assert found.line() == "hate: 2 to apply wait with what was held of the day before"
    others = ({"model_version": "m-2"}, {"policy_version": "p-2"}, {"harm": "spam"})
    for other in (*others, {"direction": "release", "previous_action": "remove"}):
        assert breaches(past, {DAY: planned(2, **pair | other)}, policy, LATER) == []
    assert breaches(past, {DAY + timedelta(days=1): planned(2, **pair)}, policy, LATER) == []


def test_an_outlook_puts_each_days_batch_beside_what_bounds_it(
    past: Path, add_rows: Callable[..., None]
) -> None:
    add_rows([seen(f"0--{n}", 10, 0) for n in range(3)], POST_FEATURES, past)
    add_rows(effects(0, 1, recorded_at=datetime(2026, 10, 28, tzinfo=UTC)), ACTIONS, past)
    policy, other = SimpleNamespace(cap=lambda *_: 60), DAY + timedelta(days=1)
    made = {DAY: planned(2), other: planned(1, day=other)}
    at = micros(datetime(2026, 10, 29, 12, tzinfo=UTC))
    found = headroom(past, made, policy, at)
    # Of the 24 hours: the history's entries, which this test's rows date alike.
    used = 99 + 6 + 5 + 4 + 3
    assert found == [
        Headroom(DAY, *HATE, 2, 1, 50, 20, 10, 100000, False, 3, used, 60),
        Headroom(other, *HATE, 1, 0, None, 0, 0, None, False, 3, used, 60),
    ]
    assert headroom(past, {DAY: []}, policy, at) == []


def test_views_are_of_the_posts_that_caps_count(past: Path, add_rows: Callable[..., None]) -> None:
    add_rows([seen(f"0--{n}", 10 + n, 0) for n in range(3)], POST_FEATURES, past)
    assert views_of(past, DAY, planned(2)) == {HATE: 21}
    assert views_of(past, DAY, planned(2, cause_kind="undo")) == {}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([10, 10, 10], None), ([0, 0, 0, 0], 50), ([30, 10, 20, 40], 80), ([100] * 8, 200)],
)
def test_the_limit_is_above_what_was_seen(counts: list[int], expected: int | None) -> None:
    assert most(counts, CONF) == expected


@pytest.mark.parametrize(
    ("views", "expected"),
    [([9, 9, 9], None), ([0, 0, 0, 0], 1000), ([10, 700, 0, 0], 1400), ([9, 8, 800, 7, 6], 1600)],
)
def test_the_most_views_are_twice_the_most_or_the_floor(
    views: list[int], expected: int | None
) -> None:
    assert most_views(views, CONF) == expected


@pytest.mark.parametrize(
    ("counts", "expected"), [([20] * 5, 37), ([0, 0, 0, 0, 1], 4), ([3, 1, 2, 0, 4], 9)]
)
def test_the_quantile_alone_is_that_of_a_negative_binomial(
    counts: list[int], expected: int
) -> None:
    conf = CONF.model_copy(update={"factor": 1.0, "floor": 0})
    assert most(counts, conf) == expected


def test_fewer_effects_than_are_likely_and_no_views_are_no_excess() -> None:
    known = Past(4, {HATE: [(30, 0), (20, 0)]})
    conf = CONF.model_copy(update={"views_floor": 0})
    assert unlikely({HATE: 59}, {}, known, conf) == []
    assert unlikely({HATE: 60}, {HATE: 1}, known, conf) == [CapBreach(*HATE, 1, 0, 0, "views")]


def test_a_forecast_that_is_passed_is_said_in_effects() -> None:
    assert CapBreach(*HATE, 61, 0, 60, "forecast").line() == (
        "hate: 61 to apply are more than the 60 that the same weekday of past weeks makes likely"
    )


def test_the_day_itself_is_no_history(past: Path, add_rows: Callable[..., None]) -> None:
    add_rows(effects(0, 77), ACTIONS, past)
    assert history(past, DAY, 8).of(HATE) == ([6, 5, 4, 3, 0], [0] * 5)


def test_a_batch_that_nothing_was_spent_of_has_spent_nothing(past: Path) -> None:
    (found,) = headroom(past, {DAY: planned(2)}, SimpleNamespace(cap=lambda *_: 60), LATER)
    assert (found.used, found.together) == (0, 2)


def test_a_steady_count_rarely_passes_the_quantile() -> None:
    conf = CONF.model_copy(update={"factor": 1.0, "floor": 0})
    rng = np.random.default_rng(1)
    draws = rng.poisson(20, (2000, 9))
    passed = sum(int(row[8]) > (most([*map(int, row[:8])], conf) or 0) for row in draws)
    assert passed <= 10  # 0.1 % of 2,000 are 2


def test_what_is_done_and_what_the_day_has_had_are_added() -> None:
    known = Past(4, {HATE: [(30, 0), (20, 0)]})
    assert unlikely({HATE: 31}, {}, known, CONF, {HATE: (29, 0)}) == []
    over = unlikely({HATE: 31}, {}, known, CONF, {HATE: (30, 0)})
    assert over == [CapBreach(*HATE, 31, 30, 60, "forecast")]


def test_fewer_views_than_are_likely_are_no_excess() -> None:
    known = Past(4, {HATE: [(30, 700), (20, 0)]})
    assert unlikely({HATE: 1}, {HATE: 900}, known, CONF, {HATE: (1, 499)}) == []
    assert unlikely({HATE: 1}, {HATE: 900}, known, CONF, {HATE: (1, 500)}) == []


def test_what_touches_no_views_is_not_held_for_those_that_the_day_has_had() -> None:
    known = Past(4, {HATE: [(30, 0), (20, 0)]})
    assert unlikely({HATE: 1}, {}, known, CONF, {HATE: (1, 2000)}) == []
