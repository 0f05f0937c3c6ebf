"""Decide: what policy would do about each scored post, and why."""

from harmsweep.decide.stage import decide_day

__all__ = ["decide_day"]
