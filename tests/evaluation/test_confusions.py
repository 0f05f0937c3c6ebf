"""Heads that answer to another harm's posts are seen."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from harmsweep.evaluation.confusions import confusions, flagged_by_others
from harmsweep.model.conf import Evaluation

NAN = float("nan")


def test_each_harms_positives_are_counted_by_head(make_frame: Callable[..., pd.DataFrame]):
    rows = make_frame(
        {"spam": [1.0, 1.0, 0.0], "hate": [NAN, 0.0, 1.0]},
        {"spam": [0.9, 0.2, 0.9], "hate": [0.9, 0.1, 0.9]},
    )
    found = flagged_by_others(rows, ["spam", "hate"], {"spam": 0.5, "hate": 0.5})
    assert found.loc["spam"].to_dict() == {"spam": 0.5, "hate": 0.5}
    assert found.loc["hate"].to_dict() == {"spam": 1.0, "hate": 1.0}


def test_a_head_without_a_threshold_and_a_harm_without_positives_have_none(
    make_frame: Callable[..., pd.DataFrame],
):
    rows = make_frame({"spam": [1.0], "hate": [0.0]}, {"spam": [0.9], "hate": [0.9]})
    found = flagged_by_others(rows, ["spam", "hate"], {"spam": 0.5})
    assert np.isnan(found.loc["spam", "hate"]) and np.isnan(found.loc["hate", "spam"])


def test_a_confusion_is_of_rows_whose_labels_tell_two_harms_apart(
    make_frame: Callable[..., pd.DataFrame], options: Evaluation
):
    # The first has no label of hate, the last is both.
    rows = make_frame(
        {"spam": [1.0] * 8, "hate": [NAN, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]},
        {"spam": [0.9] * 8, "hate": [0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.9]},
    )
    thresholds = {"spam": 0.5, "hate": 0.5}
    [found] = confusions(rows, ["spam", "hate"], thresholds, options, seed=1)
    assert (found["harm"], found["other"], found["n"], found["value"]) == ("spam", "hate", 6, 0.5)
    assert 0 <= found["low"] < 0.5 < found["high"] <= 1
