"""Explain each enforced post by the parts without which the decision would not have come."""

from harmsweep.explain.stage import explain_day

__all__ = ["explain_day"]
