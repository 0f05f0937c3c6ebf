"""The text in the day's images, each distinct picture read once."""

from harmsweep.read.stage import read_day

__all__ = ["read_day"]
