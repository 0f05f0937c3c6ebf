"""How many people must approve, and how many posts of a held batch are read first."""

import pytest

from harmsweep.enforce.bounds import Bounds, Forecast, bounds

FORECAST = Forecast(weeks=8, least_weeks=4, quantile=0.999, factor=2.0, floor=50, views_floor=1000)
SET = Bounds(
    plan_expires_hours=24,
    two_approvers_above=0.01,
    sample_posts=50,
    sample_share=0.1,
    evidence_days=400,
    appeal_days=14,
    forecast=FORECAST,
    copies=bounds().copies,
    webhook=bounds().webhook,
)


@pytest.mark.parametrize(
    ("effects", "posts", "approvers"), [(0, 0, 1), (10, 1000, 1), (11, 1000, 2), (1, 0, 2)]
)
def test_above_a_share_of_the_posts_it_takes_two(effects: int, posts: int, approvers: int) -> None:
    assert SET.approvers(effects, posts) == approvers


@pytest.mark.parametrize(
    ("effects", "share"), [(1, 0.0), (9, 0.0), (10, 0.1), (500, 0.1), (1000, 0.05)]
)
def test_the_sample_is_of_some_posts_and_a_small_share(effects: int, share: float) -> None:
    assert SET.sample(effects) == share


def test_the_file_in_conf_is_sound() -> None:
    assert bounds().plan_expires_hours > 0
