"""Estimates by weights, on planted truth: unweighted ones are wrong, weighted ones are not."""

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from harmsweep.evaluation.weighted_shares import effective_size, weighted_share
from harmsweep.release.conf import QueueConfig
from harmsweep.release.label_queue import _draw_of
from harmsweep.release.queue_estimates import estimate_of
from harmsweep.release.task_answers import Answers

DAY = date(2026, 10, 1)
POSTS = 4000
RUNS = 200
CONFIG = QueueConfig(audit=150, uncertain=100, above=100, band=0.1)


def a_day(run: int) -> tuple[pa.Table, dict[str, bool]]:
    """Posts whose scores are their chance of harm; others each run."""
    rng = np.random.default_rng(run)
    scores = rng.beta(0.3, 3, POSTS)
    names = [f"r{run}-{n}" for n in range(POSTS)]
    truth = dict(zip(names, rng.random(POSTS) < scores, strict=True))
    plain = {name: ["x"] * POSTS for name in ("dataset", "surface", "language")}
    facts = {"day": [DAY] * POSTS, "post_id": names, "revision": [1] * POSTS}
    return pa.table(facts | plain | {"hate": scores}), truth


@pytest.fixture(scope="module")
def runs() -> list[tuple[Any, float, float, float]]:
    """By run: the estimate, the share of harm among the tasks, and the true shares."""
    found = []
    for run in range(RUNS):
        posts, truth = a_day(run)
        drawn = _draw_of(DAY, "hate", posts, 0.5, CONFIG)
        right = tuple(t["post_id"] for t in drawn.tasks if truth[t["post_id"]])
        wrong = tuple(t["post_id"] for t in drawn.tasks if not truth[t["post_id"]])
        estimate = estimate_of("hate", drawn.tasks, Answers(right=right, wrong=wrong))
        scores = posts.column("hate").to_numpy()
        harmful = np.array(list(truth.values()))
        recall = float((scores[harmful] >= 0.5).mean())
        found.append((estimate, len(right) / len(drawn.tasks), harmful.mean(), recall))
    return found


def test_the_unweighted_prevalence_is_wrong_and_the_weighted_right(runs: list[Any]):
    true = np.mean([prevalence for _, _, prevalence, _ in runs])
    plain = np.mean([share for _, share, _, _ in runs])
    weighted = np.mean([estimate.prevalence.value for estimate, *_ in runs])
    assert true == pytest.approx(0.091, abs=0.005)
    assert plain > 3 * true
    assert weighted == pytest.approx(true, abs=0.005)


def test_intervals_hold_the_truth(runs: list[Any]):
    of_all = np.mean([e.prevalence.low <= true <= e.prevalence.high for e, _, true, _ in runs])
    of_found = np.mean([e.recall.low <= true <= e.recall.high for e, _, _, true in runs])
    assert of_all >= 0.93
    assert of_found >= 0.93


def test_chances_are_as_often_as_they_say():
    posts, _ = a_day(0)
    scores = posts.column("hate").to_numpy()
    chances, hits = np.zeros(POSTS), np.zeros(POSTS)
    names = posts.column("post_id").to_pylist()
    config = QueueConfig(audit=400, uncertain=60, above=60, band=0.1)
    for run in range(60):
        renamed = posts.set_column(1, "post_id", pa.array([f"{run}-{n}" for n in names]))
        for task in _draw_of(DAY, "hate", renamed, 0.5, config).tasks:
            place = int(task["post_id"].rpartition("-")[2])
            chances[place], hits[place] = task["probability"], hits[place] + 1
    for of in (np.abs(scores - 0.5) <= 0.1, scores >= 0.6, scores < 0.4):
        known = of & (chances > 0)
        # A post that was never drawn has the chance of its like.
        assert hits[of].mean() / 60 == pytest.approx(chances[known].mean(), rel=0.08)


def test_all_or_none_has_an_interval_too():
    weights = np.array([1.0, 1.0, 10.0])
    share = weighted_share(np.ones(3, dtype=bool), weights)
    assert (share.value, share.high, share.n) == (1.0, 1.0, 3)
    assert share.effective == pytest.approx(144 / 102) == effective_size(weights)
    assert 0 < share.low < 0.1
    assert weighted_share(np.zeros(3, dtype=bool), weights).low == 0
    assert np.isnan(weighted_share(np.zeros(0, dtype=bool), np.zeros(0)).value)
    assert effective_size(np.zeros(0)) == 0
