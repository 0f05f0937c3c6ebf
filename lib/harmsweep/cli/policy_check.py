"""`harmsweep policy`: whether a policy's file is one, and what of it can come to nothing here."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harmsweep.cli.for_another import of_conf, own_lake
from harmsweep.cli.options import as_manifest
from harmsweep.plurals import counted

if TYPE_CHECKING:
    from harmsweep.conf import Fault
    from harmsweep.policy.file import Policy, PolicyFile


def policy(
    file: Annotated[Path, Parameter(validator=of_conf)],
    *,
    lake: Annotated[
        Path | None, Parameter(help="Look for the posts that rules name.", validator=own_lake)
    ] = None,
    model: Annotated[
        Path | None,
        Parameter(help="Look for the heads that rules need.", converter=as_manifest),
    ] = None,
) -> None:
    """Check a policy before it is in force: print its version, or refuse it with its faults' lines.

    With --lake it must name no surface that no post there has and no language that none is of;
    with --model no harm for which the model has no head. Rules that production ignores, because a
    head has too few test posts, are named, and so are languages in which it only reviews.
    """
    from harmsweep.conf import read, validate
    from harmsweep.policy.file import PolicyError, PolicyFile, load_policy

    loaded = load_policy(file)

    def faults(parsed: "PolicyFile") -> Iterator["Fault"]:
        if lake:
            yield from _unseen(parsed, lake)
        if model:
            yield from _without_head(parsed, model)

    validate(read(file), PolicyFile, path=file, check=faults, refusal=PolicyError)
    harms = counted(len(loaded.rules), "harm")
    rules = counted(sum(map(len, loaded.rules.values())), "rule")
    print(f"{loaded.policy_version}: {harms}, {rules}, no fault")
    if model:
        _print_ignored(loaded, model)


def _unseen(policy: "PolicyFile", lake: Path) -> Iterator["Fault"]:
    """Surfaces and languages that no post of a lake has."""
    from harmsweep.lake import delta
    from harmsweep.policy.places import ALL

    def seen(column: str) -> set[str]:
        sql = f"SELECT DISTINCT {column} FROM post_features_v1"
        return set(delta.query(lake, sql).column(column).to_pylist())

    surfaces, languages = seen("surface"), seen("language")
    for harm, rules in policy.rules.items():
        for place, rule in enumerate(rules):
            if rule.surface not in (ALL, *surfaces):
                where = ("rules", harm, place, "surface")
                yield where, f"no post of {lake} is on {rule.surface!r}"
    for place, language in enumerate(policy.languages):
        if language not in languages:
            yield ("languages", place), f"no post of {lake} is in {language!r}"


def _print_ignored(policy: "Policy", model: Path) -> None:
    from harmsweep.model.manifest import load_manifest
    from harmsweep.model.reference import evaluated_languages

    manifest = load_manifest(model)
    used = policy.for_heads(manifest.kept_out)
    for harm in sorted(policy.rules.keys() - used.rules.keys()):
        print(f"rules.{harm} is ignored, its head is kept out: {manifest.kept_out[harm]}")
    acting = {harm for harm, _ in used.precision_targets()}
    figures = evaluated_languages(manifest, model.parent)
    for harm, language in sorted(set(product(acting, policy.languages)) - figures):
        print(
            f"rules.{harm} only reviews in {language}: the model's evaluation has no figures there"
        )


def _without_head(policy: "PolicyFile", model: Path) -> Iterator["Fault"]:
    from harmsweep.model.manifest import load_manifest

    manifest = load_manifest(model)
    heads = {head.harm for head in manifest.heads}
    for harm in policy.rules:
        if harm not in heads:
            yield ("rules", harm), f"{manifest.model_version} has no head for it"
