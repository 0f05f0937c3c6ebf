"""Backfill: what running past days again would do, written down before anybody does it."""

from harmsweep.backfill.plan import (
    Backfill,
    find_backfill,
    newest_backfill,
    plan_backfill,
    start_backfill,
)
from harmsweep.backfill.request import Request, stages

__all__ = [
    "Backfill",
    "Request",
    "find_backfill",
    "newest_backfill",
    "plan_backfill",
    "stages",
    "start_backfill",
]
