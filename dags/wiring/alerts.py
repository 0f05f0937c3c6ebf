"""One message to whoever is on call: what failed, which days, why, the log, what to do.

HARMSWEEP_ALERTS is a webhook that takes {"text": …}, as team chats do; without it the message
stands in the task's log alone.
"""

import logging
import os
from typing import Any

import requests
from airflow.sdk import Context

from wiring.retries import FINAL, exit_code

log = logging.getLogger("airflow.task")
RUNBOOK = os.environ.get("HARMSWEEP_RUNBOOK", "docs/runbook.md")
# The runbook's section for an exit code; any other, and a killed job, is `failed`.
SECTIONS = {"2": "options", "3": "refused", "4": "held"}


def failed(context: Context) -> None:
    """Tell that a task failed for good; a retry to come is no alert."""
    error = str(context.get("exception") or "killed")
    code = exit_code(error)
    # The job's own last line names the item and the reason, and never the content of a post.
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    said = lines[-1][:500] if lines else "no message"
    how = f"failed ({FINAL.get(code, 'after its retries')})"
    _tell_of_task(context, how, said, section=SECTIONS.get(code, "failed"))


def warned(context: Context, said: str, *, section: str) -> None:
    """Tell of a task that is done and still has something that people should look at."""
    _tell_of_task(context, "is done", said, section=section)


def late(context: dict[str, Any], hours: float) -> None:
    """Tell that a scheduled run is not done in time; days that wait in a backfill are not late."""
    dag, run = (context["dag_run"][name] for name in ("dag_id", "dag_run_id"))
    if run.startswith("scheduled__"):
        tell(
            f"{dag} is late, run {run}: not done {hours:g} hours after its day ended."
            f" Runbook: {RUNBOOK}#late"
        )


def _tell_of_task(context: Context, how: str, said: str, *, section: str) -> None:
    task = context["task_instance"]
    tell(
        f"{task.dag_id}.{task.task_id} {how}, {_days(context)}, run {task.run_id}: {said}."
        f" Log: {task.log_url}. Runbook: {RUNBOOK}#{section}"
    )


def tell(message: str) -> None:
    """Log the message, and post it where a webhook is set; never raises."""
    log.error("ALERT %s", message)
    url = os.environ.get("HARMSWEEP_ALERTS")
    if url:
        try:
            requests.post(url, json={"text": message}, timeout=10).raise_for_status()
        except requests.RequestException as error:
            log.error("the alert was not delivered: %s", type(error).__name__)


def _days(context: Context) -> str:
    given = context.get("params") or {}
    if given.get("first"):
        return f"days {given['first']} to {given['last']}"
    return f"day {context['ds']}" if context.get("ds") else "no day"
