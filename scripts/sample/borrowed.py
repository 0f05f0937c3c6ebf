"""Texts of others whose own licence permits passing them on: HateCheck and the SMS collection."""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from draft import Draft, digest

HATECHECK = Path("hatecheck") / "test_suite_cases.csv"
PER_LABEL = 62  # of each set; at most a fifth of 3,728 cases and of 3,000 messages may be used
SPARED = ("slur_h", "slur_homonym_nh", "slur_reclaimed_nh")  # cases that test slurs stay out
ADULT = re.compile(r"porn|xxx|horny|sex|fuck|gay|naked|flirt|fancy a|18\+|housewi|adult", re.I)
NEAR_COPY = 0.5  # share of common words from which two messages are one group


def hatecheck(source: Path) -> Iterator[Draft]:
    """Cases of HateCheck, from as many templates as can be, both labels alike often."""
    with (source / HATECHECK).open(encoding="utf-8", newline="") as file:
        cases = [c for c in csv.DictReader(file) if c["functionality"] not in SPARED]
    groups = _template_groups(cases)
    for label, gold in ((1, "hateful"), (0, "non-hateful")):
        offered = [(c, groups[c["templ_id"]]) for c in cases if c["label_gold"] == gold]
        for case, group in _spread(offered, seed=gold)[:PER_LABEL]:
            key, text = case["case_id"], case["test_case"].strip()
            yield Draft("hatecheck", key, text, f"hatecheck-{group}", {"hate": label})


def _template_groups(cases: list[dict[str, str]]) -> dict[str, str]:
    """The group of each template: a template and those made from it (misspelt, negated) are one."""
    parent = {case["templ_id"]: case["templ_id"] for case in cases}
    for case in cases:
        if case["ref_templ_id"]:
            origin = str(int(float(case["ref_templ_id"])))
            parent.setdefault(origin, origin)
            first, second = sorted((_root(parent, origin), _root(parent, case["templ_id"])))
            parent[second] = first
    return {template: _root(parent, template) for template in parent}


def _root(parent: dict[str, str], item: str) -> str:
    while parent[item] != item:
        item = parent[item]
    return item


def _spread(
    offered: list[tuple[dict[str, str], str]], *, seed: str
) -> list[tuple[dict[str, str], str]]:
    """The offers in an order that takes one of each group before a second of any."""
    taken: dict[str, int] = defaultdict(int)
    turns: list[tuple[int, int, dict[str, str], str]] = []
    for case, group in sorted(offered, key=lambda pair: digest(seed, pair[0]["case_id"])):
        turns.append((taken[group], len(turns), case, group))
        taken[group] += 1
    return [(case, group) for _, _, case, group in sorted(turns, key=lambda turn: turn[:2])]


def sms(source: Path) -> Iterator[Draft]:
    """Messages of the SMS collection, both labels alike often; near-copies share a group."""
    labels = {
        row["post_id"]: row["label"] for row in _lines(source / "labels.jsonl", dataset="sms")
    }
    offered = sorted(
        (row for row in _lines(source / "posts.jsonl", dataset="sms") if fit(row["text"])),
        key=lambda row: digest("sms", row["post_id"]),
    )
    chosen = [row for label in (1, 0) for row in _labelled(offered, labels, label)[:PER_LABEL]]
    groups = _near_copies([row["text"] for row in chosen])
    for row, group in zip(chosen, groups, strict=True):
        key, label = row["post_id"], labels[row["post_id"]]
        yield Draft("sms", key, row["text"], f"sms-{group:03d}", {"spam": label})


def fit(text: str) -> bool:
    """Whether a message is long enough to mean something, and not for adults."""
    return len(text) >= 20 and not ADULT.search(text)


def _labelled(rows: list[dict[str, Any]], labels: dict[str, int], label: int) -> list[Any]:
    return [row for row in rows if labels[row["post_id"]] == label]


def _near_copies(texts: list[str]) -> list[int]:
    """For each text the number of the first one that it shares most of its words with."""
    words = [set(re.sub(r"\d+", "0", text.lower()).split()) for text in texts]
    groups: list[int] = []
    for number, these in enumerate(words):
        near = (n for n in range(number) if _overlap(these, words[n]) >= NEAR_COPY)
        first = next(near, None)
        groups.append(number if first is None else groups[first])
    return groups


def _overlap(first: set[str], second: set[str]) -> float:
    return len(first & second) / max(1, len(first | second))


def _lines(path: Path, *, dataset: str) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from (row for row in map(json.loads, file) if row["dataset"] == dataset)
