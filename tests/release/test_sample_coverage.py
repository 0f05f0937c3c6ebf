"""The promise of samples, on planted truth: 2,000 plans drawn by the code that draws them."""

from typing import Any

from harmsweep.policy.share_bounds import lower_bound
from harmsweep.release.drawing import draw

RUNS = 2000
FRAME = 600


def frame(right: int) -> list[dict[str, Any]]:
    """Posts above a threshold, of which the first so many are harmful."""
    return [{"post_id": f"p{n}", "revision": 1, "right": n < right} for n in range(FRAME)]


def certified(right: int, labels: int, error: float, *, harms: int = 1) -> list[int]:
    """In how many harms each run is certified for 0.95."""
    posts, passes = frame(right), []
    for run in range(RUNS // harms):
        drawn = [draw(posts, (f"m{run}", f"harm {n}"), labels) for n in range(harms)]
        counts = [sum(row["right"] for row in sample) for sample in drawn]
        passes.append(sum(lower_bound(count, labels, error) >= 0.95 for count in counts))
    return passes


def test_a_model_below_its_precision_is_certified_in_at_most_5_of_100_plans():
    false = sum(map(bool, certified(569, 93, 0.05)))  # 0.948
    assert 0 < false <= 0.05 * RUNS


def test_a_model_above_it_is_certified_as_often_as_the_plan_says():
    """0.99, 124 labels: 0.87 by the binomial, which knows nothing of the frame's end."""
    passed = sum(map(bool, certified(594, 124, 0.05)))
    assert passed >= 0.87 * RUNS


def test_of_five_harms_that_fall_short_hardly_ever_one_is_certified():
    runs = certified(569, 200, 0.05 / 5, harms=5)
    assert sum(map(bool, runs)) <= 0.05 * len(runs)


def test_every_post_is_as_likely_to_be_drawn_as_its_task_says():
    posts, times = frame(0)[:40], dict.fromkeys((f"p{n}" for n in range(40)), 0)
    for run in range(RUNS):
        for row in draw(posts, (f"m{run}",), 10):
            times[row["post_id"]] += 1
    assert all(abs(n / RUNS - 10 / 40) < 0.04 for n in times.values())


def test_the_same_key_draws_the_same_and_new_posts_displace_only_their_number():
    posts = frame(0)
    before = {row["post_id"] for row in draw(posts[:300], ("m",), 60)}
    again = {row["post_id"] for row in draw(posts[299::-1], ("m",), 60)}
    more = {row["post_id"] for row in draw(posts[:310], ("m",), 60)}
    assert before == again
    assert len(before - more) <= 10
