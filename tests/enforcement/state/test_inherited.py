"""What a copy has from the verdicts on what it copies: the guards, on literal verdicts."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from harmsweep.enforcement.conf import Copies
from harmsweep.enforcement.state.copies import Verdict, Vote, inherit

DAY, SOON = date(2026, 10, 1), datetime(2026, 10, 2, tzinfo=UTC)
CONF = Copies(reviewers=2, purity=1.0, budget=3, least_words=5)
HATE, SPAM, LOOK = ("hate", "remove"), ("spam", "label"), ("hate", "review")


def harmful(post: str, **asked: tuple[str, str]) -> Verdict:
    """A post that reviewers found harmful, with what each asks for, the newest last."""
    votes = tuple(Vote(name, *what, f"{post}-{name}") for name, what in asked.items())
    harm, action = votes[-1].request
    newest = votes[-1].verdict_id
    return Verdict(newest, DAY, post, 1, "harmful", harm, action, SOON, votes)


HARMFUL = harmful("p1", ann=HATE, bob=HATE)
BENIGN = Verdict("v2", DAY, "p2", 1, "benign", None, None, SOON)


def outcomes(
    copies: dict[str, list[Verdict]],
    good: frozenset[str] = frozenset(),
    in_force: frozenset[str] = frozenset(),
    **conf: Any,
) -> dict[str, tuple[str, str]]:
    found = inherit(copies, good, CONF.model_copy(update=conf), in_force=in_force)
    return {post: (has.outcome, has.why) for post, has in found.items()}


def asked(*given: Verdict) -> tuple[str | None, str] | None:
    """The harm and action that a copy of these posts gets from them."""
    found = inherit({"c": given}, set(), CONF).get("c")
    return (
        (found.instruction.harm, found.instruction.action) if found and found.instruction else None
    )


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ([HARMFUL], ("harmful", "")),
        ([BENIGN], ("benign", "")),
        ([harmful("p1", ann=HATE)], None),
        ([replace(HARMFUL, action=None, votes=())], None),
        ([HARMFUL, BENIGN], ("quarantined", "judged both ways")),
        ([harmful("p1", ann=HATE), BENIGN], ("quarantined", "judged both ways")),
        ([harmful("p1", ann=HATE), harmful("p2", bob=HATE)], ("harmful", "")),
        ([harmful("p1", ann=HATE), harmful("p2", ann=HATE)], None),
    ],
    ids=["confirmed", "benign", "one reviewer", "no action", "both ways", "one each way",
         "two posts", "one reviewer of two posts"],
)  # fmt: skip
def test_a_copy_has_what_the_guards_let_through(given: list[Verdict], outcome: Any):
    assert outcomes({"c": given}).get("c") == outcome


@pytest.mark.parametrize(
    ("votes", "wanted"),
    [
        ({"ann": HATE, "bob": HATE, "cat": ("harassment", "remove")}, HATE),
        ({"ann": HATE, "bob": HATE, "cat": SPAM}, HATE),
        ({"ann": HATE, "bob": HATE, "cat": SPAM, "dan": SPAM}, SPAM),
        ({"ann": HATE, "bob": SPAM}, SPAM),
        ({"ann": HATE, "bob": ("harassment", "remove")}, ("harassment", "remove")),
        ({"ann": HATE, "bob": HATE, "cat": LOOK, "dan": LOOK, "eve": LOOK}, HATE),
    ],
    ids=["another harm", "milder", "as many", "one each", "two harms", "only a look"],
)
def test_what_most_of_a_posts_reviewers_ask_for_is_taken_else_the_milder(votes: Any, wanted: Any):
    assert asked(harmful("p1", **votes)) == wanted


def test_a_newest_word_that_asks_for_nothing_takes_no_confirmation_away():
    assert asked(replace(HARMFUL, verdict_id="cat", action=None)) == HATE


@pytest.mark.parametrize("names", ["pq", "qp"])
def test_reviewers_of_two_posts_who_ask_for_other_things_confirm_neither(names: str):
    first, second = names
    given = [harmful(first, ann=HATE), harmful(second, bob=SPAM)]
    assert outcomes({"c": given}) == {"c": ("quarantined", "too few ask for the same")}
    assert asked(*given) == ("spam", "review")


def test_of_two_posts_reviewers_those_who_ask_for_the_same_decide():
    assert asked(harmful("p", ann=HATE, cat=SPAM), harmful("q", bob=HATE)) == HATE


def test_two_who_ask_for_no_more_than_a_look_get_one():
    assert outcomes({"c": [harmful("p", ann=LOOK, bob=LOOK)]})["c"][0] == "quarantined"
    assert asked(harmful("p", ann=LOOK, bob=LOOK)) == LOOK


def test_a_share_of_judges_that_is_set_may_disagree():
    three = [replace(HARMFUL, post_id=f"p{n}") for n in range(3)]
    assert outcomes({"c": [*three, BENIGN]}, purity=0.75) == {"c": ("harmful", "")}
    kind = [replace(BENIGN, post_id=f"b{n}") for n in range(3)]
    assert outcomes({"c": [HARMFUL, *kind]}, purity=0.75) == {"c": ("benign", "")}


def test_past_the_budget_of_one_source_all_that_is_new_is_quarantined():
    three = {f"c{n}": [HARMFUL] for n in range(3)}
    assert set(outcomes(three).values()) == {("harmful", "")}
    found = outcomes({**three, "c9": [HARMFUL], "other": [replace(HARMFUL, post_id="q")]})
    assert found.pop("other") == ("harmful", "")
    assert set(found.values()) == {("quarantined", "more than 3 copies")}


def test_one_more_copy_past_the_budget_frees_none_of_those_in_force():
    four = {f"c{n}": [HARMFUL] for n in range(4)}
    found = outcomes(four, in_force=frozenset({"c0", "c1", "c2"}))
    assert found.pop("c3") == ("quarantined", "more than 3 copies")
    assert set(found.values()) == {("harmful", "")}


def test_no_budget_bounds_what_a_benign_verdict_frees():
    assert set(outcomes({f"c{n}": [BENIGN] for n in range(9)}).values()) == {("benign", "")}


def test_known_good_media_stop_harm_and_not_a_release():
    good = frozenset({"c"})
    assert outcomes({"c": [HARMFUL]}, good) == {"c": ("quarantined", "holds known good media")}
    assert outcomes({"c": [BENIGN]}, good) == {"c": ("benign", "")}


def test_what_a_copy_asks_for_names_a_verdict_that_asked_for_it():
    disagreed = harmful("p1", ann=HATE, bob=HATE, cat=SPAM)
    found = inherit({"c": [disagreed]}, set(), CONF)["c"].instruction
    assert found is not None
    assert (found.action, found.cause_kind, found.source_id) == ("remove", "copy", "p1-bob")
    held = inherit({"c": [disagreed]}, {"c"}, CONF)["c"].instruction
    assert held is not None and held.action == "review"
    assert inherit({"c": [BENIGN]}, set(), CONF)["c"].instruction is None
