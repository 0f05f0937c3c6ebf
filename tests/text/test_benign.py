"""Benign texts in many languages are left as they are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harmsweep.text.cleaning import clean
from harmsweep.text.disguise import legible, normalise

TEXTS = Path(__file__).resolve().parents[1] / "benign" / "texts.tsv"
# Written in Latin letters; every other language of the set is in another script.
LATIN = """
ca cs cy da de en eo es et eu fi fr ga gl hr hu id is it la lt lv mt nl no pl pt ro sk sl sq sv sw
tl tr vi yo
"""


def lines() -> Iterator[tuple[str, str]]:
    for line in TEXTS.read_text(encoding="utf-8").splitlines():
        language, _, text = line.split("\t")
        yield language, text


def test_the_set_is_large_and_of_many_languages() -> None:
    languages = [language for language, _ in lines()]
    assert len(languages) >= 300
    assert len(set(languages)) >= 20
    assert len(set(languages) - set(LATIN.split())) >= 20


def test_at_most_one_line_in_a_hundred_is_changed() -> None:
    cleaned = [clean(text) for _, text in lines()]
    changed = [text for text in cleaned if normalise(text) != legible(text)]
    assert len(changed) <= len(cleaned) / 100, changed


@pytest.mark.parametrize(
    "language", sorted({language for language, _ in lines()} - set(LATIN.split()))
)
def test_no_line_of_another_script_is_changed(language: str) -> None:
    cleaned = [clean(text) for found, text in lines() if found == language]
    assert [text for text in cleaned if normalise(text) != legible(text)] == []
