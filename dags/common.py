"""What the DAGs share: where things are, typed parameters, and one task per job.

Paths come from the environment of the scheduler and its workers, and each run may give others
within the pattern. Nothing here imports the package: the scheduler only passes strings.
"""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Context, Param, RetryDecision, RetryPolicy

ROOT = os.environ.get("HARMSWEEP_HOME", str(Path(__file__).resolve().parents[1]))
DATA = os.environ.get("HARMSWEEP_DATA", f"{ROOT}/build")
# The JVM's settings: memory and options cannot be changed once spark-submit has started it.
SPARK_PROPERTIES = os.environ.get("HARMSWEEP_SPARK_PROPERTIES", f"{ROOT}/conf/spark/local.conf")
TRAINER = f"{ROOT}/.venv-trainer/bin/python"
# An absolute path of plain characters, with no way up: it reaches a command line, never a shell.
PATH_PATTERN = r"^(?!.*\.\.)/[A-Za-z0-9_./-]+$(?!\n)"
DAY_PATTERN = r"^\d{4}-\d{2}-\d{2}$(?!\n)"

# As lib/harmsweep/session.py has them: quiet logs, and archived classes for a quicker start.
JAVA_OPTIONS = (
    f"-Dlog4j2.configurationFile=file:{ROOT}/conf/spark/log4j2.properties"
    f" -XX:SharedArchiveFile={ROOT}/.cache/java-classes.jsa -Xlog:disable"
)
ENVIRONMENT = {
    # The provider's own environment has no spark-submit: the platform's comes first.
    "PATH": f"{ROOT}/.venv/bin:/usr/local/bin:/usr/bin:/bin",
    "PYSPARK_PYTHON": f"{ROOT}/.venv/bin/python",
    "SPARK_SUBMIT_OPTS": JAVA_OPTIONS,
    "SPARK_LOCAL_IP": "127.0.0.1",
    "OMP_NUM_THREADS": "1",
}


# Exit codes of the jobs after which a retry gives the same.
FINAL = {"2": "wrong options", "3": "the data was refused", "4": "a cap holds the batch"}


class NoRetryWherePeopleDecide(RetryPolicy):  # type: ignore[misc]  # Airflow's types are skipped
    """Retries crashes; neither wrong options, refused data nor a held batch."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        """Fail at once where the job's exit code says that a retry gives the same."""
        code = re.search(r"Error code is: (\d+)\.", str(exception))
        reason = FINAL.get(code[1]) if code else None
        return RetryDecision.fail(reason=reason) if reason else RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Nothing: the policy has no settings."""
        return {}


DEFAULTS: dict[str, Any] = {
    "owner": "trust-and-safety",
    "retries": 2,
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=30),
    "retry_policy": NoRetryWherePeopleDecide(),
    "execution_timeout": timedelta(hours=2),
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


def day_param(description: str) -> Param:
    """A UTC day that a run must give."""
    return Param(type="string", pattern=DAY_PATTERN, description=description)


def spark_job(name: str, *arguments: str) -> SparkSubmitOperator:
    """jobs/<name>.py by spark-submit, on the lake of the run; arguments are Airflow templates."""
    return SparkSubmitOperator(
        task_id=name,
        name=f"harmsweep {name}",
        application=f"{ROOT}/jobs/{name}.py",
        application_args=["--lake", "{{ params.lake }}", *arguments],
        properties_file=SPARK_PROPERTIES,
        env_vars=ENVIRONMENT,
    )
