"""Every command of the documents is one that the console, a job or a script takes."""

import subprocess
from functools import cache

import pytest
from document_commands import ROOT, commands, console, job

from harmsweep.cli.main import app

CONSOLE = [(page, found) for page, words in commands() if (found := console(words))]
JOBS = [(page, *found) for page, words in commands() if (found := job(words))]
SCRIPTS = sorted({words[0] for _, words in commands() if words[0].startswith("scripts/")})
# What stands for a day, a number or a batch in a document.
STANDS_FOR = {"D": "2026-10-01", "DAY": "2026-10-01", "N": "1"}


def test_the_documents_have_commands() -> None:
    assert len(CONSOLE) > 25 and len(JOBS) > 12 and len(SCRIPTS) > 3
    assert {page for page, _ in CONSOLE} >= {"README.md", "enforcement.md", "known-media.md"}


@pytest.mark.parametrize(("page", "words"), CONSOLE)
def test_the_console_takes_it(page: str, words: tuple[str, ...]) -> None:
    given = [STANDS_FOR.get(word, word) for word in words]
    app.parse_args(given, exit_on_error=False, print_error=False)


@cache
def options(name: str, environment: str) -> str:
    """What a job's --help says."""
    command = [str(ROOT / environment / "bin" / "python"), str(ROOT / "jobs" / f"{name}.py")]
    command += ["--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
@pytest.mark.parametrize(("page", "name", "environment", "words"), JOBS)
def test_the_job_takes_its_options(
    page: str, name: str, environment: str, words: tuple[str, ...]
) -> None:
    named = {word for word in words if word.startswith("--")}
    assert [word for word in sorted(named) if word not in options(name, environment)] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_script_is_there(name: str) -> None:
    assert (ROOT / name).stat().st_mode & 0o111
