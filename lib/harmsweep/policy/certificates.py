"""Certificates: the thresholds of one model under one policy, each with what is promised of it.

<models>/<model_version>/certificates/<policy_version>.json

A pair of versions is certified once. A certificate that is changed, that is another pair's, or that
claims what its own counts do not bear out, is refused; it cannot be told from one that was forged
whole, so a person still names the model in the policy.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from harmsweep.conf import Frozen, fault_lines
from harmsweep.digests import NAMED, as_json, name_of
from harmsweep.errors import Refused
from harmsweep.files import write_whole
from harmsweep.policy.claims import ROUNDING, Claim
from harmsweep.policy.ladders import PrecisionTarget

FOLDER = "certificates"
# The part of a snapshot that thresholds are certified on.
PART = "certify"


class CertificateRefused(Refused):
    """A certificate is not what its digest was taken of, or not of this model and policy."""


class Source(Frozen):
    """The snapshot whose certify part the claims were tested on."""

    snapshot: str
    # The days of the snapshot, or of the certify part's posts where `use` says how often it was.
    first: date
    last: date
    part: str = PART
    # How often groups of this part have certified something, this time among them, and how many
    # tests were made; a certificate from before does not say.
    use: int | None = Field(default=None, ge=1)
    tests: int | None = Field(default=None, ge=0)

    @property
    def share(self) -> float:
        """The share of the stated error that this use may have: all uses have no more together."""
        return float(0.5 ** (self.use or 0))

    def most(self, done: int) -> float:
        """The share of the error that a test may have where so many others are done with."""
        left = (self.tests or 0) - done
        return self.share / left if self.use and left > 0 else 0.0


class SampleSource(Frozen):
    """The days whose posts the samples were drawn from, and how many tests the policy needs."""

    first: date
    last: date
    tests: int = Field(ge=1)

    def most(self, done: int) -> float:
        """The share of the error that a test may have, whatever became of the others."""
        return 1 / self.tests


class Certificate(Frozen):
    """The claims of one model version and one policy version."""

    model_version: str = Field(pattern=rf"^m{NAMED}$")
    policy_version: str = Field(pattern=r"^[\w.-]+$")
    source: Source | SampleSource
    claims: tuple[Claim, ...]
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")

    @model_validator(mode="after")
    def _one_claim_each(self) -> "Certificate":
        keys = {(c.harm, c.language, c.target) for c in self.claims}
        if len(keys) < len(self.claims):
            raise ValueError("two claims of one harm, language and precision target")
        return self

    @model_validator(mode="after")
    def _check_family(self) -> "Certificate":
        """That the errors of the claims add up to no more than their confidence leaves.

        By Holm (1979): where so many tests are done with, the others share the whole error. Samples
        are finished one by one, so that each test has an equal share for good (Bonferroni).
        """
        tested = [claim for claim in self.claims if not claim.reason and claim.level is not None]
        used = sorted((claim.level or 0) / (1 - claim.confidence) for claim in tested)
        for place, share in enumerate(used):
            if share > self.source.most(place) * (1 + ROUNDING):
                raise ValueError("the claims have more error together than their confidence leaves")
        return self

    def granted(self, harm: str, target: PrecisionTarget) -> list[Claim]:
        """The claims that have a threshold for the target, one for each of its languages."""
        of_target = (c for c in self.claims if (c.harm, c.target) == (harm, target))
        return [claim for claim in of_target if claim.threshold is not None]

    def thresholds(self, harm: str, target: PrecisionTarget) -> dict[str, float]:
        """The certified threshold of each language that has one."""
        found = ((c.language, c.threshold) for c in self.granted(harm, target))
        return {language: threshold for language, threshold in found if threshold is not None}

    def suspending(self, names: Collection[str]) -> "Certificate":
        """The certificate with the claims of these names suspended: they lead to review alone."""
        claims = (c.model_copy(update={"suspended": c.name in names}) for c in self.claims)
        return self.model_copy(update={"claims": tuple(claims)})

    @property
    def in_force(self) -> str:
        """A digest of what it allows now: its own, and which claims are suspended."""
        suspended = sorted(claim.name for claim in self.claims if claim.suspended)
        return "-".join([self.digest, *([name_of(as_json(suspended))] if suspended else [])])


def build_certificate(
    model_version: str,
    policy_version: str,
    source: Source | SampleSource,
    claims: Sequence[Claim],
) -> Certificate:
    """A certificate with its digest computed."""
    versions = {"model_version": model_version, "policy_version": policy_version}
    draft = Certificate(**versions, source=source, claims=tuple(claims), digest="0" * 64)
    return draft.model_copy(update={"digest": digest_of(draft)})


def digest_of(certificate: Certificate) -> str:
    """A hash of everything that the certificate says."""
    return _digest(certificate.model_dump(mode="json"))


def _digest(content: dict[str, object]) -> str:
    told = {name: value for name, value in content.items() if name != "digest"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def folder_beside(manifest: Path) -> Path:
    """Where the certificates of a manifest's model are."""
    return manifest.parent / FOLDER


def write_certificate(certificate: Certificate, folder: Path) -> Path:
    """Write a certificate, or leave the one that says the same; give its path.

    Raises:
        CertificateRefused: the pair has another one. Trying until one comes out is no guarantee, so
            another attempt needs another version of the policy.
    """
    known = _known(certificate, folder)
    if known and known.digest != certificate.digest:
        raise _otherwise(certificate, folder)
    return _path(certificate, folder) if known else _write(certificate, folder)


def extend_certificate(certificate: Certificate, folder: Path) -> Path:
    """Write a certificate from samples in place of one with fewer claims; give its path.

    Raises:
        CertificateRefused: a claim that the pair has is missing or another.
    """
    check_extension(certificate, folder)
    return _write(certificate, folder)


def check_extension(certificate: Certificate, folder: Path) -> None:
    """Refuse a certificate that lacks a claim of the pair's own, or changes one.

    Raises:
        CertificateRefused: it does.
    """
    known = _known(certificate, folder)
    if known and not set(_told(known)) <= set(_told(certificate)):
        raise _otherwise(certificate, folder)


def _known(certificate: Certificate, folder: Path) -> Certificate | None:
    """The certificate that the pair has."""
    return find_certificate(folder, certificate.model_version, certificate.policy_version)


def _path(certificate: Certificate, folder: Path) -> Path:
    return folder / f"{certificate.policy_version}.json"


def _otherwise(certificate: Certificate, folder: Path) -> CertificateRefused:
    path = _path(certificate, folder)
    return CertificateRefused(f"{path}: certified before, otherwise: needs a new policy version")


def _write(certificate: Certificate, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    content = certificate.model_dump_json(indent=1) + "\n"
    return write_whole(_path(certificate, folder), content)


def _told(certificate: Certificate) -> list[str]:
    return [claim.model_dump_json() for claim in certificate.claims]


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
    content = path.read_bytes()
    try:
        found = Certificate.model_validate_json(content)
    except ValidationError as error:
        raise CertificateRefused(f"{path}: {fault_lines(error)[0]}") from None
    # Of the file as it is: one from before lacks what claims say today.
    if _digest(json.loads(content)) != found.digest:
        raise CertificateRefused(f"{path}: its content is not what its digest was taken of")
    if (found.model_version, found.policy_version) != (model_version, policy_version):
        raise CertificateRefused(
            f"{path}: is of {found.model_version} under {found.policy_version},"
            f" not of {model_version} under {policy_version}"
        )
    return found
