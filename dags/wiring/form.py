"""What the form of a run or a call gives, checked before a task does anything.

A schema checks each value by itself: it cannot compare two days, and unknown keys pass in silence.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException


def check_form(context: Context) -> None:
    """Fail at once, as a job would, where a form has a key that its DAG knows nothing of.

    A misspelt one would leave what it means at its default. So does a last day before the first.
    """
    known, given = context["dag"].params, context["dag_run"].conf or {}
    for key in given:
        if key not in known:
            raise _refused(f"{key!r} is no key of {context['dag'].dag_id}{_meant(key, known)}")
    first, last = (context["params"].get(name) for name in ("first", "last"))
    if first and last and last < first:
        raise _refused(f"the last day, {last}, is before {first}")


def _meant(key: str, known: Iterable[str]) -> str:
    near = get_close_matches(key.lower(), list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(sorted(known))}"


def _refused(why: str) -> AirflowException:
    return AirflowException(f"form: Error code is: 2.\n{why}")
