"""Slices tell their own rows' figures, and say where there are few."""

from collections.abc import Callable

import pandas as pd
import pytest

from harmsweep.evaluation.model_scores import WORDS_ONLY, length, media
from harmsweep.evaluation.slices import shown, slice_records
from harmsweep.model.conf import Evaluation


def test_a_slice_is_judged_by_its_own_rows(
    make_frame: Callable[..., pd.DataFrame], options: Evaluation
):
    # English is told well, German the wrong way round.
    truth, good, bad = [1.0, 0.0] * 40, [0.9, 0.1] * 40, [0.1, 0.9] * 40
    rows = make_frame({"spam": truth * 2}, {"spam": good + bad}, language=["en"] * 80 + ["de"] * 80)
    found = {r["value"]: r for r in slice_records(rows, ["spam"], options, seed=1)}
    assert (found["en"]["auroc"], found["de"]["auroc"]) == (1.0, 0.0)
    assert found["sms"]["auroc"] == 0.5 and found["sms"]["low"] < 0.5 < found["sms"]["high"]
    assert (found["en"]["positives"], found["en"]["groups"], found["en"]["few"]) == (40, 80, False)


def test_few_positives_are_marked_and_a_single_class_has_no_areas(
    make_frame: Callable[..., pd.DataFrame], options: Evaluation
):
    rows = make_frame(
        {"spam": [1.0] * 29 + [0.0] * 40 + [float("nan")] * 5},
        {"spam": [0.5] * 74},
        language=["en"] * 60 + ["de"] * 14,
    )
    found = {(r["slice"], r["value"]): r for r in slice_records(rows, ["spam"], options, seed=1)}
    assert found["dataset", "sms"]["few"]
    german = found["language", "de"]
    assert german["n"] == 9 and german.get("auroc") is None and not shown(german, options)


def test_a_slice_of_few_groups_is_left_out_unless_it_is_a_dataset():
    record = {"auroc": 0.7, "groups": 3}
    options = Evaluation(resamples=100, min_groups=5, baseline_rows=1)
    assert not shown(record | {"slice": "language"}, options)
    assert shown(record | {"slice": "dataset"}, options)


@pytest.mark.parametrize(
    ("words", "name"),
    [(float("nan"), "no words"), (0, "no words"), (1, "1 to 10 words"), (10, "1 to 10 words"),
     (11, "11 to 25 words"), (26, "over 25 words"), (9999, "over 25 words")],
)  # fmt: skip
def test_lengths_have_classes(words: float, name: str):
    assert list(length(pd.Series([words]))) == [name]


def test_what_a_post_carries_is_its_video_before_its_picture():
    flags = pd.DataFrame({"image_present": [1, 1, 0], "video_present": [1, 0, 0]})
    columns = {name: flags[name].to_numpy() for name in flags}
    assert list(media(columns)) == ["video", "picture", WORDS_ONLY]
    assert list(media({"post_id": flags["image_present"].to_numpy()})) == [WORDS_ONLY] * 3
