"""What sweeps act under: a policy, a model, and the certificate of the two."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from harmsweep.enforcement.rules.effects import Sweep
from harmsweep.enforcement.rules.guardrails import Guardrails, Rung
from harmsweep.harms import SEVERE
from harmsweep.operations.actor import operator
from harmsweep.operations.ramps import share_of
from harmsweep.operations.suspensions import suspended
from harmsweep.policy.certificates import Certificate, find_certificate
from harmsweep.policy.demonstration import check_lake
from harmsweep.policy.file import Policy


@dataclass(frozen=True)
class PolicyBinding:
    """What sweeps act under: a policy, a model, and the pair's certificate if it has one."""

    policy: Policy
    model_version: str
    certificate: Certificate | None = None
    first: float = 0.0
    last: float = 1.0

    @property
    def subject(self) -> tuple[str, str]:
        """Model version and policy version."""
        return self.model_version, self.policy.policy_version

    @property
    def inputs(self) -> str:
        """The digest of what decisions rest on besides the lake."""
        return self.certificate.in_force if self.certificate else ""

    @property
    def guardrails(self) -> Guardrails:
        """What may be acted on."""
        approved = self.model_version in self.policy.approved_models
        held_out = self.policy.holdout
        more: dict[str, Any] = {"first": self.first, "last": self.last, "days": self._days()}
        if held_out:
            more |= {"holdout": held_out.share, "spared": SEVERE.union(held_out.spared)}
        if self.policy.mode != "production":
            return Guardrails(approved, **more)
        certified: dict[Rung, frozenset[tuple[str, str]]] = {
            (harm, rule.surface, rule.jurisdiction, rung.action, claim.language, claim.threshold): (
                claim.places
            )
            for harm, rules in self.policy.rules.items()
            for rule in rules
            for rung in rule.ladder
            if (target := rule.target(rung)) and self.certificate
            for claim in self.certificate.granted(harm, target)
            if claim.threshold is not None
        }
        return Guardrails(approved, certified, **more)

    def _days(self) -> dict[tuple[str, str, str, str], int]:
        return {
            (harm, rule.surface, rule.jurisdiction, rung.action): rung.days
            for harm, rules in self.policy.rules.items()
            for rule in rules
            for rung in rule.ladder
            if rung.days
        }


def load_policy_binding(
    lake: Path, policy: Policy, model_version: str, certificates: Path | None
) -> PolicyBinding:
    """The binding of a policy and a model on a lake.

    Raises:
        PolicyError: the policy is a demonstration's and the lake is not.
        CertificateRefused: the pair's certificate is.
    """
    check_lake(policy, lake)
    certificate = certificate_in_force(lake, certificates, model_version, policy.policy_version)
    first, last = share_of(lake, f"{model_version}/{policy.policy_version}")
    return PolicyBinding(policy, model_version, certificate, first, last)


def certificate_in_force(
    lake: Path, certificates: Path | None, model_version: str, policy_version: str
) -> Certificate | None:
    """A pair's certificate with those claims suspended that the lake says are; None without one.

    Raises:
        CertificateRefused: the certificate is.
    """
    found = find_certificate(certificates, model_version, policy_version)
    return found and found.suspending(suspended(lake, f"{model_version}/{policy_version}"))


def sweep_of(day: date, kind: str, binding: PolicyBinding, *, after: str, at: int) -> Sweep:
    """The next sweep of a day under a binding, by the user of the system."""
    return Sweep(day, kind, binding.subject, after, at, operator())
