"""Locks hold what setup.cfg asks for, each line pinned and hashed."""

import re
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "conf" / "requirements"
EXTRAS = {
    "platform": ("platform", "dev"),
    "benchmark": ("platform", "benchmark"),
    "trainer": ("trainer",),
    "airflow": ("airflow",),
}
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)")


def key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> dict[str, Version]:
    """Every pinned package of a lock file; a line that pins nothing fails."""
    text = (LOCKS / f"{lock}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = [(line, PIN.match(line)) for line in lines]
    loose = [line for line, match in found if match is None or "--hash=sha256:" not in line]
    assert not loose, f"{lock}: neither pinned nor hashed: {loose[:3]}"
    return {key(match[1]): Version(match[2]) for _, match in found if match}


def wanted(extras: tuple[str, ...]) -> list[Requirement]:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    blocks = [config["options"]["install_requires"]]
    blocks += [config["options.extras_require"][extra] for extra in extras]
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("lock", [*EXTRAS, "build", "uv", "mpnet", "e5"])
def test_every_line_is_pinned_and_hashed(lock: str) -> None:
    assert pins(lock)


@pytest.mark.parametrize("lock", EXTRAS)
def test_every_requirement_is_met_by_its_lock(lock: str) -> None:
    pinned = pins(lock)
    unmet = [
        str(need)
        for need in wanted(EXTRAS[lock])
        if key(need.name) not in pinned or pinned[key(need.name)] not in need.specifier
    ]
    assert not unmet


def test_every_extra_has_a_lock() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    assert set(config["options.extras_require"]) == {e for used in EXTRAS.values() for e in used}


def test_the_build_backend_is_the_locked_one() -> None:
    pinned = pins("build")["setuptools"]
    assert f'"setuptools=={pinned}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_spark_and_torch_are_the_same_on_both_sides_of_a_snapshot() -> None:
    platform, trainer = pins("platform"), pins("trainer")
    assert {n: platform[n] for n in ("torch", "pyspark")} == {
        n: trainer[n] for n in ("torch", "pyspark")
    }


def test_the_benchmark_runs_the_encoder_as_the_platform_does() -> None:
    platform, benchmark = pins("platform"), pins("benchmark")
    same = ("torch", "transformers", "tokenizers", "numpy", "pyarrow", "pandas", "pyspark")
    assert {n: platform[n] for n in same} == {n: benchmark[n] for n in same}


def test_every_jar_is_pinned_by_its_hash() -> None:
    lines = (ROOT / "conf" / "jars.txt").read_text(encoding="utf-8").splitlines()
    jars = [line for line in lines if not line.startswith("#")]
    assert jars
    assert all(re.fullmatch(r"[0-9a-f]{64}  [\w.-]+:[\w.-]+:[\w.-]+", jar) for jar in jars)
