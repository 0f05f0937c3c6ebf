"""scripts/setup says what is missing in one line, and makes nothing when it is only asked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harmsweep.lake.session import JAVA_OPTIONS

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What set-up reads, in a folder where nothing is set up."""
    for name in ("scripts", "conf"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("setup.cfg", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


Done = subprocess.CompletedProcess[str]


def setup(checkout: Path, *arguments: str, **commands: str) -> Done:
    """Run scripts/setup with some commands of the machine replaced by shell lines."""
    replaced = checkout / "replaced"
    replaced.mkdir()
    for name, line in commands.items():
        path = replaced / name.replace("_", ".")
        path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        path.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
    environment["PATH"] = f"{replaced}:{environment['PATH']}"
    command = [str(checkout / "scripts" / "setup"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_check_says_what_is_missing_and_makes_nothing(checkout: Path) -> None:
    done = setup(checkout, "--check")
    assert done.stdout.splitlines() == [
        "platform environment: missing",
        "trainer environment: missing",
        "airflow environment: missing",
        "JARs: missing or not those of conf/jars.txt",
    ]
    assert not (checkout / ".cache").exists()


def test_an_unknown_environment_is_refused(checkout: Path) -> None:
    done = setup(checkout, "spark")
    assert done.returncode == 2
    assert (
        done.stderr == "setup: spark is no environment: platform, trainer, airflow or benchmark\n"
    )


def test_a_missing_python_is_one_line_with_the_command(checkout: Path) -> None:
    done = setup(checkout, python3_11="exit 127")
    assert done.returncode == 2
    assert done.stderr.startswith("setup: Python 3.11 is missing; on Debian 12 run: sudo apt-get")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("said", ['openjdk version "11.0.2"', 'java version "1.8.0_392"', ""])
def test_a_missing_java_is_one_line_with_the_command(checkout: Path, said: str) -> None:
    done = setup(checkout, java=f"echo '{said}' >&2", id="echo 1000")
    assert done.returncode == 2
    assert "openjdk-17-jre-headless" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("content", [None, b"of another Java"])
def test_a_start_without_a_usable_archive_of_classes_is_the_same_without_a_word(
    tmp_path: Path, content: bytes | None
) -> None:
    archive = tmp_path / "classes.jsa"
    if content is not None:
        archive.write_bytes(content)
    options = JAVA_OPTIONS.replace(f"{ROOT}/.cache/java-classes.jsa", str(archive)).split()
    assert str(archive) in " ".join(options)
    done = subprocess.run(
        ["java", *options, "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("files", "empty"), [((), True), (("spark-defaults.conf",), False)])
def test_the_class_path_has_no_folder_with_our_own_file_alone(
    tmp_path: Path, files: tuple[str, ...], empty: bool
) -> None:
    """The JVM takes no archive of classes where a folder of the class path has files."""
    for name in ("spark-env.sh", *files):
        (tmp_path / name).touch()
    script = f'. {ROOT}/conf/spark/spark-env.sh; echo "$SPARK_CONF_DIR"'
    given = os.environ | {"SPARK_CONF_DIR": str(tmp_path)}
    command = ["bash", "-ec", script]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    folder = f"{ROOT}/.cache/spark-conf" if empty else str(tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, folder)


@pytest.mark.slow
def test_a_spark_submit_by_hand_says_what_the_job_says_and_no_more() -> None:
    hand = {n: v for n, v in os.environ.items() if not n.startswith(("SPARK", "HARMSWEEP"))}
    hand["PATH"] = f"{ROOT / '.venv' / 'bin'}:{hand['PATH']}"
    command = ["spark-submit", str(ROOT / "jobs" / "snapshot.py"), "--help"]
    done = subprocess.run(command, env=hand, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: snapshot.py")
    # Java's own line, which no setting of it takes away.
    assert done.stderr == "WARNING: Using incubator modules: jdk.incubator.vector\n"


@pytest.mark.slow
def test_no_folder_of_the_class_path_keeps_java_from_its_archive_of_classes() -> None:
    hand = {n: v for n, v in os.environ.items() if not n.startswith(("SPARK", "HARMSWEEP"))}
    hand["PATH"] = f"{ROOT / '.venv' / 'bin'}:{hand['PATH']}"
    hand["SPARK_PRINT_LAUNCH_COMMAND"] = "1"
    command = ["spark-submit", "--version"]
    done = subprocess.run(command, env=hand, capture_output=True, text=True, check=True)
    [words] = [line.split() for line in done.stderr.splitlines() if line.startswith("Spark Comm")]
    places = [Path(place) for place in words[words.index("-cp") + 1].split(":")]
    assert any(place.name == "spark-conf" for place in places)
    assert [place for place in places if place.is_dir() and any(place.iterdir())] == []
