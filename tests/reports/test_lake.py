"""The page stands alone, says what is worse, and holds no text of a post."""

from pathlib import Path
from typing import Any

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


def written(lake: Path, **changes: Any) -> str:
    out = lake / "report.html"
    write_report(lake, out, model="m1", policy="p1", evaluation=[RECORD | changes])
    return out.read_text()


def test_a_head_worse_than_its_baseline_is_named(lake: Path) -> None:
    assert "more than the interval: hate (written)" in written(lake)
    assert "No head is worse" in written(lake, worse_than_baseline=False)


def test_the_page_loads_nothing_from_elsewhere(lake: Path) -> None:
    page = written(lake)
    assert "<script" not in page
    assert 'src="http' not in page
    assert 'link rel="stylesheet"' not in page


def test_values_are_escaped(lake: Path) -> None:
    assert "<b>odd</b>" not in written(lake, note="<b>odd</b>")


def test_an_empty_lake_still_gives_a_page(lake: Path) -> None:
    assert "0 landed = 0 accepted" in written(lake)


def test_a_harm_of_one_dataset_stands_once() -> None:
    whole = RECORD | {"dataset": "all"}
    assert without_repeats([whole, RECORD]) == [RECORD]
    assert without_repeats([whole | {"n": 104}, RECORD]) == [whole | {"n": 104}, RECORD]
