"""The commands of the README and the queries of docs/, run as they stand on the sample's lake."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from document_commands import ROOT, commands, console, job

from harmsweep.lake import delta

pytestmark = [pytest.mark.spark, pytest.mark.torch, pytest.mark.slow, pytest.mark.nightly]
# What only looks, from whatever page; of the README also a stage, in the dry.
LOOKS = ("days", "doctor", "query", "replay", "tables")
RUN = [
    words
    for page, words in commands()
    if "lake/restricted" not in words and (((of := console(words)) and of[0] in LOOKS)
    or (page == "README.md" and job(words)))
]  # fmt: skip
# The sample's lake has one model's head of each of its tables' versions, and an older revision.
CODES = {"doctor": (0, 1), "replay": (0, 1)}


@pytest.fixture(scope="module")
def lake(finished: tuple[Path, object]) -> Path:
    return finished[0]


def run(words: tuple[str, ...], lake: Path) -> subprocess.CompletedProcess[str]:
    post = delta.query(lake, "SELECT subject_id FROM post_visibility_v1 WHERE action = 'remove'")
    stands_for = {
        "POST": post.column(0)[0].as_py(), "D": "2026-10-01", "lake": str(lake),
        "P": f"{lake}/policy/demonstration.yaml", "M": "conf/model/manifest.json",
        "lake/policy/demonstration.yaml": f"{lake}/policy/demonstration.yaml",
    }  # fmt: skip
    path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        [stands_for.get(word, word) for word in words],
        env=os.environ | {"PATH": path, "HARMSWEEP_LAKE": str(lake)},
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip


@pytest.mark.parametrize("words", RUN)
def test_a_command_of_the_documents_does_what_it_says(words: tuple[str, ...], lake: Path) -> None:
    done = run(words, lake)
    named = console(words)
    assert done.returncode in CODES.get(named[0] if named else "", (0,)), done.stderr
    assert done.stdout


def test_the_example_of_the_tables_page_gives_rows(lake: Path) -> None:
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert found
    code = found[1].replace('"lake/', f'"{lake}/')
    python = str(ROOT / ".venv" / "bin" / "python")
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    assert "shape: (5, 3)" in done.stdout
