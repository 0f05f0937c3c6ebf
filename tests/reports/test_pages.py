"""What every page is to a screen reader, a phone and a keyboard."""

import re
import shutil
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from builders import DAY
from labelled_lake import labelled
from planning import planned

from harmsweep.enforcement.circuit_breaker.batches import waiting
from harmsweep.errors import Held
from harmsweep.lake.writes import write_rows
from harmsweep.reports.evaluation import Material, write_evaluation
from harmsweep.reports.lake import TEMPLATES, write_report
from harmsweep.reports.plan import write_batch, write_plan
from harmsweep.tables.catalog import LABELS

LABELLED = [labelled("removed", 0), labelled("demoted", 1), labelled("clean", 1, "violence")]
HELD_OUT = {
    "harm": "hate", "dataset": "written", "n": 100, "positives": 40, "groups": 60, "auroc": 0.8,
    "low": 0.7, "high": 0.9, "auc_pr": 0.75, "best_baseline": "text", "baseline_text_auroc": 0.85,
    "difference": -0.05, "difference_low": -0.08, "difference_high": -0.02,
    "worse_than_baseline": True, "note": "",
}  # fmt: skip
WIDTHS, MODES = (1400, 390), ("light", "dark")


@pytest.fixture
def report(held: Any, tmp_path: Path) -> Path:
    write_rows(LABELLED, LABELS, held.root, where={"day": DAY})
    policy = held.pair()["policy"].policy_version
    out = tmp_path / "report.html"
    return write_report(held.root, out, model="m-1", policy=policy, evaluation=[HELD_OUT])


@pytest.fixture
def plan(held: Any, text_of: Callable[..., dict[str, Any]], tmp_path: Path) -> Path:
    write_rows(LABELLED, LABELS, held.root, where={"day": DAY})
    held.put_features([text_of(name, "some words") for name in ("removed", "demoted", "spam")])
    new_plan = planned(held, version=2, remove=0.995, demote=0.95, apply=0, release=0)
    return write_plan(held.root, new_plan, tmp_path / "plan.html")


@pytest.fixture
def batch(fresh: Any, text_of: Callable[..., dict[str, Any]], tmp_path: Path) -> Path:
    fresh.put_features([text_of(name, "some words") for name in ("removed", "demoted")])
    with pytest.raises(Held):
        fresh.sweep(apply=1)
    [waits] = [one for one in waiting(fresh.root) if one.batch.harm == "hate"]
    return write_batch(fresh.root, waits, tmp_path / "batch.html")


@pytest.fixture
def model(
    make_model: Callable[..., Path], snapshot: Path, texts_lake: Path, tmp_path: Path
) -> Path:
    material = Material(make_model(tmp_path / "m"), snapshot, lake=texts_lake)
    return write_evaluation(material, tmp_path / "model.html")


@pytest.fixture(params=["report", "plan", "batch", pytest.param("model", marks=pytest.mark.torch)])
def page(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(request.param)
    return path


class Tags(HTMLParser):
    """The tags of a page in order, each with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def of(self, *names: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture
def tags(page: Path) -> Tags:
    return Tags(page.read_text(encoding="utf-8"))


def test_a_page_has_a_language_a_title_and_one_place_for_each_part(page: Path, tags: Tags) -> None:
    assert tags.of("html") == [{"lang": "en"}]
    assert re.search(r"(?s)<head>.*<title>[^<]+</title>.*</head>", page.read_text(encoding="utf-8"))
    for part in ("h1", "header", "main", "nav"):
        assert len(tags.of(part)) == 1, part
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in tags.of("meta")


def test_headings_go_down_one_step_at_a_time(tags: Tags) -> None:
    levels = [int(tag[1]) for tag, _ in tags.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(lower <= upper + 1 for upper, lower in pairwise(levels))


def test_a_table_has_a_caption_and_every_head_a_scope(tags: Tags) -> None:
    assert tags.of("table") and len(tags.of("table")) == len(tags.of("caption"))
    assert all(head.get("scope") in ("col", "row") for head in tags.of("th"))


def test_a_first_column_of_numbers_has_its_head_where_its_cells_are() -> None:
    parts: Any = TEMPLATES.get_template("parts.html").module
    tags = Tags(str(parts.table([{"clusters": 8, "pictures": 10}], "Copies")))
    of_cells = [("class", "n") in cell.items() for cell in tags.of("th", "td")]
    assert of_cells == [False, True, False, True]


def test_what_scrolls_is_reached_by_the_keyboard_and_named(tags: Tags) -> None:
    scrolled = [a for a in tags.of("div") if a.get("class") == "scroll"]
    assert len(scrolled) == len(tags.of("table"))
    assert all(a["tabindex"] == "0" and a["role"] and a["aria-label"] for a in scrolled)


def test_a_chart_has_a_role_and_a_label(page: Path, tags: Tags) -> None:
    assert tags.of("svg") or page.stem == "batch"
    assert all(a["role"] == "graphics-document" and a["aria-label"] for a in tags.of("svg"))


def test_links_lead_to_a_place_of_the_page_and_places_have_one_name(tags: Tags) -> None:
    places = Counter(attributes["id"] for _, attributes in tags.tags if "id" in attributes)
    links = [attributes["href"] for _, attributes in tags.tags if "href" in attributes]
    assert links and all(link.removeprefix("#") in places for link in links)
    assert set(places.values()) == {1}
    assert not tags.of("script", "link", "img", "iframe")


def test_a_page_has_a_dark_mode(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "color-scheme: light dark" in text and "prefers-color-scheme: dark" in text


@pytest.mark.nightly
@pytest.mark.slow
def test_axe_finds_nothing_on_a_wide_or_narrow_light_or_dark_page(page: Path) -> None:
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("needs chromium: apt-get install chromium")
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width in WIDTHS:
            for mode in MODES:
                seen: Any = mode
                context = browser.new_context(
                    viewport={"width": width, "height": 900}, color_scheme=seen
                )
                shown = context.new_page()
                shown.goto(page.as_uri())
                shown.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
                found = Axe().run(shown).response["violations"]
                assert not [(f["id"], f["nodes"][0]["html"]) for f in found], (width, mode)
                assert shown.evaluate("document.documentElement.scrollWidth") <= width
                ends = "c => Math.round(c.getBoundingClientRect().right)"
                captions = f"Array.from(document.querySelectorAll('caption'), {ends})"
                assert max(shown.evaluate(captions)) <= width, "a caption that is cut off"
        browser.close()
