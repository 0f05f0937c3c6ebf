"""Whole groups to the parts of a snapshot.

Many groups are split by hash. Few groups are dealt out so that each part gets its share of every
class: iterative stratification (Sechidis et al., ECML 2011) over groups instead of rows. None of
them goes to certify: so few groups can certify nothing, and would be missing elsewhere.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from harmsweep.model.conf import Split
from harmsweep.model.snapshot import PARTS

# A part takes a group of up to this many times what it lacks: with whole groups no share is exact.
OVERFILL = 1.5
# The parts that few groups are dealt to.
DEALT = tuple(part for part in PARTS if part != "certify")
# Rows of each class, such as {"hate=1": 3, "hate=0": 9}.
Classes = Mapping[str, int]


@dataclass(frozen=True)
class Group:
    """A split group: its name, the dataset it belongs to and its rows by class."""

    name: str
    dataset: str
    classes: Classes


def parts_of(groups: Sequence[Group], split: Split) -> dict[str, str]:
    """The part of each group: by hash, or by balance where its dataset has few groups."""
    by_dataset = defaultdict(list)
    for group in groups:
        by_dataset[group.dataset].append(group)
    chosen: dict[str, str] = {}
    for of_dataset in by_dataset.values():
        by_hand = [group for group in of_dataset if group.classes]
        if len(by_hand) < split.few_groups:
            # Groups without a label by hand can stand in train alone.
            chosen |= {group.name: "train" for group in of_dataset}
            chosen |= parts_by_balance(by_hand, split)
        else:
            chosen |= {group.name: part_by_hash(group.name, split) for group in of_dataset}
    return chosen


def part_by_hash(name: str, split: Split) -> str:
    """The part of a group by its name alone."""
    place = int(_key(name, split)[:8], 16) / 2**32
    bounds = accumulate(getattr(split, part) for part in PARTS[:-1])
    return PARTS[sum(place >= bound for bound in bounds)]


def parts_by_balance(groups: Sequence[Group], split: Split) -> dict[str, str]:
    """The part of each of a few groups, so that each part has both classes where groups allow it.

    The class that the fewest groups hold is dealt out first, its largest group first, each to the
    part that has the least of what it should have. Ties go by the hash of the group's name.
    """
    total = _sum([group.classes for group in groups])
    shares = {part: float(getattr(split, part)) / (1 - split.certify) for part in DEALT}
    have: dict[str, dict[str, int]] = {part: {} for part in DEALT}
    chosen: dict[str, str] = {}
    for name in sorted(total, key=lambda c: (sum(c in g.classes for g in groups), c)):
        want = {part: shares[part] * total[name] for part in DEALT}
        waiting = [g for g in groups if name in g.classes and g.name not in chosen]
        for group in sorted(waiting, key=lambda g: (-g.classes[name], _key(g.name, split))):
            rows = group.classes[name]
            part = max(DEALT, key=lambda p: _need(rows, have[p].get(name, 0), want[p]))
            have[part] = _sum([have[part], group.classes])
            chosen[group.name] = part
    return chosen


def _key(name: str, split: Split) -> str:
    return hashlib.sha256(f"{split.seed}:{name}".encode()).hexdigest()


def _need(rows: int, have: int, want: float) -> tuple[bool, float, float]:
    """How much a part needs a group of so many rows: parts that it would overfill come last."""
    lack = want - have
    fits = rows <= OVERFILL * lack
    return fits, lack / want if fits else lack, want


def _sum(counts: Sequence[Classes]) -> dict[str, int]:
    names = {name for count in counts for name in count}
    return {name: sum(count.get(name, 0) for count in counts) for name in sorted(names)}
