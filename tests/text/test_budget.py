"""What a hostile text costs is bounded by count, and what it left unread is said."""

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from harmsweep.model.text_windows import text_windows
from harmsweep.text import budget, leet, spaced, symbols
from harmsweep.text.budget import LOOKUPS, affordable
from harmsweep.text.cleaning import MAX_CHARS, clean
from harmsweep.text.lexicon import cost, form_rank, segment
from harmsweep.text.words import words

HARM = "these people are liars and should go"


SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "benchmarks" / "hostile_texts.py"
KINDS = runpy.run_path(str(SCRIPT))["hostile"]
LONG, SHORT = KINDS(MAX_CHARS), KINDS(600)
LETTERS = LONG["letters run together"]
# Of these every letter can be read: their steps take the text's length only.
WHOLE = {
    *("camel case", "a slug", "short links", "tags", "quotes", "marks alone", "plain prose"),
    *("exclamation marks", "exclamation marks apart", "turned letters", "homoglyphs"),
}


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The look-ups that were asked for and made."""
    made: list[int] = []
    plain = budget.Budget.read

    def counted(self: budget.Budget, number: int, *rest: object) -> object:
        before = self.left
        found = plain(self, number, *rest)  # type: ignore[arg-type]
        made.append(before - self.left)
        return found

    monkeypatch.setattr(budget.Budget, "read", counted)
    return made


@pytest.mark.parametrize("name", LONG)
def test_a_hostile_text_costs_no_more_than_its_budgets(name: str, lookups: list[int]) -> None:
    found = words(LONG[name])
    # One for each of clean, normal and legible.
    assert sum(lookups) <= 3 * LOOKUPS
    assert found["in_part"] is (name not in WHOLE)


@pytest.mark.parametrize("name", SHORT)
def test_a_short_text_of_the_same_kind_is_read_whole(name: str) -> None:
    assert not words(SHORT[name])["in_part"]


def test_segmenting_asks_for_as_many_words_as_it_pays_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def counted(word: str) -> float:
        asked.append(word)
        return cost(word)

    monkeypatch.setattr("harmsweep.text.lexicon.cost", counted)
    segment(LETTERS[:500])
    assert len(asked) <= 18 * 500


def test_a_plain_harm_behind_a_hostile_text_has_its_window() -> None:
    found = words(f"{LONG['letters apart'][:10_000]}. {HARM}.")
    assert found["in_part"]
    assert any(HARM in window for window in text_windows(found["normal_text"]))


def test_a_disguised_harm_behind_a_hostile_text_stays_and_is_said() -> None:
    disguised = " ".join(HARM.replace(" ", ""))
    assert words(f"{LONG['groups of letters'][:1500]}. {disguised}.")["normal_text"].endswith(
        f"{HARM}."
    )
    found = words(f"{LONG['groups of letters'][:9000]}. {disguised}.")
    assert found["normal_text"].endswith(f"{disguised}.")
    assert found["in_part"]


def test_a_run_that_is_too_long_leaves_the_budget_to_others() -> None:
    found = words(f"{'.'.join(LETTERS[:9000])}! You l.i.a.r. and id1ot")
    assert found["normal_text"].endswith("You liar. and idiot")
    assert found["in_part"]


def test_the_same_letters_are_paid_once() -> None:
    with budget.budget() as own:
        assert all(affordable(LOOKUPS, len, "letters") == 7 for _ in range(3))
        assert not own.exceeded
        assert affordable(1, len, "more") is None
        assert own.exceeded


def test_a_budget_learns_what_one_within_it_left_unread() -> None:
    with budget.budget() as whole:
        with budget.budget():
            affordable(LOOKUPS + 1, len, "letters")
        assert affordable(LOOKUPS, len, "letters") == 7
    assert whole.exceeded


def test_without_a_budget_everything_is_read() -> None:
    assert affordable(LOOKUPS + 1, len, "letters") == 7


@pytest.mark.parametrize(
    "unit", ["! ", "!.", "@.", "a.", "\u0301\u0327", "\u0301\u200b\u0327\u200b"]
)
@pytest.mark.parametrize("end", ["", "ab"])
def test_what_is_searched_again_and_again_is_bounded(unit: str, end: str) -> None:
    # Squared, this takes minutes and more.
    text = unit * ((MAX_CHARS - 2) // len(unit)) + end
    assert len(text_windows(words(text)["normal_text"])) <= 64


@pytest.mark.parametrize("read", [form_rank, lambda word: leet.undo_leet(f"{word} 1d1ot")])
def test_a_word_of_a_whole_text_is_none(read: Callable[[str], object]) -> None:
    assert read("a" * MAX_CHARS) in (10**6, f"{'a' * MAX_CHARS} idiot")


def test_marks_beyond_thirty_on_a_letter_are_dropped() -> None:
    assert len(clean("x" + "\u0336\u0327" * 50_000)) <= 31


def test_a_run_ends_before_a_word() -> None:
    assert spaced.undo_spacing("l i a r x@home, f.r.a.u.d.s x.y.z.ab c.h.e.a.t") == (
        "liar x@home, frauds x.y.z.ab cheat"
    )


def test_symbols_that_are_too_many_part_the_letters() -> None:
    with budget.budget() as own:
        text = symbols.without_symbols(LONG["emoji between letters"])
    assert (text, own.exceeded) == (LONG["letters apart"].strip(), True)
