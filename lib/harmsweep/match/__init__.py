"""Match: which of the day's media are near a known one, and which are copies of each other."""

from harmsweep.match.stage import match_day

__all__ = ["match_day"]
