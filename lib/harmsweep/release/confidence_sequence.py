"""Whether a promise still holds, asked again after every label and for as long as labels come.

Each label from which on the precision may have been too low begins a product of likelihood ratios,
of a precision so much below the promise against the promise itself; their sum is the statistic of
Shiryaev and Roberts. While the promise holds each ratio is 1 or less on average, whatever came
before, so that the sum with what is still to begin is a supermartingale, and by Ville's inequality
grows to 1 / error times its start with no more chance than the error (an e-detector: Shin, Ramdas
and Rinaldo, 2022). The promises that are ruled out are an interval: a confidence sequence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# The first label begins with this part of all that begins: a claim may never have held.
AT_ONCE = 0.2
# Halvings of the interval in which the bound lies.
HALVINGS = 30


@dataclass(frozen=True)
class ConfidenceSequence:
    """What labels, given one after the other, rule out of a precision.

    `error` is the chance to rule out a promise that holds, in each run of `labels`: a year's.
    `drop` is how far below the promise a precision is that should be found out.
    """

    labels: int
    error: float = 0.05
    drop: float = 0.1

    def rules_out(self, promise: float, right: Sequence[bool]) -> bool:
        """Whether labels, in the order in which they were given, rule out a precision."""
        return self.first_out(promise, right) is not None

    def first_out(self, promise: float, right: Sequence[bool]) -> int | None:
        """After how many of the labels a precision is ruled out; None where it is not."""
        begun_at_once = self.labels * AT_ONCE / (1 - AT_ONCE)
        whole = self.labels + begun_at_once
        # A promise below the drop is held against a tenth of itself.
        low = max(promise - self.drop, promise / 10)
        ratios = (1 - low) / (1 - promise), low / promise
        evidence = begun_at_once
        for place, label in enumerate(right):
            to_come = self.labels - place % self.labels - 1
            if to_come == self.labels - 1:  # each year has the error for itself
                evidence = begun_at_once
            evidence = (evidence + 1) * ratios[label]
            if evidence + to_come >= whole / self.error:
                return place + 1
        return None

    def upper_bound(self, right: Sequence[bool]) -> float:
        """The lowest precision that is ruled out, in [0, 1]; 1 where none is."""
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if self.rules_out(middle, right):
                high = middle
            else:
                low = middle
        return high
