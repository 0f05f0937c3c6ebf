"""Public reports of texts that slipped by: each way of writing keeps what passes a head plainly."""

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest

pytest.importorskip("torch")

from harmsweep.paths import DEFAULT_MODEL, ROOT
from harmsweep.release.robustness import passes

pytestmark = [pytest.mark.torch, pytest.mark.slow]
CASES = Path(os.environ.get("HARMSWEEP_SHARED", ROOT.parent / "shared")) / "cases"
# Symbols, blanks, mild sentences, links, markup, hashtags, joiners, letters apart, turned letters.
WRITINGS = ("01", "03", "08", "10", "12", "14", "15", "17", "18")


@pytest.mark.parametrize("case", WRITINGS)
def test_what_passes_plainly_passes_as_it_was_written(case: str) -> None:
    file = CASES / case / "posts.jsonl"
    if not file.exists():
        pytest.skip("the reports are not here")
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        number, _, writing = row["post_id"].partition("-")
        texts[writing][number] = row["text"]
    plain = passes(DEFAULT_MODEL, list(texts["plain"].values()))
    assert plain.any()
    places = {number: place for place, number in enumerate(texts["plain"])}
    for writing in sorted(set(texts) - {"plain"}):
        passed = plain[[places[number] for number in texts[writing]]]
        kept = passed & passes(DEFAULT_MODEL, list(texts[writing].values()))
        assert kept.sum() >= 0.95 * passed.sum(), writing
