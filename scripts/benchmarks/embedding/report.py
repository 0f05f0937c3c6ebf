"""The benchmark's numbers from its measures, as a table, a plot and JSON."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table

from embedding.engines import ENGINES, LOOP, OURS
from embedding.job import Round
from embedding.posts import LEAST_COSINE

MB = 1_000_000
# Of the table; a narrower terminal breaks its lines.
WIDTH = 180


class Work(NamedTuple):
    """What a run embeds: posts, cores, and operations of all posts."""

    posts: int
    cores: int
    operations: int


class Spread(NamedTuple):
    """A median between the least and the most."""

    median: float
    least: float
    most: float

    def text(self, digits: int) -> str:
        """Such as 12.5 (11.0-13.1)."""
        middle, least, most = (f"{value:,.{digits}f}" for value in self)
        return middle if least == most else f"{middle} ({least}-{most})"


def spread_of(values: Sequence[float]) -> Spread:
    """The median of some values, and their ends."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(rounds: Mapping[str, Sequence[Round]]) -> dict[str, dict[str, Spread]]:
    """Our rate over each other's, cold and warm; a ratio of each round, and their median.

    Both sides of a ratio were measured in the same round: what slowed the machine slowed both.
    """
    found: dict[str, dict[str, Spread]] = {}
    for name, others in rounds.items():
        if name == OURS or OURS not in rounds:
            continue
        pairs = list(zip(rounds[OURS], others, strict=True))
        found[name] = {
            "warm": spread_of([median(b.warm) / median(a.warm) for a, b in pairs]),
            "cold": spread_of([b.cold / a.cold for a, b in pairs]),
        }
    return found


def median(values: Sequence[float]) -> float:
    """The middle of some seconds."""
    return statistics.median(values)


def numbers(
    rounds: Mapping[str, Sequence[Round]], limits: Sequence[Mapping[str, float]], work: Work
) -> dict[str, Any]:
    """Everything that the table shows, by engine, with the limit and the ratios."""
    limit = {name: median([rates[name] for rates in limits]) for name in limits[0]}
    highest = max(rate for name, rate in limit.items() if name.startswith("bfloat16"))
    engines = {name: _engine(found, highest, work) for name, found in rounds.items()}
    texts = {"posts": work.posts, "cores": work.cores, "operations": work.operations}
    compared = {
        name: {kind: spread._asdict() for kind, spread in kinds.items()}
        for name, kinds in ratios(rounds).items()
    }
    return {
        "work": texts,
        "limit": limit | {"of_shares": highest},
        "engines": engines,
        "ours_over": compared,
    }


def _engine(rounds: Sequence[Round], limit: float, work: Work) -> dict[str, Any]:
    warm = [seconds for found in rounds for seconds in found.warm]
    rates = [work.posts / seconds for seconds in warm]
    return {
        "cold_s": spread_of([found.cold for found in rounds])._asdict(),
        "warm_s": spread_of(warm)._asdict(),
        "startup_in_warm_s": spread_of([s for found in rounds for s in found.startup])._asdict(),
        "posts_per_s": spread_of(rates)._asdict(),
        "posts_per_s_core": median(rates) / work.cores,
        "java_share": _java_share(rounds, work),
        "share_of_limit": median(rates) * work.operations / work.posts / limit,
        "peak_pss_bytes": max(found.pss for found in rounds),
        "least_cosine": min(found.cosine for found in rounds),
        "rows": min(found.rows for found in rounds),
        "agrees": agrees(rounds, work),
    }


def _java_share(rounds: Sequence[Round], work: Work) -> float:
    """Of all that the cores could do in the warm runs, the part that Java took."""
    pairs = [
        (java, run) for found in rounds for java, run in zip(found.java, found.warm, strict=False)
    ]
    return median([java / (run * work.cores) for java, run in pairs]) if pairs else 0.0


def agrees(rounds: Sequence[Round], work: Work) -> bool:
    """Whether every run gave every post's vector, as near to the reference as is asked."""
    whole = all(found.rows == work.posts for found in rounds)
    return whole and min(found.cosine for found in rounds) >= LEAST_COSINE


def table(found: Mapping[str, Any]) -> Table:
    """The numbers as a table for a terminal or, in a wide console, a file."""
    shown = Table(title="Embedding: the same posts, cores and weights", box=box.SIMPLE)
    for heading in ("engine", "inside"):
        shown.add_column(heading, no_wrap=True)
    for heading in (
        "warm posts/s",
        "a core",
        "of limit",
        "Java",
        "cold s",
        "peak MB",
        "cosine",
        "ours/it warm",
        "ours/it cold",
    ):
        shown.add_column(heading, justify="right", no_wrap=True)
    for name, engine in found["engines"].items():
        shown.add_row(*_row(name, engine, found["ours_over"].get(name)))
    return shown


def _row(name: str, engine: Mapping[str, Any], over: Mapping[str, Any] | None) -> list[str]:
    entry = ENGINES[name]
    cosine = f"{engine['least_cosine']:.4f}" + ("" if engine["agrees"] else " !")
    return [
        entry.peer,
        entry.what,
        Spread(**engine["posts_per_s"]).text(0),
        f"{engine['posts_per_s_core']:.0f}",
        f"{engine['share_of_limit']:.1%}",
        f"{engine['java_share']:.1%}" if engine["java_share"] else "",
        Spread(**engine["cold_s"]).text(1),
        f"{engine['peak_pss_bytes'] / MB:,.0f}",
        cosine,
        *(Spread(**over[kind]).text(2) if over else "" for kind in ("warm", "cold")),
    ]


def limits_text(found: Mapping[str, Any]) -> str:
    """One line on the limit: rates a core by format and shape."""
    cores = found["work"]["cores"]
    parts = [
        f"{name.replace('_', ' ')} {rate / cores / 1e9:,.0f}"
        for name, rate in found["limit"].items()
        if name != "of_shares"
    ]
    per_post = found["work"]["operations"] / found["work"]["posts"] / 1e6
    return (
        f"A core multiplies, in 10⁹ operations a second: {', '.join(parts)}."
        f" A post takes {per_post:,.0f} million. Shares are of the higher bfloat16 rate."
    )


def save(found: Mapping[str, Any], folder: Path) -> list[Path]:
    """The numbers as JSON, the table as text, and the plot as PNG and SVG; the files' paths."""
    files = [folder / name for name in ("benchmark.json", "table.txt", "plot.png", "plot.svg")]
    files[0].write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    with files[1].open("w", encoding="utf-8") as file:
        console = Console(file=file, width=WIDTH)
        console.print(table(found))
        console.print(limits_text(found))
    plot(found, files[2:])
    return files


def plot(found: Mapping[str, Any], files: Sequence[Path]) -> None:
    """Warm posts a second and cold seconds of each engine, least to most as whiskers."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = list(found["engines"])[::-1]
    labels = [f"{ENGINES[name].peer}, {ENGINES[name].what}" for name in names]
    colours = [_colour(name) for name in names]
    figure, axes = plt.subplots(1, 2, figsize=(12, 0.45 * len(names) + 1.5), sharey=True)
    panels = (("posts_per_s", "warm: posts a second"), ("cold_s", "cold: seconds, with start-up"))
    for axis, (key, title) in zip(axes, panels, strict=True):
        spreads = [Spread(**found["engines"][name][key]) for name in names]
        middles = [s.median for s in spreads]
        ends = [[s.median - s.least for s in spreads], [s.most - s.median for s in spreads]]
        axis.barh(labels, middles, xerr=ends, color=colours, ecolor="0.35", capsize=2)
        axis.set_title(title, fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
    work = found["work"]
    figure.suptitle(f"{work['posts']:,} posts on {work['cores']} cores", fontsize=11)
    figure.tight_layout()
    for file in files:
        figure.savefig(file, dpi=150)
    plt.close(figure)


def _colour(name: str) -> str:
    if name in (OURS, LOOP):
        return {OURS: "#c0392b", LOOP: "#7f8c8d"}[name]
    return "#2c7fb8" if ENGINES[name].with_ours else "#a6cee3"
