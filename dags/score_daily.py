"""The day that has ended, from the landing zone to the ledger and the metrics."""

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, chain
from common import DEFAULTS, model_param, path_param, spark_job

# A bare cron string would give the day that is still in progress.
FINISHED_DAY = CronDataIntervalTimetable("0 2 * * *", timezone="UTC")
# Late rows change days that were run before: an unchanged day is skipped within milliseconds.
DAYS = ("--from", "{{ macros.ds_add(ds, -2) }}", "--to", "{{ ds }}")
MEDIA = ("--media", "{{ params.landing }}")
MODEL = ("--model", "{{ params.model }}")
POLICY = ("--policy", "{{ params.policy }}")
# A backfill scores and decides; it acts on posts of past days only where its run says so.
ONLY_COUNTS = "dag_run.run_type == 'backfill' and not params.backfill_acts"
DRY_RUN = ("{{ '--dry-run' if " + ONLY_COUNTS + " else '--no-dry-run' }}",)

with DAG(
    "score_daily",
    schedule=FINISHED_DAY,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["harmsweep", "daily"],
    params={
        "lake": path_param("HARMSWEEP_LAKE", "lake", "folder of the tables"),
        "landing": path_param("HARMSWEEP_LANDING", "landing", "landing zone, with its media"),
        "model": model_param("HARMSWEEP_MODEL", "mlflow", "the champion, or a manifest's path"),
        "policy": path_param("HARMSWEEP_POLICY", "policy.yaml", "policy in force"),
        "backfill_acts": Param(
            False, type="boolean", description="whether the sweep of a backfill takes effect"
        ),
    },
    doc_md="""
    Scores the posts of the day that has ended and of the two before it, decides under the policy,
    sweeps, and measures. It never trains. Each task is idempotent: clear and run it at any time.

    A task that fails with **a cap holds the batch** waits for people: the log's last line says
    which harm, how many, and the command that approves it. One that fails with **the data was
    refused** wrote nothing; the line names the difference.

    `airflow backfill create` takes past days through all of it, and counts what the sweep would do;
    with `--dag-run-conf '{"backfill_acts": true}'` it acts.

    The model is the champion of the registry when each task starts. Promote or roll back between
    runs: a task that finds another champion than the one before it has no scores to decide about,
    and the next run makes good for it.
    """,
):
    chain(
        spark_job("ingest", "--day", "{{ ds }}", "--landing", "{{ params.landing }}"),
        spark_job("features", *DAYS, *MEDIA),
        spark_job("read", *DAYS, *MEDIA),
        spark_job("embed", *DAYS, *MEDIA),
        spark_job("match", *DAYS),
        spark_job("score", *DAYS, *MODEL),
        spark_job("decide", *DAYS, *MODEL, *POLICY),
        spark_job("enforce", *DAYS, *MODEL, *POLICY, *DRY_RUN),
        spark_job("measure", *DAYS, *MODEL, *POLICY),
    )
