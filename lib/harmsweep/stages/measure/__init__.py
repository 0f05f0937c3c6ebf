"""Measure: the day in numbers."""
