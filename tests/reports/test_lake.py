"""The page says first what is missed and what is worse, stands alone, and masks all texts."""

import re
from pathlib import Path
from typing import Any

import pytest
from labelled_lake import fill, holds, labelled

from harmsweep.reports.lake import without_repeats, write_report

RECORD: dict[str, Any] = {
    "harm": "hate",
    "dataset": "written",
    "n": 100,
    "positives": 40,
    "groups": 60,
    "auroc": 0.8,
    "low": 0.7,
    "high": 0.9,
    "auc_pr": 0.75,
    "best_baseline": "text",
    "baseline_text_auroc": 0.85,
    "difference": -0.05,
    "difference_low": -0.08,
    "difference_high": -0.02,
    "worse_than_baseline": True,
    "note": None,
}


# A head of which nothing can be held against.
SOUND = RECORD | {
    "difference": 0.05, "difference_low": -0.02, "difference_high": 0.08,
    "worse_than_baseline": False,
}  # fmt: skip
PRAISE = 'class="good"'


def written(lake: Path, *records: Any, **options: Any) -> str:
    out = lake / "report.html"
    write_report(lake, out, model="m-1", policy="p1", evaluation=records or [SOUND], **options)
    return out.read_text()


def test_a_head_worse_than_its_baseline_is_named(lake: Path) -> None:
    assert "more than the interval: hate (written)" in written(lake, RECORD)


@pytest.mark.parametrize(
    "changes",
    [
        {"worse_than_baseline": True},
        {"difference": -0.001},
        {"difference_low": None, "difference_high": None, "note": "groups < 20"},
        {"low": None, "high": None, "difference_low": None, "auroc": 0.0, "difference": -0.6},
        {"best_baseline": None, "difference": None},
        {"auroc": None, "low": None, "high": None},
    ],
    ids=["worse", "below", "no interval", "useless", "no regression", "one class"],
)
@pytest.mark.parametrize("where", ["alone", "beside a sound head", "in a language"])
def test_no_head_that_falls_short_stands_under_praise(
    lake: Path, changes: dict[str, Any], where: str
) -> None:
    assert PRAISE in written(lake)
    short = SOUND | {"harm": "spam"} | changes
    if where == "in a language":
        page = written(lake, by_language=[short | {"dataset": "all", "language": "de"}])
        assert "spam (de)" in page
    else:
        page = written(lake, *([short] if where == "alone" else [SOUND, short]))
        assert "spam (written)" in page
    assert PRAISE not in page


def test_a_model_that_was_not_measured_gets_no_praise(lake: Path) -> None:
    out = lake / "report.html"
    write_report(lake, out, model="m-1", policy="p1", evaluation=[])
    assert PRAISE not in out.read_text() and "No head was measured" in out.read_text()


def before_the_rest(page: str) -> str:
    """The words of the page above the section on heads, that on what was done and what follows."""
    top = re.sub(r"(?s)<style>.*?</style>", "", page[: page.index('<h2 id="heads">')])
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", top))


MISSED = {
    "nothing holds": ([("hate", None)], "Missed altogether"),
    "held as another harm": ([("hate", ("remove", "spam"))], "Missed altogether"),
    "only in review": ([("hate", ("review", "hate"))], "Never acted on, some in review"),
}


@pytest.mark.parametrize("kind", MISSED)
def test_a_harm_that_is_never_acted_on_is_named_at_the_top(lake: Path, kind: str) -> None:
    [(harm, held)], words = MISSED[kind]
    fill(lake, [labelled("p1", 1, harm)], [holds("p1", *held)] if held else [])
    top = before_the_rest(written(lake))
    assert re.search(rf"{words}[^.:]*: {harm} \(1\)\.", top)


def test_each_harm_that_is_missed_is_named_and_none_that_is_hit(lake: Path) -> None:
    labels = [labelled("p1", 1, "violence"), labelled("p2", 1, "harassment")]
    labels += [labelled("p3", 1, "spam"), labelled("p4", 1, "spam"), labelled("p5", 0, "hate")]
    top = before_the_rest(written(fill(lake, labels, [holds("p3", "demote", "spam")])))
    assert "in review: harassment (1), violence (1)." in top
    assert "spam (" not in top and "hate (" not in top


def test_a_harmless_post_that_is_acted_on_is_said_at_the_top(lake: Path) -> None:
    fill(lake, [labelled("p1", 0)], [holds("p1", "remove")])
    assert "Acted on although labelled not harmful: hate (1)." in before_the_rest(written(lake))


def test_a_lake_without_labels_says_that_nothing_is_known(lake: Path) -> None:
    fill(lake, [], [holds("p1", "remove")])
    assert "No accepted post of this lake is labelled" in before_the_rest(written(lake))


def test_the_days_and_the_time_stand_in_the_head(lake: Path) -> None:
    fill(lake, [labelled("p1", 1)])
    page = written(lake)
    assert re.search(r"Posts of 2026-10-01 \(1 day\)", page)
    assert re.search(r"written \d{4}-\d\d-\d\d \d\d:\d\d UTC", page)


def test_a_number_leads_to_its_posts_whose_words_are_masked(lake: Path) -> None:
    page = written(fill(lake, [labelled("p1", 1)]))
    # From the table, and from the chart.
    assert page.count('href="#hate-missed"') == 2 and page.count('id="hate-missed"') == 1
    assert "w····" in page and ">words<" not in page


def test_the_page_loads_nothing_from_elsewhere(lake: Path) -> None:
    page = written(lake)
    assert "<script" not in page
    assert 'src="http' not in page
    assert 'link rel="stylesheet"' not in page


def test_values_are_escaped(lake: Path) -> None:
    assert "<b>odd</b>" not in written(lake, SOUND | {"note": "<b>odd</b>"})


def test_an_empty_lake_still_gives_a_page(lake: Path) -> None:
    assert "0 landed = 0 accepted" in written(lake)


def test_a_harm_of_one_dataset_stands_once() -> None:
    whole = RECORD | {"dataset": "all"}
    assert without_repeats([whole, RECORD]) == [RECORD]
    assert without_repeats([whole | {"n": 104}, RECORD]) == [whole | {"n": 104}, RECORD]
