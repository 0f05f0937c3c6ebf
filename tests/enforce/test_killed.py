"""Sweeps in processes of their own: killed at a commit, or two at once."""

import os
import signal
import subprocess
import sys
from datetime import date

import pytest

from harmsweep.enforce import enforce_day
from harmsweep.paths import ROOT

pytestmark = pytest.mark.slow
DAY = date(2026, 10, 1)

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


# Strikes of one author, so that accounts are brought up to date after the posts: four commits of
# the ledger and two of what the platform reads.
STRUCK = "\naccounts: {decay_days: 90, ladder: [{strikes: 2, days: 7}]}\n"
REACHED = [("actions_v1", n) for n in (1, 2, 3, 4)] + [("post_visibility_v1", n) for n in (1, 2)]


@pytest.fixture
def struck(fresh):
    """A lake of the test's own, decided under a policy with strikes."""
    plain = fresh.policy

    def policy(**changes):
        path = plain(**changes)
        text = path.read_text().replace("action: remove", "action: strike")
        path.write_text(text + STRUCK)
        return path

    fresh.policy = policy
    fresh.decide()
    return fresh


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("table", "passage"), REACHED, ids=str)
def test_a_sweep_killed_at_any_commit_and_run_again_ends_as_a_clean_one(
    struck, tmp_path, table, passage, moment
):
    clean = struck.copy(tmp_path / "clean")
    killed = start(struck, f"{table}:{moment}-commit#{passage}")
    killed.communicate(timeout=400)
    assert killed.returncode == -signal.SIGKILL
    for lake in (struck, clean):
        enforce_day(lake.root, DAY, policy=lake.root / "policy.yaml", model_version="m-1")
    assert struck.states() == clean.states()
    assert struck.states()["a1"] == "restrict"
    for kind in ("intent", "outcome"):
        keys = [sorted(row["effect_key"] for row in lake.ledger(kind)) for lake in (struck, clean)]
        assert keys[0] == keys[1]
        assert len(keys[0]) == len(set(keys[0])) == 5


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
