"""Invariants over every DAG, and the exact command of every task."""

import json
import os
import subprocess
import sys
import textwrap
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import ParamValidationError
from jsonschema import ValidationError, validate

pytestmark = pytest.mark.airflow

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "dags"
GOLDEN = Path(__file__).parent / "golden"
STAGES = (
    *("ingest", "features", "ocr", "embed", "match"),
    *("score", "decide", "enforce", "measure"),
)
DAILY = (STAGES[0], "late", *STAGES[1:6], "watch", *STAGES[6:])
EXPECTED = {
    "score_daily": [*DAILY, "deliver", "explain", "label", "on_time", "done"],
    "backfill": ["choose", "dry_run.plan", "dry_run.show", "apply.start"]
    + [f"apply.{task}" for task in (*STAGES, "deliver", "explain", "done")],
    "sweep": ["score", "decide", "plan", "apply", "deliver", "explain", "done"],
    "train_weekly": ["snapshot", "train", "report_model", "promote"],
    "maintain": ["maintain"],
}
# What an installation sets for each place where Spark may run, as environment variables do.
MASTERS: dict[str, dict[str, str]] = {
    "local": {},
    "standalone": {"SPARK_PROPERTIES": f"{ROOT}/conf/spark/cpu.conf"},
    "kubernetes": {
        "SPARK_PROPERTIES": "/etc/harmsweep/spark.conf",
        "DRIVER_ROOT": "/opt/harmsweep",
    },
}
# Tasks of Airflow's own, which run no command.
CHOICES = {
    ("backfill", "choose"),
    *((d, t) for d, ts in EXPECTED.items() for t in ts if "done" in t),
}
TASKS = [(dag, task) for dag, tasks in EXPECTED.items() for task in tasks]
COMMANDS = [pair for pair in TASKS if pair not in CHOICES]
PARAMS = {
    name: f"/data/{name}"
    for name in ("lake", "landing", "model", "policy", "snapshots", "models", "tracking")
} | {
    "first": "2026-10-01",
    "last": "2026-10-02",
    "keep_days": 30,
    "backfill_acts": False,
    "hatecheck": "/data/hatecheck.csv",
    "reason": "a model was retrained; see {{ ds }} $(id)",
    "stages": ["score", "decide"],
    "plan": "backfill-20261001-0123456789ab",
}
# What tasks before it gave, as Airflow hands it on.
RESULTS = {
    "train": {"manifest": "/data/models/m1/manifest.json", "snapshot": "/data/snapshots/r/s1"},
    "plan": {"plan_id": "plan-20261001-0123456789ab"},
    "apply.start": {
        "planned_at": "2026-10-04T08:00:00Z",
        "request": {"model": "/data/planned.json", "policy": "/data/planned.yaml"},
    },
}


def test_the_dags_are_the_expected_ones_and_their_tasks_run_in_order(dags: dict[str, Any]) -> None:
    found = {name: sorted(task.task_id for task in dag.tasks) for name, dag in dags.items()}
    assert found == {name: sorted(tasks) for name, tasks in EXPECTED.items()}
    for dag in dags.values():
        assert len(dag.roots) == 1


@pytest.mark.parametrize(
    ("dag", "chain"),
    [
        ("score_daily", DAILY),
        ("backfill", ("choose", "apply.start", *(f"apply.{stage}" for stage in STAGES))),
        ("backfill", ("choose", "dry_run.plan", "dry_run.show")),
        ("sweep", ("score", "decide", "plan", "apply")),
        ("train_weekly", EXPECTED["train_weekly"]),
    ],
)
def test_each_task_follows_the_one_whose_tables_it_reads(
    dags: dict[str, Any], dag: str, chain: tuple[str, ...]
) -> None:
    for before, after in pairwise(chain):
        assert before in dags[dag].get_task(after).upstream_task_ids


@pytest.mark.parametrize(
    ("dag", "before", "sweep", "after"),
    [
        ("score_daily", "decide", "enforce", ["measure", "deliver", "explain", "label"]),
        ("backfill", "apply.start", "apply.enforce", ["apply.deliver", "apply.explain"]),
        ("sweep", "plan", "apply", ["deliver", "explain"]),
    ],
)
def test_what_follows_a_sweep_runs_however_it_ended_and_the_run_ends_as_it_did(
    dags: dict[str, Any], dag: str, before: str, sweep: str, after: list[str]
) -> None:
    """One harm is held: what happened to all others is told, explained and measured all the same.

    The task before the sweep succeeded, or there is nothing new to tell. The last task, and with
    it the run, succeeds only where none failed.
    """
    for name in after:
        task = dags[dag].get_task(name)
        assert {before, sweep} == task.upstream_task_ids, name
        assert task.trigger_rule == "all_done_min_one_success", name
    done = dags[dag].get_task("apply.done" if dag == "backfill" else "done")
    assert done.trigger_rule == "none_failed_min_one_success"
    assert {sweep, *after} <= done.upstream_task_ids


def test_every_dag_runs_once_at_a_time_from_now_on_and_says_what_it_is(
    dags: dict[str, Any],
) -> None:
    for dag in dags.values():
        assert dag.max_active_runs == 1
        assert dag.catchup is False
        assert "harmsweep" in dag.tags
        assert dag.doc_md and len(dag.doc_md.split()) > 20


def test_every_task_has_an_owner_a_time_limit_and_retries_that_back_off(
    dags: dict[str, Any],
) -> None:
    for task in (task for dag in dags.values() for task in dag.tasks):
        assert task.owner == "trust-and-safety"
        assert timedelta(minutes=5) < task.execution_timeout <= timedelta(hours=6)
        assert task.retries >= 1
        assert task.retry_exponential_backoff
        assert task.max_retry_delay <= timedelta(hours=1)
        assert task.on_failure_callback


def test_every_command_has_a_pool_of_one_slot_that_the_set_up_makes(dags: dict[str, Any]) -> None:
    pools = json.loads((ROOT / "conf" / "airflow" / "pools.json").read_text(encoding="utf-8"))
    used = {dags[dag].get_task(task).pool for dag, task in COMMANDS}
    assert used == set(pools)
    assert {pool["slots"] for pool in pools.values()} == {1}


def test_all_that_writes_the_ledger_shares_a_pool(dags: dict[str, Any]) -> None:
    writers = [("score_daily", "enforce"), ("backfill", "apply.enforce"), ("sweep", "apply")]
    assert {dags[dag].get_task(task).pool for dag, task in writers} == {"enforce"}


def test_the_daily_dag_is_given_the_day_that_has_ended(dags: dict[str, Any]) -> None:
    table = dags["score_daily"].timetable
    assert type(table).__name__ == "CronDataIntervalTimetable"
    assert (table.expression, str(table.timezone)) == ("0 2 * * *", "UTC")


def test_the_daily_dag_never_trains(dags: dict[str, Any]) -> None:
    assert not {"train", "snapshot"} & {task.task_id for task in dags["score_daily"].tasks}


@pytest.mark.parametrize(
    ("code", "action"), [(1, "default"), (137, "default"), (2, "fail"), (3, "fail"), (4, "fail")]
)
def test_only_what_a_retry_may_mend_is_retried(
    dags: dict[str, Any], code: int, action: str
) -> None:
    error = RuntimeError(f"Cannot execute: spark-submit x.py. Error code is: {code}.\nlast lines")
    for task in dags["score_daily"].tasks:
        assert task.retry_policy.evaluate(error, 1, 3).action.value == action


@pytest.mark.parametrize("name", ["lake", "landing", "model", "policy"])
@pytest.mark.parametrize(
    "odd",
    [
        "relative/path",
        "/a/../b",
        "/a b",
        "/a;b",
        "/{{ ds }}",
        "/a'b",
        "/a$(b)",
        "/a\n",
        "",
        3,
        None,
    ],
)
def test_a_path_that_is_no_plain_absolute_path_is_refused(
    dags: dict[str, Any], name: str, odd: object
) -> None:
    schema = dags["score_daily"].params.get_param(name).schema
    validate(PARAMS[name], schema)
    with pytest.raises(ValidationError):
        validate(odd, schema)


def test_the_model_may_be_the_champion_of_a_registry(dags: dict[str, Any]) -> None:
    param = dags["score_daily"].params.get_param("model")
    assert param.value.startswith("champion@/")
    validate("champion@/data/mlflow", param.schema)
    with pytest.raises(ValidationError):
        validate("champion@/data/../mlflow", param.schema)


@pytest.mark.parametrize("odd", ["2026-1-1", "today", "2026-10-01 ", "2026-10-01\n", "{{ ds }}"])
def test_a_day_that_is_no_day_is_refused(dags: dict[str, Any], odd: str) -> None:
    param = deepcopy(dags["backfill"].params.get_param("first"))
    assert param.resolve("2026-10-01") == "2026-10-01"
    with pytest.raises(ParamValidationError) as raised:
        param.resolve(odd)
    assert str(raised.value).splitlines()[0] == f"{odd!r} is not a 'date'"


def test_what_the_forms_reason_lacks_is_said(dags: dict[str, Any]) -> None:
    param = deepcopy(dags["backfill"].params.get_param("reason"))
    for odd, said in {"x": "'x' is too short", "x" * 501: "is too long"}.items():
        with pytest.raises(ParamValidationError, match=said):
            param.resolve(odd)


def test_each_dag_says_in_a_line_what_it_does(dags: dict[str, Any]) -> None:
    assert all(30 < len(dag.description) < 100 for dag in dags.values())


def test_a_dag_is_read_without_kubernetes_clients() -> None:
    """They took almost half of the time; a task that asks for one still gets it."""
    asked = "from airflow.providers.cncf.kubernetes.kube_client import get_kube_client"
    code = f"""import sys, wiring.tasks
        before = "kubernetes" in sys.modules
        {asked}
        print(before, "kubernetes" in sys.modules)"""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(" " * 8 + code)],
        cwd=DAGS, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "False True"


@pytest.mark.parametrize(("dag", "task"), COMMANDS, ids=[".".join(pair) for pair in COMMANDS])
def test_a_task_runs_exactly_its_golden_command(dags: dict[str, Any], dag: str, task: str) -> None:
    """HARMSWEEP_GOLDEN=write makes the files again; review their diff."""
    check_golden(f"{dag}.{task}", rendered_command(dags[dag].get_task(task)))


def check_golden(name: str, command: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("HARMSWEEP_GOLDEN") == "write":
        path.write_text(command, encoding="utf-8")
    assert command == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("master", MASTERS)
def test_spark_runs_where_its_connection_says(
    dags: dict[str, Any], master: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same job on this machine, on a standalone cluster, and on Kubernetes (OpenShift)."""
    from wiring import tasks

    connection = ROOT / "conf" / "airflow" / "spark" / f"{master}.json"
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", connection.read_text(encoding="utf-8"))
    for name, value in MASTERS[master].items():
        monkeypatch.setattr(tasks, name, value)
    check_golden(f"{master}.embed", rendered_command(tasks.spark_job("embed", "--day", "{{ ds }}")))


def test_no_golden_command_is_left_over() -> None:
    expected = {".".join(pair) for pair in COMMANDS} | {f"{master}.embed" for master in MASTERS}
    assert {path.stem for path in GOLDEN.iterdir()} == expected


@pytest.mark.parametrize(
    ("run_type", "acts", "option"),
    [("scheduled", False, "--no-dry-run"), ("manual", False, "--no-dry-run"),
     ("backfill", False, "--dry-run"), ("backfill", True, "--no-dry-run")],
)  # fmt: skip
def test_a_backfill_acts_only_where_it_is_told_to(
    dags: dict[str, Any], run_type: str, acts: bool, option: str
) -> None:
    task = dags["score_daily"].get_task("enforce")
    lines = rendered_command(task, run_type=run_type, backfill_acts=acts).splitlines()
    assert lines[-1] == option


def test_whether_a_backfill_acts_is_a_yes_or_a_no(dags: dict[str, Any]) -> None:
    schema = dags["score_daily"].params.get_param("backfill_acts").schema
    validate(True, schema)
    for odd in ("true", 1, None, "{{ ds }}"):
        with pytest.raises(ValidationError):
            validate(odd, schema)


def rendered_command(task: Any, *, run_type: str = "scheduled", **params: Any) -> str:
    """What the task runs for 2026-10-03, one argument a line; the project's folder is $ROOT."""
    from airflow.sdk.execution_time import macros

    run = SimpleNamespace(
        run_after=datetime(2026, 10, 4, 2, tzinfo=UTC),
        run_type=run_type,
        triggering_user_name="admin",
    )
    context = {"params": PARAMS | params, "ds": "2026-10-03", "macros": macros, "dag_run": run}
    context["ti"] = SimpleNamespace(xcom_pull=lambda task_ids: RESULTS[task_ids])
    task = task.prepare_for_execution()
    task.render_template_fields(context)
    if task.task_type == "JobOperator":
        lines = task.command()
    else:
        lines = task._get_hook()._build_spark_submit_command(task.application)
    return "\n".join(map(str, lines)).replace(str(ROOT), "$ROOT") + "\n"
