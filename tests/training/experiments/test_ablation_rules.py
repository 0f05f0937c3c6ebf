"""Which modality earns its place: figures of test rows, a rule on validation rows."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from harmsweep.evaluation.scored import ScoredRows  # noqa: E402
from harmsweep.model.conf import Evaluation  # noqa: E402
from harmsweep.model.fusion import Feature, Input  # noqa: E402
from harmsweep.model.manifest import HeadCounts  # noqa: E402
from harmsweep.training.experiments.ablation_rules import (  # noqa: E402
    ablation_records,
    confirmations,
    proposals,
    switched_off,
)
from harmsweep.training.presence import presence  # noqa: E402
from harmsweep.training.task import Task  # noqa: E402

LIMITS = Evaluation(resamples=200, min_groups=20, baseline_rows=100)
TRUTH = np.arange(200) % 4 == 0
NOISE = np.random.default_rng(5).normal(size=200)
GOOD, POOR = TRUTH + NOISE / 3, TRUTH / 10 + NOISE
# Leaving the text out costs much, leaving the picture out costs nothing.
SCORES = {
    "all": GOOD,
    "only text": GOOD,
    "without text": POOR,
    "only image": POOR,
    "without image": GOOD,
}
PRESENT = {("spam", "sms", "text"): 90, ("spam", "sms", "image"): 9}


def scored(scores: Mapping[str, np.ndarray] = SCORES, *, groups: int = 100) -> ScoredRows:
    names = np.array([f"g{n % groups}" for n in range(200)], dtype=object)
    same = np.full(200, "sms", dtype=object)
    return ScoredRows("spam", TRUTH, scores, names, same, np.full(200, "en", dtype=object))


def verdicts(
    rows: ScoredRows, present: Mapping[tuple[str, str, str], int] = PRESENT
) -> dict[str, str]:
    return {row["modality"]: row["verdict"] for row in proposals([rows], present, LIMITS)}


def test_what_a_modality_adds_is_paired_and_has_an_interval() -> None:
    whole, by_dataset = ablation_records(scored(), PRESENT, LIMITS, {}, seed=1)
    assert (whole["dataset"], by_dataset["dataset"]) == ("all", "sms")
    text, image = whole["modalities"]["text"], whole["modalities"]["image"]
    assert text["adds"] == whole["auroc"] - text["without"] > 0
    assert 0 < text["adds_low"] < text["adds"] < text["adds_high"]
    # The same scores in every resample: paired, they differ by nothing.
    assert (image["adds_low"], image["adds"], image["adds_high"]) == (0, 0, 0)
    assert image["training_rows"] == 9 and image["alone_low"] < image["alone"] < image["alone_high"]


def test_few_groups_have_figures_without_interval_and_say_so() -> None:
    found = next(ablation_records(scored(groups=19), PRESENT, LIMITS, {}, seed=1))
    assert found["note"] == "groups < 20" and found["groups"] == 19
    assert "auroc" in found and "auroc_low" not in found
    assert "adds_low" not in found["modalities"]["text"]


def test_a_modality_that_no_training_row_has_is_left_out() -> None:
    only_text = {key: n for key, n in PRESENT.items() if key[2] == "text"}
    found = next(ablation_records(scored(), only_text, LIMITS, {}, seed=1))
    assert list(found["modalities"]) == ["text"]
    assert list(verdicts(scored(), only_text)) == ["text"]


def test_one_class_has_counts_only() -> None:
    rows = replace(scored(), truth=np.ones(200, dtype=bool))
    [found] = ablation_records(rows, PRESENT, LIMITS, {}, seed=1)
    assert found["note"] == "one class only" and "auroc" not in found


def test_a_modality_goes_where_validation_is_no_worse_without_it() -> None:
    assert verdicts(scored()) == {"text": "on", "image": "off"}
    assert switched_off(list(proposals([scored()], PRESENT, LIMITS))) == {"spam": ["image"]}


def test_few_groups_decide_nothing() -> None:
    assert set(verdicts(scored(groups=19)).values()) == {"undecided"}


def test_few_groups_of_one_class_decide_nothing() -> None:
    rows = replace(scored(), truth=TRUTH & (np.arange(200) < 60))
    assert set(verdicts(rows).values()) == {"undecided"}


def test_a_dataset_with_too_few_groups_protects_the_modality_that_it_has() -> None:
    datasets = np.where(np.arange(200) < 190, "sms", "fights").astype(object)
    rows = replace(scored(), datasets=datasets)
    present = PRESENT | {("spam", "fights", "image"): 30}
    assert verdicts(rows, present) == {"text": "on", "image": "undecided"}


def test_a_head_keeps_at_least_one_modality() -> None:
    equal = dict.fromkeys(SCORES, GOOD)
    assert switched_off(list(proposals([scored(equal)], PRESENT, LIMITS))) == {}


def test_proposals_that_cost_something_together_are_not_confirmed() -> None:
    off = {"spam": (["image", "video"], "without image and video")}
    [same] = confirmations(off, [scored(SCORES | {"without image and video": GOOD})], LIMITS)
    [worse] = confirmations(off, [scored(SCORES | {"without image and video": POOR})], LIMITS)
    assert same["confirmed"] and not worse["confirmed"]
    assert worse["off"] == ["image", "video"]


def test_presence_counts_labelled_rows_and_never_zero(tiny_snapshot: Path) -> None:
    names = ("text", "raw_text", "media_text", "image")
    inputs = tuple(
        Input(name=name, encoder_id="tiny", width=4 if name == "image" else 6) for name in names
    )
    features = (Feature(name="n_chars", transform="log1p"),)
    head = HeadCounts(harm="spam", positives=27, negatives=53)
    found = presence(tiny_snapshot / "train", Task((head,), inputs, features))
    # 80 of 160 rows are labelled; every fifth of these has words in a picture, none a picture.
    counts = {"text": 80, "media_text": 16, "numbers": 80}
    assert found == {("spam", "sms", modality): n for modality, n in counts.items()}
