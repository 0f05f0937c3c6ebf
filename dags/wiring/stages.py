"""The tasks of a day's stages, alike in the daily run, in a backfill and in a sweep."""

from collections.abc import Sequence
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import TriggerRule

from wiring.tasks import BY, ON_LAKE, job, spark_job

# Earlier days too, where something changed since.
AND_EARLIER = "--and-earlier"
MEDIA = ("--media", "{{ params.landing }}")
# Where one harm is held the sweep's task fails, and all other effects are in force. What follows
# goes by the ledger, so it is right however the sweep ended: it only needs the task before that.
HOWEVER_IT_ENDED = {"trigger_rule": TriggerRule.ALL_DONE_MIN_ONE_SUCCESS}


def stage_tasks(
    days: Sequence[str],
    *,
    model: str = "{{ params.model }}",
    policy: str = "{{ params.policy }}",
    landed: Sequence[str] | None = None,
    sweep: Sequence[str] = ("--no-dry-run",),
    late: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """Each stage's task by its name, in the order in which they run; not chained.

    `days` are the options that name the days, `landed` those of ingest where they are others;
    `sweep` says whether effects are carried out or only counted; `late` whether earlier days with
    late posts are taken too, and the claims in force watched.
    """
    of_model = ("--model", model)
    of_pair = (*of_model, "--policy", policy)
    own, days = days, (*days, *(["--late"] if late else []))
    # When this is done the sweep has emptied the list of late posts.
    changed = (*own, *([AND_EARLIER] if late else []))
    made = [
        spark_job("ingest", *(landed or own), "--landing", "{{ params.landing }}", **options),
        *([job("late", *ON_LAKE, *own, *of_model, **options)] if late else []),
        spark_job("features", *days, *MEDIA, **options),
        spark_job("ocr", *days, *MEDIA, **options),
        spark_job("embed", *days, *MEDIA, **options),
        spark_job("match", *days, *MEDIA, **options),
        spark_job("score", *days, *of_model, **options),
        *([job("watch", *ON_LAKE, *own, *of_pair, **options)] if late else []),
        spark_job("decide", *days, *of_pair, **options),
        job("enforce", *ON_LAKE, *days, *of_pair, *BY, *sweep, **options),
        job("measure", *ON_LAKE, *changed, *of_pair, **HOWEVER_IT_ENDED | options),
    ]
    return {task.label: task for task in made}


def after_sweep(*, model: str = "{{ params.model }}") -> list[Any]:
    """The platform told of what came in force, and that explained; to follow a sweep and its plan.

    Both take what anybody did in the last 30 days, on posts of whatever day.
    """
    return [
        job("deliver", *ON_LAKE, **HOWEVER_IT_ENDED),
        job("explain", *ON_LAKE, "--model", model, *MEDIA, **HOWEVER_IT_ENDED),
    ]


def done() -> EmptyOperator:
    """The end of a run: without it, a sweep that failed would leave the run a success.

    What a backfill skips is no failure.
    """
    return EmptyOperator(task_id="done", trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
