"""What one policy says and another does not, in words."""

from collections.abc import Iterator

from harmsweep.plurals import counted
from harmsweep.policy.file import DEFAULT, Policy
from harmsweep.policy.ladders import Rule, Rung
from harmsweep.policy.places import ALL


def differences(old: Policy, new: Policy) -> list[str]:
    """What changes from a policy to another, a line each; none where they do the same."""
    was, now = dict(_said(old)), dict(_said(new))
    changed = [
        f"{subject}: {words} (was {was[subject]})" if subject in was else f"{subject}: {words}, new"
        for subject, words in now.items()
        if was.get(subject) != words
    ]
    gone = [f"{subject}: no more (was {was[subject]})" for subject in was if subject not in now]
    return changed + gone


def _said(policy: Policy) -> Iterator[tuple[str, str]]:
    """Everything that a policy says: of what, and what of it."""
    yield "mode", policy.mode
    yield "models that may act", ", ".join(policy.approved_models) or "none"
    yield "languages in which it acts", ", ".join(policy.languages) or "none"
    yield "harms that only people judge", ", ".join(policy.review_only) or "none"
    for harm, rules in policy.rules.items():
        for rule in rules:
            for rung in rule.ladder:
                yield f"{harm}{_place(rule)}, {rung.action}", _from(rule, rung)
    yield "damaged posts, review", f"from {policy.near_margin:g} below the lowest threshold up"
    yield "comments, review", f"from {policy.comments.review:g} up"
    yield "known media lead to", policy.known_media
    for harm, cap in policy.caps.items():
        of = "other harms" if harm == DEFAULT else harm
        yield f"cap of {of}", f"{cap.apply:,} to apply and {cap.release:,} to release in 24 hours"
    if policy.holdout:
        spared = ", ".join(policy.holdout.spared)
        yield "holdout", f"{policy.holdout.share:.1%}" + (f" but of {spared}" if spared else "")
    if policy.accounts:
        yield "a strike counts for", counted(policy.accounts.decay_days, "day")
        for step in policy.accounts.ladder:
            strikes, days = counted(step.strikes, "strike"), counted(step.days, "day")
            yield f"an account with {strikes}", f"restricted for {days}"


def _place(rule: Rule) -> str:
    places = [place for place in (rule.surface, rule.jurisdiction) if place != ALL]
    return f" ({', '.join(places)})" if places else ""


def _from(rule: Rule, rung: Rung) -> str:
    words = f"from {rung.threshold} up"
    if target := rule.target(rung):
        words = f"at a precision of {target.precision} with confidence {target.confidence}"
        words += "" if target.prevalence is None else f" at a prevalence of {target.prevalence:g}"
    return words + (f", for {counted(rung.days, 'day')}" if rung.days else "")
