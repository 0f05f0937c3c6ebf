"""Certificates: the thresholds of one model under one policy, each with what is promised of it.

<models>/<model_version>/certificates/<policy_version>.json

A pair of versions is certified once. A certificate that is changed, that is another pair's, or that
claims what it does not bear out, is refused; it cannot be told from one that was forged whole, so a
person still names the model in the policy.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from harmsweep.conf import Frozen, fault_lines
from harmsweep.digests import NAMED
from harmsweep.errors import Refused
from harmsweep.files import write_whole
from harmsweep.policy.ladders import PrecisionTarget

FOLDER = "certificates"
# The part of a snapshot that thresholds are certified on.
PART = "certify"
# Below this score a post is more likely harmless, by the model's own word.
LEAST_THRESHOLD = 0.5
# A precision of 0.95 with confidence 0.95 takes 59 flagged groups where none is wrong.
LEAST_GROUPS = 60
# A claim holds at its own prevalence; its precision at these stands beside it.
PREVALENCES = (0.001, 0.01, 0.1, 0.5)


class CertificateRefused(Refused):
    """A certificate is not what its digest was taken of, or not of this model and policy."""


class Source(Frozen):
    """The snapshot whose certify part the claims were tested on."""

    snapshot: str
    first: date
    last: date
    part: str = PART


class Population(Frozen):
    """The labelled posts that a claim is about; `prevalence` counts every group once."""

    posts: int = Field(ge=0)
    # How many split groups each dataset gave.
    groups: Mapping[str, int]
    prevalence: float | None = Field(ge=0, le=1)


class Counts(Frozen):
    """What a threshold flags: groups once each, right where all their flagged posts are harmful."""

    threshold: float = Field(ge=LEAST_THRESHOLD, lt=1)
    flagged_groups: int = Field(ge=0)
    right_groups: int = Field(ge=0)
    flagged_posts: int = Field(ge=0)
    right_posts: int = Field(ge=0)
    # The share of the harmful posts that are flagged.
    recall: float = Field(ge=0, le=1)
    # The exact one-sided bound on the share of flagged groups that are right.
    lower_bound: float = Field(ge=0, le=1)


class Claim(Frozen):
    """A harm's precision in a language, or the reason why none is promised.

    `counts` are those of the certified threshold, or else of the first that was tried.
    """

    harm: str
    language: str
    precision: float
    confidence: float
    reason: str = ""
    counts: Counts | None
    population: Population
    # The precision at other prevalences (as text), if the lower bound is so at the claim's own.
    precision_at: Mapping[str, float] = {}

    @model_validator(mode="after")
    def _check_bound(self) -> "Claim":
        if self.reason:
            return self
        if self.counts is None or self.counts.flagged_groups < LEAST_GROUPS:
            raise ValueError(f"{self.harm}: fewer than {LEAST_GROUPS} flagged groups")
        if not self.counts.lower_bound >= self.precision:
            raise ValueError(f"{self.harm}: the lower bound is below {self.precision}")
        return self

    @property
    def threshold(self) -> float | None:
        """The certified threshold; None where there is none."""
        return self.counts.threshold if self.counts and not self.reason else None

    @property
    def target(self) -> PrecisionTarget:
        """What the claim is for."""
        return PrecisionTarget(self.precision, self.confidence)


class Certificate(Frozen):
    """The claims of one model version and one policy version."""

    model_version: str = Field(pattern=rf"^m{NAMED}$")
    policy_version: str = Field(pattern=r"^[\w.-]+$")
    source: Source
    claims: tuple[Claim, ...]
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")

    @model_validator(mode="after")
    def _one_claim_each(self) -> "Certificate":
        keys = {(c.harm, c.language, c.target) for c in self.claims}
        if len(keys) < len(self.claims):
            raise ValueError("two claims of one harm, language and precision target")
        return self

    def thresholds(self, harm: str, target: PrecisionTarget) -> dict[str, float]:
        """The certified threshold of each language that has one."""
        found = (c for c in self.claims if (c.harm, c.target) == (harm, target))
        return {c.language: c.threshold for c in found if c.threshold is not None}


def precision_at(precision: float, *, of: float, at: float) -> float:
    """The precision at prevalence `at` of what has `precision` at prevalence `of`.

    By Bayes' rule with sensitivity and false-positive rate unchanged: 0.95 at 0.5 is 0.16 at 0.01.
    """
    right, wrong = precision * (1 - of) * at, (1 - precision) * of * (1 - at)
    return right / (right + wrong) if right + wrong > 0 else precision


def build_certificate(
    model_version: str, policy_version: str, source: Source, claims: Sequence[Claim]
) -> Certificate:
    """A certificate with its digest computed."""
    versions = {"model_version": model_version, "policy_version": policy_version}
    draft = Certificate(**versions, source=source, claims=tuple(claims), digest="0" * 64)
    return draft.model_copy(update={"digest": digest_of(draft)})


def digest_of(certificate: Certificate) -> str:
    """A hash of everything that the certificate says."""
    content = certificate.model_dump(mode="json", exclude={"digest"})
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def folder_beside(manifest: Path) -> Path:
    """Where the certificates of a manifest's model are."""
    return manifest.parent / FOLDER


def write_certificate(certificate: Certificate, folder: Path) -> Path:
    """Write a certificate, or leave the one that says the same; give its path.

    Raises:
        CertificateRefused: the pair has another one. Trying until one comes out is no guarantee, so
            another attempt needs another version of the policy.
    """
    path = folder / f"{certificate.policy_version}.json"
    versions = certificate.model_version, certificate.policy_version
    known = find_certificate(folder, *versions)
    if known and known.digest != certificate.digest:
        raise CertificateRefused(f"{path}: certified before, otherwise: needs a new policy version")
    if not known:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, certificate.model_dump_json(indent=1) + "\n")
    return path


def find_certificate(
    folder: Path | None, model_version: str, policy_version: str
) -> Certificate | None:
    """The certificate of a pair in a model's folder of certificates; None where there is none.

    Raises:
        CertificateRefused: the file is no certificate, was changed, or is of another pair.
    """
    path = folder / f"{policy_version}.json" if folder else None
    if path is None or not path.exists():
        return None
    try:
        found = Certificate.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise CertificateRefused(f"{path}: {fault_lines(error)[0]}") from None
    if digest_of(found) != found.digest:
        raise CertificateRefused(f"{path}: its content is not what its digest was taken of")
    if (found.model_version, found.policy_version) != (model_version, policy_version):
        raise CertificateRefused(
            f"{path}: is of {found.model_version} under {found.policy_version},"
            f" not of {model_version} under {policy_version}"
        )
    return found
