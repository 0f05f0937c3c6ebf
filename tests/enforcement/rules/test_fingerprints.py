"""What is a copy of what: literal contents."""

import pytest

from harmsweep.enforcement.rules.fingerprints import Content, Medium

TEXT = Content("digest", 5)
PDQ, NEAR, FAR = "f" * 64, "0" * 7 + "f" * 57, "0" * 8 + "f" * 56
# The first is near the other two, which are not near each other.
FIRST, SECOND, THIRD = Medium("1", PDQ), Medium("2", NEAR), Medium("3", "f" * 57 + "0" * 7)


def shown(*media: Medium, text: str = "") -> Content:
    return Content(text, 0, media)


@pytest.mark.parametrize(
    ("one", "other", "is_copy"),
    [
        (TEXT, TEXT, True),
        (TEXT, Content("another", 5), False),
        (Content("short", 4), Content("short", 4), False),
        (shown(Medium("a", PDQ)), shown(Medium("b", NEAR)), True),
        (shown(Medium("a", PDQ)), shown(Medium("b", FAR)), False),
        (shown(Medium("a", None)), shown(Medium("a", None)), True),
        (shown(Medium("a", None)), shown(Medium("b", None)), False),
        (shown(Medium(None, None)), shown(Medium(None, None)), False),
        (shown(Medium("a", PDQ), text="t"), shown(text="t"), False),
        (shown(Medium("a", PDQ), text="t"), shown(Medium("a", PDQ), text="x"), False),
    ],
)
def test_a_copy_has_the_same_text_and_near_media(one: Content, other: Content, is_copy: bool):
    assert one.is_copy(other, 5) is other.is_copy(one, 5) is is_copy


@pytest.mark.parametrize(
    ("one", "other", "is_copy"),
    [
        (shown(Medium("a", None), Medium("a", None)),
         shown(Medium("a", None), Medium("bad", None)), False),
        (shown(Medium("a", None), Medium("b", None)),
         shown(Medium("b", None), Medium("a", None)), True),
        (shown(FIRST, SECOND), shown(FIRST, THIRD), True),
        (shown(SECOND, FIRST), shown(FIRST, THIRD), True),
        (shown(THIRD, THIRD, FIRST), shown(FIRST, SECOND, SECOND), False),
    ],
    ids=["one twice", "another order", "near ones", "near ones, turned", "one too few"],
)  # fmt: skip
def test_each_medium_has_a_near_one_of_its_own(one: Content, other: Content, is_copy: bool):
    assert one.is_copy(other, 5) is other.is_copy(one, 5) is is_copy


def test_many_pictures_that_all_but_pair_off_take_no_time():
    same = [Medium("a", None)] * 11
    assert not shown(*same, Medium("x", None)).is_copy(shown(*same, Medium("y", None)), 5)
