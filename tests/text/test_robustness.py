"""Disguised copies of 200 phrases score like the clean ones."""

import importlib.util
import sys
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from harmsweep.text.attacks import TRANSFORMS
from harmsweep.text.cleaning import clean
from harmsweep.text.disguise import normalise

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts" / "benchmarks"
# As the project's goal has it: in AUROC.
BAR = 0.02


def script(name: str) -> ModuleType:
    """A script of the benchmarks as a module, by its own name: they import each other."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


TEXT = script("text")


@pytest.mark.parametrize("name", [n for n in TRANSFORMS if n not in ("leet", "mixed")])
def test_a_mild_sentence_comes_back_from_each_transform(name: str) -> None:
    plain = "These people never return what they take from the garden."
    disguised = TRANSFORMS[name](plain, Random(3))
    assert disguised != plain
    back = normalise(clean(disguised)).lower().replace(" .", ".")
    assert back == plain.lower()


def test_the_held_out_phrases_share_no_template_with_the_training_cases() -> None:
    training, phrases = TEXT.split(TEXT.cases())
    assert not {case.group for case in training} & {case.group for case in phrases}
    assert sum(case.label for case in phrases) * 2 == len(phrases)


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.torch
def test_disguised_copies_score_within_the_bar_of_the_clean_ones(shared_data: Path) -> None:
    training, phrases = TEXT.split(TEXT.cases())
    assert len(phrases) == 200
    found = {name: auroc for name, auroc, _ in TEXT.robustness(phrases, TEXT.fitted(training))}
    clean_auroc = found.pop("clean")
    assert {name: auroc for name, auroc in found.items() if auroc < clean_auroc - BAR} == {}
