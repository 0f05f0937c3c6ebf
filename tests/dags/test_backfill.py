"""The form of a backfill, and which of the stages it runs."""

from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.airflow


def test_a_stage_that_the_plan_does_not_name_is_skipped(dags: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    skip = dags["backfill"].get_task("apply.score")._pre_execute_hook
    plan = {"request": {"stages": ["score", "decide"]}}

    def running(task_id: str) -> Any:
        return {"ti": SimpleNamespace(task_id=task_id, xcom_pull=lambda task_ids: plan)}

    skip(running("apply.score"))
    with pytest.raises(AirflowSkipException):
        skip(running("apply.enforce"))


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("first", "yesterday"), ("first", None), ("last", "2026-13-45"), ("reason", "no"),
        ("reason", "two\nlines"), ("reason", "--lake=/other"), ("stages", []),
        ("stages", ["delete"]), ("stages", "score"), ("stages", ["score", "score"]),
        ("plan", "plan-20261001-0123456789ab"), ("plan", "x' OR '1'='1"), ("dry_run", "false"),
        ("lake", "/a/../b"), ("model", "champion@/a;b"),
    ],
)  # fmt: skip
def test_the_form_of_a_backfill_refuses_what_is_odd(
    dags: dict[str, Any], name: str, odd: object
) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        dags["backfill"].params.get_param(name).resolve(value=odd)
