"""`harmsweep doctor`: each failure comes with the line that mends it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harmsweep.cli import doctor
from harmsweep.cli.doctor import Check
from harmsweep.lake import seals

Call = Callable[..., tuple[int, str, str]]


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("said", "well"),
    [
        ('openjdk version "17.0.15" 2025-04-15', True),
        ('openjdk version "21" 2023-09-19', True),
        ('openjdk version "11.0.2" 2019-01-15', False),
        ('java version "1.8.0_392"', False),
    ],
)
def test_java_must_be_17_or_21(tmp_path: Path, said: str, well: bool) -> None:
    java = script(tmp_path / "java", f"echo '{said}' >&2")
    check = doctor.java(str(java))
    assert check.well is well
    assert check.mend == "apt-get install -y openjdk-17-jre-headless"


def test_missing_java_is_named(tmp_path: Path) -> None:
    assert not doctor.java(str(tmp_path / "java")).well


def test_a_stale_environment_is_mended_by_setup(tmp_path: Path) -> None:
    script(
        tmp_path / "scripts" / "setup", "echo 'platform environment: current'\necho 'JARs: missing'"
    )
    assert list(doctor.environments(tmp_path)) == [
        Check("platform environment", True, "current", "scripts/setup"),
        Check("JARs", False, "missing", "scripts/setup"),
    ]


def test_tables_as_declared_are_well(lake: Path) -> None:
    assert all(check.well for check in doctor.tables(lake))


def test_a_missing_table_is_named_with_the_line_that_makes_it(lake: Path) -> None:
    shutil.rmtree(lake / "posts_v1")
    (check,) = [check for check in doctor.tables(lake) if not check.well]
    assert (check.name, check.found) == ("posts_v1", "missing")
    assert str(lake) in check.mend


def test_a_table_that_needs_a_newer_reader_is_named(lake: Path) -> None:
    log = lake / "users_v1" / "_delta_log" / "00000000000000000001.json"
    features = '["deletionVectors"]'
    log.write_text(
        '{"protocol": {"minReaderVersion": 3, "minWriterVersion": 7,'
        f' "readerFeatures": {features}, "writerFeatures": {features}}}}}\n'
    )
    check = doctor.table(lake, "users_v1")
    assert not check.well
    assert "deletionVectors" in check.found


def test_an_empty_folder_is_no_lake(tmp_path: Path) -> None:
    (check,) = doctor.tables(tmp_path)
    assert (check.well, check.mend) == (False, "scripts/quickstart")


def test_a_failure_prints_its_line_and_exits_with_1(
    call: Call, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "checks", lambda lake: [Check("Java", False, "none", "apt-get x")])
    code, out, _ = call("doctor", "--lake", lake)
    assert (code, out) == (1, "FAIL Java: none\n     run: apt-get x\n")


@pytest.mark.parametrize(
    ("name", "mend"), [("orders_v1", "backup"), ("decisions_v1", "--repair decisions")]
)
def test_a_damaged_table_is_named_with_what_it_is_made_from(
    lake: Path, name: str, mend: str
) -> None:
    seals.seal(lake, name)
    log = max((lake / name / "_delta_log").glob("*.json"))
    log.unlink()
    check = doctor.table(lake, name)
    assert not check.well and f"{name} is damaged" in check.found and mend in check.mend


def test_a_damaged_bank_of_the_restricted_folder_is_named(lake: Path) -> None:
    bank = "restricted/hash_bank_v1"
    seals.seal(lake, bank)
    next((lake / bank / "_delta_log").glob("*.json")).write_bytes(b"")
    (check,) = [check for check in doctor.tables(lake) if not check.well]
    assert check.name == bank and "backup" in check.mend


def test_a_table_whose_log_cannot_be_read_is_named_with_what_writes_it(lake: Path) -> None:
    for commit in (lake / "posts_v1" / "_delta_log").glob("*.json"):
        commit.write_text("{", encoding="utf-8")
    (check,) = [check for check in doctor.tables(lake) if not check.well]
    assert check.name == "posts_v1" and "harmsweep tables posts_v1" in check.mend


def test_a_damaged_table_is_made_again_by_its_name(call: Call, swept: Any, tmp_path: Path) -> None:
    lake = swept.copy(tmp_path / "lake")
    next((lake.root / "post_visibility_v1").glob("day=*/*.parquet")).unlink()
    code, out, _ = call("doctor", "--repair", "post_visibility", "--lake", lake.root)
    assert (code, out) == (0, "post_visibility_v1: made again, 4 rows from the ledger\n")
    code, _, err = call("doctor", "--repair", "posts", "--lake", lake.root)
    assert code == 3 and "no table of which it is known" in err
