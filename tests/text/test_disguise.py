"""Disguises are undone, once and for all, and in time that grows with the text only."""

# ruff: noqa: RUF001 (letters that look alike are what is tested)

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmsweep.text.cleaning import MAX_CHARS, clean
from harmsweep.text.disguise import disguised_words, normalise

PARTS = (
    *(
        "k i l l",
        "k.i.l.l",
        "h4te",
        "soooo",
        "@ss",
        "$h1t",
        "th3",
        "4ll",
        "1s",
        "70",
        "don't",
        "a b c",
    ),
    *(
        "р\u0430i\u03b7",
        "e\u0301\u0301",
        "k\u0336",
        "(k)(i)(l)",
        "\U0001f170",
        "\U0001f171\U0001f17e",
    ),
    *("d o n ' t", "i.s", "t o", "", "\U0001f1f0", "\ufe0f", "\u200d", "İ", "ß", "a", "'", "-"),
)
DISGUISED = st.lists(st.sampled_from(PARTS), max_size=12)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("what a l\u200di\u034far", "what a liar"),
        ("th\u0456s is fr\u0430ud", "this is fraud"),
        ("s\u03bfme \u0455tr\u0430nge \u03c5tter\u0430nce", "some strange utterance"),
        ("they \u03b1re ba\u0501 for all", "they are bad for all"),
        ("\u1d04\u029c\u1d07\u1d00\u1d1b", "cheat"),
        ("c̶h̶e̶a̶t̶ and l̶̷i̴̵a̸̶r", "cheat and liar"),
        ("c\u0300\u0301\u0302he\u0300\u0301\u0302\u0303at", "cheat"),
        ("\U0001f172\U0001f177\U0001f174\U0001f170\U0001f183", "CHEAT"),
        (
            "\U0001f1f1 \U0001f1ee \U0001f1e6 \U0001f1f7 from \U0001f1e9\U0001f1ea",
            "LIAR from",
        ),
        ("(l)(i)(a)(r)", "liar"),
        ("you l i a r and c.h.e.a.t", "you liar and cheat"),
        ("y o u a r e a l i a r", "you are a liar"),
        ("t h i s  i s  a  s c a m", "this is a scam"),
        ("I d o n ' t  l i k e  y o u", "I don't like you"),
        ("an id1ot, a l1ar, an @ss; $tup1d sh!t!", "an idiot, a liar, an ass; stupid shit!"),
        ("h4te th3m 4ll, 7hey're l1ars", "hate them all, they're liars"),
        ("it'5 a b4d l13", "it's a bad lie"),
        ("5cum and p4r4$!73s", "scum and parasites"),
        ("soooo baaaad, I haaaate it", "so bad, I hate it"),
    ],
)
def test_a_disguise_is_undone(text: str, normal: str) -> None:
    assert normalise(clean(text)) == normal


@pytest.mark.parametrize(
    "text",
    [
        "Привет, как дела? Сор и рот.",
        "Αυτό είναι ένα τεστ, το α και το ο",
        "TNFα, μg, Δt and the α-helix",
        "tiếng Việt, ẹ̀kọ́, Ångström, ğüneş ışık sarı",
        "meet at 4 pm or 4pm, gate B4, $5, 1st of 3rd",
        "B2B, mp3, covid19, v1.2.3, 10.0.0.5, #nyc2024, C6H12O6",
        "U.S.A., e.g., J. R. R. Tolkien, a b c, E A D G B E",
        "orders 4b35c701, 7357478 and R2D24C3P0",
        "A$AP and Kinderkanal",
        "Schifffahrt, jäääär, XXXIII, www, AAA, hmm",
        "mail info@example.org or call @user, now!still",
    ],
)
def test_what_is_no_disguise_stays(text: str) -> None:
    assert normalise(text) == text


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(st.characters(codec=None), max_size=60), DISGUISED.map(" ".join)))
def test_a_second_time_changes_nothing(text: str) -> None:
    once = normalise(clean(text))
    assert normalise(once) == once


@settings(max_examples=200, deadline=None)
@given(DISGUISED.map("".join))
def test_disguises_without_spaces_are_settled_at_once_too(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


def test_words_that_were_disguised_are_counted_in_the_clean_text() -> None:
    text = "a l1ar is a l1ar, k i l l"
    assert normalise(text) == "a liar is a liar, kill"
    assert disguised_words(text, normalise(text)) == 6
    assert disguised_words("plain words", "plain words") == 0


@pytest.mark.parametrize(
    "unit", ["a ", "k i l l ", "h4te ", "@$", "а", "xаyо ", "a@b ", "e\u0301\u0301"]
)
def test_the_longest_text_takes_seconds(unit: str) -> None:
    text = (unit * MAX_CHARS)[:MAX_CHARS]
    started = time.process_time()
    normalise(text)
    assert time.process_time() - started < 20
