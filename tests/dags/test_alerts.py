"""What whoever is on call is told, and by which section of the runbook they go on."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.airflow

ROOT = Path(__file__).resolve().parents[2]


def context(error: str, **more: Any) -> dict[str, Any]:
    task = SimpleNamespace(
        dag_id="score_daily", task_id="enforce", run_id="scheduled__1", log_url="http://a/log"
    )
    return {"task_instance": task, "ds": "2026-10-03", "exception": RuntimeError(error)} | more


@pytest.mark.parametrize(
    ("code", "section", "meaning"),
    [
        (1, "failed", "after its retries"), (137, "failed", "after its retries"),
        (2, "options", "wrong options"), (3, "refused", "refused: data, policy or model"),
        (4, "held", "held: people decide"),
    ],
)  # fmt: skip
def test_a_failure_is_one_message_with_the_day_the_log_and_what_to_do(
    webhook: Any, code: int, section: str, meaning: str
) -> None:
    from wiring import alerts

    alerts.failed(context(f"enforce: Error code is: {code}.\nenforce.py: Held: hate: 7 removals"))
    (message,) = webhook.told
    assert message == (
        f"score_daily.enforce failed ({meaning}), day 2026-10-03, run scheduled__1:"
        " enforce.py: Held: hate: 7 removals. Log: http://a/log."
        f" Runbook: docs/runbook.md#{section}"
    )


def test_a_backfills_failure_names_its_days(webhook: Any) -> None:
    from wiring import alerts

    params = {"first": "2026-10-01", "last": "2026-10-02"}
    alerts.failed(context("Error code is: 1.", params=params))
    assert "days 2026-10-01 to 2026-10-02" in webhook.told[0]


def test_a_task_that_was_killed_is_told_of_too(webhook: Any) -> None:
    from wiring import alerts

    alerts.failed(context("") | {"exception": None})
    assert "killed. Log" in webhook.told[0]


def test_a_scheduled_day_is_late_and_one_that_waits_in_a_backfill_is_not(
    webhook: Any,
) -> None:
    from wiring import alerts

    for run_id in ("backfill__2026-10-03", "manual__2026-10-03", "scheduled__2026-10-03"):
        alerts.late({"dag_run": {"dag_id": "score_daily", "dag_run_id": run_id}}, hours=6.0)
    assert webhook.told == [
        "score_daily is late, run scheduled__2026-10-03: not done 6 hours after its day ended."
        " Runbook: docs/runbook.md#late"
    ]


def test_a_webhook_that_refuses_does_not_fail_the_task(webhook: Any) -> None:
    from wiring import alerts

    webhook.status = 500
    alerts.tell("a message")
    assert webhook.told == ["a message"]


@pytest.mark.parametrize("section", ["failed", "options", "refused", "held", "late"])
def test_the_runbook_has_the_sections_that_alerts_name(section: str) -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    heads = [line.lstrip("# ").lower() for line in text.splitlines() if line.startswith("#")]
    assert section in heads


def test_a_deadline_is_set_where_the_installation_asks_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.dag_processing.dagbag import BundleDagBag

    def deadline() -> Any:
        path = ROOT / "dags"
        bag = BundleDagBag(str(path), bundle_path=path, bundle_name="dags-folder")
        return bag.dags["score_daily"].deadline

    assert not deadline()
    monkeypatch.setenv("HARMSWEEP_DEADLINE_HOURS", "6")
    (found,) = deadline()
    assert (found.interval.total_seconds(), found.callback.path) == (6 * 3600, "wiring.alerts.late")
