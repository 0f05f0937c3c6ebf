"""How many people must approve, and how many posts of a held batch are read first."""

from typing import Any

import pytest
from pydantic import ValidationError

from harmsweep.enforcement.conf import Bounds, DayShare, Forecast, load_bounds

FORECAST = Forecast(weeks=8, least_weeks=4, quantile=0.999, factor=2.0, floor=50, views_floor=1000)
SET = Bounds(
    plan_expires_hours=24,
    approvals="on_trust",
    two_approvers_above=0.01,
    approved_share=0.01,
    sample_posts=50,
    sample_share=0.1,
    evidence_days=400,
    appeal_days=14,
    cap_at_most=load_bounds().cap_at_most,
    harm_share=load_bounds().harm_share,
    all_share=load_bounds().all_share,
    accounts_per_day=500,
    forecast=FORECAST,
    copies=load_bounds().copies,
    webhook=load_bounds().webhook,
)


@pytest.mark.parametrize(
    ("effects", "posts", "approvers"),
    [(0, 0, 1), (9, 1000, 1), (10, 1000, 1), (11, 1000, 2), (1, 0, 2)],
)
def test_above_a_share_of_the_posts_it_takes_two(effects: int, posts: int, approvers: int) -> None:
    assert SET.approvers(effects, posts) == approvers


@pytest.mark.parametrize(
    ("effects", "share"), [(1, 0.0), (9, 0.0), (10, 0.1), (500, 0.1), (1000, 0.05)]
)
def test_the_sample_is_of_some_posts_and_a_small_share(effects: int, share: float) -> None:
    assert SET.sample(effects) == share


@pytest.mark.parametrize(
    ("posts", "is_known", "most"),
    [(10_000, True, 500), (10_000, False, 200), (2519, True, 125), (100, True, 50), (0, False, 50)],
)
def test_a_share_of_a_days_posts_is_stricter_without_history(posts, is_known, most) -> None:
    share = DayShare(share=0.05, without_history=0.02, least=50)
    assert share.most(posts, is_known=is_known) == most


def test_without_history_no_share_is_looser() -> None:
    assert DayShare(share=0.1, without_history=0.5, least=0).most(100, is_known=False) == 10


def test_the_file_in_conf_is_sound() -> None:
    assert load_bounds().plan_expires_hours > 0


INFINITE = float("inf")
# Each key with the least and the most that it takes, and what it refuses.
LIMITS: dict[str, tuple[list[Any], list[Any]]] = {
    "plan_expires_hours": ([0.01, 9999], [0, -0.5, INFINITE]),
    "approvals": (["on_trust", "established"], ["", True]),
    "two_approvers_above": ([0, 1], [-0.01, 1.01]),
    "approved_share": ([0, 1], [-0.01, 1.01]),
    "sample_posts": ([0, 10**6], [-1, "50"]),
    "sample_share": ([0, 1], [-0.01, 1.01]),
    "evidence_days": ([1, 4000], [0, "400"]),
    "appeal_days": ([1, 4000], [0, "14"]),
    "cap_at_most.apply": ([0, 10**6], [-1, "500"]),
    "cap_at_most.release": ([0, 10**6], [-1, "500"]),
    "harm_share.share": ([0, 1], [-0.01, 1.01]),
    "harm_share.without_history": ([0, 1], [-0.01, 1.01]),
    "harm_share.least": ([0, 10**6], [-1, "50"]),
    "all_share.share": ([0, 1], [-0.01, 1.01]),
    "all_share.without_history": ([0, 1], [-0.01, 1.01]),
    "all_share.least": ([0, 10**6], [-1, "50"]),
    "accounts_per_day": ([0, 10**6], [-1, "500"]),
    "forecast.weeks": ([1, 52], [0, 53, "4"]),
    "forecast.least_weeks": ([2, 9], [1, "3"]),
    "forecast.quantile": ([0.501, 0.9999], [0.5, 1, 1.5]),
    "forecast.factor": ([1, 9], [0.99, INFINITE]),
    "forecast.floor": ([0, 9], [-1, "50"]),
    "forecast.views_floor": ([0, 9], [-1, "50"]),
    "copies.reviewers": ([1, 9], [0, "2"]),
    "copies.purity": ([0.501, 1], [0.5, 1.01]),
    "copies.budget": ([0, 9], [-1, "50"]),
    "copies.least_words": ([1, 9], [0, "5"]),
    "webhook.attempts": ([1, 20], [0, 21, "5"]),
    "webhook.backoff_seconds": ([0, 60], [-0.1, 60.5]),
    "webhook.timeout_seconds": ([0.01, 300], [0, 300.5]),
    "webhook.batch": ([1, 9999], [0, "100"]),
}


def with_value(key: str, value: Any) -> Bounds:
    content = load_bounds().model_dump()
    *folder, name = key.split(".")
    (content[folder[0]] if folder else content)[name] = value
    return Bounds.model_validate(content)


@pytest.mark.parametrize("key", LIMITS)
def test_a_bound_takes_its_least_and_its_most_and_nothing_beyond(key: str) -> None:
    taken, refused = LIMITS[key]
    for value in taken:
        with_value(key, value)
    for value in refused:
        with pytest.raises(ValidationError, match=key.replace(".", r"\n?.*")):
            with_value(key, value)


def test_every_bound_has_limits() -> None:
    content = load_bounds().model_dump()
    keys = {
        f"{name}.{key}" if isinstance(value, dict) else name
        for name, value in content.items()
        for key in (value if isinstance(value, dict) else [""])
    }
    assert keys == LIMITS.keys() | {"webhook.url"}
