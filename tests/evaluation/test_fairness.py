"""A head that flags whoever names a group is found out."""

import numpy as np
import pandas as pd
import pytest

from harmsweep.evaluation.fairness import NO_IDENTITY, TERMS, identity_records, mentions
from harmsweep.model.conf import Evaluation


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Women spoke first.", {"women"}),
        ("the manual of a woman's german phone", {"women"}),
        ("a muslim and a Jewish family", {"Muslims", "Jews"}),
        ("black coffee, white bread", set()),
        ("Black women vote", {"women", "Black people"}),
        ("my transport was late", set()),
        ("", set()),
    ],
)
def test_neutral_words_name_a_group(text: str, names: set[str]):
    found = mentions(pd.Series([text]))
    assert {name for name in TERMS if found[name].iloc[0]} == names


def test_a_missing_text_names_none():
    assert not mentions(pd.Series([None], dtype=object)).to_numpy().any()


def named(**columns: list[bool]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_a_gap_is_told_with_its_interval(options: Evaluation):
    women = [True] * 40 + [False] * 160
    # Half of the posts that name women are flagged, and a tenth of the others.
    flagged = np.r_[np.tile([True, False], 20), np.tile([True] + [False] * 9, 16)]
    groups = np.arange(200).astype(str)
    none, found = identity_records(flagged, named(women=women), groups, options, seed=1)
    assert (none["identity"], none["n"], none["flagged"], none["gap"]) == (
        NO_IDENTITY,
        160,
        16,
        None,
    )
    assert (found["n"], found["flagged"], found["rate"]) == (40, 20, 0.5)
    assert found["gap"] == pytest.approx(0.4)
    assert 0.2 < found["gap_low"] < 0.4 < found["gap_high"] < 0.6


def test_a_row_counts_for_each_group_that_it_names(options: Evaluation):
    both = named(women=[True] * 20 + [False] * 20, Jews=[True] * 20 + [False] * 20)
    flagged, groups = np.array([True, False] * 20), np.arange(40).astype(str)
    found = {r["identity"]: r for r in identity_records(flagged, both, groups, options, seed=1)}
    assert found["women"]["n"] == found["Jews"]["n"] == found[NO_IDENTITY]["n"] == 20


def test_few_posts_are_left_out_and_none_flagged_has_no_interval(options: Evaluation):
    women, jews = [True] * 12 + [False] * 48, [False] * 12 + [True] * 3 + [False] * 45
    flagged = np.r_[np.zeros(15, bool), np.tile([True, False, False], 15)]
    groups = np.arange(60).astype(str)
    found = list(identity_records(flagged, named(women=women, Jews=jews), groups, options, seed=1))
    assert [record["identity"] for record in found] == [NO_IDENTITY, "women"]
    assert found[1]["gap"] == pytest.approx(-1 / 3) and found[1]["gap_low"] is None
