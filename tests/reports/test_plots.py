"""Plots of whatever names and numbers the tables hold."""

import pandas as pd
import pytest

from harmsweep.reports import plots


@pytest.mark.parametrize("name", [r"$\frac$", "$", r"$x^{2}$", "a & <b>"])
def test_a_name_is_text_and_no_formula(name: str):
    plots.seconds(pd.Series({name: 1.0}))
    plots.score_curves(pd.DataFrame({name: [1.0, 0.01]}, index=[0.0, 1.0]))
    counts = pd.DataFrame({"remove": [1]}, index=[name])
    plots.stacked(counts, colours=plots.ACTION_COLOURS, title=name)


def test_powers_of_ten_are_written_out():
    curves = plots.score_curves(pd.DataFrame({"hate": [1.0, 0.001]}, index=[0.0, 1.0]))
    assert "<!-- 0.01 -->" in curves and "mathdefault" not in curves
