"""A certificate is what its digest was taken of, of its pair, and promises what it may."""

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from certifying import MODEL, certificate, claim

from harmsweep.policy.certificates import (
    Certificate,
    CertificateRefused,
    SampleSource,
    build_certificate,
    digest_of,
    extend_certificate,
    find_certificate,
    write_certificate,
)
from harmsweep.policy.claims import Claim
from harmsweep.policy.ladders import PrecisionTarget

PAIR = (MODEL, "trial-1-01234567")
TARGET = PrecisionTarget(0.95, 0.95, prevalence=0.05)


def sealed(*claims: Claim, pair: tuple[str, str] = PAIR, **source: Any) -> Certificate:
    return certificate(*claims, model=pair[0], policy=pair[1], **source)


def test_it_reads_as_it_was_written(tmp_path: Path):
    written = sealed(claim(0.95, 0.75), claim(language="de", reason="7 groups are flagged"))
    path = write_certificate(written, tmp_path / "certificates")
    assert path == tmp_path / "certificates" / "trial-1-01234567.json"
    assert find_certificate(path.parent, *PAIR) == written
    assert written.thresholds("hate", TARGET) == {"en": 0.75}
    assert [c.language for c in written.granted("hate", TARGET)] == ["en"]


@pytest.mark.parametrize(
    ("harm", "target"),
    [
        ("hate", TARGET._replace(precision=0.9)),
        ("hate", TARGET._replace(prevalence=0.04)),
        ("hate", TARGET._replace(prevalence=None)),
        ("hate", TARGET._replace(surface="feed")),
        ("spam", TARGET),
    ],
)
def test_a_claim_is_for_one_harm_precision_prevalence_and_surface(
    harm: str, target: PrecisionTarget
):
    assert sealed(claim()).thresholds(harm, target) == {}


def test_where_there_is_none_there_is_none(tmp_path: Path):
    assert find_certificate(None, *PAIR) is None
    assert find_certificate(tmp_path / "certificates", *PAIR) is None


def test_a_pair_is_certified_once(tmp_path: Path):
    first = write_certificate(sealed(claim()), tmp_path)
    content = first.read_bytes()
    assert write_certificate(sealed(claim()), tmp_path) == first
    with pytest.raises(CertificateRefused, match="needs a new policy version"):
        write_certificate(sealed(claim(0.95, 0.7)), tmp_path)
    assert first.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [first.name]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("claims", 0, "counts", "threshold"), 0.6),
        (("claims", 0, "precision"), 0.9),
        (("claims", 0, "language"), "de"),
        (("claims", 0, "population", "strata", 0, "surface"), "stories"),
        (("source", "last"), "2026-10-09"),
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
    "changes", [{"bound": 0.99}, {"level": 0.02}, {"counts": {"flagged_groups": 210}}]
)
def test_a_claim_that_is_not_borne_out_is_refused_though_its_digest_fits(
    tmp_path: Path, changes: dict[str, Any]
):
    honest = sealed(claim()).claims[0]
    counts = honest.counts.model_copy(update=changes.pop("counts", {})) if honest.counts else None
    loose = honest.model_copy(update=changes | {"counts": counts})
    forged = sealed(claim()).model_copy(update={"claims": (loose,)})
    forged = forged.model_copy(update={"digest": digest_of(forged)})
    (tmp_path / f"{PAIR[1]}.json").write_text(forged.model_dump_json())
    with pytest.raises(CertificateRefused, match="as its counts have it"):
        find_certificate(tmp_path, *PAIR)


AS_BEFORE = {"found_groups": None, "harmful_groups": None, "harmless_groups": None}


def test_a_certificate_from_before_is_read_and_acts_on_nothing_new(tmp_path: Path):
    """As its file was: without a prevalence, levels, strata and uses."""
    facts = {"prevalence": None, "level": None, "bound": None}
    whole = sealed(claim(**facts, counts=AS_BEFORE), use=None, tests=None)
    content = whole.model_dump(mode="json", exclude={"digest"})
    for later in ("use", "tests"):
        del content["source"][later]
    (told,) = content["claims"]
    for later in ("prevalence", "surface", "level", "bound", "plan"):
        del told[later]
    del told["population"]["strata"]
    for later in AS_BEFORE:
        del told["counts"][later]
    content["digest"] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    (tmp_path / f"{PAIR[1]}.json").write_text(json.dumps(content, indent=1))
    found = find_certificate(tmp_path, *PAIR)
    assert found
    assert found.thresholds("hate", PrecisionTarget(0.95, 0.95)) == {"en": 0.8}
    assert found.thresholds("hate", TARGET) == {}
    assert found.claims[0].places == frozenset()


def levelled(*levels: float) -> list[Claim]:
    languages = ("en", "de", "fr", "nl")
    return [claim(language=n, level=level) for n, level in zip(languages, levels, strict=False)]


@pytest.mark.parametrize(
    ("levels", "use", "tests"),
    [
        ((0.025,), 1, 1),
        ((0.0125,), 2, 1),
        ((0.0125, 0.0125), 1, 2),
        ((0.0125, 0.025), 1, 2),  # one test was done with: the other had the whole
        ((0.00625, 0.025 / 3, 0.0125, 0.025), 1, 4),
    ],
)
def test_claims_that_share_their_error_by_holm_are_made(
    levels: tuple[float, ...], use: int, tests: int
):
    assert sealed(*levelled(*levels), use=use, tests=tests)


@pytest.mark.parametrize(
    ("levels", "use", "tests"),
    [
        ((0.026,), 1, 1),
        ((0.025,), 2, 1),
        ((0.025, 0.025), 1, 2),
        ((0.00625, 0.0125, 0.0125, 0.025), 1, 4),
        ((0.025,), 1, 2),
        ((0.0125,), None, 1),
        ((0.025, 0.025), 1, 1),
    ],
)
def test_claims_with_more_error_than_their_confidence_leaves_are_refused(
    levels: tuple[float, ...], use: int | None, tests: int
):
    with pytest.raises(ValueError, match="more error together"):
        sealed(*levelled(*levels), use=use, tests=tests)


@pytest.mark.parametrize(("level", "made"), [(0.01, True), (0.011, False)])
def test_tests_by_sample_share_the_error_for_good(level: float, made: bool):
    facts = {"plan": "certify-1", "counts": AS_BEFORE | {"recall": None}}
    source = SampleSource(first=date(2026, 10, 1), last=date(2026, 10, 2), tests=5)
    claims = [claim(level=level, **facts), claim(level=0.01, language="de", **facts)]
    if made:
        assert build_certificate(*PAIR, source, claims)
    else:
        with pytest.raises(ValueError, match="more error together"):
            build_certificate(*PAIR, source, claims)


def test_two_claims_of_the_same_are_refused():
    with pytest.raises(ValueError, match="two claims"):
        sealed(claim(), claim(0.95, 0.7))


def test_a_certificate_from_samples_gains_claims_and_loses_or_changes_none(tmp_path: Path):
    facts = {"plan": "certify-1", "counts": AS_BEFORE | {"recall": None}}
    source = SampleSource(first=date(2026, 10, 1), last=date(2026, 10, 2), tests=5)
    first, second = claim(**facts), claim(language="de", **facts)
    extend_certificate(build_certificate(*PAIR, source, [first]), tmp_path)
    both = build_certificate(*PAIR, source, [first, second])
    path = extend_certificate(both, tmp_path)
    assert extend_certificate(both, tmp_path) == path
    assert find_certificate(tmp_path, *PAIR) == both
    other = build_certificate(*PAIR, source, [claim(0.95, 0.7, **facts), second])
    with pytest.raises(CertificateRefused, match="needs a new policy version"):
        extend_certificate(other, tmp_path)
    assert find_certificate(tmp_path, *PAIR) == both
