"""Views are read where a snapshot has them, also for a model that does not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harmsweep.evaluation.model_scores import VIEWS, model_scores

pytestmark = pytest.mark.torch


def test_views_come_from_the_files_that_have_them(
    make_model: Callable[..., Path], snapshot: Path, tmp_path: Path
) -> None:
    model = make_model(tmp_path / "m")
    assert model_scores(snapshot / "test", model)[VIEWS].isna().all()
    plain = pq.read_table(snapshot / "test" / "part-00000.parquet")
    seen = np.arange(len(plain), dtype=float)
    pq.write_table(plain, tmp_path / "part-00000.parquet")
    pq.write_table(plain.append_column(VIEWS, pa.array(seen)), tmp_path / "part-00001.parquet")
    views = model_scores(tmp_path, model)[VIEWS].to_numpy()
    np.testing.assert_array_equal(views, np.r_[np.full(len(plain), np.nan), seen])
