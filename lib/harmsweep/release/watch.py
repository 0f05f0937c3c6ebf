"""The watch over claims in force: posts are drawn each day, and a claim that fails is suspended.

Of what each claim's threshold flags some posts a day are drawn at random for people to judge. Their
answers, in the order in which they were given, are the labels of a confidence sequence; once that
rules the promised precision out, the claim leads to review alone, until a person resumes it.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from harmsweep.digests import name_of
from harmsweep.enforcement.state.decisions import version_pair
from harmsweep.enforcement.state.policy_binding import certificate_in_force
from harmsweep.errors import DataRefused
from harmsweep.lake import writes
from harmsweep.lake.locks import locked
from harmsweep.model.reference import ModelRef
from harmsweep.names import did_you_mean
from harmsweep.operations import suspensions
from harmsweep.operations.act_time import time_after
from harmsweep.operations.actor import operator
from harmsweep.policy.claims import Claim
from harmsweep.policy.file import Policy
from harmsweep.release.conf import WatchConfig
from harmsweep.release.drawing import draw, flagged_posts
from harmsweep.release.task_answers import Answers, answers_to, tasks_of
from harmsweep.tables.catalog import LABEL_TASKS, OPERATIONS


@dataclass(frozen=True)
class HeldClaim:
    """A claim of a pair's certificate that has a threshold, and whether it is suspended."""

    pair: str
    claim: Claim
    standing: suspensions.Standing

    @property
    def is_suspended(self) -> bool:
        """Whether it leads to review alone."""
        return self.standing.suspended is not None

    @property
    def watch_id(self) -> str:
        """What its tasks are told by: others from each time on that it was resumed."""
        return f"watch-{name_of(f'{self.pair}/{self.claim.name}/{self.standing.resumed}')[:12]}"


@dataclass(frozen=True)
class WatchedClaim(HeldClaim):
    """A claim, and what people found of the posts that it flags."""

    answers: Answers
    # What the answers say of its precision: it is surely below this.
    bound: float

    @property
    def holds(self) -> bool:
        """Whether the answers leave it possible that the promise holds."""
        return self.bound >= self.claim.precision

    @property
    def found(self) -> str:
        """What the answers say, in words."""
        right, of = len(self.answers.right), len(self.answers.in_order)
        told = "" if self.bound == 1 else f": its precision is below {self.bound:.3f} of late"
        return f"{right} of {of} right{told}"

    def line(self) -> str:
        """The claim in a line: its name, its state, what was found."""
        state = f"suspended ({self.standing.suspended})" if self.is_suspended else "in force"
        waiting = f", {len(self.answers.open)} to judge" if self.answers.open else ""
        return f"{self.claim.name}: {state}: {self.found}{waiting}"


def held_claims(lake: Path, model: ModelRef, policy: Policy) -> list[HeldClaim]:
    """The claims of the pair's certificate that have a threshold; none without a certificate.

    Raises:
        CertificateRefused: the certificate is.
    """
    versions = model.model_version, policy.policy_version
    certificate = certificate_in_force(lake, model.certificates, *versions)
    pair = "/".join(versions)
    standings = suspensions.standings(lake, pair)
    return [
        HeldClaim(pair, claim, standings.get(claim.name, suspensions.Standing()))
        for claim in (certificate.claims if certificate else ())
        if claim.threshold is not None
    ]


def watched(lake: Path, model: ModelRef, policy: Policy, config: WatchConfig) -> list[WatchedClaim]:
    """The same claims with what people found of each."""
    found = list[WatchedClaim]()
    for one in held_claims(lake, model, policy):
        answers = answers_to(lake, tasks_of(lake, one.watch_id))
        bound = config.sequence.upper_bound(answers.in_order)
        found.append(WatchedClaim(one.pair, one.claim, one.standing, answers, bound))
    return found


def suspend_failed(
    lake: Path, model: ModelRef, policy: Policy, config: WatchConfig
) -> list[WatchedClaim]:
    """Suspend the claims whose answers rule out what they promise; give those."""
    with locked(lake, [OPERATIONS.name]):
        now = watched(lake, model, policy, config)
        failed = [one for one in now if not one.is_suspended and not one.holds]
        for one in failed:
            details = {"bound": one.bound, "labels": len(one.answers.in_order)}
            suspensions.suspend(lake, one.pair, one.claim.name, reason=one.found, details=details)
    return failed


def draw_audits(lake: Path, day: date, model: ModelRef, policy: Policy, config: WatchConfig) -> int:
    """Draw a day's posts for each claim in force, once; give how many tasks are new."""
    versions = version_pair(model.model_version, policy.policy_version)
    with locked(lake, [LABEL_TASKS.name]):
        rows = [
            versions | row
            for one in held_claims(lake, model, policy)
            if not one.is_suspended
            for row in _audits(lake, day, one, model.model_version, config.labels_per_day)
        ]
        if rows:
            shared = {"drawn_at": time_after(lake, [OPERATIONS]), "operator": operator()}
            writes.write_rows([shared | row for row in rows], LABEL_TASKS, lake)
    return len(rows)


def _audits(
    lake: Path, day: date, one: HeldClaim, model_version: str, labels: int
) -> list[dict[str, Any]]:
    """A day's tasks of a claim, but for who drew them; none where the day has some."""
    claim = one.claim
    if any(task["day"] == day for task in tasks_of(lake, one.watch_id)):
        return []
    about: dict[str, Any] = {
        "harm": claim.harm,
        "language": claim.language,
        "threshold": claim.threshold,
    }
    flagged = flagged_posts(lake, model_version, surface=claim.surface, days=[day], **about)
    frame = [row for row in flagged if (row["dataset"], row["surface"]) in claim.places]
    # The claims of a harm draw by the same numbers, so that they mostly draw the same posts.
    drawn = draw(frame, ("watch", claim.harm, claim.language), labels)
    return [{"plan_id": one.watch_id, "purpose": "watch"} | about | row for row in drawn]


def find_claim(lake: Path, name: str, model: ModelRef, policy: Policy) -> HeldClaim:
    """A claim of the pair that has a threshold, by its name.

    Raises:
        DataRefused: there is none; with the nearest.
    """
    known = {one.claim.name: one for one in held_claims(lake, model, policy)}
    if name not in known:
        raise DataRefused(f"no claim has the name {name}{did_you_mean(name, set(known))}")
    return known[name]
