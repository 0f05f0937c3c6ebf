"""Records of the evaluation: beside the baselines, by group, and what they may not claim."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from harmsweep.evaluation.records import (  # noqa: E402
    finite,
    kept_out,
    language_records,
    record,
    records,
)
from harmsweep.evaluation.scored import ScoredRows  # noqa: E402
from harmsweep.model.conf import Evaluation  # noqa: E402

LIMITS = Evaluation(resamples=200, min_groups=20, baseline_rows=100)
TRUTH = np.arange(200) % 4 == 0
NOISE = np.random.default_rng(5).normal(size=200)
GOOD, POOR = TRUTH + NOISE / 3, TRUTH / 10 + NOISE


def scored(scores: Mapping[str, np.ndarray], *, groups: int = 100) -> ScoredRows:
    datasets = np.where(np.arange(200) < 100, "sms", "edos").astype(object)
    names = np.array([f"g{n % groups}" for n in range(200)], dtype=object)
    languages = np.where(np.arange(200) < 150, "en", "de").astype(object)
    return ScoredRows("spam", TRUTH, scores, names, datasets, languages)


def test_a_head_wholly_below_the_best_baseline_is_named_worse() -> None:
    found = record(scored({"model": POOR, "text": GOOD, "image": POOR}), "all", LIMITS, seed=1)
    assert found["worse_than_baseline"] and found["best_baseline"] == "text"
    assert found["difference_low"] < found["difference"] < found["difference_high"] < 0


def test_a_head_as_good_as_the_baseline_is_not() -> None:
    found = record(scored({"model": GOOD, "text": GOOD}), "all", LIMITS, seed=1)
    assert not found["worse_than_baseline"] and found["difference"] == 0
    assert found["low"] < found["auroc"] < found["high"]


def test_few_groups_have_no_interval_and_say_so() -> None:
    rows = scored({"model": POOR, "text": GOOD}, groups=19)
    found = record(rows, "all", LIMITS, seed=1)
    assert found["note"] == "groups of a class < 20" and "low" not in found
    assert not found["worse_than_baseline"]


@pytest.mark.parametrize(("positives", "why"), [(19, "19 positive and 181 negative"), (20, None)])
def test_a_head_needs_twenty_test_groups_of_each_class(positives: int, why: str | None) -> None:
    rows = replace(scored({"model": GOOD}, groups=200), truth=np.arange(200) < positives)
    found = record(rows, "all", LIMITS, seed=1)
    assert ("low" in found) == (why is None)
    kept = kept_out([found, found | {"dataset": "sms", "harm": "hate"}], LIMITS)
    assert [*kept] == (["spam"] if why else []) and (not why or why in kept["spam"])


def test_one_class_gives_counts_only() -> None:
    rows = scored({"model": GOOD})
    only = replace(rows, truth=np.ones(200, dtype=bool))
    found = record(only, "all", LIMITS, seed=1)
    assert found["positives"] == 200 and "auroc" not in found and "one class" in found["note"]


def test_there_is_a_record_for_all_and_for_each_dataset_with_both_labels() -> None:
    rows = scored({"model": GOOD, "text": POOR})
    one_class = np.where(rows.datasets == "edos", True, rows.truth)
    rows = replace(rows, truth=one_class)
    assert [r["dataset"] for r in records(rows, LIMITS, seed=1)] == ["all", "sms"]


def test_a_language_with_both_labels_and_twenty_groups_has_a_record() -> None:
    rows = scored({"model": GOOD, "text": POOR})
    found = list(language_records(rows, LIMITS, seed=1))
    assert [(r["language"], r["n"], r["groups"]) for r in found] == [
        ("de", 50, 50),
        ("en", 150, 100),
    ]
    few = replace(rows, languages=np.where(np.arange(200) < 190, "en", "de").astype(object))
    assert [r["language"] for r in language_records(few, LIMITS, seed=1)] == ["en"]


def test_a_head_without_any_baseline_has_areas_and_no_difference() -> None:
    found = record(scored({"model": GOOD}), "all", LIMITS, seed=1)
    assert found["best_baseline"] is None and "difference" not in found
    assert found["low"] < found["auroc"] < found["high"] and not found["worse_than_baseline"]


def test_what_is_not_finite_is_null_in_json() -> None:
    assert finite([{"auroc": float("nan"), "n": 3}]) == [{"auroc": None, "n": 3}]
