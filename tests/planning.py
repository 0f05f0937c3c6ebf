"""What tests of plans share: a plan of the day, and applying it."""

from datetime import date
from typing import Any

from harmsweep.enforcement.plans.apply import apply_plan
from harmsweep.enforcement.plans.make import make_plan

DAY = date(2026, 10, 1)
FIRST = {"removed": "remove", "demoted": "demote", "reviewed": "review", "spam": "remove"}


def planned(lake: Any, **policy: Any) -> Any:
    """A plan of the day."""
    lake.decide(**policy)
    return make_plan(lake.root, [DAY], **lake.pair(**policy))


def applied(lake: Any, plan: Any) -> dict[str, int]:
    return dict(apply_plan(lake.root, plan.plan_id).counts)


def other(lake: Any, **policy: Any) -> Any:
    """A plan of the day under one policy compared with another's sweep."""
    lake.decide(version=2, remove=0.995, demote=0.85)
    base = lake.binding(version=2, remove=0.995)
    lake.decide(**policy)
    return make_plan(lake.root, [DAY], **lake.pair(**policy), against=base)
