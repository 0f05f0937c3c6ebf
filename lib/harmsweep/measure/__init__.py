"""Measure: the day in numbers."""

from harmsweep.measure.stage import measure_day

__all__ = ["measure_day"]
