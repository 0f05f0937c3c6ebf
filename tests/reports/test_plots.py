"""Charts of whatever names and numbers the tables hold, for eyes, pointers and screen readers."""

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from harmsweep.harms import HARMS
from harmsweep.reports import plots

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
DOT = {"value": 0.8, "low": 0.7, "high": 0.9, "colour": "#c8402f"}


def stacked(name: str) -> str:
    counts = pd.DataFrame({"remove": [2], "review": [0]}, index=[name])
    return plots.stacked(counts, colours=plots.ACTION_COLOURS, title=name)


def bars(name: str) -> str:
    row = {"name": name, "value": 3, "colour": "#c8402f", "cap": 9, "likely": None}
    return plots.bars([row], title=name, unit="effects", marks={"cap": "cap", "likely": "likely"})


def dots(name: str) -> str:
    return plots.dots([DOT | {"name": name, "beside": 0.6}], title=name, x="AUROC", at=0.5)


def panel(name: str) -> str:
    points = [{"x": x, "y": x, "low": 0, "high": 1} for x in (0.0, 0.5, 1.0)]
    return plots.panel(points, title=name, x="recall", y="precision", colour="#c8402f")


CHARTS = pytest.mark.parametrize("chart", [stacked, bars, dots, panel])


@CHARTS
@pytest.mark.parametrize("name", [r"$\frac$", "a & <b> \"c\" 'd'", "', x.y[0]", "", "é🙂"])
def test_a_name_is_text_whatever_it_is(chart: Callable[[str], str], name: str):
    root = ElementTree.fromstring(chart(name))
    assert name in root.attrib["aria-label"]


def dot_alone(name: str) -> str:
    return plots.dots([DOT | {"name": name, "low": None}], title=name, x="AUROC", at=0.5)


def bar_alone(name: str) -> str:
    return plots.bars([{"name": name, "value": 0, "colour": "#c8402f"}], title=name, unit="s")


@pytest.mark.parametrize("chart", [stacked, bars, dots, panel, dot_alone, bar_alone])
def test_a_chart_and_each_of_its_marks_are_named_and_say_so_when_pointed_at(
    chart: Callable[[str], str],
):
    root = ElementTree.fromstring(chart("hate"))
    assert root.attrib["role"] == "graphics-document" and root.attrib["aria-label"]
    marks = [e for e in root.iter(f"{SVG}path") if e.attrib.get("role") == "graphics-symbol"]
    assert marks
    for mark in marks:
        [title] = mark.findall(f"{SVG}title")
        assert title.text == mark.attrib["aria-label"] != ""
    named = [e for e in root.iter() if e.attrib.get("role") == "graphics-symbol"]
    assert all(e.attrib.get("aria-label") for e in named)


@CHARTS
def test_a_chart_is_as_wide_as_a_phone_and_loads_nothing(chart: Callable[[str], str]):
    svg = chart("hate")
    assert float(ElementTree.fromstring(svg).attrib["width"]) <= 360
    assert not re.search(r'(?:href|src)="(?!#)', svg)
    # Ids would be another chart's too in the same page.
    assert " id=" not in svg


def test_a_part_links_to_its_list_where_there_is_one():
    counts = pd.DataFrame({"hit": [2, 1], "missed": [3, 0]}, index=["hate", "spam"])
    svg = plots.stacked(
        counts, colours=plots.OUTCOME_COLOURS, title="x", lists={"hate-missed", "spam-missed"}
    )
    links = [a.attrib["href"] for a in ElementTree.fromstring(svg).iter(f"{SVG}a")]
    assert links == ["#hate-missed"]


def test_every_action_has_a_colour():
    counts = pd.DataFrame({action: [1] for action in ("strike", "restrict", "interstitial")})
    svg = plots.stacked(counts, colours=plots.ACTION_COLOURS, title="x")
    assert all(f"{action}: 1 posts" in svg for action in counts)


def test_a_bar_says_its_number_and_what_bounds_it():
    texts = [e.text for e in ElementTree.fromstring(bars("hate")).iter(f"{SVG}text")]
    assert "3" in texts
    assert "hate: 3 effects, cap 9" in bars("hate") and "hate, cap: 9" in bars("hate")


@pytest.mark.parametrize(
    ("changes", "hollow"), [({}, False), ({"low": None, "high": None}, True), ({"few": True}, True)]
)
def test_a_dot_is_hollow_without_an_interval_or_with_few_positives(
    changes: dict[str, Any], hollow: bool
):
    svg = plots.dots([DOT | {"name": "hate"} | changes], title="x", x="AUROC", at=0.5)
    assert ('fill-opacity="0"' in svg) == hollow
    assert ("no interval" in svg) == ("low" in changes)


def test_rows_stand_in_the_order_in_which_they_are_given():
    rows = [DOT | {"name": name, "beside": 0.5} for name in ("spam", "hate", "sexism")]
    svg = plots.dots(rows, title="x", x="AUROC", at=0.5)
    assert svg.index(">spam<") < svg.index(">hate<") < svg.index(">sexism<")


def test_points_that_are_no_number_are_left_out():
    points = [{"x": 0.0, "y": 1.0}, {"x": 0.5, "y": 0.01}, {"x": 1.0, "y": float("nan")}]
    svg = plots.panel(points, title="hate", x="score", y="share", colour="#c8402f", log=True)
    assert "score 0.5: share 0.01" in svg and "nan" not in svg.lower()
    assert plots.panel([], title="hate", x="score", y="share", colour="#c8402f")


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_each_harm_has_one_colour_of_its_own():
    assert len({plots.colour_of(harm) for harm in HARMS}) == len(HARMS)


@pytest.mark.parametrize("paper", ["#ffffff", "#14181d"])
def test_colours_stand_out_from_the_page_light_and_dark(paper: str):
    colours = {plots.colour_of(harm) for harm in (*HARMS, "gone")}
    for named in (plots.ACTION_COLOURS, plots.STATUS_COLOURS, plots.OUTCOME_COLOURS):
        colours |= set(named.values())
    assert all(contrast(colour, paper) >= 3 for colour in colours)
