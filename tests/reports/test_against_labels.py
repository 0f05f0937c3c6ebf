"""What holds beside what people said: hit, in review, missed or false, for each harm."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import DAY, scored
from labelled_lake import fill, holds, labelled

from harmsweep.lake.writes import write_rows
from harmsweep.policy.actions import VISIBLE
from harmsweep.reports.against_labels import by_harm, listed, outcomes, trained_on
from harmsweep.reports.post_lists import LISTED, post_lists
from harmsweep.tables.catalog import SCORES

PAST = datetime(2020, 1, 1, tzinfo=UTC)


def of(lake: Path, name: str = "outcome") -> dict[tuple[str, str], Any]:
    return {(row.post_id, row.harm): getattr(row, name) for row in outcomes(lake).itertuples()}


@pytest.mark.parametrize(
    ("label", "action", "outcome"),
    [
        *((1, action, "hit") for action in VISIBLE),
        (1, "review", "review"),
        (1, None, "missed"),
        *((0, action, "false") for action in VISIBLE),
        (0, "review", "false_review"),
        (0, None, "left"),
    ],
)
def test_the_outcome_is_the_label_and_what_holds(
    lake: Path, label: int, action: str | None, outcome: str
) -> None:
    fill(lake, [labelled("p1", label)], [holds("p1", action)] if action else [])
    assert of(lake) == {("p1", "hate"): outcome}


def test_an_action_that_others_see_counts_before_a_review_elsewhere(lake: Path) -> None:
    held = [holds("p1", "review", surface="feed"), holds("p1", "remove", surface="search")]
    fill(lake, [labelled("p1", 1)], held)
    assert of(lake) == {("p1", "hate"): "hit"}


def test_what_has_run_its_time_holds_no_more(lake: Path) -> None:
    fill(lake, [labelled("p1", 1)], [holds("p1", "remove", expires_at=PAST)])
    assert of(lake) == {("p1", "hate"): "missed"}


def test_an_action_on_the_author_is_none_on_the_post(lake: Path) -> None:
    fill(lake, [labelled("p1", 1)], [holds("p1", "restrict", subject_kind="account")])
    assert of(lake) == {("p1", "hate"): "missed"}


def test_a_post_that_is_held_as_another_harm_is_missed_for_its_own(lake: Path) -> None:
    fill(lake, [labelled("p1", 1), labelled("p2", 1)], [holds("p1", "remove", "spam")])
    assert of(lake) == {("p1", "hate"): "missed", ("p2", "hate"): "missed"}
    assert by_harm(lake, outcomes(lake)).loc["hate", ["missed", "another"]].tolist() == [2, 1]


@pytest.mark.parametrize(
    ("others", "outcome"),
    [
        ([{"label": 1, "annotator": "b"}, {"label": 1, "annotator": "c"}], "missed"),
        ([{"label": 1, "annotator": "b", "weight": 0.5}], "left"),
        ([{"label": 1, "annotator": "b"}], None),
        ([{"label": 1, "source": "reviews", "annotator": "b"}] , "left"),
        ([{"label": 1, "source": "reports"}], "left"),
    ],
    ids=["majority", "weight", "tie", "hand before others", "hand before reports"],
)  # fmt: skip
def test_the_label_is_what_most_say_by_hand(
    lake: Path, others: list[dict[str, Any]], outcome: str | None
) -> None:
    fill(lake, [labelled("p1", 0, annotator="a"), *(labelled("p1", **more) for more in others)])
    assert of(lake) == ({("p1", "hate"): outcome} if outcome else {})


@pytest.mark.parametrize(("source", "known"), [("reviews", 1), ("appeals", 1), ("reports", 0)])
def test_without_a_label_by_hand_what_people_found_stands_but_no_report(
    lake: Path, source: str, known: int
) -> None:
    fill(lake, [labelled("p1", 1, source=source)])
    assert len(of(lake)) == known


@pytest.mark.parametrize("status", ["superseded", "deleted"])
def test_posts_that_stand_no_more_do_not_count(lake: Path, status: str) -> None:
    fill(lake, [labelled("p1", 1)], p1=status)
    assert outcomes(lake).empty


def test_harms_stand_by_the_share_that_is_missed(lake: Path) -> None:
    labels = [labelled("p1", 1, "spam"), labelled("p2", 1, "hate"), labelled("p3", 0, "sexism")]
    labels.append(labelled("p4", 1, "spam"))
    held = [holds("p1", "remove", "spam"), holds("p9", "demote", "violence")]
    counts = by_harm(fill(lake, labels, held), outcomes(lake))
    assert counts.index.tolist() == ["hate", "spam", "violence", "sexism"]
    columns = ["harmful", "hit", "missed", "harmless", "unlabelled"]
    assert counts[columns].to_numpy().tolist() == [
        [1, 0, 1, 0, 0],
        [2, 1, 1, 0, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 1, 0],
    ]


def test_a_figure_has_its_posts_with_their_scores_and_the_words_masked(lake: Path) -> None:
    labels = [labelled(f"p{n:02}", 1) for n in range(LISTED + 1)] + [labelled("q", 0)]
    fill(lake, labels)
    write_rows([scored("p00", hate=0.25)], SCORES, lake, where={"day": DAY})
    [found] = post_lists(lake, listed(outcomes(lake)), "m-1")
    assert (found["id"], found["n"]) == ("hate-missed", LISTED + 1)
    assert len(found["posts"]) == LISTED
    first, second = found["posts"][:2]
    assert (first["post_id"], first["score"], first["text"]) == ("p00", 0.25, "w····")
    assert second["score"] is None
    [other] = post_lists(lake, listed(outcomes(lake)), "m-2")
    assert other["posts"][0]["score"] is None


def test_posts_that_the_model_learned_from_are_counted(lake: Path) -> None:
    labels = [labelled("p1", 1), labelled("p1", 0, "spam"), labelled("p2", 1)]
    fill(lake, labels)
    scores = [scored("p1", trained_on=True), scored("p2", trained_on=False)]
    scores.append(scored("p3", trained_on=True))
    write_rows(scores, SCORES, lake, where={"day": DAY})
    assert trained_on(lake, outcomes(lake), "m-1") == 1
    assert trained_on(lake, outcomes(lake), "m-2") == 0
