"""Enforce: what decisions want minus what holds already, each effect once, and its undoing."""

from harmsweep.enforce.sweep import enforce_day
from harmsweep.enforce.undo import Part, undo

__all__ = ["Part", "enforce_day", "undo"]
