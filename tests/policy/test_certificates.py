"""A certificate is what its digest was taken of, of its own pair, and bears its claims out."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harmsweep.policy.certificates import (
    Certificate,
    CertificateRefused,
    Claim,
    Counts,
    Population,
    Source,
    build_certificate,
    digest_of,
    find_certificate,
    precision_at,
    write_certificate,
)
from harmsweep.policy.ladders import PrecisionTarget

PAIR = ("m0123456789ab0123456789ab01234567", "trial-1-01234567")
COUNTS = {
    "threshold": 0.75, "flagged_groups": 93, "right_groups": 92, "flagged_posts": 120,
    "right_posts": 118, "recall": 0.4, "lower_bound": 0.9501,
}  # fmt: skip


def claim(**changes: Any) -> Claim:
    counts = COUNTS | changes.pop("counts", {})
    rest = {"harm": "hate", "language": "en", "precision": 0.95, "confidence": 0.95}
    about = Population(posts=900, groups={"sms": 300}, prevalence=0.1)
    return Claim(**rest | {"counts": Counts(**counts), "population": about} | changes)


def sealed(*claims: Claim, pair: tuple[str, str] = PAIR) -> Certificate:
    source = Source(snapshot="s0123456789ab", first=date(2026, 10, 1), last=date(2026, 10, 3))
    return build_certificate(*pair, source, claims)


def test_it_reads_as_it_was_written(tmp_path: Path):
    written = sealed(claim(), claim(language="de", reason="7 groups are flagged"))
    path = write_certificate(written, tmp_path / "certificates")
    assert path == tmp_path / "certificates" / "trial-1-01234567.json"
    assert find_certificate(path.parent, *PAIR) == written
    assert written.thresholds("hate", PrecisionTarget(0.95, 0.95)) == {"en": 0.75}
    assert written.thresholds("hate", PrecisionTarget(0.9, 0.95)) == {}
    assert written.thresholds("spam", PrecisionTarget(0.95, 0.95)) == {}


def test_where_there_is_none_there_is_none(tmp_path: Path):
    assert find_certificate(None, *PAIR) is None
    assert find_certificate(tmp_path / "certificates", *PAIR) is None


def test_a_pair_is_certified_once(tmp_path: Path):
    first = write_certificate(sealed(claim()), tmp_path)
    content = first.read_bytes()
    assert write_certificate(sealed(claim()), tmp_path) == first
    with pytest.raises(CertificateRefused, match="needs a new policy version"):
        write_certificate(sealed(claim(counts={"threshold": 0.7})), tmp_path)
    assert first.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [first.name]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("claims", 0, "counts", "threshold"), 0.6),
        (("claims", 0, "precision"), 0.9),
        (("claims", 0, "language"), "de"),
        (("source", "snapshot"), "s1111111111ab"),
        (("policy_version",), "other-1-01234567"),
        (("digest",), "0" * 64),
    ],
)
def test_a_changed_file_is_refused(tmp_path: Path, place: tuple[Any, ...], value: Any):
    path = write_certificate(sealed(claim()), tmp_path)
    content = json.loads(path.read_bytes())
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path.write_text(json.dumps(content))
    with pytest.raises(CertificateRefused, match="digest was taken of"):
        find_certificate(tmp_path, *PAIR)


@pytest.mark.parametrize(
    "pair", [("m111111111111111111111111111111ab", PAIR[1]), (PAIR[0], "other-1-01234567")]
)
def test_a_certificate_of_another_pair_is_refused(tmp_path: Path, pair: tuple[str, str]):
    other = write_certificate(sealed(claim(), pair=pair), tmp_path)
    other.rename(tmp_path / f"{PAIR[1]}.json")
    with pytest.raises(
        CertificateRefused, match="not of m0123456789ab0123456789ab01234567 under trial-1"
    ):
        find_certificate(tmp_path, *PAIR)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b'{"claims": NaN}'])
def test_what_is_no_certificate_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / f"{PAIR[1]}.json").write_bytes(content)
    with pytest.raises(CertificateRefused, match=PAIR[1]):
        find_certificate(tmp_path, *PAIR)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"flagged_groups": 59}, "fewer than 60"),
        ({"lower_bound": 0.9499}, "below 0.95"),
        ({"threshold": 0.49}, "greater than or equal to 0.5"),
        ({"threshold": 1.0}, "less than 1"),
        ({"threshold": float("nan")}, "finite"),
    ],
)
def test_a_claim_that_is_not_borne_out_cannot_be_made(
    tmp_path: Path, changes: dict[str, Any], why: str
):
    """Not even by a file whose digest fits."""
    with pytest.raises(ValueError, match=why):
        claim(counts=changes)
    forged = sealed(claim())
    counts = forged.claims[0].counts
    assert counts
    loose = forged.claims[0].model_copy(update={"counts": counts.model_copy(update=changes)})
    forged = forged.model_copy(update={"claims": (loose,)})
    forged = forged.model_copy(update={"digest": digest_of(forged)})
    (tmp_path / f"{PAIR[1]}.json").write_text(forged.model_dump_json())
    with pytest.raises(CertificateRefused):
        find_certificate(tmp_path, *PAIR)


def test_two_claims_of_the_same_are_refused():
    with pytest.raises(ValueError, match="two claims"):
        sealed(claim(), claim(counts={"threshold": 0.8}))


def test_a_claim_with_a_reason_has_no_threshold():
    assert claim(reason="7 groups are flagged", counts={"flagged_groups": 7}).threshold is None


@pytest.mark.parametrize(
    ("precision", "of", "at", "expected"),
    [(0.95, 0.5, 0.01, 0.161), (0.95, 0.5, 0.5, 0.95), (0.9, 0.1, 0.5, 0.988), (1.0, 0.5, 0.01, 1)],
)
def test_precision_follows_prevalence(precision: float, of: float, at: float, expected: float):
    assert precision_at(precision, of=of, at=at) == pytest.approx(expected, abs=5e-4)


def test_precision_at_another_prevalence_is_that_of_the_same_sensitivity_and_false_positives():
    sensitivity, false_positives, of, at = 0.4, 0.02, 0.3, 0.02
    here = sensitivity * of / (sensitivity * of + false_positives * (1 - of))
    there = sensitivity * at / (sensitivity * at + false_positives * (1 - at))
    assert precision_at(here, of=of, at=at) == pytest.approx(there)
