"""What a sweep may act on: a decision, and whether the guardrails permit it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from harmsweep.digests import uniform_hash
from harmsweep.enforcement.rules.ledger import Scope
from harmsweep.policy.actions import STRIKES


@dataclass(frozen=True, slots=True)
class Decision:
    """What a decision wants at its scope, and what it rests on."""

    revision: int
    language: str
    action: str
    harm: str
    score: float | None
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Post:
    """What a sweep must know of a post that exists and that the model scored."""

    revision: int
    author_id: str
    verdict: str | None = None  # benign or harmful: a person's on this revision
    exempt: str | None = None  # why the post or its author is on the allow-list
    whole: bool = True  # the model saw all of it: nothing was broken, cut or refused

    # Where it comes from and stands: a certificate is about some posts.
    dataset: str = ""
    surface: str = ""

    # Its only evidence were words for a group of people: no action is told as having a reason.
    without_reason: bool = False

    @property
    def is_spared(self) -> bool:
        """Whether a person keeps automation off it: judged benign, or on the allow-list."""
        return self.verdict == "benign" or self.exempt is not None


# By harm, surface, jurisdiction, action, language and threshold of each certified rung, the
# datasets and surfaces of the posts that the certificate is about.
Rung = tuple[str, str, str, str, str, float]
Certified = Mapping[Rung, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Guardrails:
    """What a sweep may act on: any sound decision, certified ones alone, or none (reviews)."""

    approved: bool
    certified: Certified | None = None  # None: the policy asks for no certificate
    # The authors for whom the pair is in force, by their hash in [0, 1): all, or a ramp's share.
    first: float = 0.0
    last: float = 1.0
    # The share of the posts on which nothing that others can see is applied.
    holdout: float = 0.0
    spared: frozenset[str] = frozenset()  # harms of which nothing is held out
    # After how many days an action ends, by harm, surface, jurisdiction and action.
    days: Mapping[tuple[str, str, str, str], int] = field(default_factory=dict)

    def expiry(self, scope: Scope, decision: Decision, at: datetime) -> datetime | None:
        """When an action of the decision ends by itself if it is taken at a time.

        The days of a restriction are the account's: were the post to come back after them, the
        severest action would hide it for the shortest time.
        """
        if decision.action in STRIKES:
            return None
        days = self.days.get((decision.harm, scope.surface, scope.jurisdiction, decision.action))
        return at + timedelta(days=days) if days else None

    def restricts_for(self, harm: str, surface: str, jurisdiction: str) -> int | None:
        """For how many days a post with a `restrict` of that scope restricts its author."""
        return self.days.get((harm, surface, jurisdiction, "restrict"))

    def in_rollout(self, author_id: str) -> bool:
        """Whether the pair is in force for an author; raising a share loses nobody."""
        return self.first <= uniform_hash(f"ramp/{author_id}") < self.last

    def in_holdout(self, post_id: str, harm: str | None) -> bool:
        """Whether a post is of the random holdout, for a harm."""
        return harm not in self.spared and uniform_hash(f"holdout/{post_id}") < self.holdout

    def permits(self, scope: Scope, decision: Decision, post: Post) -> bool:
        """Whether an automatic action on the post may follow from the decision."""
        if not self.approved or self.certified is None:
            return self.approved
        if decision.threshold is None:
            return False
        rung = (decision.harm, scope.surface, scope.jurisdiction)
        claimed = (*rung, decision.action, decision.language, decision.threshold)
        return (post.dataset, post.surface) in self.certified.get(claimed, frozenset())


def allowed(
    scope: Scope, decision: Decision, post: Post, guardrails: Guardrails
) -> Decision | None:
    """The decision, or a review instead where the guardrails don't permit its action.

    None where a person found the post benign: nothing is automatic until it is edited.

    Anything but review needs an approved model, a finite score over its threshold again, and in
    production the certified threshold of its rung and language, on a post that it is about: a sweep
    trusts no table with a removal. A score that is none is not passed on.
    """
    if post.verdict == "benign":
        return None
    score = decision.score if is_probability(decision.score) else None
    threshold = decision.threshold
    sound = score is not None and threshold is not None and score >= threshold
    spared = post.exempt is not None or post.without_reason
    acts = sound and not spared and guardrails.permits(scope, decision, post)
    action = decision.action if acts else "review"
    return replace(decision, action=action, score=score)


def is_probability(score: float | None) -> bool:
    """Whether a score is a finite number in [0, 1]."""
    return score is not None and math.isfinite(score) and 0.0 <= score <= 1.0
