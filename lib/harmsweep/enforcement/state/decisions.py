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


def has_decided(lake: Path, versions: str) -> bool:
    """Whether a pair, given as MODEL/POLICY, decided about any post of the lake."""
    where = delta.datafusion_where(version_pair(*versions.partition("/")[::2]))
    return bool(delta.query(lake, f"SELECT 1 FROM decisions_v1 WHERE {where} LIMIT 1").num_rows)


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
