"""The commands of README, CONTRIBUTING and docs/; the runbook's have a test of their own."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(p for p in sorted((ROOT / "docs").glob("*.md")) if p.name != "runbook.md"),
]
_BLOCK = re.compile(r"^```\w*\n(.*?)^```|((?:^ {4}.*\n)+)", re.MULTILINE | re.DOTALL)
_PROGRAM = re.compile(
    r"(?:\.venv(?:-trainer)?/bin/)?(?:harmsweep|python|spark-submit|jobs/\S+\.py)$"
)
_SCRIPT = re.compile(r"scripts/(?!benchmarks/)\w+$")


def commands() -> list[tuple[str, tuple[str, ...]]]:
    """Each command with the page that has it, in words; what is optional is taken too."""
    found = []
    for page in PAGES:
        for fence, indented in _BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in (fence or indented).replace("\\\n", " ").splitlines():
                words = _words(line)
                if words and (_PROGRAM.match(words[0]) or _SCRIPT.match(words[0])):
                    found.append((page.name, tuple(words)))
    return found


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(re.sub(r"[\[\]](?=[^\"']*$)", "", line), comments=True)
    except ValueError:
        return []
    return words[1:] if words and words[0] == "$" else words


def console(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """What follows `harmsweep` in a command of the console."""
    return words[1:] if words[0].endswith("harmsweep") else None


def job(words: tuple[str, ...]) -> tuple[str, str, tuple[str, ...]] | None:
    """The job that a command runs, the environment whose Python does, and what follows."""
    for place, word in enumerate(words[:2]):
        if found := re.match(r"jobs/(\w+)\.py$", word):
            environment = ".venv-trainer" if words[0].startswith(".venv-trainer") else ".venv"
            return found[1], environment, words[place + 1 :]
    return None
