"""Agreement as published examples have it, and as annotators that are planted must have it."""

import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harmsweep.labels.agreement import Votes, agreement, alpha, hand_votes, pairs
from harmsweep.tables.catalog import LABELS

DAY = date(2026, 10, 1)


def counted(*observers: str) -> Any:
    """Units by values, from a character for each unit and observer; a dot is absent."""
    values = sorted({*"".join(observers)} - {"."})
    units = zip(*observers, strict=True)
    return np.array([[unit.count(value) for value in values] for unit in units])


def test_alpha_is_that_of_the_published_examples() -> None:
    nominal = counted("123321412...", "1233224125.3", ".3332342251.", "1233244125" + "1.")
    assert alpha(nominal) == pytest.approx(0.743, abs=5e-4)
    binary = counted("0100000010", "1110010000")
    assert alpha(binary) == pytest.approx(0.095, abs=5e-4)


def test_alpha_is_one_without_a_difference_and_unknown_without_a_choice() -> None:
    assert alpha(counted("0110", "0110")) == 1
    assert math.isnan(alpha(counted("1111", "1111")))
    assert math.isnan(alpha(counted("01..", "..10")))


def planted(rates: dict[str, float], *, posts: int = 2000, seed: int = 1) -> Votes:
    """Annotators who err on a fair coin's truth, each at a rate of their own."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, posts)
    said = {name: truth ^ (rng.random(posts) < rate) for name, rate in rates.items()}
    return {
        (DAY, f"p{n}"): {name: int(values[n]) for name, values in said.items()}
        for n in range(posts)
    }


def test_kappa_and_alpha_of_planted_annotators_are_as_their_errors_say() -> None:
    # Two who err independently at rates e and f agree with chance (1-e)(1-f) + ef, and a coin's
    # labels agree by chance half of the time: kappa is (1-2e)(1-2f).
    votes = planted({"ana": 0.1, "ben": 0.1, "eve": 0.4}, posts=8000)
    found = {(p.first, p.second): p.kappa for p in pairs("hate", votes)}
    assert found["ana", "ben"] == pytest.approx(0.64, abs=0.03)
    assert found["ana", "eve"] == pytest.approx(0.16, abs=0.03)
    both = agreement("hate", votes)
    assert (both.annotators, both.posts, both.labels) == (3, 8000, 24000)
    assert both.alpha == pytest.approx((0.64 + 0.16 + 0.16) / 3, abs=0.03)


def test_the_interval_holds_what_was_planted_and_narrows_with_posts() -> None:
    rates = {"ana": 0.1, "ben": 0.1}
    found = [agreement("hate", planted(rates, posts=300, seed=seed)) for seed in range(40)]
    assert sum(a.low <= 0.64 <= a.high for a in found) >= 34
    wide, narrow = found[0], agreement("hate", planted(rates, posts=4800))
    assert (narrow.high - narrow.low) * 2.5 < wide.high - wide.low


def test_pairs_share_posts_and_the_busiest_come_first() -> None:
    votes: Votes = {
        (DAY, "p1"): {"ana": 1, "ben": 1},
        (DAY, "p2"): {"ana": 0, "ben": 1, "eve": 0},
        (DAY, "p3"): {"ana": 1, "ben": 1},
        (DAY, "p4"): {"eve": 1},
    }
    found = list(pairs("hate", votes))
    assert [(p.first, p.second, p.posts) for p in found] == [
        ("ana", "ben", 3), ("ana", "eve", 1), ("ben", "eve", 1),
    ]  # fmt: skip
    assert found[0].agreed == pytest.approx(2 / 3) and math.isnan(found[1].kappa)
    assert agreement("hate", votes).posts == 3


@pytest.fixture
def labelled(lake: Path, add_rows: Callable[..., None]) -> Path:
    """A lake with two annotators, one label without a name and one that is no label by hand."""
    row = {"day": DAY, "harm": "hate", "dataset": "d", "source": "hand", "weight": 1.0}
    rows = [
        row | {"post_id": f"p{n}", "annotator": name, "label": label}
        for name, labels in {"ana": (0, 1, 1, 0), "ben": (0, 1, 0, 0), "-": (1, 1, 1, 1)}.items()
        for n, label in enumerate(labels)
    ]
    rows += [row | {"post_id": "p0", "annotator": "eve", "label": 1, "source": "appeals"}]
    add_rows(rows, LABELS, lake)
    return lake


def test_labels_by_hand_of_those_who_are_named_are_votes(labelled: Path) -> None:
    votes = hand_votes(labelled)
    assert votes.keys() == {"hate"}
    assert votes["hate"][DAY, "p2"] == {"ana": 1, "ben": 0}
    assert votes["hate"].keys() == {(DAY, f"p{n}") for n in range(4)}


def test_the_console_says_it_and_says_when_there_is_nothing(
    labelled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from harmsweep.cli.main import main

    monkeypatch.setattr("sys.argv", ["harmsweep", "agreement", "--lake", str(labelled)])
    main()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["hate", "ana", "ben", "4", "0.750", "0.500"] in lines
    assert any(line[:5] == ["hate", "2", "4", "8", "0.533"] for line in lines)
    options = ["agreement", "--harm", "spam", "--lake", str(labelled)]
    monkeypatch.setattr("sys.argv", ["harmsweep", *options])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 3
    assert "two annotators" in capsys.readouterr().err
