"""Past days run again: first a plan to read, then exactly what was planned, by the plan's id."""

from airflow.sdk import DAG, Context, Param, TaskGroup, TriggerRule, chain, cross_downstream, task
from airflow.sdk.exceptions import AirflowSkipException
from wiring.settings import DEFAULTS, LAKE, LANDING, MODEL, POLICY, REASON_PATTERN, day_param
from wiring.stages import after_sweep, done, stage_tasks
from wiring.tasks import BY, ON_LAKE, job, spark_job

STAGES = [
    *("ingest", "features", "ocr", "embed", "match"),
    *("score", "decide", "enforce", "measure"),
]
FORM = (
    *("--from", "{{ params.first }}", "--to", "{{ params.last }}"),
    *("--stages", "{{ params.stages | join(',') }}"),
    *("--model", "{{ params.model }}", "--policy", "{{ params.policy }}"),
    *("--landing", "{{ params.landing }}", "--reason", "{{ params.reason }}"),
    *BY,
)
# What was planned, not what the form says: a champion may have changed since.
STARTED = "ti.xcom_pull(task_ids='apply.start')"
PLANNED = STARTED + "['request']"


def skip_unless_planned(context: Context) -> None:
    """A stage that the plan does not name is skipped."""
    task = context["ti"]
    planned = task.xcom_pull(task_ids="apply.start")["request"]["stages"]
    if task.task_id.removeprefix("apply.") not in planned:
        raise AirflowSkipException("the plan does not name this stage")


with DAG(
    "backfill",
    description="Runs past days again: first a plan to read, then exactly that plan",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["harmsweep", "repair"],
    params={
        "first": day_param("first UTC day, such as 2026-10-01"),
        "last": day_param("last UTC day"),
        "reason": Param(
            type="string",
            minLength=5,
            maxLength=500,
            pattern=REASON_PATTERN,
            description="why; it is kept in the audit",
        ),
        "dry_run": Param(True, type="boolean", description="plan only, and act on nobody"),
        "plan": Param(
            None,
            type=["null", "string"],
            pattern=r"^backfill-\d{8}-(?:[0-9a-f]{12}|[0-9a-f]{32})$(?!\n)",
            description="to apply: the id that the dry run of the same form gave",
        ),
        "stages": Param(
            STAGES,
            type="array",
            items={"type": "string", "enum": STAGES},
            examples=STAGES,
            minItems=1,
            uniqueItems=True,
            description="which stages to run; none of them changes what is as it should be",
        ),
        "lake": LAKE,
        "landing": LANDING,
        "model": MODEL,
        "policy": POLICY,
    },
    doc_md="""
    **First a dry run** (the default): `plan` says for each day how many posts, how many inputs are
    to be embedded and how many vectors are known, which effects would be newly applied and
    released, and how long it takes at most. `show` gives the plan with its id, in its log and as
    its result.

    **Then apply**: trigger with the same form, `dry_run` off and `plan` set to that id. A plan of
    another form, one that expired, and one whose days changed since are refused, and nothing is
    done. A run that failed goes on where it stopped: clear its failed task.

    Days run in order. The sweep keeps to its caps as every night: what passes one is held. The
    platform is told of all that is in force, and that is explained, also where something is held.
    """,
):

    @task.branch  # type: ignore[untyped-decorator]  # Airflow's types are skipped
    def choose(params: dict[str, object] | None = None) -> str:
        """The way of the form: to plan, or to apply."""
        assert params is not None
        return "dry_run.plan" if params["dry_run"] else "apply.start"

    chosen = choose()
    with TaskGroup("dry_run"):
        plan = spark_job("backfill", "plan", *FORM, task_id="plan")
        chosen >> plan >> job("backfill", "show", *ON_LAKE, *FORM, task_id="show")
    with TaskGroup("apply"):
        plan_id = ("--plan", "{{ params.plan or '' }}")
        start = job("backfill", "start", *ON_LAKE, *FORM, *plan_id, task_id="start")
        days = ("--from", "{{ params.first }}", "--to", "{{ params.last }}")
        model = "{{ " + PLANNED + "['model'] }}"
        stages = stage_tasks(
            days,
            model=model,
            policy="{{ " + PLANNED + "['policy'] }}",
            # What a newer pair of versions did since stays: the sweep then refuses the day.
            sweep=("--no-dry-run", "--planned-at", "{{ " + STARTED + "['planned_at'] }}"),
            pre_execute=skip_unless_planned,
            trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
        )
        chosen >> start >> list(stages.values())
        chain(*stages.values())
        last = after_sweep(model=model)
        # Neither in a dry run, which skips the start, nor where no sweep was planned.
        cross_downstream([start, stages["enforce"]], last)
        [*stages.values(), *last] >> done()
