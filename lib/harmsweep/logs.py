"""Structured logs: one JSON event a line on stderr; data goes to stdout.

Every event says which run it is of: Airflow's, with the task and the try, or HARMSWEEP_RUN_ID, or
one made up for this process. So a day's events can be put together again from many logs.
"""

import logging
import os
import re
import sys
import uuid
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import structlog

# C0 and C1 controls, and the marks that turn the direction of text around.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
# What Airflow sets for its tasks, by what an event calls it.
_AIRFLOW = {
    "dag": "AIRFLOW_CTX_DAG_ID",
    "task": "AIRFLOW_CTX_TASK_ID",
    "try": "AIRFLOW_CTX_TRY_NUMBER",
}
# The run's id for processes that this one starts elsewhere, such as executors.
RUN_ID = "HARMSWEEP_RUN_ID"


def log(stage: str, **facts: Any) -> "structlog.stdlib.BoundLogger":
    """A logger with the run, the stage and facts on every line; HARMSWEEP_LOG_LEVEL is its level.

    Whatever ids and texts hold, an event is one line of ASCII that no terminal obeys.
    """
    import structlog  # slow, and most commands log nothing

    level = logging.getLevelName(os.environ.get("HARMSWEEP_LOG_LEVEL", "info").upper())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    task = {name: os.environ[key] for name, key in _AIRFLOW.items() if key in os.environ}
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(
        stage=stage, run_id=run_id(), **task, **facts
    )
    return bound


def run_id() -> str:
    """The run that this process works for: Airflow's id, HARMSWEEP_RUN_ID, or one of its own."""
    given = os.environ.get("AIRFLOW_CTX_DAG_RUN_ID") or os.environ.get(RUN_ID)
    return given or _own_id()


def clean(text: str) -> str:
    """The text with control characters written out, so that none reaches a terminal."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


@cache
def _own_id() -> str:
    return f"process-{uuid.uuid4().hex[:12]}"
