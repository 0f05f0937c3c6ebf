"""From scores to Arrow columns."""

import numpy as np

from harmsweep.stages.score.score_batches import as_columns


def test_a_score_that_is_no_number_stays_one() -> None:
    nan, half = (column.to_pylist()[0] for column in as_columns(np.array([[np.nan, 0.5]])))
    assert np.isnan(nan) and half == 0.5
