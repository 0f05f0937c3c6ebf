"""A comparison as tables: on the terminal, and as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from harmsweep.evaluation.records import ALL, Record
from harmsweep.training.experiments.comparison_records import AREAS
from harmsweep.training.experiments.variants import PLAIN

NAMES = {"auroc": "AUROC", "auc_pr": "AUC-PR"}


def printed(content: Mapping[str, Any]) -> Table:
    """The mean differences to plain as a table for a terminal."""
    head, *rows = mean_cells(content["means"])
    table = Table(*head)
    for row in rows:
        table.add_row(*row)
    return table


def markdown(content: Mapping[str, Any]) -> str:
    """The mean differences and, by harm, all: bold where an interval does not hold 0."""
    blocks = [_lines(mean_cells(content["means"], bold="**"))]
    for area in AREAS:
        blocks += [f"### {NAMES[area]} by harm", _lines(cells(content["records"], area, bold="**"))]
    return "\n\n".join(blocks) + "\n"


def mean_cells(means: Sequence[Record], *, bold: str = "") -> list[list[str]]:
    """A header, then a row for each variant that has scores for all the harms of the mean."""
    harms = ", ".join(means[0]["harms"]) if means else "no harm"
    head = [f"difference to plain, mean of {harms}", *(NAMES[area] for area in AREAS)]
    named = [f"{area}_difference" for area in AREAS]
    rows = [[m["variant"], *(cell(m, name, bold=bold) for name in named)] for m in means]
    return [head, *rows]


def cells(records: Sequence[Record], area: str, *, bold: str = "") -> list[list[str]]:
    """A header with each harm's positives and rows, then plain's areas, then differences to it."""
    whole = {(r["variant"], r["harm"]): r for r in records if r["dataset"] == ALL}
    plain = {harm: r for (variant, harm), r in whole.items() if variant == PLAIN}
    rows = [["", *(f"{h} {r['positives']}/{r['n']}" for h, r in plain.items())]]
    for variant in dict.fromkeys([PLAIN, *(variant for variant, _ in whole)]):
        name, mark = (area, "") if variant == PLAIN else (f"{area}_difference", bold)
        of = [whole.get((variant, harm)) for harm in plain]
        rows.append([variant, *(cell(record, name, bold=mark) for record in of)])
    return rows


def cell(record: Record | None, name: str, *, bold: str = "") -> str:
    """A figure with its interval, where it has one."""
    if record is None or record.get(name) is None:
        return ""
    signed = "+.3f" if name.endswith("difference") else ".3f"
    low, high = (record.get(f"{name}_{end}") for end in ("low", "high"))
    if low is None or high is None:
        return f"{record[name]:{signed}}"
    mark = bold if low > 0 or high < 0 else ""
    return f"{mark}{record[name]:{signed}}{mark} ({low:{signed}} to {high:{signed}})"


def _lines(table: Sequence[Sequence[str]]) -> str:
    rows = [table[0], ["---"] * len(table[0]), *table[1:]]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
