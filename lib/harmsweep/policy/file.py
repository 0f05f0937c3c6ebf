"""Policy: what is done at which score, per harm, surface and jurisdiction, from a YAML file.

Thresholds belong to a pair of model version and policy version: a model that the policy does not
name as approved leads to review and to nothing else. A production policy states the precision of an
automatic action, and its thresholds are in the pair's certificate (certificates.py).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from harmsweep.conf import ConfRefused, Fault, Frozen, read, validate
from harmsweep.digests import as_json, name_of
from harmsweep.harms import ALL_HARMS, Harm, why_no_harm
from harmsweep.policy.ladders import PrecisionTarget, Rule, Threshold, Word, ladder_faults
from harmsweep.policy.lint import lint
from harmsweep.policy.places import ALL, KEPT, Language

DEFAULT = "default"
# How a model was named whose digest was cut to 48 bits: two models can be made of one such name.
_SHORT_NAME = re.compile("m[0-9a-f]{12}")


class PolicyError(ConfRefused):
    """A policy file is refused, with its line cited; nothing was touched."""


def _as_version(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("must be a whole number or text in quotes")
    return str(value)


Version = Annotated[str, BeforeValidator(_as_version), Field(pattern=r"^[0-9A-Za-z][\w.]*$")]
ModelVersion = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9][\w.:@+-]*$")]
Margin = Annotated[float, Field(strict=True, ge=0, le=0.5, allow_inf_nan=False)]
# Whether it must be established who approves, or what a process says of its user is believed.
Approvals = Literal["on_trust", "established"]
Count = Annotated[int, Field(strict=True, ge=0)]


class Cap(Frozen):
    """The most effects of one harm in 24 hours, by direction."""

    apply: Count
    release: Count


class Comments(Frozen):
    """The score of other people's comments from which a person looks at the post."""

    review: Threshold


class Holdout(Frozen):
    """The share of posts, at random, on which nothing is applied, so that labels stay whole."""

    share: Annotated[float, Field(strict=True, ge=0, le=0.05, allow_inf_nan=False)]
    spared: tuple[Word, ...] = ()


class AccountRung(Frozen):
    """From so many strikes on, an account is restricted for so many days after the last."""

    strikes: Annotated[int, Field(strict=True, ge=1)]
    days: Annotated[int, Field(strict=True, ge=1, le=3650)]


class Accounts(Frozen):
    """What follows from strikes; one counts for `decay_days`."""

    decay_days: Annotated[int, Field(strict=True, ge=1, le=3650)]
    ladder: tuple[AccountRung, ...] = ()


class PolicyFile(Frozen):
    """The keys of a policy file."""

    name: Word
    version: Version
    mode: Literal["production", "demonstration"]
    approved_models: tuple[ModelVersion, ...]
    # Posts in other languages go to review: the model was not certified for them.
    languages: tuple[Language, ...]
    # Harms for which no rung but review is accepted.
    review_only: tuple[Word, ...]
    near_margin: Margin
    rules: Mapping[Word, Annotated[tuple[Rule, ...], Field(min_length=1)]] = Field(min_length=1)
    caps: Mapping[Word, Cap]
    # What others wrote, and a match with known media, lead to review and to nothing else.
    comments: Comments
    known_media: Literal["review"]
    holdout: Holdout | None = None
    accounts: Accounts | None = None
    approvals: Approvals = "on_trust"


class Policy(PolicyFile):
    """A policy that was checked, with its version and its file."""

    policy_version: str
    path: Path

    def cap(self, harm: str, direction: str) -> int:
        """The most effects of a harm in 24 hours in a direction."""
        cap = self.caps.get(harm, self.caps[DEFAULT])
        return cap.apply if direction == "apply" else cap.release

    def scopes(self) -> list[tuple[str, str]]:
        """Every surface and jurisdiction that a rule names, and all of both, in order."""
        named = {(r.surface, r.jurisdiction) for rules in self.rules.values() for r in rules}
        return sorted(named | {(ALL, ALL)})

    def for_heads(self, kept_out: Collection[str]) -> "Policy":
        """The policy without its rules on heads that are kept out, which a demonstration uses."""
        if self.mode == "demonstration":
            return self
        rules = {harm: of for harm, of in self.rules.items() if harm not in kept_out}
        return self.model_copy(update={"rules": rules})

    def precision_targets(self) -> list[tuple[str, PrecisionTarget]]:
        """Every harm and what a certificate must hold for one of its actions, in order."""
        targets = (
            (harm, rule.target(rung))
            for harm, rules in self.rules.items()
            for rule in rules
            for rung in rule.ladder
        )
        return sorted({(harm, target) for harm, target in targets if target})


def load_policy(path: Path, harms: Mapping[str, Harm] = ALL_HARMS, *, kept: bool = False) -> Policy:
    """The policy of a file; its version ends in a digest of the content.

    One that was `kept` once acted: it may name places, and say what comes to nothing, as was
    allowed then.

    Raises:
        PolicyError: the file, and each fault's line, key, value and what would be allowed.
    """
    content = read(path, refusal=PolicyError)
    check = partial(_faults, harms=harms, kept=kept)
    context = {KEPT: kept}
    options: dict[str, Any] = {"path": path, "check": check, "refusal": PolicyError}
    parsed = validate(content, PolicyFile, **options, context=context)
    version = f"{parsed.name}-{parsed.version}-{name_of(as_json(content.data))}"
    whole = dict(parsed) | {"policy_version": version, "path": path}
    return Policy.model_validate(whole, context=context)


def check_approves(policy: Policy, model_version: str) -> None:
    """Refuse to certify what can never be used: a claim is of one version of a policy.

    Raises:
        PolicyError: the policy does not name the model, and to name it makes another version.
    """
    if model_version not in policy.approved_models:
        raise PolicyError(
            f"{policy.path}: approved_models does not name {model_version}: name it first, since"
            " that makes another version of the policy, for which claims of this one show nothing"
        )


def _faults(policy: PolicyFile, harms: Mapping[str, Harm], *, kept: bool) -> list[Fault]:
    found: list[Fault] = []
    for key, names in (("rules", policy.rules), ("caps", policy.caps)):
        found += [((key, n), m) for n in names if n != DEFAULT and (m := why_no_harm(n, harms))]
    if DEFAULT in policy.rules:
        found.append((("rules", DEFAULT), "is no harm"))
    for place, name in enumerate(policy.review_only):
        if message := why_no_harm(name, harms):
            found.append((("review_only", place), message))
    rungs = policy.accounts.ladder if policy.accounts else ()
    for place, (lower, upper) in enumerate(pairwise(rungs), start=1):
        if upper.strikes <= lower.strikes or upper.days < lower.days:
            message = "needs more strikes than the rung before, and no fewer days"
            found.append((("accounts", "ladder", place), message))
    for place, name in enumerate(policy.holdout.spared if policy.holdout else ()):
        if message := why_no_harm(name, harms):
            found.append((("holdout", "spared", place), message))
    if DEFAULT not in policy.caps:
        found.append((("caps",), f"{DEFAULT!r} is required"))
    found += _model_faults(policy, kept=kept)
    for harm, rules in policy.rules.items():
        found += _rule_faults(harm, rules, policy)
    # A misspelt harm is no rule left out: what comes to nothing is said where all else is right.
    return found if found or kept else list(lint(policy))


def _model_faults(policy: PolicyFile, *, kept: bool) -> Iterator[Fault]:
    if policy.mode == "demonstration" and not policy.approved_models:
        yield ("approved_models",), "a demonstration policy must name its model"
    for place, name in enumerate(() if kept else policy.approved_models):
        if _SHORT_NAME.fullmatch(name):
            message = f"{name!r} may be the name of two models: train it anew, for one of 32 digits"
            yield ("approved_models", place), message


def _rule_faults(harm: str, rules: tuple[Rule, ...], policy: PolicyFile) -> Iterator[Fault]:
    scopes: set[tuple[str, str]] = set()
    for place, rule in enumerate(rules):
        scope = (rule.surface, rule.jurisdiction)
        if scope in scopes:
            yield ("rules", harm, place), f"surface and jurisdiction {scope} are given twice"
        scopes.add(scope)
        yield from ladder_faults(
            ("rules", harm, place, "ladder"),
            rule.ladder,
            review_only=harm in policy.review_only,
            production=policy.mode == "production",
        )
