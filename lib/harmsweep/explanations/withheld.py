"""What holds for no reason that its author can be told: a person looks at it instead."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from harmsweep.enforcement.rules.ledger import POLICY
from harmsweep.enforcement.state.day_state import WITHHELD
from harmsweep.enforcement.state.decisions import check_decided
from harmsweep.enforcement.state.policy_binding import load_policy_binding
from harmsweep.enforcement.sweep import sweep
from harmsweep.errors import DataRefused, Held
from harmsweep.lake import delta
from harmsweep.logs import log
from harmsweep.model.reference import ModelRef
from harmsweep.policy.actions import VISIBLE
from harmsweep.policy.archive import kept_policy


def review_withheld(lake: Path, day: date, model: ModelRef) -> int:
    """Turn a day's actions of a model that have no reason into reviews; give how many posts.

    The posts are swept alone, each under the policy that acted, as the lake keeps it, and within
    its caps. What cannot be swept now is left to the day's next sweep, which does the same: what a
    cap holds, what has newer scores than decisions, what a policy did that the lake has not kept.

    Raises:
        Stopped: the switch is off.
    """
    before = _acted_on(lake, day, model.model_version)
    for policy_version, posts in before.items():
        policy = kept_policy(lake, policy_version)
        if policy is None:
            continue
        binding = load_policy_binding(lake, policy, model.model_version, model.certificates)
        try:
            check_decided(lake, day, binding)
            sweep(lake, day, binding, only=posts)
        except (DataRefused, Held) as error:
            log("explain", day=str(day)).warning("left to the next sweep", why=str(error))
    left = _acted_on(lake, day, model.model_version) if before else {}
    return sum(map(len, before.values())) - sum(map(len, left.values()))


def _acted_on(lake: Path, day: date, model_version: str) -> Mapping[str, set[str]]:
    """The posts with an action in force and no reason for it, by the policy that acted."""
    of_model = delta.datafusion_where({"a.model_version": model_version})
    sql = f"""SELECT DISTINCT a.subject_id, a.policy_version FROM post_visibility_v1 v
        JOIN actions_v1 a ON a.day = v.day AND a.effect_key = v.effect_key AND a.entry = 'intent'
        JOIN explanations_v1 e
            ON e.day = v.day AND e.post_id = v.subject_id AND e.revision = v.revision
        WHERE v.day = '{day}' AND a.day = '{day}' AND e.day = '{day}'
            AND v.lane = '{POLICY}' AND v.action IN {VISIBLE} AND {of_model}
            AND a.policy_version IS NOT NULL AND e.notice = '{WITHHELD}'"""
    found: dict[str, set[str]] = defaultdict(set)
    for row in delta.query(lake, sql, days=[day]).to_pylist():
        found[row["policy_version"]].add(row["subject_id"])
    return found
