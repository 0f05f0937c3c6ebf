"""Score each current revision of a day with a model's heads over stored vectors."""

from harmsweep.score.day import score_day

__all__ = ["score_day"]
