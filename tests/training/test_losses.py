"""Losses: what each costs on literal rows, and that the plain one is a special case of all."""

import math

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from harmsweep.model.conf import load_training  # noqa: E402
from harmsweep.model.manifest import HeadCounts  # noqa: E402
from harmsweep.training.losses import (  # noqa: E402
    balanced,
    class_weights,
    costs_of,
    cross_entropy,
    focal,
    masked_loss,
    one_of,
    task_weights,
    uncertain,
)

NAN = float("nan")
PLAIN = load_training().fit
COUNTS = (
    HeadCounts(harm="hate", positives=10, negatives=90),
    HeadCounts(harm="spam", positives=200, negatives=200),
)


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


def test_with_weights_the_mean_is_weighted_and_equal_weights_change_nothing() -> None:
    logits = torch.tensor([[0.0], [math.log(3)], [-5.0]])
    labels = torch.tensor([[1.0], [1.0], [NAN]])
    # Costs of log 2 and log 4/3; the third has no label, whatever its weight.
    found = masked_loss(logits, labels, torch.tensor([[3.0], [1.0], [9.0]]))
    assert found.tolist() == pytest.approx([(3 * math.log(2) + math.log(4 / 3)) / 4])
    equal = masked_loss(logits, labels, torch.full((3, 1), 0.2))
    assert equal.tolist() == pytest.approx(masked_loss(logits, labels).tolist())
    assert masked_loss(logits, labels, torch.zeros(3, 1)).tolist() == [0.0]


def test_focal_with_gamma_zero_is_cross_entropy() -> None:
    logits, targets = torch.tensor([[2.0, -1.0]]), torch.tensor([[0.0, 1.0]])
    plain = cross_entropy(logits, targets)
    assert torch.equal(focal(logits, targets, gamma=0.0), plain)
    assert (focal(logits, targets, gamma=2.0) < plain - 0.1).all()


def test_focal_forgives_what_is_nearly_right_as_the_paper_says() -> None:
    """With p = 0.9 and gamma = 2 it costs a hundredth (Lin et al., section 3)."""
    logit = math.log(0.9 / 0.1)
    logits, targets = torch.tensor([[logit, -logit]]), torch.tensor([[1.0, 0.0]])
    assert focal(logits, targets, gamma=2.0).tolist()[0] == pytest.approx(
        [-math.log(0.9) / 100] * 2
    )
    lighter = focal(logits, targets, gamma=2.0, alpha=0.25).tolist()[0]
    assert lighter == pytest.approx([-0.25 * math.log(0.9) / 100, -0.75 * math.log(0.9) / 100])


def test_the_configuration_names_the_cost() -> None:
    logits, targets = torch.tensor([[1.5]]), torch.tensor([[0.0]])
    assert costs_of(PLAIN)(logits, targets) == cross_entropy(logits, targets)
    chosen = PLAIN.model_copy(update={"loss": "focal", "focal_gamma": 3.0})
    assert costs_of(chosen)(logits, targets) == focal(logits, targets, gamma=3.0)


def test_the_softmax_cost_of_a_row_is_that_of_its_classes() -> None:
    targets = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    costs = one_of(torch.zeros(2, 3), targets)
    assert costs.sum(dim=1).tolist() == pytest.approx([math.log(3)] * 2)


def test_class_weights_make_both_classes_count_alike() -> None:
    positive, negative = class_weights(COUNTS).tolist()
    assert positive == pytest.approx([5.0, 1.0]) and negative == pytest.approx([100 / 180, 1.0])
    assert 10 * positive[0] == pytest.approx(90 * negative[0])


def test_with_class_weights_the_base_rate_is_where_the_gradient_vanishes() -> None:
    """So the head that starts there is not pushed away, and plain validation loss can judge it."""
    logits = torch.full((10, 1), math.log(1 / 9), requires_grad=True)
    labels = torch.tensor([[1.0]] + [[0.0]] * 9)
    masked_loss(logits, labels, costs=balanced(cross_entropy, COUNTS[:1])).sum().backward()
    assert logits.grad is not None
    assert float(logits.grad.sum()) == pytest.approx(0, abs=1e-6)
    # One positive pulls as much as nine negatives together, at 0.5 and not at 0.1.
    assert float(logits.grad[0]) == pytest.approx(-0.25)


def test_task_weights_by_labels_grow_with_their_root_and_have_mean_one() -> None:
    chosen = PLAIN.model_copy(update={"task_weights": "sqrt_labels"})
    assert task_weights(COUNTS, chosen).tolist() == pytest.approx([2 / 3, 4 / 3])
    assert task_weights(COUNTS, PLAIN).tolist() == [1.0, 1.0]


def test_uncertainty_settles_where_the_papers_formula_does() -> None:
    """The derivative of exp(-s) L + s / 2 vanishes at s = log 2L."""
    losses = torch.tensor([0.2, 3.0])
    at = torch.log(2 * losses).requires_grad_()
    uncertain(losses, at, torch.tensor([True, True])).sum().backward()
    assert at.grad is not None and at.grad.tolist() == pytest.approx([0.0, 0.0], abs=1e-6)


def test_a_harm_without_labels_in_the_batch_leaves_its_uncertainty_alone() -> None:
    at = torch.zeros(2, requires_grad=True)
    found = uncertain(torch.tensor([0.4, 0.0]), at, torch.tensor([True, False]))
    found.sum().backward()
    assert found.tolist() == pytest.approx([0.4, 0.0])
    assert at.grad is not None and at.grad[1] == 0 and at.grad[0] == pytest.approx(0.1)
