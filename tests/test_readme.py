"""What the documents say of tables and files is so."""

import re
from pathlib import Path

from harmsweep.tables.catalog import TABLES

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")


def test_every_table_stands_in_its_page_with_its_key_and_comment() -> None:
    rows = [f"| `{t.name}` | {', '.join(t.key)} | {t.comment} |" for t in TABLES.values()]
    assert [row for row in rows if row not in PAGE] == []


def test_every_link_of_the_documents_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
