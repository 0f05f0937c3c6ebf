"""The baselines take labels as the heads do: by weight, and by hand alone as the truth."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harmsweep.encoders.stored import stored
from harmsweep.evaluation.baseline import fit_baseline, leave_one_group_out
from harmsweep.model.snapshot import PARTS

pytestmark = pytest.mark.torch

ROWS, WIDTH = 200, 4
RNG = np.random.default_rng(1)
TRUTH = RNG.random(ROWS) < 0.5
VECTORS = RNG.normal(size=(ROWS, WIDTH)) + TRUTH[:, None]
WRONG = np.arange(ROWS) % 4 == 0
OF = {"harm": "spam", "dataset": "sms", "baseline": "text"}


def write(part: Path, labels: np.ndarray, **columns: np.ndarray) -> Path:
    part.mkdir(parents=True)
    shared = {
        "text_vector": pa.array(stored(VECTORS), pa.binary()),
        "text_present": [True] * ROWS,
        "dataset": ["sms"] * ROWS,
        "split_group": [f"g{n // 40}" for n in range(ROWS)],
        "label_spam": labels.astype(np.float32),
    }
    pq.write_table(pa.table(shared | columns), part / "part-00000.parquet")
    return part


def fitted(part: Path) -> np.ndarray:
    model = fit_baseline(part, "spam", "text", rows=ROWS)
    assert model is not None
    return np.append(model.coef_, model.intercept_)


def test_labels_that_count_nothing_change_nothing_and_equal_weights_are_none(
    tmp_path: Path,
) -> None:
    misled = np.where(WRONG, ~TRUTH, TRUTH)
    of = {
        "right": write(tmp_path / "a", np.where(WRONG, np.nan, TRUTH)),
        "light": write(tmp_path / "b", misled, weight_spam=np.where(WRONG, 1e-6, 1.0)),
        "full": write(tmp_path / "c", misled, weight_spam=np.ones(ROWS, np.float32)),
        "none": write(tmp_path / "d", misled),
    }
    found = {name: fitted(part) for name, part in of.items()}
    assert found["light"] == pytest.approx(found["right"], abs=1e-3)
    assert np.array_equal(found["full"], found["none"])
    assert np.abs(found["full"] - found["right"]).max() > 0.1


def test_a_held_out_label_that_is_not_by_hand_is_no_truth(tmp_path: Path) -> None:
    for part in PARTS[1:]:
        (tmp_path / part).mkdir()
    by_hand = np.arange(ROWS) < 100
    write(tmp_path / "train", TRUTH, hand_spam=by_hand)
    folds = list(leave_one_group_out(tmp_path, OF, rows=ROWS))
    # Five groups of 40; the hand labelled two and a half.
    assert [len(truth) for truth, _ in folds] == [40, 40, 20]
    assert np.array_equal(np.concatenate([truth for truth, _ in folds]), TRUTH[:100])
