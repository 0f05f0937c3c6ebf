"""The chart that a threshold is chosen from: what each costs, by head, with the policy's rungs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np

from harmsweep.evaluation.threshold_costs import (
    FLAGGED,
    FLAGGED_VIEWS,
    MISSED,
    MISSED_VIEWS,
    Costs,
)
from harmsweep.reports.evaluation_plots import FEW
from harmsweep.reports.plots import ACTION_COLOURS, SOFT, WIDTH, Charts, as_svg, colour_of

# Below this share a logarithmic axis ends: one post in 10,000.
LEAST = 1e-4
HEIGHT = 120
# Room for the numbers of both axes, so that one threshold stands above the other.
AXIS = 44
# What can be pointed at: of a curve about ten places.
STEP = 10


def costs_by_threshold(records: Sequence[tuple[Costs, bool]]) -> Charts:
    """By head what is flagged above what is missed, over the same thresholds.

    Each head comes with whether its positives are few, which a star says.
    """
    names = [costs.harm for costs, _ in records]
    return {
        f"costs-{costs.harm}{place if names.count(costs.harm) > 1 else ''}": _chart(costs, few=few)
        for place, (costs, few) in enumerate(records)
    }


def _chart(costs: Costs, *, few: bool) -> str:
    decades = alt.Axis(values=[1, 0.1, 0.01, 0.001, LEAST], format="~%", **_AXIS)
    log = alt.Scale(type="log", domain=[LEAST, 1], clamp=True)
    shares = alt.Axis(tickCount=5, format="~%", **_AXIS)
    above = _half(costs, (FLAGGED, FLAGGED_VIEWS), "", alt.Y("y:Q", scale=log, axis=decades))
    unit = alt.Scale(domain=[0, 1])
    y = alt.Y("y:Q", scale=unit, axis=shares)
    below = _half(costs, (MISSED, MISSED_VIEWS), "threshold", y)
    stated = "" if costs.stated else ", assumed"
    title = f"{costs.harm}{FEW if few else ''}, at a prevalence of {costs.prevalence:g}{stated}"
    chart = alt.vconcat(
        above.properties(title=_note("flagged: share of posts (dashed: of views)")),
        below.properties(title=_note("missed: share of harmful posts (dashed: of views)")),
        title=alt.Title(title),
        spacing=6,
    )
    rungs = ", ".join(f"{action} from {score:.3g}" for action, score in costs.rungs.items())
    shown = "what each threshold flags and misses, posts as a line and views dashed"
    return as_svg(chart, f"{title}: {shown}; rungs: {rungs or 'none'}")


_AXIS: dict[str, Any] = {"title": None, "minExtent": AXIS, "maxExtent": AXIS}


def _note(text: str) -> alt.TitleParams:
    return alt.TitleParams(text, fontSize=11, fontWeight="normal", anchor="start", frame="group")


def _half(
    costs: Costs, names: tuple[str, str], title: str, y: alt.Y
) -> alt.LayerChart | alt.FacetChart:
    """One of the two panels: posts with their band, views dashed, and the policy's rungs."""
    posts, views = (list(_points(costs, name)) for name in names)
    span, ticks = alt.Scale(domain=[0, 1]), alt.Axis(tickCount=5)
    x = alt.X("x:Q", title=title or None, scale=span, axis=ticks)
    colour = colour_of(costs.harm)
    line = alt.Chart(alt.InlineData(values=posts)).encode(x=x, y=y)
    seen = alt.Chart(alt.InlineData(values=views)).encode(x=x, y=y)
    said = alt.Chart(alt.InlineData(values=posts[::STEP])).encode(x=x, y=y, description="label:N")
    layers = [
        line.mark_area(color=colour, opacity=0.25, aria=False).encode(y="low:Q", y2="high:Q"),
        seen.mark_line(color=colour, strokeWidth=1.3, strokeDash=[4, 3], aria=False),
        line.mark_line(color=colour, strokeWidth=1.8, aria=False),
        said.mark_circle(color=colour, size=26, opacity=0),
        *_rungs(costs, names[0]),
    ]
    return alt.layer(*layers).properties(width=WIDTH - AXIS - 16, height=HEIGHT)


def _points(costs: Costs, name: str) -> Iterator[dict[str, Any]]:
    """Each threshold's cost and band; a share of 0 stands at the foot of a logarithmic axis."""
    least = LEAST if name.startswith(FLAGGED) else 0.0
    curve, words = costs.curves[name], "flagged" if name.startswith(FLAGGED) else "missed"
    for threshold, y in zip(costs.thresholds, curve.height, strict=True):
        if not np.isfinite(y):
            continue
        at = costs.at(float(threshold))
        low, high = at[f"{name}_low"], at[f"{name}_high"]
        label = f"from {threshold:.2f}: {100 * y:.3g} % {words}"
        point = {"x": float(threshold), "y": max(float(y), least), "low": None, "high": None}
        if low is not None and high is not None:
            point |= {"low": max(low, least), "high": max(high, least)}
            label += f" ({100 * low:.2g} to {100 * high:.2g})"
        yield point | {"label": label}


def _rungs(costs: Costs, name: str) -> list[alt.Chart]:
    """A line at each rung, named at its top; the most severe to the right of its line."""
    rungs = [
        {"x": score, "action": action, "colour": ACTION_COLOURS.get(action, SOFT)}
        | {"label": f"{action} from {score:.3g}: {100 * (costs.at(score)[name] or 0):.3g} % {name}"}
        for action, score in costs.rungs.items()
    ]
    data = alt.Chart(alt.InlineData(values=rungs)).encode(x="x:Q")
    colour = alt.Color("colour:N", scale=None)
    rules = data.mark_rule(strokeWidth=1.4).encode(color=colour, description="label:N")
    # Only above, where nothing is drawn at the right end.
    named = rungs if name == FLAGGED else []
    return [rules, _names(named[:-1], right=False), _names(named[-1:], right=True)] if rungs else []


def _names(rungs: Sequence[Mapping[str, Any]], *, right: bool) -> alt.Chart:
    """The actions' names along their lines, to the left or to the right of them."""
    base = alt.Chart(alt.InlineData(values=[dict(rung) for rung in rungs]))
    options: dict[str, Any] = {"baseline": "top", "dy": 3} if right else {"dy": -2}
    drawn: alt.Chart = base.mark_text(
        angle=270, align="right", dx=-2, aria=False, **({"baseline": "bottom"} | options)
    ).encode(x="x:Q", y=alt.value(2), text="action:N")
    return drawn
