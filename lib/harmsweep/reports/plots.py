"""The pages' charts, as SVG text that stands in the page itself.

Vega draws them, with neither a browser nor a script in the page: each mark has a role and a label,
and pointing at it shows the label. A chart is as wide as a phone; wider windows set several side by
side. Colours of marks stand out from both a white and a dark page, and ink is the page's own.
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

from harmsweep.harms import HARMS

WIDTH, PANEL = 340, 166
ROW = 20
INK, SOFT, ALARM, GOOD, MARK = "currentColor", "#6b7785", "#c8402f", "#3f8a4f", "#d2631f"
# One colour a harm, on every page: at least 3:1 against white and against the dark page.
_PALETTE = (
    *("#c8402f", "#d2631f", "#b03a6e", "#a8702a", "#b8508f", "#8a5cc0", "#3a76c4"),
    *("#1f8a92", "#3f8a4f", "#7d7f1f", "#5a63c9", "#a05a5a", "#4d8f2f"),
)
_OF_HARM = dict(zip(HARMS, cycle(_PALETTE), strict=False))
ACTION_COLOURS = {
    "restrict": "#b03a6e",
    "strike": "#8a5cc0",
    "remove": ALARM,
    "interstitial": "#a8702a",
    "demote": MARK,
    "label": "#7d7f1f",
    "review": "#3a76c4",
}
STATUS_COLOURS = {
    "scored": GOOD,
    "scored_partial": "#a8702a",
    "quarantined": "#8a5cc0",
    "failed": ALARM,
}
OUTCOME_COLOURS = {"hit": GOOD, "review": "#3a76c4", "missed": MARK, "false": ALARM}
Record = Mapping[str, Any]
# Some charts, by a name that is a file's too.
Charts = dict[str, str]

_TEXT = {"labelColor": INK, "titleColor": INK, "labelFontSize": 11, "titleFontSize": 11}
_CONFIG: dict[str, Any] = {
    "background": "transparent",
    # Vega measures by Arial; Helvetica and Liberation Sans are as wide.
    "font": "Arial, Helvetica, Liberation Sans, sans-serif",
    "view": {"stroke": None},
    "axis": _TEXT
    | {"titleFontWeight": "normal", "labelLimit": 170, "gridColor": SOFT, "gridOpacity": 0.3}
    | {"domainColor": SOFT, "tickColor": SOFT, "tickCount": 5},
    "legend": _TEXT | {"orient": "top", "title": None, "columns": 4},
    "title": {"color": INK, "anchor": "start", "frame": "bounds", "fontSize": 13}
    | {"subtitleColor": INK, "subtitleFontSize": 11},
    "text": {"color": INK, "fontSize": 11},
}
# A mark without content of its own, and its label as Vega escaped it.
_MARK = re.compile(r'(<path aria-label="([^"]*)"[^>]*)/>')
# A layer without marks, which has a role and nothing to say.
_EMPTY = re.compile(r' role="graphics-[^"]*" aria-roledescription="[^"]*"(?=/>|></g>)')


def colour_of(harm: str) -> str:
    """A harm's colour; that of none is a harm's that conf no longer declares."""
    return _OF_HARM.get(harm, SOFT)


Drawn = alt.Chart | alt.LayerChart | alt.FacetChart | alt.VConcatChart


def as_svg(chart: Drawn, description: str) -> str:
    """The chart as an SVG element that says what it shows, as a whole and mark by mark."""
    spec = chart.properties(description=description).to_dict()
    svg: str = vl_convert.vegalite_to_svg(spec | {"config": _CONFIG})
    # Links are into the page; what Vega takes them for is the address of its examples.
    svg = re.sub(r'xlink:href="[^"#]*#', 'href="#', svg)
    svg = _EMPTY.sub(' aria-hidden="true"', svg)
    named = f'<svg role="graphics-document" aria-label="{_attribute(description)}"'
    return _MARK.sub(r"\1><title>\2</title></path>", svg).replace("<svg", named, 1)


def stacked(
    counts: pd.DataFrame,
    *,
    colours: Mapping[str, str],
    title: str,
    unit: str = "posts",
    lists: Collection[str] = (),
    prefix: str = "",
) -> str:
    """Horizontal stacked bars: a row per index value, a colour per column.

    A part links to the list `prefix` + ROW-COLUMN of the page, where that is one of `lists`.
    """
    parts = [name for name in colours if name in counts]
    rows = [
        {"row": str(row), "part": part, "n": int(n), "order": parts.index(part)}
        | {"label": f"{row}, {part}: {int(n):,} {unit}"}
        | {"href": f"#{link}" if (link := f"{prefix}{row}-{part}") in lists else ""}
        for row, values in counts.iterrows()
        for part in parts
        if (n := values[part]) > 0
    ]
    scale = alt.Scale(domain=parts, range=[colours[part] for part in parts])
    chart = _chart(rows, title).mark_bar(stroke="var(--paper, white)", strokeWidth=1)
    return as_svg(
        chart.encode(
            x=alt.X("n:Q", title=unit),
            y=_names([str(row) for row in counts.index], "row"),
            color=alt.Color("part:N", scale=scale),
            order="order:Q",
            description="label:N",
            href="href:N",
        ).properties(**_size(len(counts))),
        f"{title}: stacked bars, {unit} by {', '.join(parts)}",
    )


def bars(rows: Sequence[Record], *, title: str, unit: str, marks: Mapping[str, str] = {}) -> str:
    """Horizontal bars, each with its number: `name`, `value` and `colour` of each row.

    `marks` names more numbers of a row, each drawn as a tick or a diamond: key and what it is.
    """
    plain = [
        {"name": row["name"], "value": row["value"], "colour": row["colour"]}
        | {"number": f"{row['value']:,.0f}", "label": _bar_label(row, unit, marks)}
        for row in rows
    ]
    key = _key(marks)
    base = _chart(plain, title, key).encode(
        x=alt.X("value:Q", title=unit),
        y=_names([row["name"] for row in rows]),
        description="label:N",
    )
    layers = [base.mark_bar().encode(color=_own_colour())]
    layers.append(base.mark_text(align="left", dx=4, aria=False).encode(text="number:N"))
    for place, (name, words) in enumerate(marks.items()):
        marked = [
            {"name": row["name"], "value": row[name]}
            | {"label": f"{row['name']}, {words}: {row[name]:,}"}
            for row in rows
            if row[name] is not None
        ]
        layers.append(_beside(marked, ("stroke", "diamond")[place % 2], base))
    whole = alt.layer(*layers).properties(**_size(len(rows)))
    return as_svg(whole, f"{title}: bars, {unit}" + (f" ({key})" if key else ""))


def _bar_label(row: Record, unit: str, marks: Mapping[str, str]) -> str:
    known = [f"{words} {row[key]:,}" for key, words in marks.items() if row[key] is not None]
    return ", ".join([f"{row['name']}: {row['value']:,.0f} {unit}", *known])


def _key(marks: Mapping[str, str]) -> str:
    shapes = zip(("line", "diamond"), marks.values(), strict=False)
    return "; ".join(f"{shape}: {words}" for shape, words in shapes)


def dots(
    rows: Sequence[Record], *, title: str, x: str, at: float, key: str = "", unit: bool = False
) -> str:
    """Values with their intervals: `name`, `value`, `low`, `high` and `colour` of each row.

    An interval that is not known is None, and its dot is hollow, as where `few` is true; `beside`,
    the regression's value where a row has one, is a diamond. A dotted line stands at `at`; `key`
    says what marks mean; x goes from 0 to 1 where `unit`.
    """
    plain = [dict(row) | {"label": _dot_label(row), "full": _is_full(row)} for row in rows]
    names = [row["name"] for row in rows]
    scale = alt.Scale(domain=[0, 1]) if unit else alt.Scale(zero=False)
    base = _chart(plain, title, key).encode(
        x=alt.X("value:Q", title=x, scale=scale), y=_names(names), description="label:N"
    )
    coloured = base.encode(color=_own_colour())
    layers = [
        alt.Chart(_data([{"at": at}])).mark_rule(color=SOFT, strokeDash=[2, 3], aria=False)
        .encode(x="at:Q"),
        coloured.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=x), x2="high:Q"),
        coloured.mark_point(size=45, strokeWidth=1.6).encode(
            fill=alt.Fill("colour:N", scale=None),
            fillOpacity=alt.condition("datum.full", alt.value(1), alt.value(0)),
        ),
    ]  # fmt: skip
    others = [
        {
            "name": row["name"],
            "value": row["beside"],
            "label": f"{row['name']}: {row['beside']:.3f}",
        }
        for row in rows
        if row.get("beside") is not None
    ]
    layers.append(_beside(others, "diamond", base))
    return as_svg(alt.layer(*layers).properties(**_size(len(rows))), f"{title}: dots, {x}")


def _is_full(row: Record) -> bool:
    return row["low"] is not None and not row.get("few", False)


def _dot_label(row: Record) -> str:
    known = f" ({row['low']:.3f} to {row['high']:.3f})" if row["low"] is not None else ""
    return f"{row['name']}: {row['value']:.3f}{known or ', no interval'}"


def panel(
    points: Iterable[Record],
    *,
    title: str,
    x: str,
    y: str,
    colour: str,
    line: Sequence[tuple[float, float]] = (),
    unit: bool = True,
    log: bool = False,
    dotted: bool = False,
) -> str:
    """A small chart of one curve: `x` and `y` of each point, with `low` and `high` where known.

    `line` is drawn dotted beneath; both axes go from 0 to 1 where `unit`, and y by powers of ten
    where `log`; with `dotted` each point has a dot. A point without a finite y is left out.
    """
    rows = [_point(p, x, y) for p in points if math.isfinite(p["y"])]
    span = alt.Scale(domain=[0, 1]) if unit else alt.Scale(zero=False)
    ticks = alt.Axis(tickCount=3, format="~g")
    decades = alt.Axis(values=[10.0**-n for n in range(9)], format="~g")
    height = alt.Scale(type="log") if log else span
    base = _chart(rows, title).encode(
        x=alt.X("x:Q", title=x, scale=span, axis=ticks),
        y=alt.Y("y:Q", title=y, scale=height, axis=decades if log else ticks),
    )
    # What can be pointed at: every dot that is seen, and of a curve about ten places.
    step = 1 if dotted else max(1, len(rows) // 10)
    said = _chart(rows[::step], title).mark_circle(color=colour, size=26, opacity=float(dotted))
    beneath = alt.Chart(_data([{"x": a, "y": b} for a, b in line])).encode(x="x:Q", y="y:Q")
    layers = [
        beneath.mark_line(color=SOFT, strokeDash=[2, 3], strokeWidth=1, aria=False),
        base.mark_area(color=colour, opacity=0.25, aria=False).encode(y="low:Q", y2="high:Q"),
        base.mark_line(color=colour, strokeWidth=1.6, aria=False),
        said.encode(x="x:Q", y="y:Q", description="label:N"),
    ]
    drawn = alt.layer(*layers).properties(width=PANEL, height=PANEL - 30, autosize=_FIT)
    return as_svg(drawn, f"{title}: {y} by {x}")


def _point(point: Record, x: str, y: str) -> dict[str, Any]:
    ends = {name: value for name in ("low", "high") if _is_known(value := point.get(name))}
    label = f"{x} {point['x']:.3g}: {y} {point['y']:.3g}"
    return {"x": point["x"], "y": point["y"], "low": None, "high": None, "label": label} | ends


def _is_known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


_FIT = alt.AutoSizeParams(type="fit", contains="padding")


def _size(rows: int) -> dict[str, Any]:
    """As wide as a phone, names and all, and as high as its rows need."""
    return {"width": WIDTH, "height": ROW * rows + 90, "autosize": _FIT}


def _data(rows: Iterable[Record]) -> alt.InlineData:
    return alt.InlineData(values=[dict(row) for row in rows])


def _chart(rows: Iterable[Record], title: str, subtitle: str = "") -> alt.Chart:
    return alt.Chart(_data(rows), title=alt.Title(title, subtitle=subtitle))


def _names(names: Sequence[str], field: str = "name") -> alt.Y:
    # A mark at 0 is as wide as it is, and stands beside the names, not on them.
    axis = alt.Axis(ticks=False, domain=False, labelPadding=8)
    return alt.Y(f"{field}:N", title=None, sort=list(dict.fromkeys(names)), axis=axis)


def _own_colour() -> alt.Color:
    return alt.Color("colour:N", scale=None)


def _beside(rows: Sequence[Record], shape: str, chart: alt.Chart) -> alt.Chart:
    """Marks of another kind at the rows of a chart."""
    point = chart.properties(data=_data(rows))
    tick: alt.Chart = point.mark_tick(color=INK, thickness=2, size=ROW - 4)
    diamond: alt.Chart = point.mark_point(shape="diamond", color=INK, size=50, strokeWidth=1.4)
    return tick if shape == "stroke" else diamond


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
