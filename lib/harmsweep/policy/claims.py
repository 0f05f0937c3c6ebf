"""Claims: what is promised of a threshold, with the counts that bear it out.

A claim's bounds are computed again from its counts wherever one is read: what it says of them
itself is compared, and believed in nothing.
"""

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import Field, model_validator

from harmsweep.conf import Frozen
from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.policy.places import ALL
from harmsweep.policy.share_bounds import lower_bound, transported_bound

# Below this score a post is more likely harmless, by the model's own word.
LEAST_THRESHOLD = 0.5
# A precision of 0.95 with confidence 0.95 takes 59 flagged groups where none is wrong.
LEAST_GROUPS = 60
# Written bounds may differ by so much from those that are computed again: by rounding alone.
ROUNDING = 1e-6


class Stratum(Frozen):
    """A dataset's posts on a surface, and how many split groups, or posts of a frame, they are."""

    dataset: str
    surface: str
    groups: int = Field(ge=1)


class Population(Frozen):
    """The labelled posts that a claim is about; `prevalence` counts every group once."""

    posts: int = Field(ge=0)
    # How many split groups each dataset gave.
    groups: Mapping[str, int]
    prevalence: float | None = Field(ge=0, le=1)
    # Where the posts stand on which the claim may act; a claim from before names none.
    strata: tuple[Stratum, ...] = ()


class Counts(Frozen):
    """What a threshold flags: groups once each, right where all their flagged posts are harmful.

    Of a claim from a sample each labelled post is a group, and all of them are flagged.
    """

    threshold: float = Field(ge=LEAST_THRESHOLD, lt=1)
    flagged_groups: int = Field(ge=0)
    right_groups: int = Field(ge=0)
    flagged_posts: int = Field(ge=0)
    right_posts: int = Field(ge=0)
    # The share of the harmful posts that are flagged; a sample above the threshold can't tell.
    recall: float | None = Field(default=None, ge=0, le=1)
    # The exact one-sided bound on the share of flagged groups that are right.
    lower_bound: float = Field(ge=0, le=1)
    # Groups with harmful posts alone, those of them that are flagged and right, and all others.
    harmful_groups: int | None = Field(default=None, ge=0)
    found_groups: int | None = Field(default=None, ge=0)
    harmless_groups: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _parts_of_wholes(self) -> "Counts":
        wholes = [
            ("right_groups", self.right_groups, self.flagged_groups),
            ("right_posts", self.right_posts, self.flagged_posts),
            ("found_groups", self.found_groups or 0, self.harmful_groups or 0),
            ("found_groups", self.found_groups or 0, self.right_groups),
        ]
        if self.harmless_groups is not None:
            wholes.append(("wrong groups", self.wrong_groups, self.harmless_groups))
        for name, part, whole in wholes:
            if part > whole:
                raise ValueError(f"{name}: {part} of {whole}")
        return self

    @property
    def wrong_groups(self) -> int:
        """Flagged groups with a flagged post that is harmless."""
        return self.flagged_groups - self.right_groups


class Claim(Frozen):
    """A harm's precision in a language and on a surface, or the reason why none is promised.

    `counts` are those of the certified threshold, or else of the first that was tried. A claim
    without a prevalence is from before: it stands for what was done, and for nothing new.
    """

    harm: str
    language: str
    precision: float
    confidence: float
    prevalence: float | None = Field(default=None, gt=0, lt=1)
    surface: str = ALL
    reason: str = ""
    # The error that this claim may have by itself, so that those of a certificate have no more than
    # 1 - confidence together; none where nothing was tested, or of a claim from before.
    level: float | None = Field(default=None, gt=0, lt=0.5)
    # The lower bound on the precision at the stated prevalence.
    bound: float | None = Field(default=None, ge=0, le=1)
    # The plan of the sample that the counts are of; empty where they are of a snapshot's part.
    plan: str = ""
    counts: Counts | None
    population: Population
    # The precision at other prevalences (as text), of sensitivity and false positives as bounded.
    precision_at: Mapping[str, float] = {}
    # Whether people found since that it does not hold: no file says so, the lake does.
    suspended: bool = Field(default=False, exclude=True)

    @model_validator(mode="after")
    def _check_bound(self) -> "Claim":
        if self.counts is None:
            if not self.reason:
                raise ValueError(f"{self.harm}: promises a precision without counts")
            return self
        bounds = bounds_of(self)
        written = {"lower_bound": self.counts.lower_bound, "bound": self.bound}
        for name, value in bounds._asdict().items():
            if (written[name] is None) != (value is None) or (
                value is not None and abs(value - (written[name] or 0.0)) > ROUNDING
            ):
                raise ValueError(f"{self.harm}: {name} is not {value}, as its counts have it")
        if self.reason:
            return self
        if self.counts.flagged_groups < LEAST_GROUPS:
            raise ValueError(f"{self.harm}: fewer than {LEAST_GROUPS} flagged groups")
        if self.prevalence is not None and not self.population.strata:
            raise ValueError(f"{self.harm}: names no dataset and surface that it is about")
        least = bounds.lower_bound if self.prevalence is None else bounds.bound
        if least is None or not least >= self.precision:
            raise ValueError(f"{self.harm}: the lower bound is below {self.precision}")
        return self

    @property
    def threshold(self) -> float | None:
        """The certified threshold; None where there is none."""
        return self.counts.threshold if self.counts and not self.reason else None

    @property
    def target(self) -> PrecisionTarget:
        """What the claim is for."""
        return PrecisionTarget(self.precision, self.confidence, self.prevalence, self.surface)

    @property
    def name(self) -> str:
        """What it is called among the claims of its certificate, such as `hate/en/all/0.95/...`."""
        numbers = self.precision, self.confidence, self.prevalence or 0.0
        return "/".join((self.harm, self.language, self.surface, *(f"{n:g}" for n in numbers)))

    @property
    def places(self) -> frozenset[tuple[str, str]]:
        """The datasets and surfaces on whose posts it may act; none while it is suspended."""
        if self.suspended:
            return frozenset()
        return frozenset((s.dataset, s.surface) for s in self.population.strata)


class Bounds(NamedTuple):
    """The bounds that a claim's counts bear out."""

    lower_bound: float
    bound: float | None


def bounds_of(claim: Claim) -> Bounds:
    """A claim's bounds, computed from its counts, level and prevalence; it must have counts."""
    assert claim.counts is not None
    return bounds_from(
        claim.counts,
        # A claim from before has the whole error for itself.
        error=1 - claim.confidence if claim.level is None else claim.level,
        prevalence=claim.prevalence if claim.level is not None else None,
        is_sample=bool(claim.plan),
    )


def bounds_from(
    counts: Counts, *, error: float, prevalence: float | None, is_sample: bool = False
) -> Bounds:
    """The bound on the sample's own precision, and that at a prevalence where the counts allow one.

    A sample of what a platform flags has the platform's prevalence: its bound needs no transport.
    """
    own = float(lower_bound(counts.right_groups, counts.flagged_groups, error))
    classes = (counts.found_groups, counts.harmful_groups, counts.harmless_groups)
    if prevalence is None:
        return Bounds(own, None)
    if is_sample:
        return Bounds(own, own)
    if None in classes:
        return Bounds(own, None)
    found, harmful, harmless = classes
    parts = (found, harmful, counts.wrong_groups, harmless)
    return Bounds(own, float(transported_bound(*parts, prevalence=prevalence, error=error)))
