"""Rows with labels and scores, as a model gives them of a part."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest

from harmsweep.evaluation.model_scores import length, score_column
from harmsweep.model.conf import Evaluation
from harmsweep.model.snapshot import label_column

DAY = date(2026, 10, 1)
OPTIONS = Evaluation(resamples=200, min_groups=5, baseline_rows=10)


MakeFrame = Callable[..., pd.DataFrame]


@pytest.fixture(scope="session")
def options() -> Evaluation:
    return OPTIONS


@pytest.fixture(scope="session")
def make_frame() -> MakeFrame:
    """A function that gives rows as `model_scores` does, each a group of its own."""

    def make(
        labels: dict[str, list[float]], scores: dict[str, list[float]], **columns: Any
    ) -> pd.DataFrame:
        n = len(next(iter(labels.values())))
        facts: dict[str, Any] = {
            "day": [DAY] * n, "post_id": [f"p{i}" for i in range(n)], "revision": [1] * n,
            "split_group": [f"g{i}" for i in range(n)], "dataset": ["sms"] * n,
            "language": ["en"] * n, "author_origin": ["native"] * n, "n_words": [5.0] * n,
            "media": ["words only"] * n,
        }  # fmt: skip
        facts |= {label_column(harm): values for harm, values in labels.items()}
        facts |= {score_column(harm): values for harm, values in scores.items()}
        rows = pd.DataFrame(facts | columns)
        return rows.assign(length=length(rows["n_words"]))

    return make
