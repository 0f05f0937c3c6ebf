"""How many labels a promise takes: the exact binomial, by hand where it can be done by hand."""

import pytest
from scipy import stats

from harmsweep.policy.share_bounds import lower_bound
from harmsweep.release.sample_size import SampleSize, fewest_labels, size_of

OF = {"precision": 0.95, "level": 0.05}


@pytest.mark.parametrize(
    ("labels", "wrong"), [(60, 0), (92, 0), (93, 1), (124, 2), (153, 3), (181, 4), (286, 8)]
)
def test_so_many_of_the_labels_may_be_wrong(labels: int, wrong: int):
    found = size_of(labels, **OF, expected=0.98)
    assert found
    assert found[:2] == (labels, wrong)
    assert found.power == pytest.approx(float(stats.binom.cdf(wrong, labels, 0.02)))
    assert lower_bound(labels - wrong, labels, 0.05) >= 0.95
    assert lower_bound(labels - wrong - 1, labels, 0.05) < 0.95


def test_too_few_labels_show_nothing():
    assert size_of(59, precision=0.5, level=0.05, expected=0.9) is None
    assert size_of(60, precision=0.98, level=0.05, expected=0.99) is None


@pytest.mark.parametrize(("expected", "size"), [(0.99, (124, 2)), (0.98, (234, 6))])
def test_the_fewest_labels_with_a_power_of_080(expected: float, size: tuple[int, int]):
    found = fewest_labels(**OF, expected=expected, power=0.8)
    assert found
    assert found[:2] == size
    assert found.power >= 0.8
    fewer = (size_of(n, **OF, expected=expected) for n in range(60, size[0]))
    assert all(one is None or one.power < 0.8 for one in fewer)


def test_a_model_that_is_no_better_than_its_promise_passes_with_no_number_of_labels():
    assert fewest_labels(**OF, expected=0.95, power=0.8) is None


def test_sixty_labels_are_the_fewest():
    easy = fewest_labels(precision=0.5, level=0.05, expected=0.999, power=0.8)
    assert easy == SampleSize(60, easy.wrong, easy.power) if easy else False
