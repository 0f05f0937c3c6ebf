"""The comparison: what alternatives learn, paired figures, and the job on a tiny snapshot."""

import json
import math
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from harmsweep.evaluation.scored import ScoredRows  # noqa: E402
from harmsweep.model.conf import Evaluation  # noqa: E402
from harmsweep.paths import JOBS  # noqa: E402
from harmsweep.training.experiments.comparison_records import comparison_records  # noqa: E402
from harmsweep.training.experiments.comparison_tables import cell, markdown  # noqa: E402
from harmsweep.training.experiments.late_fusion import late_weights, weighted_mean  # noqa: E402
from harmsweep.training.experiments.variants import any_harm, one_class  # noqa: E402

NAN = float("nan")
LIMITS = Evaluation(resamples=200, min_groups=20, baseline_rows=100)
TRUTH = np.arange(200) % 4 == 0
NOISE = np.random.default_rng(5).normal(size=(4, 200))


def rows(scores: Mapping[str, np.ndarray], *, harm: str = "spam", groups: int = 100) -> ScoredRows:
    names = np.array([f"g{n % groups}" for n in range(200)], dtype=object)
    same = np.array(["sms"] * 200, dtype=object)
    return ScoredRows(harm, TRUTH, scores, names, same, same)


def test_one_classifier_takes_an_absent_label_for_none() -> None:
    labels = torch.tensor([[1.0, NAN], [0.0, NAN], [0.0, 1.0], [NAN, NAN]])
    found = any_harm(labels)[:, 0]
    assert found[:3].tolist() == [1, 0, 1] and found[3].isnan()


def test_the_multi_class_classifier_learns_from_whole_rows_alone() -> None:
    labels = torch.tensor([[0.0, 9.0, 0.0], [1.0, 9.0, 0.0], [1.0, 9.0, 1.0], [1.0, 9.0, NAN]])
    found = one_class(labels, [0, 2])
    assert found[:3].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0.5, 0.5]]
    assert found[3].isnan().all()


def test_late_fusion_leaves_out_what_a_row_does_not_have() -> None:
    logits, weights = torch.tensor([[2.0, -4.0]] * 4), torch.tensor([0.25, 0.75])
    has = torch.tensor([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    assert weighted_mean(logits, has, weights).tolist() == [-2.5, 2.0, -4.0, -2.5]


def test_late_fusion_weighs_what_tells_above_noise() -> None:
    tells, noise = 4.0 * TRUTH - 2, 2 * NOISE[0]
    scores = {"logits text": tells, "logits image": noise}
    scores |= {"has text": np.ones(200), "has image": np.ones(200)}
    weights = late_weights([rows(scores)], ["text", "image"])
    assert weights[0] > 0.9 and weights.sum() == pytest.approx(1)


def test_a_variant_that_is_better_in_every_seed_is_told_from_plain() -> None:
    seeds = [
        [rows({"plain": TRUTH + noise, "better": TRUTH + noise / 3, "same": TRUTH + noise + 1e-9})]
        for noise in NOISE[:3]
    ]
    records, means = comparison_records(seeds, LIMITS, seed=1)
    by_name = {record["variant"]: record for record in records}
    better = by_name["better"]
    assert better["auroc_difference_low"] > 0.05 and better["auc_pr_difference_low"] > 0.05
    assert better["auroc"] == pytest.approx(by_name["plain"]["auroc"] + better["auroc_difference"])
    assert by_name["same"]["auroc_difference"] == 0
    assert [m["variant"] for m in means] == ["better", "same"]
    # One harm: the mean is its own difference, from the same resamples.
    assert means[0]["auroc_difference_low"] == better["auroc_difference_low"]


def test_an_interval_covers_the_seeds_too() -> None:
    """One seed far better, one far worse: the mean is near 0, and the interval is wide."""
    good, bad = TRUTH + NOISE[0] / 5, NOISE[1] / 5 - TRUTH
    plain = TRUTH / 2 + NOISE[2]
    mixed = [[rows({"plain": plain, "other": other})] for other in (good, bad)]
    one = [[rows({"plain": plain, "other": good})]] * 2
    spans = []
    for seeds in (mixed, one):
        found = comparison_records(seeds, LIMITS, seed=1)[0][1]
        spans.append(found["auroc_difference_high"] - found["auroc_difference_low"])
    assert spans[0] > 0.8 and spans[0] > 3 * spans[1]


def test_a_variant_is_compared_on_the_rows_that_it_has_scores_for() -> None:
    plain = TRUTH + NOISE[0]
    some = np.where(np.arange(200) < 100, plain, NAN)
    records, means = comparison_records([[rows({"plain": plain, "some": some})]], LIMITS, seed=1)
    assert [(r["variant"], r["n"]) for r in records] == [("plain", 200), ("some", 100)]
    assert records[1]["auroc_difference"] == 0 and not means


def test_with_few_groups_of_a_class_there_is_no_interval_and_no_part_in_the_mean() -> None:
    few = rows({"plain": TRUTH + NOISE[0], "other": TRUTH + NOISE[1]}, harm="hate", groups=60)
    many = rows({"plain": TRUTH + NOISE[0], "other": TRUTH + NOISE[1]})
    records, means = comparison_records([[few, many]], LIMITS, seed=1)
    told = {record["harm"]: "auroc_low" in record for record in records}
    # Of 60 groups 15 hold positives.
    assert told == {"hate": False, "spam": True} and means[0]["harms"] == ["spam"]


def test_a_cell_is_bold_where_its_interval_leaves_zero_out() -> None:
    record = {"x_difference": 0.02, "x_difference_low": 0.01, "x_difference_high": 0.03}
    assert cell(record, "x_difference", bold="**") == "**+0.020** (+0.010 to +0.030)"
    assert cell(record | {"x_difference_low": -0.01}, "x_difference", bold="**")[0] == "+"
    assert cell({"x": 0.5}, "x") == "0.500" and cell(None, "x") == ""


@pytest.fixture(scope="module")
def compared(
    trainer: Path, tiny_snapshot: Path, small_config: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("comparisons")
    command = [trainer, JOBS / "compare.py", "--snapshot", tiny_snapshot, "--out", out]
    command += ["--config", small_config, "--seeds", 2]
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False, timeout=400
    )
    assert done.returncode == 0, done.stderr[-2000:]
    path = Path(json.loads(done.stdout)["comparison"])
    found: dict[str, Any] = json.loads(path.read_text())
    return path, found


@pytest.mark.nightly
@pytest.mark.slow
def test_the_job_compares_everything_on_one_split(compared: tuple[Path, dict[str, Any]]) -> None:
    path, found = compared
    assert path.name.startswith("s0123456789ab-") and found["seeds"] == [11, 12]
    of = {record["variant"]: record for record in found["records"] if record["dataset"] == "all"}
    # The snapshot has one harm with labels, and neither moderation's rows nor two backbones.
    assert of.keys() == {
        "plain", "focal loss", "class weights", "tasks by labels", "tasks by uncertainty",
        "blending, offline", "blending, online", "late fusion", "one classifier",
        "a classifier per harm", "logistic regression, text", "logistic regression, media_text",
    }  # fmt: skip
    assert {record["n"] for record in of.values()} == {40}
    assert of["plain"]["auroc"] > 0.8 and of["late fusion"]["auroc"] > 0.8
    # With one harm a task weight, a classifier per harm and one for all are the plain network.
    for name in ("tasks by labels", "a classifier per harm", "one classifier"):
        assert of[name]["auroc_difference"] == pytest.approx(0, abs=0.02)
    assert of["logistic regression, media_text"]["auroc_difference"] < -0.1
    late = found["details"][0]["late_fusion"]
    assert late["text"] > max(late["media_text"], late["numbers"])


@pytest.mark.nightly
@pytest.mark.slow
def test_the_job_keeps_blends_and_writes_tables(compared: tuple[Path, dict[str, Any]]) -> None:
    path, found = compared
    blends = [b for detail in found["details"] for b in detail["blends"]]
    assert {b["variant"] for b in blends} == {"blending, offline", "blending, online"}
    assert all(math.isclose(sum(b["weights"].values()), 1) for b in blends)
    assert path.with_suffix(".md").read_text() == markdown(found)
