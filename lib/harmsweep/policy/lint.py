"""What a policy says that can never come to anything: rules out of reach, conditions never met."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harmsweep.conf import MISSING, Fault, Location
from harmsweep.policy.actions import SEVERITY
from harmsweep.policy.ladders import Rule, Rung
from harmsweep.policy.places import ALL

if TYPE_CHECKING:
    from harmsweep.policy.file import PolicyFile

# More days than a rung may have.
ENDLESS_DAYS = 10**6


def lint(policy: "PolicyFile") -> Iterator[Fault]:
    """The faults of a policy's rules and lists, each with its place in the file."""
    for harm, rules in policy.rules.items():
        for place, rule in enumerate(rules):
            where: Location = ("rules", harm, place)
            yield from _shadows(where, rule, rules)
            yield from _prevalence_faults(where, harm, rule)
            yield from _rung_faults((*where, "ladder"), rule.ladder)
    for name in ("approved_models", "languages", "review_only"):
        yield from _repeated((name,), getattr(policy, name))
    rungs = [r for rules in policy.rules.values() for rule in rules for r in rule.ladder]
    if not policy.languages and any(rung.target for rung in rungs):
        message = "is empty: no precision that a rule states can be certified for any post"
        yield ("languages",), message
    yield from _without_rule(("review_only",), policy.review_only, policy.rules)
    yield from _holdout_faults(policy)
    restricts = any(rung.action == "restrict" for rung in rungs)
    if policy.accounts and not policy.accounts.ladder and not restricts:
        yield ("accounts", "ladder"), "is empty, and no rule restricts: a strike leads to nothing"


def _shadows(where: Location, rule: Rule, rules: Sequence[Rule]) -> Iterator[Fault]:
    """Whether wider rules leave one nothing to do, be it together.

    The platform takes every row that fits a reader, so the narrower one's does nothing more.
    """
    wide = {n: other for n, other in enumerate(rules) if _covers(other, rule)}
    by = [
        next((n for n, other in wide.items() if _does_all(other, rule, rung)), None)
        for rung in rule.ladder
    ]
    if None not in by:
        yield where, _shadow(where[1], {n: wide[n] for n in by if n is not None})


def _prevalence_faults(where: Location, harm: str, rule: Rule) -> Iterator[Fault]:
    """A precision is one at a prevalence: 0.95 where half the posts are harmful is 0.16 at 1 %."""
    states_precision = any(rung.target for rung in rule.ladder)
    if states_precision and rule.prevalence is None:
        told = f"the share of the surface's posts that are {harm}, such as 0.01; then certify again"
        yield (*where, "prevalence"), f"{MISSING} beside a precision: {told}"
    if rule.prevalence is not None and not states_precision:
        yield (*where, "prevalence"), "comes to nothing: no rung of the rule states a precision"


def _holdout_faults(policy: "PolicyFile") -> Iterator[Fault]:
    if policy.holdout is None:
        return
    if not policy.holdout.share:
        yield ("holdout", "share"), "holds nothing out: leave out the whole of holdout"
    where = ("holdout", "spared")
    yield from _repeated(where, policy.holdout.spared)
    yield from _without_rule(where, policy.holdout.spared, policy.rules)


def _without_rule(
    where: Location, names: Sequence[str], rules: Mapping[str, Sequence[Rule]]
) -> Iterator[Fault]:
    """Harms that a list names and that have no rule.

    A cap may: what people ask for of such a harm on copies counts too, and what is lifted of it.
    """
    for place, name in enumerate(names):
        if name not in rules:
            yield (*where, place), f"{name!r} has no rule, so this comes to nothing"


def _repeated(where: Location, names: Sequence[str]) -> Iterator[Fault]:
    """Names that a list has more than once, at their second place."""
    for place, name in enumerate(names):
        if name in names[:place]:
            yield (*where, place), f"{name!r} is given twice"


def _covers(wide: Rule, narrow: Rule) -> bool:
    """Whether a rule holds wherever another does; the same place twice is a fault of its own."""
    pairs = ((wide.surface, narrow.surface), (wide.jurisdiction, narrow.jurisdiction))
    same = all(outer == inner for outer, inner in pairs)
    return not same and all(outer in (ALL, inner) for outer, inner in pairs)


def _does_all(wide: Rule, rule: Rule, rung: Rung) -> bool:
    return any(_does_as_much((wide, other), (rule, rung)) for other in wide.ladder)


def _does_as_much(widely: tuple[Rule, Rung], narrowly: tuple[Rule, Rung]) -> bool:
    (wide, other), (rule, rung) = widely, narrowly
    if SEVERITY[other.action] < SEVERITY[rung.action] or _days(other) < _days(rung):
        return False
    if rung.target and other.target:
        pairs = zip(other.target[:2], rung.target[:2], strict=True)
        # Another surface's posts have a claim of their own, which may hold where this one doesn't.
        same = wide.surface == rule.surface and (wide.prevalence or 0) >= (rule.prevalence or 0)
        return same and all(needed <= given for needed, given in pairs)
    # A certified threshold is known later: nothing else is surely reached before it.
    if rung.threshold is None or other.threshold is None:
        return False
    return other.threshold <= rung.threshold


def _days(rung: Rung) -> int:
    return ENDLESS_DAYS if rung.days is None else rung.days


def _shadow(harm: str | int, wide: Mapping[int, Rule]) -> str:
    names = " and ".join(
        f"rules.{harm}.{n} (surface {rule.surface}, jurisdiction {rule.jurisdiction})"
        for n, rule in wide.items()
    )
    verbs = ("holds", "does") if len(wide) == 1 else ("hold", "do")
    return (
        f"can do nothing: {names} {verbs[0]} there too, and {verbs[1]} at least as much from no"
        " higher a score"
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
