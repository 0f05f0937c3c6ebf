"""Features: what the models read of each post and author, from events up to the cut-off."""

from harmsweep.features.day import features_day

__all__ = ["features_day"]
