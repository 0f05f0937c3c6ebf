"""Nights of score_daily by a running scheduler end with the tables of one run at the end."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from dag_runs import ask, finished, platform, tasks, unpause
from ten_days import CONTENT, MEANWHILE, VERDICTS, VERDICTS_MEANWHILE, Found, land

pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.nightly]
# All other nights are skipped: what they would have taken is the next one's. A night takes minutes,
# most of them for the start of its jobs; tests/pipeline/test_late.py has each, in one process.
NIGHTS = (3, 9, 10)
# While this one runs rows land, and people find what they do.
BUSY = 9
JUDGE = """
import sys
from harmsweep.cli.main import app
from harmsweep.review import verdicts

name = sys.argv.pop(1)
verdicts.operator = lambda: name
app(sys.argv[1:])
"""
MARK = """
import sys
from pathlib import Path
from harmsweep.policy.demonstration import mark_demonstration

mark_demonstration(Path(sys.argv[1]))
"""


def judge(lake: Path, found: list[Found]) -> None:
    for reviewer, name, outcome, more in found:
        options = [word for key, value in more.items() for word in (f"--{key}", value)]
        words = ("verdict", name, outcome, *options, "--rationale", "seen", "--lake", str(lake))
        platform("-c", JUDGE, reviewer, *words)


class Meanwhile:
    """Does something once while a run goes on: when one of its tasks has succeeded."""

    def __init__(self, served: Any, task: str, work: Callable[[], Any]) -> None:
        self.served, self.task, self.work, self.done = served, task, work, False

    def __call__(self, run: str) -> None:
        # Unpaused, the DAG has a run of yesterday too, by its schedule and of another lake.
        runs = "/api/v2/dags/score_daily/dagRuns"
        for other in self.served.ask(f"{runs}?run_type=scheduled")["dag_runs"]:
            if other["state"] in ("queued", "running"):
                path = f"{runs}/{other['dag_run_id']}"
                self.served.ask(path, {"state": "failed"}, method="PATCH")
        if not self.done and tasks(self.served, run).get(self.task, ("", 0))[0] == "success":
            self.work()
            self.done = True


@pytest.fixture(scope="module")
def lakes(served: Any) -> tuple[Path, Path]:
    """The lake of the nights, and that of one run over what the zone holds at the end."""
    lake, once, zone = (served.data / name for name in ("nights", "once", "zone"))
    platform("-c", MARK, str(lake))
    unpause(served, "score_daily")
    for day in range(1, 11):
        land(zone, day)
        if day not in NIGHTS:
            continue
        judge(lake, VERDICTS[day] if day > BUSY else [])
        conf = {"lake": str(lake), "landing": str(zone)}
        body = {"logical_date": f"2026-10-{day:02}T00:00:00Z", "conf": conf}
        work = partial(_meanwhile, lake, zone) if day == BUSY else list
        finished(served, "score_daily", body, Meanwhile(served, "late", work))
    served.ask("/api/v2/dags/score_daily", {"is_paused": True}, method="PATCH")
    _at_once(once, zone, served.environment["HARMSWEEP_DATA"])
    return lake, once


def _meanwhile(lake: Path, zone: Path) -> None:
    for day in MEANWHILE:
        land(zone, day, {"posts": MEANWHILE}, "-more")
    judge(lake, [*VERDICTS[BUSY], *VERDICTS_MEANWHILE[BUSY]])


def _at_once(once: Path, zone: Path, data: str) -> None:
    platform("-m", "harmsweep.pipeline", "--posts", str(zone), "--lake", str(once))
    for by_day in (VERDICTS, VERDICTS_MEANWHILE):
        for found in by_day.values():
            judge(once, found)
    days = ("--lake", str(once), "--from", "2026-10-01", "--to", "2026-10-10")
    pair = ("--model", "conf/model/manifest.json", "--policy", f"{data}/policy.yaml")
    for job, options in {"enforce": pair, "measure": pair, "label": ()}.items():
        platform(f"jobs/{job}.py", *days, *options)


@pytest.mark.parametrize("table", CONTENT)
def test_the_nights_end_with_the_tables_of_one_run(lakes: tuple[Path, Path], table: str) -> None:
    nights, once = (
        sorted(map(str, ask(CONTENT[table].replace("_v1", ""), lake))) for lake in lakes
    )
    assert nights and nights == once


def test_every_accepted_revision_is_scored_and_what_was_late_swept(
    lakes: tuple[Path, Path],
) -> None:
    sql = """SELECT p.post_id FROM (SELECT * FROM posts WHERE status = 'accepted') p
        LEFT JOIN scores s ON s.day = p.day AND s.post_id = p.post_id AND s.revision = p.revision
        WHERE s.post_id IS NULL"""
    assert ask(sql, lakes[0]) == []
    late = ask("SELECT post_id, revision, swept_at FROM late_posts", lakes[0])
    assert all(row["swept_at"] for row in late)
    # What came late, and what the nights that were skipped would have taken.
    assert {row["post_id"] for row in late} == {
        *("back-4", "edited", "kept", "late", "twin"),
        *("d", "ahead", "e", "f"),
    }
