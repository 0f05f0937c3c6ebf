"""Train the fused heads on a snapshot, in the trainer's environment, without Spark."""

from harmsweep.train.ablate import ablate
from harmsweep.train.run import train

__all__ = ["ablate", "train"]
