"""Which failures a retry may mend, by the exit code of the job."""

import re
from typing import Any

from airflow.sdk import Context, RetryDecision, RetryPolicy

# Exit codes of the jobs after which a retry gives the same, and what each means.
FINAL = {
    "2": "wrong options",
    "3": "refused: data, policy or model",
    "4": "held: people decide",
}


def exit_code(exception: BaseException | str | None) -> str:
    """The job's exit code that an operator's error names; empty where it names none."""
    found = re.search(r"Error code is: (\d+)\.", str(exception))
    return found[1] if found else ""


class NoRetryWherePeopleDecide(RetryPolicy):  # type: ignore[misc]  # Airflow's types are skipped
    """Retries crashes; neither wrong options, refused data nor a held batch."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        """Fail at once where the job's exit code says that a retry gives the same."""
        reason = FINAL.get(exit_code(exception))
        return RetryDecision.fail(reason=reason) if reason else RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Nothing: the policy has no settings."""
        return {}
