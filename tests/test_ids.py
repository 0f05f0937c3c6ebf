"""What an id may be."""

import sys
import unicodedata

import pytest
from odd_ids import ODD_IDS, REFUSED_IDS

from harmsweep.ids import is_id, why_no_id


def test_there_are_about_two_hundred_odd_ids() -> None:
    assert 200 <= len(ODD_IDS) <= 300


@pytest.mark.parametrize("text", ODD_IDS)
def test_whatever_is_visible_may_be_an_id(text: str) -> None:
    assert is_id(text)
    assert why_no_id(text) == ""


@pytest.mark.parametrize("text", REFUSED_IDS)
def test_white_space_and_control_characters_may_not(text: str) -> None:
    assert not is_id(text)
    assert "none of them white space" in why_no_id(text)


def test_the_rule_leaves_out_unicodes_controls_and_separators_and_nothing_else() -> None:
    every = (chr(code) for code in range(sys.maxunicode + 1))
    wrong = [
        char for char in every if is_id(char) == (unicodedata.category(char)[0:2] in _LEFT_OUT)
    ]
    assert not wrong


_LEFT_OUT = {"Cc", "Zs", "Zl", "Zp"}
