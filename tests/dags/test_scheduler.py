"""A day by `airflow dags test`, then a backfill: a plan to read, then exactly that plan.

One task of it is killed, and another runs twice at once; the tables come out as the quickstart's.
"""

import json
import os
import signal
import subprocess
import time
import urllib.error
from pathlib import Path
from typing import Any

import pytest
from dag_runs import ROOT, ask, finished, platform, tasks

pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.nightly]

DAYS = ("2026-10-01", "2026-10-02")
STAGES = {
    *("ingest", "features", "ocr", "embed", "match"),
    *("score", "decide", "enforce", "measure"),
}
FORM = {"first": DAYS[0], "last": DAYS[1], "reason": "days that were never run"}
# Content, without what only says when and by which run a row was written; scores to 1e-5.
CONTENT = {
    "posts": "day, post_id, revision, status, text",
    "post_vectors": "day, post_id, revision, input, encoder_id, status",
    # Of an edited post a run by days has the former revision's score too.
    "scores JOIN (SELECT day, post_id, revision FROM posts WHERE status = 'accepted')"
    " USING (day, post_id, revision)": "day, post_id, revision, model_version, scores.status,"
    " round(hate, 4) AS hate, round(spam, 4) AS spam, round(sexism, 4) AS sexism",
    "decisions": "day, post_id, revision, policy_version, surface, jurisdiction, action, harm",
    "actions": "day, subject_id, revision, entry, action, harm, policy_version",
    "post_visibility": "subject_id, revision, surface, jurisdiction, lane, action, harm",
}


def plan_of(served: Any, run: str) -> dict[str, Any]:
    """The plan that a dry run gave as its result."""
    entry = served.ask(f"{run}/taskInstances/dry_run.show/xcomEntries/return_value")
    value = entry["value"]
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found


def processes(job: str) -> list[int]:
    """The Java processes that run a job for this Airflow's lake."""
    found = []
    script = f"{ROOT}/jobs/{job}.py".encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        # What writes Spark's command is a Java process too, and ends at once.
        java = words[0].endswith(b"java") and b"org.apache.spark.launcher.Main" not in words
        if java and script in words:
            found.append(int(path.parent.name))
    return found


class Faults:
    """Kills the run of `embed` once, and runs `score` a second time beside its first."""

    def __init__(self) -> None:
        self.killed: list[int] = []
        self.twins: list[subprocess.Popen[bytes]] = []

    def __call__(self, run: str) -> None:
        if not self.killed:
            for process in processes("embed"):
                time.sleep(4)
                os.kill(process, signal.SIGKILL)
                self.killed.append(process)
        if not self.twins:
            for process in processes("score"):
                self.twins.append(again(process))


def again(process: int) -> subprocess.Popen[bytes]:
    """The same command once more, in the same environment, while the first still runs."""
    folder = Path(f"/proc/{process}")
    words = (folder / "cmdline").read_bytes().split(b"\0")
    pairs = (pair.split(b"=", 1) for pair in (folder / "environ").read_bytes().split(b"\0") if pair)
    job = words.index(f"{ROOT}/jobs/score.py".encode())
    command = [str(ROOT / ".venv/bin/spark-submit"), "--properties-file"]
    command += [str(ROOT / "conf/spark/local.conf"), *(word.decode() for word in words[job:-1])]
    environment = {pair[0].decode(): pair[-1].decode() for pair in pairs}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def done(served: Any) -> dict[str, Any]:
    """What the first day's run and the backfill of two days came to."""
    tested = subprocess.run(
        [str(ROOT / "scripts/airflow"), "--", "dags", "test", "score_daily", DAYS[0]],
        # `dags test` ends with an error where a DAG has a deadline (apache/airflow#73428).
        env=served.environment | {"HARMSWEEP_DEADLINE_HOURS": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, "\n".join((tested.stdout + tested.stderr).splitlines()[-15:])
    sql = f"SELECT DISTINCT stage FROM runs WHERE day = '{DAYS[0]}'"
    stages = {row["stage"] for row in ask(sql, served.data / "lake")}
    served.ask("/api/v2/dags/backfill", {"is_paused": False}, method="PATCH")
    planned = plan_of(served, finished(served, "backfill", {"conf": FORM}))
    faults = Faults()
    form = FORM | {"dry_run": False, "plan": planned["plan_id"]}
    run = finished(served, "backfill", {"conf": form}, faults)
    assert [twin.wait(120) for twin in faults.twins] == [0]
    return {
        "stages": stages, "planned": planned, "tasks": tasks(served, run), "faults": faults,
        "lake": served.data / "lake",
    }  # fmt: skip


def test_a_day_goes_through_every_stage_by_dags_test(done: dict[str, Any]) -> None:
    assert done["stages"] >= STAGES


def test_the_dry_run_says_what_is_known_and_what_is_not(done: dict[str, Any]) -> None:
    first, second = done["planned"]["days"]
    assert (first["day"], second["day"]) == DAYS
    assert (first["to_embed"], first["acts"], first["released"], first["held"]) == (0, {}, 0, 0)
    assert first["to_reuse"] > 30 and first["posts"] > 30
    assert (second["posts"], second["acts"], second["landed"] > 30) == (None, None, True)
    assert second["why"] == "the day has no vectors yet"
    assert done["planned"]["minutes"] > 1


def test_a_task_that_was_killed_ran_again_and_the_others_once(done: dict[str, Any]) -> None:
    assert len(done["faults"].killed) == 1
    tries = {name: tried for name, (_, tried) in done["tasks"].items() if name.startswith("apply")}
    assert tries.pop("apply.embed") == 2
    assert set(tries.values()) == {1}


def test_the_tables_are_those_of_the_quickstart(served: Any, done: dict[str, Any]) -> None:
    lake = served.data / "quickstart"
    platform("-m", "harmsweep.pipeline", "--posts", str(served.landing), "--lake", str(lake))
    for table, columns in CONTENT.items():
        ours, quickstarts = (rows(table, columns, where) for where in (done["lake"], lake))
        assert ours and ours == quickstarts, table


def test_no_effect_came_twice(done: dict[str, Any]) -> None:
    sql = """SELECT effect_key, entry, count(*) AS n FROM actions
        GROUP BY effect_key, entry HAVING count(*) > 1"""
    assert ask(sql, done["lake"]) == []


def test_a_form_that_is_odd_is_refused_by_its_schema(served: Any) -> None:
    for odd in ({"first": "yesterday"}, {"stages": ["delete"]}, {"plan": "x; id"}, {"reason": "-"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            body = {"conf": FORM | odd, "logical_date": None}
            served.ask("/api/v2/dags/backfill/dagRuns", body)
        assert refused.value.code in (400, 422)
        assert next(iter(odd)) in refused.value.read().decode()


def rows(table: str, columns: str, lake: Path) -> list[dict[str, Any]]:
    return sorted(ask(f"SELECT {columns} FROM {table}", lake), key=str)
