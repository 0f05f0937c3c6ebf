"""Texts are repaired, cleaned and counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmsweep.text.cleaning import MAX_CHARS, clean, repair, text_numbers

ANY_CHARACTER = st.text(st.characters(codec=None))


def test_a_whole_text_stays_as_it_is() -> None:
    assert repair("Grüße ❤️\n") == ("Grüße ❤️\n", [])


def test_nul_is_removed_and_flagged() -> None:
    assert repair("a\x00b") == ("ab", ["nul"])


def test_a_lone_surrogate_is_replaced_and_flagged() -> None:
    assert repair("a\ud800b") == ("a\ufffdb", ["invalid_utf8"])


def test_a_long_text_is_cut_and_flagged() -> None:
    text, flags = repair("a" * (MAX_CHARS + 1))
    assert (len(text), flags) == (MAX_CHARS, ["capped"])


@given(ANY_CHARACTER)
def test_a_repaired_text_is_valid_utf8_without_nul(text: str) -> None:
    assert b"\x00" not in repair(text)[0].encode("utf-8")


@given(ANY_CHARACTER)
def test_any_text_can_be_cleaned_and_counted(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert text_numbers(text, cleaned)["n_chars"] == len(cleaned)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("I &lt;3 you &amp; &#8220;him&#8221;", 'I <3 you & "him"'),
        ("go to https://a.example/x?y=1#z, now", "go to http, now"),
        ("see WWW.a.example", "see http"),
        ("@anna: mail me@home.example", "@user: mail me@home.example"),
        ("\uff26\uff32\uff25\uff25 \ufb01le", "FREE file"),
        ("ki\u200bll\u00ad him\u202e", "kill him"),
        (" a \n\t b\u00a0c ", "a b c"),
        ("h a t e   y o u   all", "h a t e  y o u all"),
        ("a \u202edneirf\u202c of mine", "a friend of mine"),
        ("what an @ss @anna is", "what an @ss @user is"),
        ("b4d p3ople @ll", "b4d p3ople @ll"),
        ("see @all at @anna@social.example", "see @user at @user@social.example"),
        ("schÃ¶n", "schön"),
        (None, ""),
    ],
    ids=[
        "entities",
        "link",
        "bare",
        "mention",
        "NFKC",
        "invisible",
        "space",
        "gaps",
        "backwards",
        "rude",
        "leetspeak",
        "names",
        "mojibake",
        "none",
    ],
)
def test_clean(text: str | None, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_numbers_count_the_original() -> None:
    text = "WOW!! #deal #now @anna https://a.example/1 ❤ 12"
    numbers = text_numbers(text, clean(text))
    counts = ["n_urls", "n_mentions", "n_hashtags", "n_emoji", "n_exclamations", "n_words"]
    assert [numbers[name] for name in counts] == [1, 1, 2, 1, 2, 7]


def test_an_entity_is_no_hashtag() -> None:
    assert text_numbers("&#8220;", clean("&#8220;"))["n_hashtags"] == 0


def test_the_shares_of_an_empty_text_are_unknown() -> None:
    numbers = text_numbers(None, "")
    assert (numbers["upper_share"], numbers["digit_share"], numbers["n_chars"]) == (None, None, 0)
