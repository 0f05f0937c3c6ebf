"""A training snapshot of a range of days, and a model trained on it; run by hand."""

import json
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from common import DEFAULTS, ROOT, TRAINER, day_param, path_param, spark_job

# A folder of the run's own holds one snapshot, which the trainer takes.
SNAPSHOTS = "{{ params.snapshots }}/{{ dag_run.run_after.strftime('%Y%m%dT%H%M%S') }}"

with DAG(
    "train_once",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["harmsweep", "training"],
    params={
        "lake": path_param("HARMSWEEP_LAKE", "lake", "folder of the tables"),
        "first": day_param("first UTC day to train on, such as 2026-10-01"),
        "last": day_param("last UTC day to train on"),
        "snapshots": path_param("HARMSWEEP_SNAPSHOTS", "snapshots", "folder of the snapshots"),
        "models": path_param("HARMSWEEP_MODELS", "models", "folder of the models"),
        "tracking": path_param("HARMSWEEP_TRACKING", "tracking", "folder of MLflow's store"),
    },
    doc_md="""
    Writes an immutable snapshot of vectors and labels from the lake, then trains on it in the
    trainer's environment, which has no Spark. The result of `train` is JSON: the model's manifest
    and version.

    A model that comes out of here scores nothing until `score_daily` names its manifest, and
    nothing is removed under it until a policy approves that pair.
    """,
):
    train = BashOperator(
        task_id="train",
        # Parameters reach the command as variables, never as text of the script.
        bash_command=(
            f"exec {TRAINER} {ROOT}/jobs/train.py"
            ' --snapshot "$(ls -td "$SNAPSHOTS"/*/ | head -n 1)"'
            ' --models "$MODELS" --tracking "$TRACKING"'
        ),
        env={
            "SNAPSHOTS": SNAPSHOTS,
            "MODELS": "{{ params.models }}",
            "TRACKING": "{{ params.tracking }}",
        },
        append_env=True,
        output_processor=json.loads,
        execution_timeout=timedelta(hours=6),
    )
    days = ("--from", "{{ params.first }}", "--to", "{{ params.last }}")
    spark_job("snapshot", *days, "--out", SNAPSHOTS) >> train
