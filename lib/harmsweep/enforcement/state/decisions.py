"""What stages besides decide know of decisions: whose they are, and when they are up to date."""

from datetime import date
from pathlib import Path

from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.errors import DataRefused
from harmsweep.lake import delta
from harmsweep.lake.flow import DECIDE
from harmsweep.lake.runs import is_done

# What parts the reasons of scores.reason, and such a part that says that a medium has no encoder,
# which is no damage.
REASON_PARTS = r"\s*[;,]\s*"
NO_ENCODER = r"^\w+ unsupported$"


def version_pair(model_version: str, policy_version: str) -> dict[str, str]:
    """The versions that make a day's run one of its own."""
    return {"model_version": model_version, "policy_version": policy_version}


def decided_pairs(lake: Path) -> set[str]:
    """The pairs that decided about any post of the lake, as MODEL/POLICY."""
    sql = "SELECT DISTINCT model_version, policy_version FROM decisions_v1"
    return {"/".join(row.values()) for row in delta.query(lake, sql).to_pylist()}


def check_decided(lake: Path, day: date, binding: PolicyBinding) -> None:
    """Refuse a day whose decisions are not up to date.

    Raises:
        DataRefused: decide has not run since the scores, posts or certificate last changed.
    """
    model_version, policy_version = binding.subject
    if not is_done(
        DECIDE, lake, day, versions=version_pair(*binding.subject), inputs=binding.inputs
    ):
        raise DataRefused(
            f"decisions of {day} by {model_version} under {policy_version} are missing or"
            " older than its scores or certificate; run decide first: `python jobs/decide.py"
            f" --lake {lake} --day {day} --policy {binding.policy.path} --model MANIFEST`"
        )
