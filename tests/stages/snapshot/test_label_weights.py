"""Labels count for how they came to be: by known chances, by their score, or as stated."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from builders import DAY, post, row, scored
from pyspark.sql import DataFrame

from harmsweep.model.conf import LabelWeights
from harmsweep.stages.snapshot.label_weights import with_factors
from harmsweep.tables.catalog import LABEL_TASKS, LABELS, POSTS, SCORES

pytestmark = pytest.mark.spark
STATED = LabelWeights(stated=0.5)
BY_SCORE = LabelWeights(unknown="score_bins", stated=0.5, bins=2)
Weigh = Callable[..., tuple[dict[str, float], Any, list[Any]]]


def label(post_id: str, value: int, source: str, **more: Any) -> dict[str, Any]:
    known = {"post_id": post_id, "harm": "hate", "label": value, "source": source, "weight": 1.0}
    return row(LABELS, **known | more)


def task(post_id: str, probability: float, **more: Any) -> dict[str, Any]:
    known = {"post_id": post_id, "harm": "hate", "purpose": "learn", "probability": probability}
    return row(LABEL_TASKS, **known | more)


@pytest.fixture
def weigh(frame: Callable[..., DataFrame]) -> Weigh:
    """A function from labels and options to the factor by post, the sizes, and the labels."""

    def run(
        labels: list[dict[str, Any]],
        tasks: list[dict[str, Any]],
        options: LabelWeights,
        scores: dict[str, float] | None = None,
    ) -> tuple[dict[str, float], Any, list[Any]]:
        known = scores or {}
        rows = [scored(name, hate=score) for name, score in known.items()]
        rows += [scored(f"{name} by another", model_version="other", hate=0.9) for name in "ab"]
        found, sizes = with_factors(
            frame(labels, LABELS),
            frame(tasks, LABEL_TASKS),
            frame(rows, SCORES) if scores else None,
            frame([post(name) for name in known], POSTS),
            options,
        )
        got = found.collect()
        return {r["post_id"]: r["factor"] for r in got}, sizes, got

    return run


def test_an_answer_to_a_task_counts_by_its_chance_and_others_as_stated(weigh: Weigh):
    labels = [label("audited", 0, "tasks"), label("likely", 1, "tasks")]
    labels += [label("by hand", 1, "hand"), label("both", 1, "hand"), label("both", 0, "tasks")]
    labels += [label("appealed", 0, "appeals"), label("reported", 1, "reports")]
    labels += [label("likely", 1, "reports")]
    tasks = [task("audited", 0.1), task("likely", 0.4), task("both", 0.1), task("never", 0.1)]
    tasks += [task("likely", 0.9, purpose="watch"), task("audited", 0.9, harm="spam")]
    factors, sizes, rows = weigh(labels, tasks, STATED)
    # 10 and 2.5, with a mean of 1.
    assert factors == {
        "audited": pytest.approx(1.6), "likely": pytest.approx(0.4), "by hand": 1.0, "both": 1.0,
        "appealed": 0.5, "reported": 0.5,
    }  # fmt: skip
    assert len(rows) == len(labels)
    expected = {"n": 2, "effective": pytest.approx(4 / (1.6**2 + 0.4**2)), "largest": 1.6}
    assert sizes == {"hate/tasks": expected}


def test_without_any_such_label_nothing_is_weighed(weigh: Weigh):
    factors, sizes, _ = weigh([label("p", 1, "hand")], [], STATED)
    assert (factors, sizes) == ({"p": 1.0}, {})


def test_a_weighted_share_of_reviews_is_that_of_all_posts_and_the_plain_one_is_not(weigh: Weigh):
    """Of 60 posts of low scores 6 were looked at, of 40 of high ones 32: 1 and 24 are harmful."""
    scores = {f"low{n}": 0.2 for n in range(60)} | {f"high{n}": 0.9 for n in range(40)}
    truth = {name: int(name in ("low0",) or name.startswith("high")) for name in scores}
    truth |= {f"high{n}": int(n % 4 > 0) for n in range(40)}
    looked_at = [f"low{n}" for n in range(6)] + [f"high{n}" for n in range(32)]
    labels = [label(name, truth[name], "reviews") for name in looked_at]
    labels += [label("unscored", 1, "appeals"), label("low9", 1, "reports")]
    factors, sizes, _ = weigh(labels, [], BY_SCORE, scores)
    weights = np.array([factors[name] for name in looked_at])
    found = np.array([truth[name] for name in looked_at])
    assert found.mean() == pytest.approx(25 / 38)
    # (60 / 6 * 1 + 40 / 32 * 24) / 100
    assert (weights * found).sum() / weights.sum() == pytest.approx(0.4)
    assert factors["high0"] / factors["low0"] == pytest.approx(0.1 / 0.8)
    assert sizes["hate/judged"]["n"] == 38
    assert (factors["unscored"], factors["low9"]) == (0.5, 0.5)


def test_the_day_of_a_post_is_a_part_of_its_name(weigh: Weigh):
    other = DAY.replace(day=2)
    labels = [label("p", 1, "tasks"), label("p", 0, "reports", day=other)]
    factors = {(r["day"], r["factor"]) for r in weigh(labels, [task("p", 0.2)], STATED)[2]}
    assert factors == {(DAY, 1.0), (other, 0.5)}
