"""The network: the wide start, weights that come back as they went."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from harmsweep.model.manifest import HeadCounts, HeadsConfig  # noqa: E402
from harmsweep.model.network import Heads, predict, serialized  # noqa: E402
from harmsweep.training.losses import masked_loss  # noqa: E402

CONFIG = HeadsConfig(harms=("hate", "spam"), width=3, hidden=4, dropout=0.5)


def test_heads_start_at_the_base_rate() -> None:
    heads = Heads(CONFIG).eval()
    heads.start_from(
        [HeadCounts(harm="hate", positives=1, negatives=3),
         HeadCounts(harm="spam", positives=1, negatives=1)]
    )  # fmt: skip
    scores = predict(heads, np.ones((1, 3), dtype=np.float32))
    assert scores[0] == pytest.approx([0.25, 0.5])


def test_probabilities_stay_in_range_for_any_finite_input() -> None:
    torch.manual_seed(1)
    heads = Heads(CONFIG).eval()
    with torch.no_grad():
        heads.wide.weight.normal_(0, 100)
    scores = predict(heads, np.float32([[1e4, -1e4, 3], [0, 0, 0], [-1e6, 1e6, 1e6]]))
    assert ((scores >= 0) & (scores <= 1)).all()


def test_weights_come_back_equal_and_equal_weights_are_equal_bytes(tmp_path: Path) -> None:
    from safetensors.torch import load

    first, second = Heads(CONFIG), Heads(CONFIG)
    second.load_state_dict(load(serialized(first)))
    assert serialized(second) == serialized(first)


def test_a_head_does_not_see_the_columns_that_it_does_not_keep() -> None:
    heads = some_heads(visible_columns={"spam": np.array([0, 2])})
    rows = np.float32([[1, 2, 3], [1, -9, 3]])
    scores = predict(heads, rows)
    assert scores[0, 1] == scores[1, 1] and scores[0, 0] != scores[1, 0]


def test_the_other_heads_are_as_if_every_head_saw_all() -> None:
    rows = np.float32([[1, 2, 3], [4, 5, -6]])
    whole = predict(some_heads(), rows)
    partly = predict(some_heads(visible_columns={"hate": np.array([1, 2])}), rows)
    assert np.allclose(partly[:, 1], whole[:, 1], atol=1e-7)
    assert not np.allclose(partly[:, 0], whole[:, 0], atol=1e-3)


def test_weights_of_columns_that_a_head_does_not_see_never_move() -> None:
    heads = Heads(CONFIG, visible_columns={"spam": np.array([0])})
    optimiser = torch.optim.AdamW(heads.parameters(), lr=0.1, weight_decay=0.0)
    loss = masked_loss(heads(torch.randn(8, 3)), torch.ones(8, 2)).sum()
    (loss + heads.wide_penalty(torch.tensor([8, 8]), 1.0)).backward()
    optimiser.step()
    assert heads.wide.weight[1, 1:].tolist() == [0, 0] and heads.wide.weight[1, 0] != 0


def some_heads(**visible: Any) -> Heads:
    torch.manual_seed(3)
    heads = Heads(CONFIG, **visible).eval()
    with torch.no_grad():
        for weight in (heads.wide.weight, heads.deep.weight):
            weight.normal_()
    return heads
