"""The tests of a certificate as one family: all of its claims hold together with the confidence."""

from collections.abc import Sequence
from dataclasses import dataclass

from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.release.learn_then_test import Flagged, Floats, count_passing


@dataclass(frozen=True)
class ThresholdSequence:
    """The thresholds of one claim in the order of their tests, what each flags, and the target."""

    target: PrecisionTarget
    thresholds: Floats
    flagged: Flagged

    def passing(self, error: float) -> int:
        """How many of the thresholds pass before the first that fails, each at this error."""
        return count_passing(self.flagged, self.target, error)


def holm_levels(sequences: Sequence[ThresholdSequence], *, share: float) -> list[float]:
    """The error at which each sequence is tested, by Holm (1979), of a share of what is allowed.

    Each begins with its part of the error, 1 - confidence. A sequence that passes to its last
    threshold has nothing left to test and leaves its part to the others, which go on with more: a
    graphical procedure of Bretz et al. (2009). So where claims are false, the chance that one is
    made is at most the error of the least confident of them.
    """
    levels = [0.0] * len(sequences)
    waiting = set(range(len(sequences)))
    while waiting:
        for n in waiting:
            levels[n] = share * (1 - sequences[n].target.confidence) / len(waiting)
        done = {
            n
            for n in waiting
            if sequences[n].passing(levels[n]) == len(sequences[n].flagged.groups)
        }
        if not done:
            break
        waiting -= done
    return levels
