"""What undoing disguises costs benign texts, and what it gains on disguised ones.

Prints how many benign lines (tests/benign/texts.tsv) normalise changes, the detector's accuracy on
them, and the AUROC of a hate head on 200 phrases and their disguised copies, by transform, with and
without normalisation. The phrases are HateCheck's (Röttger et al., ACL 2021), read from
../shared/data; without them, the project's sample. The head is that of --model, or a logistic
regression on MiniLM vectors that was trained on phrases of other templates.
"""

import argparse
import csv
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harmsweep.model.manifest import load_manifest
from harmsweep.paths import ROOT
from harmsweep.release.text_probe import embedded, encode_texts, score_texts
from harmsweep.text.attacks import TRANSFORMS
from harmsweep.text.cleaning import clean
from harmsweep.text.disguise import legible, normalise
from harmsweep.text.words import detect

BENIGN = ROOT / "tests" / "benign" / "texts.tsv"
SHARED = Path(os.environ.get("HARMSWEEP_SHARED", ROOT.parent / "shared"))
HATECHECK = SHARED / "data" / "hatecheck" / "test_suite_cases.csv"
SAMPLE = ROOT / "tests" / "sample"
# Phrases of each class that are disguised; the others train the head.
PHRASES = 100
SEED = 7
Floats = NDArray[np.float64]
# Texts and whether disguises are undone, to a number that grows with the probability of hate.
Score = Callable[[Sequence[str], bool], Floats]


class Line(NamedTuple):
    """A line of the benign set."""

    language: str
    kind: str
    text: str


class Case(NamedTuple):
    """A phrase; phrases of one group are of one template."""

    text: str
    label: int
    group: str


def benign_lines() -> list[Line]:
    """The benign set."""
    rows = BENIGN.read_text(encoding="utf-8").splitlines()
    return [Line(*row.split("\t")) for row in rows]


def changed(lines: Sequence[Line]) -> list[Line]:
    """The lines that normalise changes but for symbols, links and hashtags, which are ordinary."""
    return [ln for ln in lines if normalise(clean(ln.text)) != legible(clean(ln.text))]


def cases() -> list[Case]:
    """HateCheck's cases that are not disguised already; without it, the sample's labelled texts."""
    if not HATECHECK.exists():
        return list(_sample())
    with HATECHECK.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if not r["functionality"].startswith("spell_")]
    return [Case(r["test_case"], int(r["label_gold"] == "hateful"), r["templ_id"]) for r in rows]


def _sample() -> Iterator[Case]:
    labels = map(json.loads, (SAMPLE / "labels.jsonl").open(encoding="utf-8"))
    hate = {row["post_id"]: row["label"] for row in labels if row["harm"] == "hate"}
    for line in (SAMPLE / "posts.jsonl").open("rb"):
        try:
            post = json.loads(line.decode("utf-8", "replace"))
        except ValueError:
            continue
        if isinstance(post, dict) and post.get("post_id") in hate and post.get("text"):
            group = post.get("split_group") or post["post_id"]
            yield Case(post["text"], hate[post["post_id"]], group)


def split(found: Sequence[Case], *, seed: int = SEED) -> tuple[list[Case], list[Case]]:
    """Cases to train on, and PHRASES of each class of other groups, at most half of the rarer."""
    groups = sorted({case.group for case in found})
    Random(seed).shuffle(groups)
    wanted = min(PHRASES, *(len(_of(found, label)) // 2 for label in (0, 1)))
    held: list[Case] = []
    kept_out = set()
    for group in groups:
        members = [c for c in found if c.group == group]
        if any(sum(h.label == c.label for h in held) < wanted for c in members):
            kept_out.add(group)
            held += members
    phrases = [c for label in (0, 1) for c in _of(held, label)[:wanted]]
    return [c for c in found if c.group not in kept_out], phrases


def _of(found: Sequence[Case], label: int) -> list[Case]:
    return [case for case in found if case.label == label]


def fitted(training: Sequence[Case]) -> Score:
    """A logistic regression on the vectors of the texts that are read, normal or clean."""
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression(C=10, max_iter=2000)
    head.fit(embedded([clean(c.text) for c in training]), [c.label for c in training])

    def score(texts: Sequence[str], undo: bool) -> Floats:
        cleaned = [clean(text) for text in texts]
        read = [normalise(text) for text in cleaned] if undo else cleaned
        return np.asarray(head.decision_function(embedded(read)))

    return score


def of_manifest(path: Path) -> Score:
    """The hate head of a trained model: text, raw_text and the texts' numbers; nothing else."""
    place = load_manifest(path).harms.index("hate")

    def score(texts: Sequence[str], undo: bool) -> Floats:
        return score_texts(path, encode_texts(texts, undo=undo))[:, place]

    return score


def robustness(
    phrases: Sequence[Case], score: Score, *, seed: int = SEED
) -> Iterator[tuple[str, float, float]]:
    """Each transform with the AUROC of its copies with and without normalisation; clean first."""
    from sklearn.metrics import roc_auc_score

    labels = [case.label for case in phrases]
    for name, transform in {"clean": lambda text, rng: text, **TRANSFORMS}.items():
        copies = [transform(c.text, Random(f"{seed}:{n}")) for n, c in enumerate(phrases)]
        yield name, *(float(roc_auc_score(labels, score(copies, undo))) for undo in (True, False))


def language(lines: Sequence[Line], *, words_of: int = 1000) -> tuple[float, float]:
    """The share of prose, or of its first words, whose language is found; milliseconds a text."""
    prose = [line for line in lines if line.kind == "prose"]
    texts = [_first(normalise(clean(line.text)), words_of) for line in prose]
    detect(texts[0])
    started = time.perf_counter()
    found = [detect(text)[0] for text in texts]
    spent = time.perf_counter() - started
    right = sum(a == line.language for a, line in zip(found, prose, strict=True))
    return right / len(prose), 1000 * spent / len(prose)


def _first(text: str, count: int) -> str:
    """The first words; of a script without spaces three characters for each."""
    parts = text.split()
    return " ".join(parts[:count]) if len(parts) > 1 else text[: 3 * count]


def english(phrases: Sequence[Case], *, seed: int) -> tuple[float, float]:
    """The share of all disguised copies detected as English, with and without normalisation."""
    copies = [
        clean(transform(case.text, Random(f"{seed}:{n}")))
        for transform in TRANSFORMS.values()
        for n, case in enumerate(phrases)
    ]
    undone = sum(detect(normalise(copy))[0] == "en" for copy in copies)
    raw = sum(detect(copy)[0] == "en" for copy in copies)
    return undone / len(copies), raw / len(copies)


def main(*, model: Path | None, seed: int) -> None:
    """Print the measures, one line each."""
    lines = benign_lines()
    wrong = changed(lines)
    print(f"benign: {len(wrong)} of {len(lines)} lines changed ({len(wrong) / len(lines):.2%})")
    for words_of in (1000, 3):
        share, cost = language(lines, words_of=words_of)
        print(f"language: {share:.3f} right of at most {words_of} words, {cost:.2f} ms a text")
    training, phrases = split(cases(), seed=seed)
    undone, raw = english(phrases, seed=seed)
    print(f"disguised copies detected as English: {undone:.3f} normalised, {raw:.3f} as they are")
    score = of_manifest(model) if model else fitted(training)
    print(f"phrases: {len(phrases)}, training cases of other templates: {len(training)}")
    print(f"{'transform':<12} normalised  as it is")
    for name, undone, raw in robustness(phrases, score, seed=seed):
        print(f"{name:<12} {undone:10.3f} {raw:9.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a manifest; its hate head is measured")
    parser.add_argument("--seed", type=int, default=SEED, help="of the phrases and the disguises")
    main(**vars(parser.parse_args()))
