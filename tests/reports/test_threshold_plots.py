"""The chart of a head's thresholds: for eyes, pointers and screen readers."""

from xml.etree import ElementTree

import numpy as np

from harmsweep.evaluation.curves import Curve
from harmsweep.evaluation.ordinary import ORDINARY
from harmsweep.evaluation.threshold_costs import COSTS, Costs
from harmsweep.reports.threshold_plots import costs_by_threshold

SVG = "{http://www.w3.org/2000/svg}"
THRESHOLDS = np.array([0.1, 0.5, 0.9])


def costs(**changes: object) -> Costs:
    falling, band = np.array([0.5, 0.1, 0.0]), (np.zeros(3), np.array([0.6, 0.2, 0.1]))
    curves = {name: Curve(falling, *band) for name in COSTS}
    curves["flagged_views"] = curves["missed_views"] = Curve(np.array([0.5, np.nan, 0.2]))
    facts: dict[str, object] = {
        "harm": "hate", "prevalence": 0.01, "stated": True, "thresholds": THRESHOLDS,
        "rungs": {"review": 0.5, "remove": 0.9}, "curves": curves, "benign_kind": ORDINARY,
        "positives": 40, "positive_groups": 40, "benign": 100, "benign_groups": 100,
    }  # fmt: skip
    return Costs(**(facts | changes))  # type: ignore[arg-type]


def test_rungs_and_shares_are_said_where_they_are_pointed_at():
    [(name, svg)] = costs_by_threshold([(costs(), False)]).items()
    root = ElementTree.fromstring(svg)
    assert name == "costs-hate" and float(root.attrib["width"]) <= 360
    assert "rungs: review from 0.5, remove from 0.9" in root.attrib["aria-label"]
    said = [e.attrib.get("aria-label", "") for e in root.iter()]
    assert any("from 0.10: 50 % flagged (0 to 60)" in label for label in said)
    assert any("review from 0.5: 10 % missed" in label for label in said)
    named = [e for e in root.iter() if e.attrib.get("role") == "graphics-symbol"]
    assert named and all(e.attrib.get("aria-label") for e in named)
    texts = [e.text for e in root.iter(f"{SVG}text")]
    assert texts.count("review") == texts.count("remove") == 1


def test_a_head_says_whether_its_positives_are_few_and_its_prevalence_assumed():
    [svg] = costs_by_threshold([(costs(stated=False, rungs={}), True)]).values()
    assert "hate*, at a prevalence of 0.01, assumed" in svg and "rungs: none" in svg


def test_two_prevalences_of_a_harm_are_two_charts():
    given = [(costs(), False), (costs(prevalence=0.2), False), (costs(harm="spam"), False)]
    assert [*costs_by_threshold(given)] == ["costs-hate0", "costs-hate1", "costs-spam"]


def test_a_curve_without_a_band_is_drawn_and_says_none():
    bare = {name: Curve(np.array([0.5, 0.1, 0.0])) for name in COSTS}
    [svg] = costs_by_threshold([(costs(curves=bare), False)]).values()
    assert "from 0.10: 50 % flagged&" not in svg and '"from 0.10: 50 % flagged"' in svg
