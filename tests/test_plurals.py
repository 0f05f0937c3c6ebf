"""What is counted is in the plural unless there is one."""

import pytest

from harmsweep.plurals import counted


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 trials"), (1, "1 trial"), (2, "2 trials"), (1000, "1,000 trials")]
)
def test_one_is_no_plural(number: int, told: str) -> None:
    assert counted(number, "trial") == told
