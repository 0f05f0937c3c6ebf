"""The report's plots, as SVG text that stands in the page itself."""

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

mpl.use("svg")
mpl.rcParams.update(
    {
        "svg.hashsalt": "harmsweep",  # the same figure gives the same bytes
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "text.parse_math": False,  # a data set may be called $\frac$
    }
)
ACTION_COLOURS = {
    "remove": "#b3261e",
    "demote": "#e08e0b",
    "label": "#6b8e23",
    "review": "#3f6fb5",
}
STATUS_COLOURS = {
    "scored": "#4c8c6b",
    "scored_partial": "#e0b30b",
    "quarantined": "#8a5a9e",
    "failed": "#b3261e",
}
Record = Mapping[str, Any]


def as_svg(figure: Figure) -> str:
    """The figure as an SVG element, without date or prologue."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None}, bbox_inches="tight")
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def stacked(counts: pd.DataFrame, *, colours: Mapping[str, str], title: str) -> str:
    """Horizontal stacked bars: a row per index value, a colour per column; numbers of posts."""
    figure, axes = _axes(rows=len(counts))
    left = pd.Series(0.0, index=counts.index)
    for name in (n for n in colours if n in counts):
        axes.barh([str(i) for i in counts.index], counts[name], left=left, color=colours[name])
        left = left + counts[name]
    axes.set_xlabel("posts")
    axes.set_title(title)
    axes.invert_yaxis()
    _legend(axes, [n for n in colours if n in counts], [colours[n] for n in colours if n in counts])
    return as_svg(figure)


def held_out(records: Sequence[Record]) -> str:
    """AUROC of each head and dataset with its interval, beside the best logistic baseline."""
    figure, axes = _axes(rows=len(records))
    for row, record in enumerate(records):
        if record["low"] is not None:
            axes.plot([record["low"], record["high"]], [row, row], color="#1f3b57", linewidth=2)
        axes.plot(record["auroc"], row, "o", color="#1f3b57")
        if record["baseline"] is not None:
            axes.plot(record["baseline"], row, "D", color="#e08e0b", fillstyle="none")
    axes.set_yticks(range(len(records)), [f"{r['harm']} · {r['dataset']}" for r in records])
    axes.axvline(0.5, color="#999999", linewidth=0.8, linestyle=":")
    axes.invert_yaxis()
    axes.set_xlabel("AUROC on held-out groups (line: 95 % interval; diamond: logistic regression)")
    return as_svg(figure)


def alone(records: Sequence[Record], modalities: Sequence[str], *, names: Sequence[str]) -> str:
    """A heat-map of AUROC: a row per record, a column for all modalities and one for each alone."""
    columns = ["all together", *modalities]
    values = np.array(
        [
            [r["auroc"], *(r["modalities"].get(m, {}).get("alone") for m in modalities)]
            for r in records
        ],
        dtype=float,  # None is NaN
    )
    figure, axes = _axes(rows=len(records) + 1)
    colours = mpl.colormaps["Blues"].with_extremes(bad="#f3f4f6")
    axes.imshow(values, cmap=colours, vmin=0.45, vmax=1.05, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        text = f"{value:.2f}" if np.isfinite(value) else "-"
        ink = "white" if value > 0.82 else "#1c2733"
        axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=8)
    axes.set_yticks(range(len(values)), list(names))
    axes.set_xticks(range(len(columns)), [c.replace("_", " ") for c in columns])
    axes.axvline(0.5, color="white", linewidth=4)
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    return as_svg(figure)


def adds(records: Sequence[Record], modalities: Sequence[str], *, names: Sequence[str]) -> str:
    """What each modality adds to the others: a panel per modality, a row per record.

    AUROC of all less that of all but it, with its interval; filled where the interval leaves out 0.
    """
    size = (7.2, max(1.6, 0.24 * len(records) + 0.9))
    figure = Figure(figsize=size)
    panels = figure.subplots(1, len(modalities), sharex=True, sharey=True, squeeze=False)[0]
    for axes, modality in zip(panels, modalities, strict=True):
        axes.axvline(0, color="#999999", linewidth=0.8, linestyle=":")
        for row, record in enumerate(records):
            _difference(axes, row, record["modalities"].get(modality, {}))
        axes.set_title(modality.replace("_", " "), fontsize=8)
        axes.tick_params(labelsize=7, left=axes is panels[0])
        axes.spines["left"].set_visible(axes is panels[0])
        axes.margins(x=0.15)
    panels[0].set_yticks(range(len(records)), list(names), fontsize=8)
    panels[0].set_ylim(len(records) - 0.5, -0.5)
    figure.supxlabel("AUROC of all modalities less AUROC of all but this one", fontsize=8)
    figure.subplots_adjust(wspace=0.12, bottom=0.6 / size[1])
    return as_svg(figure)


def _difference(axes: Axes, row: int, record: Record) -> None:
    value, low, high = (_number(record.get(name)) for name in ("adds", "adds_low", "adds_high"))
    is_clear = low > 0 or high < 0  # NaN is neither
    colour = "#9aa5b1" if not is_clear else "#2e7d5b" if value > 0 else "#b3261e"
    axes.plot([low, high], [row, row], color=colour, linewidth=1.5)
    axes.plot(value, row, "o", color=colour, markersize=4, fillstyle="full" if is_clear else "none")


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def score_curves(shares: pd.DataFrame) -> str:
    """For each head, the share of posts scored at least x: index is x, a column per head."""
    figure, axes = _axes(rows=7)
    for number, head in enumerate(shares.columns):
        axes.plot(
            shares.index,
            shares[head],
            label=head,
            color=f"C{number % 10}",
            linestyle="-" if number < 10 else "--",
        )
    axes.set_yscale("log")
    # Powers of ten are set as mathematics otherwise, which is off.
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("score")
    axes.set_ylabel("share of posts at or above")
    axes.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return as_svg(figure)


def beside_bounds(rows: Sequence[Record]) -> str:
    """The effects of each day's batch, with marks for what is likely and for the cap.

    The scale is logarithmic from 1 on: a broken model's batch is a thousand times its cap.
    """
    figure, axes = _axes(rows=len(rows))
    colours = {"apply": ACTION_COLOURS["remove"], "release": ACTION_COLOURS["review"]}
    for place, row in enumerate(rows):
        likely = math.inf if row["likely"] is None else row["likely"]
        over = (
            row["waits"]
            or row["together"] + row["used"] > row["cap"]
            or row["effects"] + row["before"] > likely
        )
        axes.barh(place, row["effects"], color=colours[row["direction"]], alpha=1 if over else 0.5)
        axes.plot(row["cap"], place, "|", color="#1c2733", markersize=14, markeredgewidth=2)
        if row["likely"] is not None:
            axes.plot(row["likely"], place, "D", color="#e08e0b", markersize=5)
    names = [f"{r['day']} {r['harm']}, {r['direction']}" for r in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.set_xscale("symlog", linthresh=1)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlim(left=0)
    axes.invert_yaxis()
    axes.set_xlabel("effects (line: cap of 24 hours; diamond: the most that is likely)")
    return as_svg(figure)


def seconds(by_stage: pd.Series) -> str:
    """Seconds that each stage took over all days."""
    figure, axes = _axes(rows=len(by_stage))
    axes.barh([str(i) for i in by_stage.index], by_stage, color="#6c7a89")
    axes.invert_yaxis()
    axes.set_xlabel("seconds, all days together")
    return as_svg(figure)


def _axes(*, rows: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.2, max(1.4, 0.32 * rows + 0.8)))
    return figure, figure.subplots()


def _legend(axes: Axes, names: Sequence[str], colours: Sequence[str]) -> None:
    handles = [mpl.patches.Patch(color=c, label=n) for n, c in zip(names, colours, strict=True)]
    axes.legend(handles=handles, fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
