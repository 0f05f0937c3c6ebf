"""Verdicts reach near-duplicates, under guard: literal rules, then small lakes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from harmsweep import lake as lakes
from harmsweep import verdicts as said
from harmsweep.enforce import undo
from harmsweep.enforce.bounds import Copies, bounds
from harmsweep.enforce.people.copies import Content, Medium, Verdict, find_copies, reached, verdicts
from harmsweep.enforce.plans import make_plan
from harmsweep.enforce.plans.reading import tables
from harmsweep.job import Held
from harmsweep.tables import MEDIA, MEDIA_MATCHES, VERDICTS

DAY = date(2026, 10, 1)
CONF = Copies(reviewers=2, purity=1.0, budget=3, least_words=5)
TEXT = "one two three four five"
HARMFUL = Verdict(
    "v1", DAY, "p1", 1, "harmful", "hate", "remove", frozenset({"ann", "bob"}),
    datetime(2026, 10, 2, tzinfo=UTC),
)  # fmt: skip
BENIGN = replace(
    HARMFUL, verdict_id="v2", post_id="p2", found="benign", harm=None, action=None,
    reviewers=frozenset({"ann"}),
)  # fmt: skip
PDQ = "f" * 64


def outcomes(copies: dict[str, list[Verdict]], good: set[str] = frozenset(), **conf: Any) -> Any:  # type: ignore[assignment]
    found = reached(copies, good, CONF.model_copy(update=conf))
    return {post: (has.outcome, has.why) for post, has in found.items()}


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ([HARMFUL], ("harmful", "")),
        ([BENIGN], ("benign", "")),
        ([replace(HARMFUL, reviewers=frozenset({"ann"}))], None),
        ([replace(HARMFUL, action=None)], None),
        ([HARMFUL, BENIGN], ("quarantined", "judged both ways")),
        ([replace(HARMFUL, reviewers=frozenset({n}), post_id=n) for n in ("ann", "bob")],
         ("harmful", "")),
    ],
    ids=["confirmed", "benign", "one reviewer", "no action", "both ways", "two posts"],
)  # fmt: skip
def test_a_copy_has_what_the_guards_let_through(given: list[Verdict], outcome: Any):
    assert outcomes({"c": given}).get("c") == outcome


def test_a_share_of_judges_that_is_set_may_disagree():
    three = [replace(HARMFUL, verdict_id=f"v{n}", post_id=f"p{n}") for n in range(3)]
    assert outcomes({"c": [*three, BENIGN]}, purity=0.75) == {"c": ("harmful", "")}
    kind = [replace(BENIGN, verdict_id=f"b{n}", post_id=f"b{n}") for n in range(3)]
    assert outcomes({"c": [HARMFUL, *kind]}, purity=0.75) == {"c": ("benign", "")}


def test_past_the_budget_of_one_source_all_of_its_copies_are_quarantined():
    three = {f"c{n}": [HARMFUL] for n in range(3)}
    assert set(outcomes(three).values()) == {("harmful", "")}
    more = {**three, "c9": [HARMFUL], "b": [BENIGN]}
    found = outcomes(more)
    assert found.pop("b") == ("benign", "")
    assert set(found.values()) == {("quarantined", "more than 3 copies")}


def test_known_good_media_stop_harm_and_not_a_release():
    assert outcomes({"c": [HARMFUL]}, {"c"}) == {"c": ("quarantined", "holds known good media")}
    assert outcomes({"c": [BENIGN]}, {"c"}) == {"c": ("benign", "")}


def test_what_a_copy_asks_for():
    found = reached({"c": [HARMFUL]}, set(), CONF)["c"]
    assert found.demand is not None
    assert (found.demand.action, found.demand.cause_kind, found.demand.source_id) == (
        "remove", "copy", "v1",
    )  # fmt: skip
    held = reached({"c": [HARMFUL]}, {"c"}, CONF)["c"].demand
    assert held is not None and held.action == "review"
    assert reached({"c": [BENIGN]}, set(), CONF)["c"].demand is None


NEAR, FAR = "0" * 7 + "f" * 57, "0" * 8 + "f" * 56


@pytest.mark.parametrize(
    ("one", "other", "is_copy"),
    [
        (Content(TEXT), Content(TEXT), True),
        (Content(TEXT), Content(f"{TEXT} six"), False),
        (Content("too few words"), Content("too few words"), False),
        (Content("", (Medium("a", PDQ),)), Content("", (Medium("b", NEAR),)), True),
        (Content("", (Medium("a", PDQ),)), Content("", (Medium("b", FAR),)), False),
        (Content("", (Medium("a", None),)), Content("", (Medium("a", None),)), True),
        (Content("", (Medium("a", None),)), Content("", (Medium("b", None),)), False),
        (Content("", (Medium(None, None),)), Content("", (Medium(None, None),)), False),
        (Content(TEXT, (Medium("a", PDQ),)), Content(TEXT), False),
        (Content(TEXT, (Medium("a", PDQ),)), Content("x", (Medium("a", PDQ),)), False),
    ],
)
def test_a_copy_has_the_same_text_and_near_media(one: Content, other: Content, is_copy: bool):
    assert one.is_copy(other, 5) is other.is_copy(one, 5) is is_copy


@pytest.fixture
def copied(held, rows, text_of):
    """The swept lake with two more posts that say what `clean` says, in other letters."""
    post, scored = rows
    names = ["removed", "demoted", "reviewed", "clean", "spam", "copy", "shouted"]
    held.put_posts([post(name) for name in names])
    made = {"removed": {"hate": 0.99}, "demoted": {"hate": 0.9}, "reviewed": {"hate": 0.6},
            "spam": {"spam": 0.97}}  # fmt: skip
    held.put_scores([scored(name, **made.get(name, {"hate": 0.1})) for name in names])
    other = {"copy": TEXT, "clean": TEXT, "shouted": "One, two; THREE four... five!"}
    held.put_features([text_of(name, other.get(name, f"{name} {TEXT}")) for name in names])
    return held


def judge(lake: Any, post: str, found: str, *reviewers: str, **more: Any) -> None:
    """Verdicts of some reviewers, in their order."""
    for n, name in enumerate(reviewers):
        row = said.verdict_row({"day": DAY, "post_id": post, "revision": 1}, found, None, "seen")
        at = row["decided_at"] + timedelta(seconds=n)
        lakes.put_rows([row | {"reviewer": name, "decided_at": at} | more], VERDICTS, lake.root)


REMOVED = {"harm": "hate", "action": "remove"}


def test_a_confirmed_verdict_reaches_copies_at_the_next_sweep_and_goes_with_it(copied):
    before = copied.states()
    judge(copied, "clean", "harmful", "ann", **REMOVED)
    copied.sweep()
    assert copied.states() == before | {"clean": "remove"}
    judge(copied, "clean", "harmful", "bob", **REMOVED)
    counts = copied.sweep()
    assert counts["remove"] == 2
    assert copied.states() == before | dict.fromkeys(("clean", "copy", "shouted"), "remove")
    entries = {e["subject_id"]: e for e in copied.ledger() if e["lane"] == "review"}
    assert {name: e["cause_kind"] for name, e in entries.items()} == {
        "clean": "verdict", "copy": "copy", "shouted": "copy",
    }  # fmt: skip
    assert copied.sweep() == {}
    sweep_id = entries["copy"]["sweep_id"]
    assert undo(copied.root, sweep_id=sweep_id).counts == {"effects": 2, "left": 0}
    assert copied.states() == before | {"clean": "remove"}
    judge(copied, "clean", "benign", "cat")
    copied.sweep()
    assert copied.states() == before


def test_a_benign_verdict_frees_copies_that_a_sweep_removed(copied, rows):
    _, scored = rows
    names = ("clean", "copy", "shouted")
    copied.put_scores([scored(name, hate=0.99) for name in names])
    copied.sweep()
    assert copied.states() == dict.fromkeys(names, "remove") | {
        k: v for k, v in copied.states().items() if k not in names
    }
    judge(copied, "copy", "benign", "ann")
    assert copied.sweep()["released"] == 3
    assert not set(names) & copied.states().keys()


def test_copies_count_for_caps_and_wait_with_the_rest(copied):
    judge(copied, "clean", "harmful", "ann", "bob", **REMOVED)
    before = copied.states()
    with pytest.raises(Held, match="hate: 2 to apply"):
        copied.sweep(version=2, apply=3)
    assert copied.states() == before | {"clean": "remove"}
    assert {e["subject_id"] for e in copied.ledger("held")} == {"copy", "shouted"}


def test_a_plan_shows_copies_apart(copied):
    judge(copied, "clean", "harmful", "ann", "bob", **REMOVED)
    copied.decide()
    plan = make_plan(copied.root, [DAY], policy=copied.policy(), model_version="m-1")
    rows = tables(copied.root, plan)["by harm and action"]
    found = [(row["lane"], row["cause"], row["hit"]) for row in rows if row["hit"]]
    assert sorted(found) == [("review", "copy", 2), ("review", "verdict", 1)]


def medium(post_id: str, content_hash: str, pdq: str) -> dict[str, Any]:
    empty = {field.name: None for field in MEDIA.schema}
    known = {"post_id": post_id, "revision": 1, "position": 0, "kind": "image", "uri": "u"}
    shown = {"content_hash": content_hash, "pdq": [pdq], "pdq_quality": 100}
    return empty | known | shown | {"day": DAY, "status": "ok"}


def test_a_copied_picture_counts_with_its_text_and_known_good_stops_it(copied):
    shown = [medium(n, n, pdq) for n, pdq in [("clean", PDQ), ("copy", NEAR), ("shouted", FAR)]]
    lakes.put_rows(shown, MEDIA, copied.root, where={"day": DAY})
    judge(copied, "clean", "harmful", "ann", "bob", **REMOVED)
    copied.sweep()
    assert copied.states()["copy"] == "remove" and "shouted" not in copied.states()
    empty = {field.name: None for field in MEDIA_MATCHES.schema}
    match = empty | {
        "day": DAY, "post_id": "copy", "revision": 1, "position": 0, "bank": "b", "hash": NEAR,
        "media_hash": NEAR, "distance": 0, "quality": 100, "kind": "known_good",
        "status": "evidence",
    }  # fmt: skip
    lakes.put_rows([match], MEDIA_MATCHES, copied.root, where={"day": DAY})
    judge(copied, "removed", "harmful", "ann")
    copied.sweep()
    assert copied.states()["copy"] == "review"


def test_verdicts_reach_copies_of_other_days_within_the_window(copied, text_of):
    later = DAY + timedelta(days=30)
    copied.put_features([text_of("late", TEXT) | {"day": later}])
    judge(copied, "clean", "harmful", "ann", "bob", **REMOVED)
    conf, judged = bounds().copies, verdicts(copied.root, DAY, DAY)
    assert judged[0].reviewers == {"ann", "bob"}
    found = find_copies(copied.root, later, judged, conf)
    assert {name: [v.post_id for v in some] for name, some in found.items()} == {"late": ["clean"]}
    assert find_copies(copied.root, later, [], conf) == {}
    assert find_copies(copied.root, DAY + timedelta(days=1), judged, conf) == {}


def test_a_verdict_on_a_later_days_post_reaches_a_day_that_was_swept(copied, text_of):
    copied.sweep()
    assert copied.sweep() == {}
    later = DAY + timedelta(days=1)
    copied.put_features([text_of("late", TEXT) | {"day": later}])
    judge(copied, "late", "harmful", "ann", "bob", **REMOVED | {"day": later})
    copied.sweep()
    found = {name for name, action in copied.states().items() if action == "remove"}
    assert {"clean", "copy", "shouted"} <= found


def test_only_reviewers_whose_last_word_it_is_count(copied):
    judge(copied, "clean", "harmful", "ann", **REMOVED)
    judge(copied, "clean", "benign", "ann")
    judge(copied, "clean", "harmful", "bob", **REMOVED)
    (found,) = verdicts(copied.root, DAY, DAY)
    assert (found.found, found.reviewers) == ("harmful", {"bob"})
