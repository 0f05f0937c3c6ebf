"""The right names that a wrong one may mean."""

import pytest

from harmsweep.names import advice, near, offer


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("hat", ["hate"]), ("HATE", ["hate"]), ("xyz", []), ("sp", ["spam"]), ("am", [])],
)
def test_the_nearest_names_are_found_in_any_case(name: str, nearest: list[str]) -> None:
    assert near(name, ["hate", "spam"]) == nearest


def test_names_are_given_as_they_are_written() -> None:
    assert near("germany", ["Germany"]) == ["Germany"]


def test_three_are_offered_once_each() -> None:
    assert offer(["a", "b", "a", "c", "d"]) == "; did you mean a or b or c?"
    assert offer([]) == ""


def test_where_none_is_near_few_names_are_listed_and_many_are_not() -> None:
    assert advice("xyz", ["spam", "hate"]) == "; there are hate, spam"
    assert advice("xyz", [f"n{i}" for i in range(41)]) == ""
    assert advice("xyz", []) == ""
    assert advice("hat", ["spam", "hate"]) == "; did you mean hate?"
