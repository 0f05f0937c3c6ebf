"""What the DAGs share: where things are, and the parameters that a form or a call may give.

Paths come from the environment of the scheduler and its workers, and each run may give others
within the pattern. Nothing here imports the package: the scheduler only passes strings.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import Asset, Param

from wiring.alerts import failed
from wiring.form import check_form
from wiring.retries import NoRetryWherePeopleDecide

ROOT = os.environ.get("HARMSWEEP_HOME", str(Path(__file__).resolve().parents[2]))
DATA = os.environ.get("HARMSWEEP_DATA", f"{ROOT}/build")
# An absolute path of plain characters, with no way up: it reaches a command line, never a shell.
PATH_PATTERN = r"^(?!.*\.\.)/[A-Za-z0-9_./-]+$(?!\n)"
# What a person writes: one line, so that a log stays one event a line.
REASON_PATTERN = r"^(?!-)[^\x00-\x1f\x7f]*$(?!\n)"

DEFAULTS: dict[str, Any] = {
    "owner": "trust-and-safety",
    "retries": 2,
    "retry_delay": timedelta(seconds=float(os.environ.get("HARMSWEEP_RETRY_SECONDS", "120"))),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=30),
    "retry_policy": NoRetryWherePeopleDecide(),
    "execution_timeout": timedelta(hours=2),
    "on_failure_callback": failed,
    "pre_execute": check_form,
}


def path_param(variable: str, default: str, description: str) -> Param:
    """A path that a run may set; by default the environment's, else one beneath the data folder."""
    value = os.environ.get(variable, f"{DATA}/{default}")
    return Param(value, type="string", pattern=PATH_PATTERN, description=description)


def model_param(variable: str, default: str, description: str) -> Param:
    """A model that a run may set: a manifest's path, or the champion of a registry's folder."""
    value = os.environ.get(variable, f"champion@{DATA}/{default}")
    pattern = PATH_PATTERN.replace(")/", ")(champion@)?/", 1)
    return Param(value, type="string", pattern=pattern, description=description)


def day_param(description: str, *, optional: bool = False) -> Param:
    """A UTC day that a run must give, or may."""
    about = {"format": "date", "description": description}
    if optional:
        return Param(None, type=["null", "string"], **about)
    return Param(type="string", **about)


# Told by train_weekly's last task, after the gates: a model became the champion.
CHAMPION = Asset("harmsweep-champion")
LAKE = path_param("HARMSWEEP_LAKE", "lake", "folder of the tables")
LANDING = path_param("HARMSWEEP_LANDING", "landing", "landing zone, with its media")
MODEL = model_param("HARMSWEEP_MODEL", "mlflow", "the champion, or a manifest's path")
POLICY = path_param("HARMSWEEP_POLICY", "policy.yaml", "policy in force")
