"""What a policy says that can never come to anything: rules out of reach, conditions never met."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from harmsweep.conf import Fault, Location
from harmsweep.policy.actions import SEVERITY
from harmsweep.policy.ladders import Rule, Rung
from harmsweep.policy.places import ALL

# More days than a rung may have.
ENDLESS_DAYS = 10**6


def lint(rules: Mapping[str, Sequence[Rule]]) -> Iterator[Fault]:
    """The faults of a policy's rules, each with its place in the file."""
    for harm, some in rules.items():
        for place, rule in enumerate(some):
            where: Location = ("rules", harm, place)
            for number, other in enumerate(some):
                if number != place and _covers(other, rule) and _is_shadowed(rule, other):
                    yield where, _shadow(harm, number, other)
            yield from _rung_faults((*where, "ladder"), rule.ladder)


def repeated(where: str, names: Sequence[str]) -> Iterator[Fault]:
    """Names that a list has more than once, at their second place."""
    counts: Counter[str] = Counter()
    for place, name in enumerate(names):
        if counts[name]:
            yield (where, place), f"{name!r} is given twice"
        counts[name] += 1


def _covers(wide: Rule, narrow: Rule) -> bool:
    """Whether a rule holds wherever another does; the same place twice is a fault of its own."""
    pairs = ((wide.surface, narrow.surface), (wide.jurisdiction, narrow.jurisdiction))
    same = all(outer == inner for outer, inner in pairs)
    return not same and all(outer in (ALL, inner) for outer, inner in pairs)


def _is_shadowed(rule: Rule, wide: Rule) -> bool:
    """Whether at every score the wider rule does as much, for as long.

    The platform takes every row that fits a reader, so the narrower one's does nothing more.
    """
    return all(any(_does_as_much(other, rung) for other in wide.ladder) for rung in rule.ladder)


def _does_as_much(other: Rung, rung: Rung) -> bool:
    if SEVERITY[other.action] < SEVERITY[rung.action] or _days(other) < _days(rung):
        return False
    if rung.target and other.target:
        pairs = zip(other.target, rung.target, strict=True)
        return all(needed <= given for needed, given in pairs)
    # A certified threshold is known later: nothing else is surely reached before it.
    if rung.threshold is None or other.threshold is None:
        return False
    return other.threshold <= rung.threshold


def _days(rung: Rung) -> int:
    return ENDLESS_DAYS if rung.days is None else rung.days


def _shadow(harm: str, number: int, wide: Rule) -> str:
    place = f"surface {wide.surface}, jurisdiction {wide.jurisdiction}"
    return (
        f"can do nothing: rules.{harm}.{number} ({place}) holds there too, and does at least as"
        " much from no higher a score"
    )


def _rung_faults(where: Location, ladder: Sequence[Rung]) -> Iterator[Fault]:
    for place, rung in enumerate(ladder):
        for other in ladder[:place]:
            mild, severe = sorted((rung, other), key=lambda r: SEVERITY[r.action])
            if mild.target and severe.target and mild.target.confidence > severe.target.confidence:
                yield (
                    (*where, place, "confidence"),
                    f"{mild.action} at {mild.confidence} must not be above {severe.action} at"
                    f" {severe.confidence}: its threshold may be the higher, and it never taken",
                )
