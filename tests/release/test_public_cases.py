"""Public reports of texts that slipped by: each way of writing keeps what passes a head plainly."""

import json
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from harmsweep.paths import DEFAULT_MODEL, ROOT
from harmsweep.release.robustness import PASSES
from harmsweep.release.text_probe import encode_texts, score_texts

pytestmark = [pytest.mark.torch, pytest.mark.slow]
CASES = Path(os.environ.get("HARMSWEEP_SHARED", ROOT.parent / "shared")) / "cases"
# Symbols, blanks, mild sentences, links, markup, hashtags, joiners, letters apart, turned letters.
# Letters apart with the same gap between words are read where the words are listed: docs/text.md.
LIMITS = {"apart1"}
WRITINGS = ("01", "03", "08", "10", "12", "14", "15", "17", "18")


def scores(texts: dict[str, str]) -> np.ndarray:
    return score_texts(DEFAULT_MODEL, encode_texts(list(texts.values())))


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
    plain = scores(texts["plain"]) >= PASSES
    assert plain.any()
    places = {number: place for place, number in enumerate(texts["plain"])}
    for writing in sorted(set(texts) - {"plain"} - LIMITS):
        passed = plain[[places[number] for number in texts[writing]]]
        kept = passed & (scores(texts[writing]) >= PASSES)
        assert kept.sum() >= 0.95 * passed.sum(), writing
