"""The section on modalities: per dataset, with what is proposed and what can't be told."""

import json
from pathlib import Path
from typing import Any

import pytest

from harmsweep.reports.ablation import by_dataset, proposed, table, without_figures
from harmsweep.reports.lake import write_report

TEXT = {
    "training_rows": 90,
    "alone": 0.8, "alone_low": 0.7, "alone_high": 0.9,
    "without": 0.6, "without_low": 0.5, "without_high": 0.7,
    "adds": 0.25, "adds_low": 0.2, "adds_high": 0.3,
}  # fmt: skip
IMAGE = {"training_rows": 9, "alone": 0.55, "without": 0.85, "adds": -0.001}
RECORD: dict[str, Any] = {
    "harm": "hate", "dataset": "written", "n": 100, "positives": 40, "groups": 60, "note": "",
    "auroc": 0.85, "auroc_low": 0.8, "auroc_high": 0.9,
    "modalities": {"text": TEXT, "image": IMAGE}, "switched_off": ["image"],
    "proposed": 0.851, "proposed_adds": 0.001,
}  # fmt: skip
CONTENT: dict[str, Any] = {
    "snapshot": "s0123456789ab",
    "modalities": ["text", "image", "media_text"],
    "records": [
        RECORD | {"dataset": "all"},
        RECORD,
        {"harm": "graphic", "dataset": "all", "n": 3, "groups": 3, "note": "one class only",
         "modalities": {}},
    ],
    "proposals": [
        {"harm": "hate", "modality": "text", "verdict": "on", "datasets": []},
        {"harm": "hate", "modality": "image", "verdict": "off", "datasets": []},
    ],
    "joint": [],
    "switched_off": {"hate": ["image"]},
}  # fmt: skip


def test_figures_are_per_dataset_and_heads_without_any_are_named() -> None:
    assert [record["dataset"] for record in by_dataset(CONTENT)] == ["written"]
    assert without_figures(CONTENT) == ["graphic"]


def test_the_table_has_a_row_for_each_modality_with_its_verdict() -> None:
    text, image = table(CONTENT)
    assert (text["verdict"], text["adds"], text["adds_low"]) == ("on", 0.25, 0.2)
    assert (image["verdict"], image["alone"], image["alone_low"]) == ("off", 0.55, None)


def test_a_modality_that_was_not_confirmed_is_not_called_off() -> None:
    _, image = table(CONTENT | {"switched_off": {}})
    assert image["verdict"] == "spare alone, not with the others"


def test_what_is_proposed_stands_beside_its_test_figures() -> None:
    [row] = proposed(CONTENT)
    assert (row["off"], row["auroc"], row["proposed"]) == ("image", 0.85, 0.851)


@pytest.fixture
def ablation(tmp_path: Path) -> Path:
    path = tmp_path / "s0123456789ab-000000000000.ablation.json"
    path.write_text(json.dumps(CONTENT))
    return path


def test_the_page_shows_the_ablation_and_languages_where_they_are_given(
    lake: Path, ablation: Path
) -> None:
    record = {
        "harm": "hate", "dataset": "all", "language": "de", "n": 77, "positives": 40, "groups": 60,
        "auroc": 0.8, "note": "", "worse_than_baseline": False,
    }  # fmt: skip
    options: dict[str, Any] = {"model": "m1", "policy": "p1", "evaluation": []}
    out = lake / "report.html"
    write_report(lake, out, **options, ablation=ablation, by_language=[record])
    page = out.read_text()
    assert "switched_off:\n  hate: [image]" in page and "hate · written" in page
    assert "<td>de</td>" in page and "No dataset with both classes held out: graphic" in page
    write_report(lake, out, **options)
    assert "What each modality is worth" not in out.read_text()


def test_an_ablation_without_figures_still_gives_a_page(lake: Path, ablation: Path) -> None:
    ablation.write_text(json.dumps(CONTENT | {"records": [], "modalities": [], "switched_off": {}}))
    out = lake / "report.html"
    write_report(lake, out, model="m1", policy="p1", evaluation=[], ablation=ablation)
    assert "No modality is proposed" in out.read_text()
