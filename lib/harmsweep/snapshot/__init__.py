"""Write an immutable training snapshot from named versions of the tables."""

from harmsweep.snapshot.take import take_snapshot

__all__ = ["take_snapshot"]
