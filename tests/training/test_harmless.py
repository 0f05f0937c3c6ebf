"""Windows of a post without a harm are training rows without it; of others nothing is said."""

import numpy as np
import pytest

pytest.importorskip("torch")

from harmsweep.encoders.stored import STORED
from harmsweep.model.fusion import Input
from harmsweep.model.manifest import HeadCounts
from harmsweep.model.windows import NAME, NUMBERS, windows_of
from harmsweep.training.harmless import with_harmless_windows
from harmsweep.training.task import Task

TEXT = Input(name="text", encoder_id="t", width=2)
HEADS = tuple(HeadCounts(harm=harm, positives=1, negatives=1) for harm in ("hate", "spam"))
TASK = Task(HEADS, (TEXT,), (), windows_of([TEXT], True))


def rows(*counts: int) -> dict[str, np.ndarray]:
    values = [np.ones((n, 2 + len(NUMBERS)), STORED).tobytes() if n else None for n in counts]
    return {
        "text_vector": np.zeros((len(counts), 2), np.float32),
        "text_present": np.ones(len(counts), bool),
        f"{NAME}_vector": np.array([*values, None], dtype=object)[:-1],
    }


def test_only_harmless_windows_have_a_label_and_they_share_their_posts_weight() -> None:
    given = rows(2, 0)
    labels = np.array([[0, 1], [0, np.nan]], np.float32)
    weights = np.array([[0.8, 1.0], [1.0, 0.0]])
    fused, learned, weighed = with_harmless_windows(TASK, given, TASK.fused(given), labels, weights)
    assert fused[:, 0].tolist() == [0, 0, 1, 1]
    assert learned[:2].tolist()[0] == [0, 1] and learned[2:, 0].tolist() == [0, 0]
    assert np.isnan(learned[2:, 1]).all()
    assert weighed is not None
    np.testing.assert_allclose(weighed[:, 0], [0.4, 1.0, 0.2, 0.2])
    assert weighed[0, 1] == 1.0


def test_without_windows_nothing_changes() -> None:
    given = rows(0, 0)
    labels = np.zeros((2, 2), np.float32)
    fused, learned, weighed = with_harmless_windows(TASK, given, TASK.fused(given), labels, None)
    assert len(fused) == len(learned) == 2 and weighed is None
