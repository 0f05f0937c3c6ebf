"""Ladders of a policy: actions, and the score or the precision from which each is taken."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from harmsweep.conf import MISSING, Fault, Frozen, Location
from harmsweep.policy.actions import SEVERITY
from harmsweep.policy.places import ALL, Jurisdiction, Surface

Word = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_-]*$")]
Threshold = Annotated[float, Field(strict=True, gt=0, lt=1, allow_inf_nan=False)]
Prevalence = Annotated[float, Field(strict=True, gt=0, lt=1, allow_inf_nan=False)]
# A precision, or the confidence in it.
Share = Annotated[float, Field(strict=True, ge=0.5, lt=1, allow_inf_nan=False)]

# Actions that take no days, and why.
ENDLESS = {
    "review": "a review ends when a person decides",
    "strike": "a strike's removal has no end, and accounts.decay_days says how long it counts",
}


class PrecisionTarget(NamedTuple):
    """A precision and the confidence with which an action must have it, and of which posts.

    Without a prevalence it is of a policy from before rules stated one.
    """

    precision: float
    confidence: float
    prevalence: float | None = None
    surface: str = ALL


class Rung(Frozen):
    """An action and the score from which it is taken, or the precision that it must have.

    With `days` the action ends by itself so many days after it was taken; a restriction's are those
    of the account, and the post stays removed.
    """

    action: Literal["restrict", "strike", "remove", "interstitial", "demote", "label", "review"]
    threshold: Threshold | None = None
    precision: Share | None = None
    confidence: Share | None = None
    days: Annotated[int, Field(strict=True, ge=1, le=3650)] | None = None

    @property
    def target(self) -> PrecisionTarget | None:
        """The precision that the rung states, of no posts yet; None where it has a threshold."""
        if self.precision is None or self.confidence is None:
            return None
        return PrecisionTarget(self.precision, self.confidence)


class Rule(Frozen):
    """A ladder of actions and where they hold; the most severe rung that is reached wins.

    `prevalence` is the share of the surface's posts that have the harm, for rungs with a precision.
    """

    surface: Surface
    jurisdiction: Jurisdiction
    prevalence: Prevalence | None = None
    ladder: tuple[Rung, ...] = Field(min_length=1)

    def target(self, rung: Rung) -> PrecisionTarget | None:
        """What a certificate must hold for a rung; None where the policy gives a threshold."""
        if rung.target is None or self.prevalence is None:
            return rung.target
        return rung.target._replace(prevalence=self.prevalence, surface=self.surface)


def ladder_faults(
    where: Location, ladder: Sequence[Rung], *, review_only: bool, production: bool
) -> Iterator[Fault]:
    """What is wrong with a ladder, each with its place in the file; `where` is the ladder's.

    In production an automatic action states a precision: no threshold promises one by itself.
    """
    for place, rung in enumerate(ladder):
        if review_only and rung.action != "review":
            yield (*where, place, "action"), f"{rung.action!r}: this harm is review_only"
        if rung.days and rung.action in ENDLESS:
            yield (*where, place, "days"), ENDLESS[rung.action]
        if rung.days is None and rung.action == "restrict":
            yield (*where, place, "days"), f"{MISSING}: a restriction of an account must end"
        for key, message in _rung_faults(rung, production=production):
            yield (*where, place, key), message
    yield from _order_faults(where, ladder)
    if any(rung.target for rung in ladder) and all(rung.action != "review" for rung in ladder):
        yield where, "needs a review: what is not certified goes to people"


def _rung_faults(rung: Rung, *, production: bool) -> Iterator[tuple[str, str]]:
    automatic, stated = rung.action != "review", (rung.precision, rung.confidence)
    if stated == (None, None):
        if rung.threshold is None:
            yield "threshold", f"{MISSING}, or precision and confidence"
        elif production and automatic:
            yield "threshold", f"{rung.action!r} in production needs precision and confidence"
    elif rung.threshold is not None:
        yield "threshold", "is given beside a precision: give one of the two"
    elif None in stated:
        yield "precision" if rung.precision is None else "confidence", MISSING
    elif not automatic:
        yield "precision", "a review has a threshold, and promises nothing"


def _order_faults(where: Location, ladder: Sequence[Rung]) -> Iterator[Fault]:
    for place, rung in enumerate(ladder):
        for other in ladder[:place]:
            mild, severe = sorted((rung, other), key=lambda r: SEVERITY[r.action])
            key = "threshold" if rung.precision is None else "precision"
            above, below = getattr(severe, key), getattr(mild, key)
            if mild.action == severe.action:
                yield (*where, place, "action"), f"{rung.action!r} is given twice"
            elif above is None or below is None:
                # A certified threshold is known later: only review may stand beside a precision.
                if mild.action != "review":
                    yield (*where, place, key), "one ladder has thresholds or precisions, not both"
            elif above <= below:
                message = f"{severe.action} at {above} must be above {mild.action} at {below}"
                yield (*where, place, key), message
