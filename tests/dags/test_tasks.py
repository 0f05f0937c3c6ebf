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


@pytest.mark.parametrize(
    ("dag", "task"), [("backfill", "choose"), ("sweep", "score"), ("train_weekly", "snapshot")]
)
def test_a_form_whose_last_day_is_before_its_first_fails_at_once_and_for_good(
    dags: dict[str, Any], dag: str, task: str
) -> None:
    of_form = dags[dag].get_task(task)
    check = of_form._pre_execute_hook
    for last in ("2026-10-03", "2026-10-04", None):
        check({"params": {"first": "2026-10-03", "last": last}})
    with pytest.raises(Exception, match="last day, 2026-10-02, is before 2026-10-03") as refused:
        check({"params": {"first": "2026-10-03", "last": "2026-10-02"}})
    assert of_form.retry_policy.evaluate(refused.value, 1, 3).action.value == "fail"


@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_an_exit_code_ends_the_task_with_the_jobs_last_line(ran: Any, code: int) -> None:
    from airflow.sdk.exceptions import AirflowException
    from wiring.retries import exit_code

    with pytest.raises(AirflowException, match=r"trial\.py: Held: seven") as raised:
        ran(f'print("trial.py: Held: seven", file=sys.stderr); sys.exit({code})')
    assert exit_code(raised.value) == str(code)
