"""Clean and normal texts, and their language."""

import pytest

from harmsweep.text.words import detect, words


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The weather in the mountains is lovely this morning", "en"),
        ("Das Wetter in den Bergen ist heute Morgen sehr schön", "de"),
        ("今天早上山里的天气很好", "zh"),
    ],
)
def test_a_sentence_has_its_language_with_a_probability(text: str, language: str) -> None:
    found, score = detect(text)
    assert found == language
    assert score is not None
    assert 0.5 < score <= 1


@pytest.mark.parametrize("text", ["", "ok", "http @user", "12345 67890", "😀😀😀😀"])
def test_a_short_text_is_undetermined(text: str) -> None:
    assert detect(text) == ("und", None)


def test_words_of_a_missing_text_are_those_of_an_empty_one() -> None:
    found = words(None)
    assert (found["clean_text"], found["language"], found["n_words"]) == ("", "und", 0)


def test_words_keep_the_disguise_and_undo_it() -> None:
    found = words("You are a l1ar &amp; a f.r.a.u.d")
    assert found["clean_text"] == "You are a l1ar & a f.r.a.u.d"
    assert found["normal_text"] == "You are a liar & a fraud"
    assert found["n_disguises"] == 2


def test_the_language_is_that_of_the_text_without_its_disguise() -> None:
    disguised = "T h i s   i s   a   q u i e t   a f t e r n o o n   b y   t h e   l a k e"
    assert words(disguised)["language"] == "en"
