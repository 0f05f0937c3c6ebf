"""The worst errors are the furthest on the wrong side, and their texts are their own."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import deltalake
import pandas as pd
import pyarrow as pa

from harmsweep.evaluation.worst_errors import FLAGGED, MISSED, texts, worst


def test_the_furthest_on_the_wrong_side_come_first(make_frame: Callable[..., pd.DataFrame]):
    rows = make_frame(
        {"spam": [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, float("nan")]},
        {"spam": [0.2, 0.4, 0.9, 0.1, 0.3, 0.8, 1.0]},
    )
    found = [(e["kind"], e["post_id"], e["score"]) for e in worst(rows, ["spam"])]
    assert found == [
        (FLAGGED, "p5", 0.8), (FLAGGED, "p4", 0.3), (MISSED, "p0", 0.2), (MISSED, "p1", 0.4),
    ]  # fmt: skip


def test_a_head_that_errs_nowhere_has_no_errors(make_frame: Callable[..., pd.DataFrame]):
    labels = {"spam": [1.0, 0.0], "hate": [0.0, 0.0]}
    rows = make_frame(labels, {"spam": [0.9, 0.1], "hate": [0.9, 0.1]})
    assert list(worst(rows, ["spam", "hate"])) == []


def test_a_text_is_that_of_the_day_post_and_revision(
    make_frame: Callable[..., pd.DataFrame], tmp_path: Path
):
    day, n = date(2026, 10, 1), 4
    stored = pa.table(
        {
            "day": pa.array([day] * 2, pa.date32()),
            "post_id": ["test-4", "test-8"],
            "revision": pa.array([1] * 2, pa.int32()),
            "clean_text": ["zanzibar 4", "zanzibar 8"],
        }
    )
    deltalake.write_deltalake(str(tmp_path / "post_features_v1"), stored)
    rows = make_frame(
        {"spam": [1.0] * n}, {"spam": [0.5] * n},
        post_id=["test-8", "test-4", "test-4", "test-4"],
        revision=[1, 1, 2, 1],
        day=[day] * 3 + [date(2026, 10, 2)],
    )  # fmt: skip
    found = texts(tmp_path, rows.set_index(pd.Index([7, 5, 3, 1])))
    assert found[7] == "zanzibar 8" and found[5] == "zanzibar 4"
    assert found.loc[[3, 1]].isna().all()
