"""A post or account that nobody knows is refused with the nearest that somebody does."""

import pytest
from builders import post

from harmsweep.enforcement.state.posts import find_post
from harmsweep.errors import DataRefused
from harmsweep.review.allow_list import exempt


@pytest.mark.parametrize("name", ["remved", "Removed", "removedd", "xremoved", "removde"])
def test_a_slip_of_a_finger_is_refused_with_the_post_that_was_meant(held, name: str) -> None:
    with pytest.raises(DataRefused, match=f"no accepted post {name}; did you mean removed"):
        find_post(held.root, name)


def test_a_post_that_is_like_none_is_refused_alone(held) -> None:
    with pytest.raises(DataRefused, match=r"no accepted post 12345678$"):
        find_post(held.root, "12345678")


def test_what_is_no_id_is_refused_by_the_rule(held) -> None:
    with pytest.raises(DataRefused, match="an id has 1 to 128 characters"):
        find_post(held.root, "two words")


def test_quotes_in_an_id_are_looked_for_as_they_are(held) -> None:
    held.put_posts([post("it's'so")])
    with pytest.raises(DataRefused, match="did you mean it's'so"):
        find_post(held.root, "it's'no")


def test_an_account_is_refused_with_the_nearest_author(held) -> None:
    held.put_posts([post("p1", author_id="anna-maria")])
    with pytest.raises(DataRefused, match="no account anna-mara; did you mean anna-maria"):
        exempt(held.root, "account", "anna-mara", kind="newsworthy", until=None, reason="")
