"""What people must do where a sweep may not act by itself: conf/enforcement.yaml."""

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from harmsweep.conf import Frozen, load
from harmsweep.paths import CONF
from harmsweep.policy.file import Approvals, Cap


class Forecast(Frozen):
    """How much more than on past weekdays is too much."""

    weeks: Annotated[int, Field(strict=True, ge=1, le=52)]
    least_weeks: Annotated[int, Field(strict=True, ge=2)]
    quantile: Annotated[float, Field(gt=0.5, lt=1)]
    factor: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    floor: Annotated[int, Field(strict=True, ge=0)]
    views_floor: Annotated[int, Field(strict=True, ge=0)]


Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class DayShare(Frozen):
    """The most effects as a share of a day's accepted posts, and the least that this comes to."""

    share: Share
    without_history: Share
    least: Annotated[int, Field(strict=True, ge=0)]

    def most(self, posts: int, *, is_known: bool) -> int:
        """The most effects; without weeks of history by the stricter share."""
        share = self.share if is_known else min(self.share, self.without_history)
        return max(self.least, int(share * posts))


class Copies(Frozen):
    """When a verdict reaches near-duplicates of the post that was judged."""

    reviewers: Annotated[int, Field(strict=True, ge=1)]
    purity: Annotated[float, Field(gt=0.5, le=1)]
    budget: Annotated[int, Field(strict=True, ge=0)]
    least_words: Annotated[int, Field(strict=True, ge=1)]


# Encrypted, or to this machine alone.
_URL = r"^(https://\S+|http://(localhost|127\.0\.0\.1)(:\d+)?(/\S*)?)?$"


class Webhook(Frozen):
    """Where effects are posted to, and how often they are tried; no url is no webhook."""

    url: Annotated[str, Field(pattern=_URL)]
    attempts: Annotated[int, Field(strict=True, ge=1, le=20)]
    backoff_seconds: Annotated[float, Field(ge=0, le=60)]
    timeout_seconds: Annotated[float, Field(gt=0, le=300)]
    batch: Annotated[int, Field(strict=True, ge=1)]


class Bounds(Frozen):
    """The keys of the file."""

    plan_expires_hours: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    approvals: Approvals
    approved_share: Share
    two_approvers_above: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    sample_posts: Annotated[int, Field(strict=True, ge=0)]
    sample_share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    evidence_days: Annotated[int, Field(strict=True, ge=1)]
    appeal_days: Annotated[int, Field(strict=True, ge=1)]
    cap_at_most: Cap
    harm_share: DayShare
    all_share: DayShare
    accounts_per_day: Annotated[int, Field(strict=True, ge=0)]
    forecast: Forecast
    copies: Copies
    webhook: Webhook

    def approvers(self, effects: int, posts: int) -> int:
        """How many people must approve so many effects on so many accepted posts."""
        return 2 if effects > self.two_approvers_above * posts else 1

    def sample(self, effects: int) -> float:
        """The share of a held batch of so many effects that goes to review; 0 of a small one."""
        share = min(self.sample_share, self.sample_posts / effects)
        return share if share * effects >= 1 else 0.0


@cache
def load_bounds(path: Path = CONF / "enforcement.yaml") -> Bounds:
    """The bounds in force.

    Raises:
        ConfRefused: its line, its key and what would be allowed.
    """
    return load(path, Bounds)
