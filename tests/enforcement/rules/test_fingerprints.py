"""What is a copy of what: literal contents."""

import pytest

from harmsweep.enforcement.rules.fingerprints import Content, MediaFingerprint

TEXT = Content("digest", 5)
PDQ, NEAR, FAR = "f" * 64, "0" * 7 + "f" * 57, "0" * 8 + "f" * 56
# The first is near the other two, which are not near each other.
FIRST, SECOND, THIRD = (
    MediaFingerprint("1", PDQ),
    MediaFingerprint("2", NEAR),
    MediaFingerprint("3", "f" * 57 + "0" * 7),
)


def shown(*media: MediaFingerprint, text: str = "") -> Content:
    return Content(text, 0, media)


@pytest.mark.parametrize(
    ("one", "other", "is_copy"),
    [
        (TEXT, TEXT, True),
        (TEXT, Content("another", 5), False),
        (Content("short", 4), Content("short", 4), False),
        (shown(MediaFingerprint("a", PDQ)), shown(MediaFingerprint("b", NEAR)), True),
        (shown(MediaFingerprint("a", PDQ)), shown(MediaFingerprint("b", FAR)), False),
        (shown(MediaFingerprint("a", None)), shown(MediaFingerprint("a", None)), True),
        (shown(MediaFingerprint("a", None)), shown(MediaFingerprint("b", None)), False),
        (shown(MediaFingerprint(None, None)), shown(MediaFingerprint(None, None)), False),
        (shown(MediaFingerprint("a", PDQ), text="t"), shown(text="t"), False),
        (
            shown(MediaFingerprint("a", PDQ), text="t"),
            shown(MediaFingerprint("a", PDQ), text="x"),
            False,
        ),
    ],
)
def test_a_copy_has_the_same_text_and_near_media(one: Content, other: Content, is_copy: bool):
    assert one.is_copy(other, 5) is other.is_copy(one, 5) is is_copy


@pytest.mark.parametrize(
    ("one", "other", "is_copy"),
    [
        (shown(MediaFingerprint("a", None), MediaFingerprint("a", None)),
         shown(MediaFingerprint("a", None), MediaFingerprint("bad", None)), False),
        (shown(MediaFingerprint("a", None), MediaFingerprint("b", None)),
         shown(MediaFingerprint("b", None), MediaFingerprint("a", None)), True),
        (shown(FIRST, SECOND), shown(FIRST, THIRD), True),
        (shown(SECOND, FIRST), shown(FIRST, THIRD), True),
        (shown(THIRD, THIRD, FIRST), shown(FIRST, SECOND, SECOND), False),
    ],
    ids=["one twice", "another order", "near ones", "near ones, turned", "one too few"],
)  # fmt: skip
def test_each_medium_has_a_near_one_of_its_own(one: Content, other: Content, is_copy: bool):
    assert one.is_copy(other, 5) is other.is_copy(one, 5) is is_copy


def test_many_pictures_that_all_but_pair_off_take_no_time():
    same = [MediaFingerprint("a", None)] * 11
    assert not shown(*same, MediaFingerprint("x", None)).is_copy(
        shown(*same, MediaFingerprint("y", None)), 5
    )
