"""Weights by the inverse of chances, on planted truth: what they right, and what a cap leaves."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from harmsweep.evaluation.weighted_shares import effective_size
from harmsweep.labels.weights import inverse_weights

POSTS = 40_000


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Posts with a feature, whether they are harmful, and the chance that they are labelled.

    Harm hangs on the feature by a curve that no straight line follows, so that where a regression
    lies is decided by the posts that it sees.
    """
    rng = np.random.default_rng(3)
    feature = rng.normal(size=POSTS)
    truth = rng.random(POSTS) < 1 / (1 + np.exp(2.5 - feature - 0.8 * np.maximum(feature, 0) ** 2))
    chances = np.clip(0.02 + 0.4 * (feature > 1), 0, 1)
    return feature, truth, chances


def test_a_model_of_a_biased_sample_is_right_of_all_posts_by_weights_alone(planted):
    feature, truth, chances = planted
    seen = np.random.default_rng(4).random(POSTS) < chances
    weights = inverse_weights(chances[seen], cap=100)

    def told(sample_weight: np.ndarray | None) -> float:
        model = LogisticRegression(C=1e6)
        model.fit(feature[seen, None], truth[seen], sample_weight=sample_weight)
        return float(model.predict_proba(feature[:, None])[:, 1].mean())

    true = truth.mean()
    assert truth[seen].mean() > 2 * true
    assert told(None) < 0.9 * true
    assert told(weights) == pytest.approx(true, rel=0.06)


def test_the_mean_is_1_and_the_ratios_are_those_of_the_chances():
    weights = inverse_weights(np.array([0.5, 0.25, 0.1]), cap=10)
    assert weights.mean() == pytest.approx(1)
    assert weights / weights[0] == pytest.approx([1, 2, 5])
    assert len(inverse_weights(np.zeros(0), cap=10)) == 0


@pytest.mark.parametrize("cap", [1.5, 3.0, 10.0])
def test_a_cap_keeps_as_much_of_the_labels_as_it_says(cap: float):
    chances = np.r_[np.full(500, 0.9), np.full(20, 0.001), np.full(3, 0.00001)]
    weights = inverse_weights(chances, cap=cap)
    assert weights.mean() == pytest.approx(1)
    assert weights.max() <= cap * (1 + 1e-9)
    assert effective_size(weights) >= len(chances) / cap
    # No more is cut than the cap asks for.
    assert weights.max() >= cap * (1 - 1e-9)
    assert effective_size(inverse_weights(chances, cap=1e9)) < 4
