"""`harmsweep agreement` and `harmsweep label-errors`: how good the labels are."""

import math
import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
from cyclopts import Parameter

from harmsweep.cli.for_another import no_file
from harmsweep.cli.options import DEFAULT_LAKE, Lake
from harmsweep.cli.output import print_grid, show
from harmsweep.errors import Refused
from harmsweep.harms import HARMS, why_no_harm
from harmsweep.plurals import counted

Harm = Annotated[str | None, Parameter(help="One harm; by default all.")]


class LabelsRefused(Refused):
    """There are no labels to say anything of."""


def agreement(*, harm: Harm = None, pairs: int = 10, lake: Lake = DEFAULT_LAKE) -> None:
    """Say how far annotators agree on their labels by hand: alpha by harm, kappa by pair.

    Parameters
    ----------
    pairs
        Pairs of annotators to show for each harm, those with the most common posts.
    """
    from harmsweep.labels import agreement as of

    _check_harm(harm)
    votes = of.hand_votes(lake)
    shown = [name for name in HARMS if name in votes and harm in (None, name)]
    all_of = [of.agreement(name, votes[name]) for name in shown]
    found = [one for one in all_of if one.posts]
    if not found:
        raise LabelsRefused("no post has labels by hand of two annotators who are named")
    names = ("harm", "annotators", "posts", "labels", "alpha", "95 % interval")
    lines = [
        (a.harm, str(a.annotators), str(a.posts), str(a.labels), _number(a.alpha),
         f"{_number(a.low)} to {_number(a.high)}")
        for a in found
    ]  # fmt: skip
    print_grid(names, lines, right={*names[1:]})
    most = [pair for one in found for pair in islice(of.pairs(one.harm, votes[one.harm]), pairs)]
    names = ("harm", "annotator", "and", "posts", "agreed", "kappa")
    lines = [
        (p.harm, p.first, p.second, str(p.posts), _number(p.agreed), _number(p.kappa)) for p in most
    ]
    print_grid(names, lines, right={"posts", "agreed", "kappa"})


def label_errors(
    *,
    snapshot: Annotated[Path, Parameter(validator=no_file)],
    harm: Harm = None,
    limit: int = 20,
    format: Literal["table", "csv", "json"] = "table",
) -> None:
    """List labels that are likely wrong, for a person's second look.

    Parameters
    ----------
    snapshot
        Folder of a training snapshot, or of several: the newest.
    limit
        Labels at most of each harm, those that are the least likely right.
    format
        csv and json are for other programs.
    """
    from harmsweep.labels.suspects import likely_errors
    from harmsweep.model.snapshot import find_snapshot

    _check_harm(harm)
    rows = []
    folder = find_snapshot(snapshot)
    for judged, suspects in likely_errors(folder, harms=[harm] if harm else []):
        judged_by = f"{counted(len(judged.rows), 'label')} judged by {judged.modality}"
        told = f"{judged_by} (AUROC {judged.auroc:.2f}), {len(suspects)} likely wrong"
        print(f"{judged.harm}: {told}", file=sys.stderr)
        rows += [asdict(suspect) for suspect in suspects[:limit]]
    if rows:
        show(pa.Table.from_pylist(rows), format)


def _check_harm(harm: str | None) -> None:
    if harm not in (None, *HARMS):
        raise LabelsRefused(why_no_harm(str(harm)))


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
