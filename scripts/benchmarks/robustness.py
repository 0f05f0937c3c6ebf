"""How many harmful sentences a model still finds in each way of writing, and whom it flags.

Prints how many windows a post has; by way of writing and head, the share of the sentences that pass
a head as they are (0.5 or more) that still do so disguised or among mild sentences, with intervals;
and the share of ordinary posts that each head flags, beside that of another model. The sentences
are those of the gate of a release: HateCheck's hateful phrases (Röttger et al., ACL 2021) and the
project's own. HateCheck, posts and the ordinary ones are read from ../shared.
"""

import argparse
import gzip
import json
import os
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from harmsweep.model.manifest import load_manifest
from harmsweep.model.text_windows import text_windows
from harmsweep.paths import CONF, ROOT
from harmsweep.release.conf import load_release
from harmsweep.release.hatecheck import load_cases
from harmsweep.release.robustness import (
    PASSES,
    WRITINGS,
    Writing,
    diluted,
    kept_in_writings,
    kept_table,
    probes,
)
from harmsweep.release.text_probe import encode_texts, score_texts, text_encoder
from harmsweep.text.cleaning import clean
from harmsweep.text.disguise import normalise

SHARED = Path(os.environ.get("HARMSWEEP_SHARED", ROOT.parent / "shared"))
HATECHECK = SHARED / "data" / "hatecheck" / "test_suite_cases.csv"
# Ordinary posts, by set: the file and its column of text.
ORDINARY = {
    "benign_reddit": ("posts.jsonl.gz", "text"),
    "benign_tweets_8lang": ("tweets.jsonl.gz", "text"),
    "benign_youtube": ("videos.jsonl.gz", "title"),
}
# Beside what the gate asks for: sentences without an end between them.
RUN_ON: dict[str, Writing] = {
    "3 behind, no stops": partial(diluted, before=0, behind=3, end=""),
    "3 around, no stops": partial(diluted, before=2, behind=1, end=""),
    "10 around, commas": partial(diluted, before=5, behind=5, end=","),
}
Scores = NDArray[np.float64]


def sentences(seed: int, most: int) -> list[str]:
    """The gate's sentences."""
    return probes(load_cases(HATECHECK).plainly_hateful, most=most, seed=seed)


def ordinary(most: int, seed: int) -> Iterator[tuple[str, list[str]]]:
    """Each set's texts, at most so many, drawn by a seed."""
    for name, (file, column) in ORDINARY.items():
        with gzip.open(SHARED / "data2" / name / file, "rt", encoding="utf-8") as lines:
            texts = [text for line in lines if (text := json.loads(line)[column])]
        yield name, Random(seed).sample(texts, min(most, len(texts)))


def flagged(models: Mapping[str, Path], most: int, seed: int) -> Table:
    """The share of ordinary posts that each model's heads flag, by set."""
    harms = sorted({harm for path in models.values() for harm in load_manifest(path).harms})
    shown = Table("set", "model", *harms, "any", title=f"ordinary posts at {PASSES} or more")
    for name, texts in ordinary(most, seed):
        for model, path in models.items():
            encoded = encode_texts(texts, encoder=text_encoder(path))
            over = score_texts(path, encoded) >= PASSES
            shares = dict(zip(load_manifest(path).harms, over.mean(axis=0), strict=True))
            cells = [f"{shares[harm]:.4f}" if harm in shares else "-" for harm in harms]
            shown.add_row(name, model, *cells, f"{over.any(axis=1).mean():.4f}")
    return shown


def window_counts() -> str:
    """How many windows the research posts have, and what embedding them takes."""
    with (SHARED / "data" / "posts.jsonl").open(encoding="utf-8") as lines:
        texts = [normalise(clean(json.loads(line).get("text"))) for line in lines]
    windows = [text_windows(text) for text in texts]
    words = [sum(len(text.split()) for text in some) for some in (texts, chain(*windows))]
    several = np.mean([bool(some) for some in windows])
    return (
        f"{sum(map(len, windows)) / len(texts):.2f} windows a post, {several:.2f}"
        f" of {len(texts)} posts have any, {words[1] / words[0]:.2f} times the words of the texts"
    )


def main(*, model: Path, before: Path | None, seed: int, most: int, posts: int) -> None:
    """Print both tables."""
    console = Console(width=200)
    console.print(window_counts())
    texts = sentences(seed, most)
    writings = {**WRITINGS, **RUN_ON}
    rows = list(kept_in_writings(model, texts, seed=seed, writings=writings))
    console.print(f"{len(texts)} sentences", kept_table(rows))
    models = {"this": model} | ({"before": before} if before else {})
    if posts:
        console.print(flagged(models, posts, seed))


if __name__ == "__main__":
    options = load_release()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=CONF / "model" / "manifest.json")
    parser.add_argument("--before", type=Path, help="the manifest to compare ordinary posts with")
    parser.add_argument("--seed", type=int, default=options.seed)
    parser.add_argument("--most", type=int, default=options.kept_probes, help="hateful phrases")
    parser.add_argument("--posts", type=int, default=4000, help="ordinary posts of a set; 0: none")
    main(**vars(parser.parse_args()))
