"""Sweeps in processes of their own: killed at a commit, or two at once."""

import os
import signal
import subprocess
import sys

import pytest

from harmsweep.paths import ROOT

pytestmark = pytest.mark.slow

SWEEP = """
import sys
from datetime import date
from pathlib import Path
from harmsweep.enforce import enforce_day

lake = Path(sys.argv[1])
print(enforce_day(lake, date(2026, 10, 1), policy=lake / "policy.yaml", model_version="m-1").line())
"""


def start(lake, failpoint: str | None = None) -> subprocess.Popen:
    env = os.environ | ({"HARMSWEEP_FAILPOINT": failpoint} if failpoint else {})
    return subprocess.Popen(
        [sys.executable, "-c", SWEEP, str(lake.root)],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    "failpoint",
    [
        "actions_v1:before-commit#1",
        "post_visibility_v1:before-commit#1",
        "actions_v1:after-commit#2",
    ],
)
def test_a_sweep_killed_at_a_commit_and_run_again_ends_as_a_clean_one(fresh, swept, failpoint):
    killed = start(fresh, failpoint)
    killed.communicate(timeout=400)
    assert killed.returncode == -signal.SIGKILL
    fresh.sweep()
    assert fresh.content() == swept.content()


def test_two_sweeps_at_once_act_on_each_post_once(fresh, rows):
    post, scored = rows
    names = [f"p{n}" for n in range(500)]
    fresh.put_posts([post(name) for name in names])
    fresh.put_scores([scored(name, hate=0.99) for name in names])
    fresh.decide()
    both = [start(fresh), start(fresh)]
    said = [sweep.communicate(timeout=500) for sweep in both]
    assert [sweep.returncode for sweep in both] == [0, 0], said[0][1][-500:] + said[1][1][-500:]
    for entry in ("intent", "outcome"):
        found = [row["subject_id"] for row in fresh.ledger(entry)]
        assert sorted(found) == sorted(names)
    assert fresh.states() == dict.fromkeys(names, "remove")
