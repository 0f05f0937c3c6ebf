"""`harmsweep plan`: a policy that is only tried needs no command but this one."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import DAY, features, post, rule, rung, scored, trial_policy

from harmsweep.cli.query import ask
from harmsweep.errors import REFUSED
from harmsweep.lake.writes import write_rows
from harmsweep.model.manifest import load_manifest
from harmsweep.paths import DEFAULT_MODEL
from harmsweep.policy.demonstration import DEMONSTRATION_MARK
from harmsweep.tables.catalog import POST_FEATURES, POSTS, SCORES

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def words(lake: Path) -> tuple[Any, ...]:
    """A plan of a day of two posts that the model that ships scored, under a policy to try."""
    model = load_manifest(DEFAULT_MODEL).model_version
    (lake / DEMONSTRATION_MARK).touch()
    write_rows([post("a"), post("b")], POSTS, lake)
    write_rows([features("a"), features("b")], POST_FEATURES, lake)
    scores = {"a": 0.99, "b": 0.6}
    write_rows([scored(n, model_version=model, hate=s) for n, s in scores.items()], SCORES, lake)
    rules = {"hate": [rule(rung("remove", 0.9), rung("review", 0.5))]}
    policy = lake / "try.yaml"
    policy.write_text(trial_policy(rules, approved_models=[model]), encoding="utf-8")
    return ("plan", "--from", DAY, "--model", DEFAULT_MODEL, "--policy", policy, "--lake", lake)


def test_without_decisions_the_command_that_makes_them_is_printed(
    call: Call, words: tuple[Any, ...], lake: Path
) -> None:
    code, _, err = call(*words)
    assert code == REFUSED
    assert f"`python jobs/decide.py --lake {lake} --day {DAY} --policy {lake}/try.yaml" in err


@pytest.mark.spark
@pytest.mark.slow
def test_a_policy_is_tried_by_the_plan_alone_and_counts_nowhere(
    call: Call, words: tuple[Any, ...], lake: Path
) -> None:
    code, out, err = call(*words, "--decide")
    assert code == 0
    assert re.search(rf"^decide {DAY}: ", err, re.MULTILINE)
    assert ": 2 effects, 1 visible, 0 unchanged; inside every bound" in out
    (now,) = ask(lake, "SELECT count(*) AS n FROM decisions_now", as_of=[], limit=None).to_pylist()
    (all_,) = ask(lake, "SELECT count(*) AS n FROM decisions", as_of=[], limit=None).to_pylist()
    assert (now["n"], all_["n"]) == (0, 2)
