"""The evaluation's plots, as SVG text that stands in the page itself."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harmsweep.evaluation.curves import GRID, Curve
from harmsweep.evaluation.records import Record
from harmsweep.reports.plots import as_svg

COLUMNS = 4
INK, SOFT, ALARM, GOOD = "#1f3b57", "#9aa5b1", "#b3261e", "#2e7d5b"
# Marks a head or slice with too few positives, wherever it stands.
FEW = "*"


def rocs(curves: Mapping[str, Curve], heads: Mapping[str, Record]) -> str:
    """A ROC curve per head."""

    def draw(axes: Axes, harm: str) -> None:
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8, linestyle=":")
        _curve(axes, curves[harm])

    return _panels(heads, draw, "auroc", x="false-positive rate", y="true-positive rate")


def prs(curves: Mapping[str, Curve], heads: Mapping[str, Record]) -> str:
    """A precision-recall curve per head; the dotted line is the share of positives."""

    def draw(axes: Axes, harm: str) -> None:
        head = heads[harm]
        share = head["positives"] / head["n"]
        axes.axhline(share, color="#999999", linewidth=0.8, linestyle=":")
        _curve(axes, curves[harm])

    return _panels(heads, draw, "auc_pr", x="recall", y="precision")


def reliability(heads: Mapping[str, Record]) -> str:
    """A reliability diagram per head: what happened where the model said so much; bins alike."""

    def draw(axes: Axes, harm: str) -> None:
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8, linestyle=":")
        bins = heads[harm]["bins"]
        predicted, observed = ([b[name] for b in bins] for name in ("predicted", "observed"))
        axes.plot(predicted, observed, "-o", color=INK, markersize=3, linewidth=1)

    return _panels(heads, draw, "ece", x="probability", y="share that is harmful")


def _curve(axes: Axes, curve: Curve) -> None:
    if curve.low is not None and curve.high is not None:
        axes.fill_between(GRID, curve.low, curve.high, color=INK, alpha=0.15, linewidth=0)
    axes.plot(GRID, curve.height, color=INK, linewidth=1.4)


def _panels(
    heads: Mapping[str, Record],
    draw: Callable[[Axes, str], None],
    value: str,
    *,
    x: str,
    y: str,
) -> str:
    """A panel per head, with its figure called `value` in the title."""
    rows = math.ceil(len(heads) / COLUMNS)
    figure = Figure(figsize=(9.0, 2.3 * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (harm, head) in zip(panels, heads.items(), strict=False):
        draw(axes, harm)
        mark = FEW if head["few"] else ""
        title = f"{harm}{mark}  {head[value]:.2f}  ({head['positives']}/{head['n']})"
        axes.set_title(title, fontsize=8, color="#7b8794" if head["few"] else "black")
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.05)
        axes.tick_params(labelsize=7)
    for axes in panels[len(heads) :]:
        axes.set_visible(False)
    figure.supxlabel(x, fontsize=8)
    figure.supylabel(y, fontsize=8)
    return as_svg(figure)


def forest(records: Sequence[Record]) -> str:
    """AUROC of each slice with its interval, under the name of its head; hollow: few positives."""
    lines = list(_lines(records))
    figure = Figure(figsize=(7.2, max(1.4, 0.2 * len(lines) + 0.7)))
    axes = figure.subplots()
    for row, (_, record) in enumerate(lines):
        if record is None:
            continue
        colour, fill = (SOFT, "none") if record["few"] else (INK, "full")
        if record.get("low") is not None:
            axes.plot([record["low"], record["high"]], [row, row], color=colour, linewidth=1.6)
        axes.plot(record["auroc"], row, "o", color=colour, fillstyle=fill, markersize=4)
    axes.set_yticks(range(len(lines)), [name for name, _ in lines], fontsize=7.5)
    for label, (_, record) in zip(axes.get_yticklabels(), lines, strict=True):
        label.set_fontweight("bold" if record is None else "normal")
    axes.axvline(0.5, color="#999999", linewidth=0.8, linestyle=":")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(lines) - 0.5, -0.7)
    axes.set_xlabel("AUROC (line: 95 % interval)")
    return as_svg(figure)


def _lines(records: Sequence[Record]) -> Iterator[tuple[str, Record | None]]:
    for harm in dict.fromkeys(record["harm"] for record in records):
        yield harm, None
        for record in (r for r in records if r["harm"] == harm):
            yield f"{record['value']}  {record['positives']}/{record['n']}", record


def identities(records: Sequence[Record]) -> str:
    """By head a panel: how much more often harmless posts that name a group are flagged."""
    harms = list(dict.fromkeys(record["harm"] for record in records))
    names = list(dict.fromkeys(r["identity"] for r in records if r["gap"] is not None))
    rows = math.ceil(len(harms) / COLUMNS)
    size = (9.0, rows * (0.2 * len(names) + 0.6) + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, harm in zip(panels, harms, strict=False):
        axes.axvline(0, color="#999999", linewidth=0.8, linestyle=":")
        for record in (r for r in records if r["harm"] == harm and r["gap"] is not None):
            _gap(axes, names.index(record["identity"]), record)
        axes.set_title(harm, fontsize=8)
        axes.tick_params(labelsize=7)
    for axes in panels[len(harms) :]:
        axes.set_visible(False)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    figure.supxlabel("false-positive rate less that of posts that name none", fontsize=8)
    return as_svg(figure)


def _gap(axes: Axes, row: int, record: Record) -> None:
    low, high = record["gap_low"], record["gap_high"]
    if low is None:
        axes.plot(record["gap"], row, "o", color=SOFT, markersize=4, fillstyle="none")
        return
    colour = ALARM if low > 0 else GOOD if high < 0 else SOFT
    axes.plot([low, high], [row, row], color=colour, linewidth=1.5)
    axes.plot(record["gap"], row, "o", color=colour, markersize=4)


def confusion(shares: pd.DataFrame, positives: Mapping[str, int]) -> str:
    """A heat-map: of each harm's positives (rows), the share that each head (columns) flags."""
    figure = Figure(figsize=(7.2, 0.34 * len(shares) + 1.2))
    axes = figure.subplots()
    values = shares.to_numpy(dtype=float)
    colours = mpl.colormaps["Blues"].with_extremes(bad="#f3f4f6")
    axes.imshow(values, cmap=colours, vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        ink = "white" if value > 0.6 else "#1c2733"
        text = f"{value:.2f}" if np.isfinite(value) else "-"
        weight = "bold" if row == column else "normal"
        axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=7, weight=weight)
    named = [f"{harm}  {positives[harm]}" for harm in shares.index]
    axes.set_yticks(range(len(values)), named, fontsize=8)
    axes.set_xticks(range(len(shares.columns)), list(shares.columns), fontsize=8, rotation=35)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("left")
        label.set_rotation_mode("anchor")
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    return as_svg(figure)


def learning(records: Sequence[Record], heads: Mapping[str, Record]) -> str:
    """A panel per head: AUROC by the share of the training groups, with its interval."""

    def draw(axes: Axes, harm: str) -> None:
        axes.axhline(0.5, color="#999999", linewidth=0.8, linestyle=":")
        of_head = [r for r in records if r["harm"] == harm]
        shares, values = ([r[name] for r in of_head] for name in ("share", "auroc"))
        axes.plot(shares, values, "-o", color=INK, markersize=3.5, linewidth=1.2)
        for record in (r for r in of_head if r["low"] is not None):
            ends = [record["low"], record["high"]]
            axes.plot([record["share"]] * 2, ends, color=INK, alpha=0.4, linewidth=2.5)

    shown = {harm: head for harm, head in heads.items() if any(r["harm"] == harm for r in records)}
    return _panels(shown, draw, "auroc", x="share of the training groups", y="AUROC")


def epochs(losses: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    """Training's and validation's loss by epoch; a dot where validation's is lowest."""
    figure = Figure(figsize=(7.2, 2.4))
    axes = figure.subplots()
    for number, (name, points) in enumerate(losses.items()):
        steps, values = [step + 1 for step, _ in points], [value for _, value in points]
        axes.plot(steps, values, color=(INK, "#e08e0b")[number % 2], label=name.replace("_", " "))
        if name == "validation_loss":
            best = int(np.argmin(values))
            axes.plot(steps[best], values[best], "o", color="#e08e0b")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize=8)
    return as_svg(figure)
