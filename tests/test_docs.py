"""Every path that the documents name is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
# A path of the project, as far as it is plain: placeholders and patterns are none.
ROOMS = "lib/harmsweep|tests|scripts|jobs|dags|conf|deploy"
NAMED = re.compile(rf"(?<![\w/.-])((?:{ROOMS})/[\w./-]*\w)(?![\w*<{{/])")


def test_every_path_of_the_documents_exists() -> None:
    absent = [
        f"{page.name}: {path}"
        for page in PAGES
        for path in NAMED.findall(page.read_text(encoding="utf-8"))
        if not (ROOT / path).exists()
    ]
    assert absent == []


def test_every_module_of_the_documents_exists() -> None:
    """`harmsweep.room.module`, and a name in it where one more follows."""
    lib = ROOT / "lib"
    named = {
        (page.name, name)
        for page in PAGES
        for name in re.findall(r"\bharmsweep(?:\.[a-z_]+)+", page.read_text(encoding="utf-8"))
    }
    absent = [
        f"{page}: {name}"
        for page, name in sorted(named)
        if not (lib / name.replace(".", "/")).is_dir()
        and not (lib / f"{name.replace('.', '/')}.py").exists()
        and not (lib / f"{name.rpartition('.')[0].replace('.', '/')}.py").exists()
    ]
    assert absent == []
