"""The day that has ended, from the landing zone to the ledger and the metrics."""

import os
from datetime import timedelta

from airflow.sdk import (
    DAG,
    CronDataIntervalTimetable,
    DeadlineAlert,
    DeadlineReference,
    Param,
    SyncCallback,
    TriggerRule,
    chain,
    cross_downstream,
)
from wiring.alerts import late
from wiring.settings import DEFAULTS, LAKE, LANDING, MODEL, POLICY
from wiring.stages import AND_EARLIER, HOWEVER_IT_ENDED, after_sweep, done, stage_tasks
from wiring.tasks import ON_LAKE, job, spark_job

# A bare cron string would give the day that is still in progress.
FINISHED_DAY = CronDataIntervalTimetable("0 2 * * *", timezone="UTC")
# Late rows change days that were run before: an unchanged day is skipped within milliseconds.
DAYS = ("--from", "{{ macros.ds_add(ds, -2) }}", "--to", "{{ ds }}")
# A night that was skipped, and rows that landed late, are taken by the next run.
LANDED = ("--day", "{{ ds }}", AND_EARLIER)
# A backfill scores and decides; it acts on posts of past days only where its run says so.
ONLY_COUNTS = "dag_run.run_type == 'backfill' and not params.backfill_acts"
DRY_RUN = ("{{ '--dry-run' if " + ONLY_COUNTS + " else '--no-dry-run' }}",)
# How long after its start a day may take; unset, nobody is told. `airflow dags test` ends with an
# error where a DAG has a deadline (apache/airflow#73428).
HOURS = float(os.environ.get("HARMSWEEP_DEADLINE_HOURS", "0"))
DEADLINE = DeadlineAlert(
    reference=DeadlineReference.DAGRUN_QUEUED_AT,
    interval=timedelta(hours=HOURS),
    callback=SyncCallback(late, kwargs={"hours": HOURS}),
    name="day not done",
)

with DAG(
    "score_daily",
    description="Scores, decides and sweeps the day that has ended, and what came late",
    schedule=FINISHED_DAY,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    deadline=DEADLINE if HOURS else None,
    tags=["harmsweep", "daily"],
    params={
        "lake": LAKE,
        "landing": LANDING,
        "model": MODEL,
        "policy": POLICY,
        "backfill_acts": Param(
            False, type="boolean", description="whether the sweep of a backfill takes effect"
        ),
    },
    doc_md="""
    Scores the posts of the day that has ended and of the two before it, and posts of earlier days
    that came late or that a verdict reached since (`late` lists them), suspends certified claims
    that people's answers rule out and draws posts for them to judge (`watch`), decides under the
    policy, sweeps, measures, tells the platform, labels and explains. `on_time` fails if a post
    waits for over a day. It never trains. Each task is idempotent: clear and run it at any time.

    A task that fails as **held** waits for people: the log's last line says which harm, how many,
    and the command that lets the batch go; all else was carried out, and is measured, told and
    explained. One that fails as **refused** wrote nothing; the line names the difference. Neither
    is retried. `done` ends a run as failed where its sweep did.

    `airflow backfill create` takes past days through all of it, and counts what the sweep would do;
    with `--dag-run-conf '{"backfill_acts": true}'` it acts. For a range of days with a plan to
    read first there is the DAG **backfill**.

    The model is the champion of the registry when each task starts. Promote or roll back between
    runs: a task that finds another champion than the one before it has no scores to decide about,
    and the next run makes good for it.
    """,
):
    tasks = stage_tasks(DAYS, landed=LANDED, sweep=DRY_RUN, late=True)
    measure = tasks.pop("measure")
    chain(*tasks.values())
    last = [measure, *after_sweep(), spark_job("label", *DAYS, AND_EARLIER, **HOWEVER_IT_ENDED)]
    cross_downstream([tasks["decide"], tasks["enforce"]], last)
    # Whatever failed before: posts that wait for over a day are named, and the run is no success.
    on_time = ("--day", "{{ ds }}", "--model", "{{ params.model }}", "--check")
    check = job("late", *ON_LAKE, *on_time, task_id="on_time", trigger_rule=TriggerRule.ALL_DONE)
    [tasks["enforce"], *last] >> check
    [tasks["enforce"], *last, check] >> done()
