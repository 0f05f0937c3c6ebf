"""One task per job: by spark-submit where it uses Spark, else by a Python of the project's."""

import json
import os
from collections.abc import Sequence
from typing import Any

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException

from wiring.alerts import warned
from wiring.settings import ROOT
from wiring.spark_submit import SparkSubmitOperator

# The JVM's settings: memory and options cannot be changed once spark-submit has started it.
SPARK_PROPERTIES = os.environ.get("HARMSWEEP_SPARK_PROPERTIES", f"{ROOT}/conf/spark/local.conf")
# Where the project lies for a driver that runs elsewhere, such as /opt/harmsweep in an image; on
# Kubernetes spark-submit itself must be on the worker's PATH.
DRIVER_ROOT = os.environ.get("HARMSWEEP_DRIVER_ROOT", "")
# The lake of the run, for jobs that take one.
ON_LAKE = ("--lake", "{{ params.lake }}")
# A job whose last line begins so is done, and whoever is on call is told of it.
WARNING = "warning: "
# The runbook's section for a job's warning; any other's is `missing`.
WARNED = {"watch": "suspended"}
# Who triggered the run, if a person did: they approve nothing of what it plans or holds.
BY = ("--by", "{{ dag_run.triggering_user_name or '' }}")
PLATFORM, TRAINER = f"{ROOT}/.venv/bin/python", f"{ROOT}/.venv-trainer/bin/python"


def environment(root: str) -> dict[str, str]:
    """What a job's process is given, where the project lies at `root`."""
    # As lib/harmsweep/lake/session.py has them: quiet logs, archived classes for a quicker start.
    java = (
        f"-Dlog4j2.configurationFile=file:{root}/conf/spark/log4j2.properties"
        f" -XX:SharedArchiveFile={root}/.cache/java-classes.jsa -Xlog:disable"
    )
    return {
        # The provider's own environment has no spark-submit: the platform's comes first.
        "PATH": f"{root}/.venv/bin:/usr/local/bin:/usr/bin:/bin",
        "PYSPARK_PYTHON": f"{root}/.venv/bin/python",
        "SPARK_SUBMIT_OPTS": java,
        "OMP_NUM_THREADS": "1",
    }


class JobOperator(BaseOperator):  # type: ignore[misc]  # Airflow's types are skipped
    """A job without Spark; its arguments reach no shell, its last line is the result if JSON."""

    template_fields: Sequence[str] = ("arguments",)

    def __init__(self, *, job: str, arguments: Sequence[str], python: str, **options: Any) -> None:
        super().__init__(**options)
        self.job, self.arguments, self.python = job, list(arguments), python

    def command(self) -> list[str]:
        """The command as it is run."""
        return [self.python, f"{ROOT}/jobs/{self.job}.py", *self.arguments]

    def execute(self, context: Context) -> Any:
        """Run it; its lines are the task's log, and an exit code ends the task with its meaning."""
        self.hook = SubprocessHook()
        done = self.hook.run_command(self.command(), env=os.environ | environment(ROOT))
        if done.exit_code:
            raise AirflowException(f"{self.job}: Error code is: {done.exit_code}.\n{done.output}")
        if done.output.startswith(WARNING):
            warned(context, done.output, section=WARNED.get(self.job, "missing"))
        return json.loads(done.output) if done.output.startswith("{") else done.output

    def on_kill(self) -> None:
        """End the job's process with the task's."""
        self.hook.send_sigterm()


def spark_job(job: str, *arguments: str, pool: str = "", **options: Any) -> SparkSubmitOperator:
    """jobs/<job>.py by spark-submit, on the lake of the run; arguments are Airflow templates.

    One run at a time of what writes the same tables: by default each job has a pool of its name.
    """
    jobs = f"local://{DRIVER_ROOT}/jobs" if DRIVER_ROOT else f"{ROOT}/jobs"
    return SparkSubmitOperator(
        name=f"harmsweep {job}",
        application=f"{jobs}/{job}.py",
        application_args=[*ON_LAKE, *arguments],
        properties_file=SPARK_PROPERTIES,
        env_vars=environment(DRIVER_ROOT or ROOT),
        pool=pool or job,
        **{"task_id": job} | options,
    )


def job(job: str, *arguments: str, pool: str = "", **options: Any) -> JobOperator:
    """jobs/<job>.py by the platform's Python, or another; arguments are Airflow templates."""
    given = {"task_id": job, "python": PLATFORM} | options
    return JobOperator(job=job, arguments=arguments, pool=pool or job, **given)
