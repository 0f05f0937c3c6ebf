"""Jobs without Spark run as processes of their own: no shell, their exit code, their result."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.airflow


@pytest.fixture
def ran(dags: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that runs a job of a folder of its own by the operator."""
    from wiring import tasks

    def run(source: str, *arguments: str, context: Any = None) -> Any:
        (tmp_path / "jobs").mkdir(exist_ok=True)
        (tmp_path / "jobs" / "trial.py").write_text("import sys\n" + source, encoding="utf-8")
        return tasks.job("trial", *arguments, pool="train").execute(context or {})

    monkeypatch.setattr(tasks, "ROOT", str(tmp_path))
    return run


def test_the_last_line_is_the_result_and_the_others_are_the_log(ran: Any) -> None:
    assert ran('print("a line"); print(\'{"plan_id": "p"}\')') == {"plan_id": "p"}
    assert ran('print("no JSON")') == "no JSON"


def test_arguments_reach_no_shell(ran: Any, tmp_path: Path) -> None:
    hostile = [f"$(touch {tmp_path}/made)", f"; touch {tmp_path}/made", "`id`", "a b", "{{ ds }}"]
    found = ran('import json; print(json.dumps({"given": sys.argv[1:]}))', *hostile)
    assert found["given"] == hostile
    assert not (tmp_path / "made").exists()


def test_whoever_is_on_call_is_told_of_a_warning(ran: Any, webhook: Any) -> None:
    task = SimpleNamespace(dag_id="d", task_id="t", run_id="r", log_url="http://a/log")
    context = {"task_instance": task, "ds": "2026-10-03"}
    ran('print("a line"); print("warning: no post landed")', context=context)
    assert webhook.told == [
        "d.t is done, day 2026-10-03, run r: warning: no post landed."
        " Log: http://a/log. Runbook: docs/runbook.md#missing"
    ]


FIRST = {
    "backfill": "choose",
    "maintain": "maintain",
    "score_daily": "ingest",
    "sweep": "score",
    "train_weekly": "snapshot",
}


def check(dag: Any, given: dict[str, Any] | None) -> None:
    """What a run's first task does with its form before anything else."""
    defaults = {name: param.value for name, param in dag.params.items() if param.has_value}
    run, params = SimpleNamespace(conf=given), defaults | (given or {})
    hook = dag.get_task(FIRST[dag.dag_id])._pre_execute_hook
    hook({"dag": dag, "dag_run": run, "params": params})


@pytest.mark.parametrize("name", ["backfill", "sweep", "train_weekly"])
def test_a_form_whose_last_day_is_before_its_first_fails_at_once_and_for_good(
    dags: dict[str, Any], name: str
) -> None:
    for last in ("2026-10-03", "2026-10-04", None):
        check(dags[name], {"first": "2026-10-03", "last": last})
    with pytest.raises(Exception, match="last day, 2026-10-02, is before 2026-10-03") as refused:
        check(dags[name], {"first": "2026-10-03", "last": "2026-10-02"})
    policy = dags[name].get_task(FIRST[name]).retry_policy
    assert policy.evaluate(refused.value, 1, 3).action.value == "fail"


@pytest.mark.parametrize("name", FIRST)
def test_a_key_that_a_dag_knows_nothing_of_fails_its_first_task_with_the_nearest(
    dags: dict[str, Any], name: str
) -> None:
    for given in (None, {}, {"lake": "/data/lake"}):
        check(dags[name], given)
    said = f"Error code is: 2.\n'Lakes' is no key of {name}; did you mean 'lake'[?]$"
    with pytest.raises(Exception, match=said):
        check(dags[name], {"lake": "/data/lake", "Lakes": "/data/lake"})
    known = ", ".join(sorted(dags[name].params))
    with pytest.raises(Exception, match=f"'q' is no key of {name}; there are {known}$"):
        check(dags[name], {"q": 1})


@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_an_exit_code_ends_the_task_with_the_jobs_last_line(ran: Any, code: int) -> None:
    from airflow.sdk.exceptions import AirflowException
    from wiring.retries import exit_code

    with pytest.raises(AirflowException, match=r"trial\.py: Held: seven") as raised:
        ran(f'print("trial.py: Held: seven", file=sys.stderr); sys.exit({code})')
    assert exit_code(raised.value) == str(code)
