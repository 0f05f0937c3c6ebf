import pytest

from harmsweep.text.lexicon import form_rank, is_contraction, is_form, segment


@pytest.mark.parametrize("word", ["dishonest", "dumbest", "despicable", "eradicate"])
def test_a_word_that_the_tokenizer_splits_is_a_word(word: str) -> None:
    assert is_form(word)


@pytest.mark.parametrize("letters", ["yre", "f4got", "xqzvw"])
def test_rare_letters_are_no_word(letters: str) -> None:
    assert not is_form(letters)


def test_words_beyond_the_vocabulary_are_rarer_than_its_own() -> None:
    assert form_rank("honest") < form_rank("dishonest") < form_rank("despicably")


def test_letters_without_spaces_are_the_longer_words() -> None:
    assert segment("adishonestdeal") == ["a", "dishonest", "deal"]


@pytest.mark.parametrize("word", ["don't", "they're", "we'll", "let's"])
def test_a_contraction_is_known(word: str) -> None:
    assert is_contraction(word)


@pytest.mark.parametrize("word", ["of't", "the'm", "a's"])
def test_other_letters_behind_an_apostrophe_are_none(word: str) -> None:
    assert not is_contraction(word)
