"""The lake kept quick and small, once a week."""

from airflow.sdk import DAG, Param
from airflow.timetables.trigger import CronTriggerTimetable
from wiring.settings import DEFAULTS, LAKE
from wiring.tasks import ON_LAKE, job

with DAG(
    "maintain",
    description="Puts small files together and deletes what is past its keeping",
    schedule=CronTriggerTimetable("0 6 * * 0", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["harmsweep", "weekly"],
    params={
        "lake": LAKE,
        "keep_days": Param(
            30, type="integer", minimum=7, description="days whose versions stay readable"
        ),
    },
    doc_md="""
    Puts small files together, deletes files that no version of the kept days needs, writes missing
    checkpoints, and deletes evidence and preserved media that are past their keeping. It changes no
    row that anybody reads, takes each table's lock in turn, and may be run at any time.
    """,
):
    job("maintain", *ON_LAKE, "--keep-days", "{{ params.keep_days }}")
