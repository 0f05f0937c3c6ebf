"""A policy's file is kept in the lake, and is the one that decided."""

from pathlib import Path

import pytest

from harmsweep.paths import CONF
from harmsweep.policy.archive import keep_policy, kept_policy
from harmsweep.policy.file import PolicyError, load_policy

DEFAULT = (CONF / "policy" / "default.yaml").read_text(encoding="utf-8")
OTHER = DEFAULT.replace("near_margin: 0.1", "near_margin: 0.2")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(DEFAULT, encoding="utf-8")
    return path


def test_a_policys_file_is_kept_under_its_version(file: Path, tmp_path: Path) -> None:
    policy, lake = load_policy(file), tmp_path / "lake"
    kept = keep_policy(policy, lake)
    assert kept == lake / "policy" / f"{policy.policy_version}.yaml"
    assert kept.read_text(encoding="utf-8") == DEFAULT
    file.unlink()
    assert keep_policy(policy, lake) == kept
    assert [*kept.parent.iterdir()] == [kept]


@pytest.mark.parametrize(
    ("read", "now"), [(DEFAULT, OTHER), (OTHER, DEFAULT)], ids=["there", "back"]
)
def test_a_file_that_was_changed_since_it_was_read_is_not_kept(
    file: Path, tmp_path: Path, read: str, now: str
) -> None:
    file.write_text(read, encoding="utf-8")
    policy, lake = load_policy(file), tmp_path / "lake"
    file.write_text(now, encoding="utf-8")
    assert load_policy(file).policy_version != policy.policy_version
    with pytest.raises(PolicyError, match=f"changed while {policy.policy_version}"):
        keep_policy(policy, lake)
    assert [*(lake / "policy").iterdir()] == []


def test_another_policys_file_is_kept_beside_it(file: Path, tmp_path: Path) -> None:
    first = keep_policy(load_policy(file), tmp_path / "lake")
    file.write_text(OTHER, encoding="utf-8")
    second = keep_policy(load_policy(file), tmp_path / "lake")
    assert sorted(first.parent.iterdir()) == sorted({first, second})
    assert first != second


def test_a_kept_policy_is_read_whatever_is_refused_by_now(file: Path, tmp_path: Path) -> None:
    version = load_policy(file).policy_version
    kept = keep_policy(load_policy(file), tmp_path / "lake")
    kept.write_text(DEFAULT.replace("languages: [en]", "languages: [en_GB]"), encoding="utf-8")
    then = load_policy(kept, kept=True).policy_version
    kept.rename(kept.with_name(f"{then}.yaml"))
    policy = kept_policy(tmp_path / "lake", then)
    assert policy and policy.languages == ("en_GB",)
    assert kept_policy(tmp_path / "lake", version) is None


def test_a_kept_file_that_is_another_policy_by_now_is_refused(file: Path, tmp_path: Path) -> None:
    version = load_policy(file).policy_version
    kept = keep_policy(load_policy(file), tmp_path / "lake")
    kept.write_text(OTHER, encoding="utf-8")
    with pytest.raises(PolicyError, match=f"{version}.yaml: its content is default"):
        kept_policy(tmp_path / "lake", version)


def test_a_policy_from_before_keeps_its_name_of_8_digits(file: Path, tmp_path: Path) -> None:
    kept = keep_policy(load_policy(file), tmp_path / "lake")
    before = load_policy(file).policy_version[:-24]
    kept.rename(kept.with_name(f"{before}.yaml"))
    policy = kept_policy(tmp_path / "lake", before)
    assert policy and policy.policy_version == before
    assert kept_policy(tmp_path / "lake", "another-1-00000000") is None
