"""Claims and certificates whose bounds are those of their counts."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from harmsweep.policy.certificates import Certificate, Source, build_certificate
from harmsweep.policy.claims import Claim, Counts, Population, Stratum, bounds_from

MODEL = "m0123456789ab0123456789ab01234567"
PREVALENCE = 0.05
# Each claim's part of the error: five claims of confidence 0.95 are held to half of it together.
LEVEL = 0.005
COUNTS = {
    "flagged_groups": 200, "right_groups": 200, "found_groups": 200, "harmful_groups": 400,
    "harmless_groups": 20_000, "flagged_posts": 300, "right_posts": 300, "recall": 0.5,
}  # fmt: skip


def claim(
    precision: float = 0.95,
    threshold: float = 0.8,
    *,
    language: str = "en",
    places: Mapping[tuple[str, str], int] | None = None,
    counts: Mapping[str, Any] | None = None,
    **facts: Any,
) -> Claim:
    """A claim of hate about posts of `live` on the feed; `counts` and `facts` change what it says.

    Its bounds follow from its counts but where `counts` or `facts` have others.
    """
    facts = {"harm": "hate", "confidence": 0.95, "prevalence": PREVALENCE, "level": LEVEL} | facts
    given = {"threshold": threshold, "lower_bound": 0.0} | COUNTS | dict(counts or {})
    error = facts["level"] or 1 - facts["confidence"]
    prevalence = facts["prevalence"] if facts["level"] else None
    loose = Counts.model_construct(**{"found_groups": None} | given)
    is_sample = bool(facts.get("plan"))
    bounds = bounds_from(loose, error=error, prevalence=prevalence, is_sample=is_sample)
    if "lower_bound" not in (counts or {}):
        given["lower_bound"] = bounds.lower_bound
    there = places or {("live", "feed"): 700}
    strata = tuple(Stratum(dataset=d, surface=s, groups=n) for (d, s), n in there.items())
    about = Population(posts=900, groups={"live": 700}, prevalence=0.4, strata=strata)
    return Claim(**{
        "language": language, "precision": precision, "counts": Counts(**given),
        "population": about, "bound": bounds.bound,
    } | facts)  # fmt: skip


def certificate(*claims: Claim, policy: str, model: str = MODEL, **source: Any) -> Certificate:
    """A certificate of a first use, with as many tests as claims."""
    facts = {"snapshot": "s0123456789ab", "first": date(2026, 9, 1), "last": date(2026, 9, 9)}
    facts |= {"use": 1, "tests": len(claims)} | source
    return build_certificate(model, policy, Source(**facts), claims)
