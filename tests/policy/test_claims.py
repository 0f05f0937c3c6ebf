"""A claim says what its counts bear out, and what else it says is refused."""

from typing import Any

import pytest
from certifying import claim

from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.policy.share_bounds import lower_bound, transported_bound

OLD: dict[str, Any] = {"prevalence": None, "level": None, "bound": None}
NO_CLASSES = {"found_groups": None, "harmful_groups": None, "harmless_groups": None}


def old(**counts: Any) -> Any:
    """A claim from before prevalences were stated."""
    return claim(**OLD, counts=NO_CLASSES | counts)


def test_its_bound_is_that_of_its_counts_at_the_prevalence_that_it_states():
    held = claim(counts={"flagged_groups": 203, "harmless_groups": 90_000})
    expected = transported_bound(200, 400, 3, 90_000, prevalence=0.05, error=0.005)
    assert held.bound == pytest.approx(float(expected))
    assert held.target == PrecisionTarget(0.95, 0.95, 0.05, "all")
    assert (held.threshold, held.places) == (0.8, {("live", "feed")})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"counts": {"flagged_groups": 59, "right_groups": 59, "found_groups": 59}}, "fewer than"),
        ({"counts": {"flagged_groups": 230}}, "the lower bound is below 0.95"),
        ({"bound": 0.999999}, "bound is not 0.9"),
        ({"bound": None}, "bound is not 0.9"),
        ({"counts": {"lower_bound": 0.99}}, "lower_bound is not 0.9"),
        ({"counts": NO_CLASSES}, "the lower bound is below"),
        ({"counts": {"threshold": 0.49}}, "greater than or equal to 0.5"),
        ({"counts": {"threshold": 1.0}}, "less than 1"),
        ({"counts": {"threshold": float("nan")}}, "finite"),
        ({"counts": {"right_groups": 201, "lower_bound": 0.9}}, "right_groups: 201 of 200"),
        ({"counts": {"found_groups": 201, "right_groups": 200}}, "found_groups: 201 of 200"),
        ({"counts": {"harmless_groups": 1, "flagged_groups": 202}}, "wrong groups: 2 of 1"),
        ({"counts": {"right_posts": 301}}, "right_posts: 301 of 300"),
        ({"level": 0.0}, "greater than 0"),
        ({"level": None, "bound": None}, "the lower bound is below"),
        ({"counts": None, "bound": None}, "promises a precision without counts"),
        ({"prevalence": 0.0002}, "the lower bound is below 0.95"),
    ],
)
def test_a_claim_that_is_not_borne_out_cannot_be_made(changes: dict[str, Any], why: str):
    if changes.get("counts", 0) is None:
        whole = claim().model_dump() | changes
        with pytest.raises(ValueError, match=why):
            type(claim()).model_validate(whole)
        return
    with pytest.raises(ValueError, match=why):
        claim(**changes)


def test_a_claim_of_nowhere_is_refused():
    whole = claim().model_dump()
    whole["population"]["strata"] = ()
    with pytest.raises(ValueError, match="names no dataset and surface"):
        type(claim()).model_validate(whole)


def test_ten_of_sixty_right_are_no_099_whoever_writes_it():
    few = {"flagged_groups": 60, "right_groups": 10, "flagged_posts": 60, "right_posts": 10}
    with pytest.raises(ValueError, match=r"lower_bound is not 0\.0\d+, as its counts have it"):
        old(**few, lower_bound=0.99)
    with pytest.raises(ValueError, match=r"the lower bound is below 0\.95"):
        old(**few)


def test_a_claim_from_before_has_the_bound_of_its_own_posts_and_no_population():
    held = old(flagged_groups=93, right_groups=92)
    assert held.counts.lower_bound == pytest.approx(float(lower_bound(92, 93, 0.05)))
    assert held.target == PrecisionTarget(0.95, 0.95)
    assert held.threshold == 0.8


def test_a_sample_of_what_is_flagged_has_the_platforms_own_prevalence():
    drawn = claim(plan="certify-1", counts=NO_CLASSES | {"recall": None})
    assert drawn.bound == drawn.counts.lower_bound == pytest.approx(0.005 ** (1 / 200))


def test_a_claim_with_a_reason_has_no_threshold():
    few = {"flagged_groups": 7, "right_groups": 7, "found_groups": 7}
    assert claim(reason="7 groups are flagged", counts=few).threshold is None


def test_what_could_not_be_tested_has_a_reason_and_no_counts():
    whole = claim().model_dump() | {"counts": None, "bound": None, "reason": "no head for it"}
    assert type(claim()).model_validate(whole).threshold is None
