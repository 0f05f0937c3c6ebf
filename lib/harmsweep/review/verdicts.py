"""What people found of posts, and the allow-list: both bind every sweep that follows."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harmsweep.enforcement.state.post_contents import contents
from harmsweep.enforcement.state.posts import find_reviewable
from harmsweep.errors import DataRefused
from harmsweep.harms import why_no_harm
from harmsweep.lake import delta, writes
from harmsweep.names import did_you_mean
from harmsweep.operations.act_time import time_after
from harmsweep.operations.actor import operator
from harmsweep.operations.audit import record
from harmsweep.policy.actions import LADDER
from harmsweep.tables.catalog import APPEALS, ORDERS, VERDICTS


def decide(
    lake: Path,
    post_id: str,
    verdict: str,
    *,
    rationale: str,
    harm: str | None = None,
    action: str | None = None,
) -> dict[str, Any]:
    """Keep the operator's verdict on a post's current revision; give its row of verdicts.

    An action asks for the post's handling, and needs a harm.

    Raises:
        DataRefused: there is no such post or harm, it was escalated, or the action is none that
            fits.
    """
    if harm and (why := why_no_harm(harm)):
        raise DataRefused(why)
    if action is not None and (verdict != "harmful" or not harm or action not in LADDER[1:]):
        nearest = did_you_mean(action, LADDER[1:]) if action not in LADDER else ""
        why = f"a harmful verdict with a harm may ask for {', '.join(LADDER[1:])}"
        raise DataRefused(f"{action}: {why}{nearest}")
    post = find_reviewable(lake, post_id)
    row = verdict_row(lake, post, verdict, harm, rationale) | {"action": action}
    # The audit first: a sweep acts on a verdict whose command was killed. Said again, it is another
    # verdict by the same reviewer, which changes nothing: only each one's last word counts.
    details = {name: row[name] for name in ("verdict_id", "verdict", "harm", "action")}
    record(lake, "verdict", post_id, reason=rationale, details=details)
    writes.write_rows([row], VERDICTS, lake)
    return row


def verdict_row(
    lake: Path, post: Mapping[str, Any], verdict: str, harm: str | None, rationale: str
) -> dict[str, Any]:
    """A row of verdicts by the operator, now, on a post's revision.

    It keeps what copies are told by: the author may edit or delete the post.
    """
    return {
        "day": post["day"],
        "verdict_id": uuid.uuid4().hex,
        "post_id": post["post_id"],
        "revision": post["revision"],
        "verdict": verdict,
        "harm": harm,
        "action": None,
        "appeal_id": None,
        "decided_at": time_after(lake, [VERDICTS, APPEALS, ORDERS]),
        "reviewer": operator(),
        "rationale": rationale,
    } | _shown(lake, post)


def _shown(lake: Path, post: Mapping[str, Any]) -> dict[str, Any]:
    """The revision's columns of `contents`; none where features has not seen it, or no longer."""
    of_post = delta.datafusion_where({"post_id": post["post_id"]})
    return contents(lake, post["day"], of_post).get((post["post_id"], post["revision"]), {})
