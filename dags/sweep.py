"""What a new policy or model would change on past days: planned, and carried out once approved."""

from airflow.sdk import DAG, cross_downstream
from wiring.settings import CHAMPION, DEFAULTS, LAKE, LANDING, MODEL, POLICY, day_param
from wiring.stages import after_sweep, done
from wiring.tasks import BY, ON_LAKE, job, spark_job

# A run that an asset starts has no day of its own.
LAST = "{{ params.last or macros.ds_add(dag_run.run_after.strftime('%Y-%m-%d'), -1) }}"
FIRST = "{{ params.first or macros.ds_add(dag_run.run_after.strftime('%Y-%m-%d'), -7) }}"
DAYS = ("--from", FIRST, "--to", LAST)
MODEL_ARGUMENT = ("--model", "{{ params.model }}")
PAIR = (*MODEL_ARGUMENT, "--policy", "{{ params.policy }}")

with DAG(
    "sweep",
    description="Plans what a new policy or model changes on past days; done once approved",
    schedule=[CHAMPION],
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["harmsweep", "policy"],
    params={
        "first": day_param("first UTC day; by default a week back", optional=True),
        "last": day_param("last UTC day; by default yesterday", optional=True),
        "lake": LAKE,
        "landing": LANDING,
        "model": MODEL,
        "policy": POLICY,
    },
    doc_md="""
    After a change of policy or model: scores and decides past days under the new pair, and writes
    down what a sweep would do to posts (`plan`). A plan inside every bound is carried out; any
    other fails `apply` as **held**, with the plan's id: others than its planner and than whoever
    triggered this read it and approve it (`harmsweep approve PLAN`), and then `apply` is cleared,
    or `harmsweep apply PLAN` run. The platform is told of what it put in force, and that is
    explained.

    It starts by itself when `train_weekly` made a model the champion; after a change of policy,
    trigger it.
    """,
):
    plan = job("plan", *ON_LAKE, *DAYS, *PAIR, *BY, pool="enforce")
    planned = "{{ ti.xcom_pull(task_ids='plan')['plan_id'] }}"
    score = spark_job("score", *DAYS, *MODEL_ARGUMENT)
    decide = spark_job("decide", *DAYS, *PAIR)
    apply = job("apply", *ON_LAKE, "--plan", planned, pool="enforce")
    last = after_sweep()
    score >> decide >> plan >> apply
    cross_downstream([plan, apply], last)
    [apply, *last] >> done()
