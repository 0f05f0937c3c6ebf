"""What passes a head as it is has to pass it in every way of writing, or the gate says so."""

from random import Random

import numpy as np
import pytest

pytest.importorskip("torch")

from harmsweep.model.text_windows import text_windows
from harmsweep.release import robustness
from harmsweep.release.conf import load_release
from harmsweep.release.gates import kept_gates
from harmsweep.release.robustness import DILUTIONS, MILD, OWN, WRITINGS, Kept, kept_table, probes

TEXT = "One sentence to be found"


@pytest.mark.parametrize("name", DILUTIONS)
def test_a_diluted_sentence_is_a_window_of_its_own(name: str) -> None:
    count, where = int(name.split(maxsplit=1)[0]), name.split()[1]
    text = DILUTIONS[name](TEXT, Random(1))
    sentences = text.split(". ")
    assert len(sentences) == count + 1
    place = sentences.index(TEXT) if TEXT in sentences else count
    assert place == {"behind": 0, "before": count, "around": (count + 1) // 2}[where]
    assert TEXT in text_windows(text)


def test_mild_sentences_are_many_and_each_ends_as_one() -> None:
    assert len(set(MILD)) == len(MILD) >= 30 and all(s.endswith(".") for s in MILD)
    assert len(set(OWN)) == len(OWN) >= 30


def test_probes_are_the_same_for_a_seed_and_hold_the_projects_own() -> None:
    hateful = [f"phrase {n}" for n in range(50)]
    chosen = probes(hateful, most=10, seed=3)
    assert chosen == probes(hateful, most=10, seed=3) and len(chosen) == 10 + len(OWN)
    assert chosen != probes(hateful, most=10, seed=4)


def test_only_what_passes_as_it_is_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    monkeypatch.setattr(robustness, "load_manifest", lambda _: SimpleNamespace(harms=("a", "b")))

    def passes(_: object, texts: list[str]) -> np.ndarray:
        return np.array([["x" in text, "y" in text] for text in texts]).reshape(-1, 2)

    monkeypatch.setattr(robustness, "passes", passes)
    writings = {
        "as it is": lambda text, _: text,
        "without x": lambda text, _: text.replace("x", ""),
    }
    found = robustness.kept_in_writings(
        "m",  # type: ignore[arg-type]
        ["x", "xy", "nothing", "x"],
        seed=1,
        writings=writings,
    )
    assert list(found) == [
        Kept("a", "as it is", 3, 3), Kept("b", "as it is", 1, 1),
        Kept("a", "without x", 3, 0), Kept("b", "without x", 1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(("kept", "passed"), [(95, True), (94, False)])
def test_the_gate_asks_for_its_share(kept: int, passed: bool) -> None:
    (gate,) = kept_gates([Kept("hate", "spaced", 100, kept)], load_release())
    assert gate.passed is passed and gate.item == "hate, spaced"


@pytest.mark.parametrize("count", [0, 29])
def test_few_phrases_decide_nothing(count: int) -> None:
    (gate,) = kept_gates([Kept("hate", "spaced", count, 0)], load_release())
    assert gate.passed is None


def test_a_table_has_the_heads_that_something_passes() -> None:
    rows = [Kept(harm, name, n, n) for name in WRITINGS for harm, n in (("hate", 3), ("spam", 0))]
    shown = kept_table(rows)
    assert [column.header for column in shown.columns] == ["writing", "hate (3)"]
    assert shown.row_count == len(WRITINGS)
