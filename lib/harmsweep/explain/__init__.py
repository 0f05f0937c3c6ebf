"""Explain each enforced post by the parts without which the decision would not have come."""

from harmsweep.explain.stage import explain_day, recent_days

__all__ = ["explain_day", "recent_days"]
