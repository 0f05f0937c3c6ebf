"""The network: masked loss, the wide start, weights that come back as they went."""

import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from harmsweep.manifest import HeadCounts, HeadsConfig  # noqa: E402
from harmsweep.model import Heads, masked_loss, predict, serialized  # noqa: E402

CONFIG = HeadsConfig(harms=("hate", "spam"), width=3, hidden=4, dropout=0.5)
NAN = float("nan")


def test_absent_labels_cost_nothing_and_move_nothing() -> None:
    logits = torch.tensor([[2.0, -1.0], [0.5, 3.0]], requires_grad=True)
    labels = torch.tensor([[1.0, NAN], [NAN, 0.0]])
    masked_loss(logits, labels).sum().backward()
    assert logits.grad is not None
    assert logits.grad[0, 1] == 0 and logits.grad[1, 0] == 0
    assert logits.grad[0, 0] < 0 < logits.grad[1, 1]


def test_the_loss_of_a_harm_is_the_mean_over_its_own_labels() -> None:
    logits = torch.zeros(3, 2)
    labels = torch.tensor([[1.0, NAN], [0.0, NAN], [NAN, 1.0]])
    assert masked_loss(logits, labels).tolist() == pytest.approx([math.log(2)] * 2)


def test_a_harm_without_labels_costs_zero_not_nan() -> None:
    assert masked_loss(torch.zeros(2, 1), torch.full((2, 1), NAN)).tolist() == [0.0]


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
