"""A model of the last months' labels, trained, judged, and made the champion where it is better."""

from datetime import timedelta

from airflow.sdk import DAG, Param
from airflow.timetables.trigger import CronTriggerTimetable
from wiring.settings import CHAMPION, DATA, DEFAULTS, LAKE, PATH_PATTERN, day_param, path_param
from wiring.tasks import ON_LAKE, TRAINER, job, spark_job

LAST = "{{ params.last or macros.ds_add(dag_run.run_after.strftime('%Y-%m-%d'), -1) }}"
FIRST = "{{ params.first or macros.ds_add(dag_run.run_after.strftime('%Y-%m-%d'), -90) }}"
# A folder of the run's own: the trainer takes the newest snapshot in it.
SNAPSHOTS = "{{ params.snapshots }}/{{ dag_run.run_after.strftime('%Y%m%dT%H%M%S') }}"
MADE = "ti.xcom_pull(task_ids='train')"
MODEL = ("--model", "{{ " + MADE + "['manifest'] }}")
SNAPSHOT = ("--snapshot", "{{ " + MADE + "['snapshot'] }}")
TRACKING = ("--tracking", "{{ params.tracking }}")
PAGE = "{{ " + MADE + "['manifest'] | replace('manifest.json', 'evaluation.html') }}"

with DAG(
    "train_weekly",
    description="Trains on the last months' labels; what passes every gate is champion",
    schedule=CronTriggerTimetable("0 4 * * 1", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["harmsweep", "weekly", "training"],
    params={
        "first": day_param("first UTC day to train on; by default 90 back", optional=True),
        "last": day_param("last UTC day to train on; by default yesterday", optional=True),
        "lake": LAKE,
        "snapshots": path_param("HARMSWEEP_SNAPSHOTS", "snapshots", "folder of the snapshots"),
        "models": path_param("HARMSWEEP_MODELS", "models", "folder of the models"),
        "tracking": path_param("HARMSWEEP_TRACKING", "mlflow", "folder of MLflow's store"),
        "hatecheck": Param(
            f"{DATA}/hatecheck.csv",
            type="string",
            pattern=PATH_PATTERN,
            description="HateCheck's table of cases, which every model is tried on",
        ),
    },
    doc_md="""
    Writes an immutable snapshot of vectors and labels, trains on it in the trainer's environment,
    which has no Spark, writes the model's evaluation as a page, and judges it by the gates of
    conf/release.yaml against the champion. One that passes becomes the champion; `promote` fails as
    **refused** where a gate refuses, and the champion stays.

    A new champion starts the DAG **sweep**. Nothing is removed under it until a policy approves it.
    """,
):
    train = job(
        *("train", "--snapshot", SNAPSHOTS, "--models", "{{ params.models }}", *TRACKING),
        python=TRAINER,
        execution_timeout=timedelta(hours=6),
    )
    evaluate = job(
        "report_model", *MODEL, *SNAPSHOT, *TRACKING, *ON_LAKE, "--out", PAGE, pool="train"
    )
    promote = job(
        *("promote", *MODEL, *SNAPSHOT, *TRACKING, "--hatecheck", "{{ params.hatecheck }}"),
        pool="train",
        outlets=[CHAMPION],
    )
    days = ("--from", FIRST, "--to", LAST)
    snapshot = spark_job("snapshot", *days, "--out", SNAPSHOTS)
    snapshot >> train >> evaluate >> promote
