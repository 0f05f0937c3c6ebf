"""Write the report: one HTML file that needs no other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harmsweep.policy.demonstration import DEMONSTRATION_MARK
from harmsweep.reports import ablation as ablations
from harmsweep.reports import lake_figures, plots

# The folder of the templates: parts.html holds what other pages share with this one.
PARTS = Path(__file__).parent
TEMPLATES = Environment(loader=FileSystemLoader(PARTS), autoescape=True, undefined=StrictUndefined)


def write_report(
    lake: Path,
    out: Path,
    *,
    model: str,
    policy: str,
    evaluation: Sequence[Mapping[str, Any]],
    by_language: Sequence[Mapping[str, Any]] = (),
    ablation: Path | None = None,
) -> Path:
    """Write the lake's report to `out` and give that path.

    `evaluation` holds the model's records of held-out figures, one per harm and dataset, and
    `by_language` those per harm and language; `ablation` is the file that jobs/ablate.py wrote.
    """
    page = TEMPLATES.get_template("page.html").render(
        model=model,
        policy=policy,
        lake=lake.name,
        demonstration=(lake / DEMONSTRATION_MARK).exists(),
        by_language=[_filled(record) for record in by_language],
        ablation=ablation_section(ablation) if ablation else None,
        **_balance(lake, model),
        **_outcomes(lake, model, policy),
        **_held_out(evaluation),
        **_contents(lake, model),
    )
    out.write_text(page, encoding="utf-8")
    return out


def _balance(lake: Path, model: str) -> dict[str, Any]:
    """Where every landed post went, and the queries that say so."""
    queries = (
        lake_figures.LANDED_SQL,
        lake_figures.POSTS_SQL,
        lake_figures.REJECTS_SQL,
        lake_figures.STATUS_SQL.strip(),
    )
    return {
        "accounts": lake_figures.accounts(lake, model),
        "accounts_sql": "\n\n".join(queries).format(of_model=lake_figures.of_model(model, "s.")),
    }


def _outcomes(lake: Path, model: str, policy: str) -> dict[str, Any]:
    """How posts were scored, and what came of it."""
    effects = lake_figures.in_force(lake)
    shares = lake_figures.score_shares(lake, model)
    return {
        "effects": records(effects),
        "effects_figure": _effects_figure(effects),
        "reviews": records(lake_figures.review_reasons(lake, model, policy)),
        "statuses_figure": plots.stacked(
            lake_figures.statuses_by_day(lake, model),
            colours=plots.STATUS_COLOURS,
            title="Posts by how they were scored",
        ),
        "scores_figure": plots.score_curves(shares) if len(shares.columns) else "",
    }


def _held_out(evaluation: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The model's figures on held-out posts, and the heads that are worse than a baseline."""
    rows = [_filled(record) for record in without_repeats(evaluation)]
    drawn = [record for record in rows if record["auroc"] is not None]
    return {
        "evaluation": rows,
        "evaluation_figure": plots.held_out(drawn) if drawn else "",
        "worse": [f"{r['harm']} ({r['dataset']})" for r in rows if r["worse_than_baseline"]],
    }


def _contents(lake: Path, model: str) -> dict[str, Any]:
    """What the lake holds, what was refused, and how long the stages took."""
    return {
        "rejects": records(lake_figures.reject_rules(lake)),
        "media": records(lake_figures.media_statuses(lake)),
        "inputs": records(lake_figures.inputs_seen(lake)),
        "pictures": records(lake_figures.pictures_read(lake)),
        "matches": records(lake_figures.media_matches(lake)),
        "copies": records(lake_figures.copies(lake)),
        "comments": records(lake_figures.comments(lake, model)),
        "languages": records(lake_figures.languages(lake)),
        "seconds_figure": plots.seconds(lake_figures.stage_seconds(lake)),
    }


# What a record of held-out figures may lack: with one class no curve, with few groups no interval.
FIGURES = ("auroc", "low", "high", "auc_pr", "difference", "difference_low", "difference_high")
# The modalities that a plain logistic regression may stand beside a head with.
BASELINES = ("text", "media_text", "image", "video")


def _filled(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with None for absent figures, and the best baseline's AUROC as `baseline`."""
    best = record.get("best_baseline")
    areas = {name: record.get(f"baseline_{name}_auroc") for name in BASELINES}
    known = {name: area for name, area in areas.items() if area is not None}
    baseline = {"best_baseline": best, "baseline": areas.get(str(best)), "baselines": known}
    return dict.fromkeys(FIGURES) | dict(record) | baseline


def without_repeats(evaluation: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records without those of all datasets that one dataset's record says already."""
    of_dataset = {(r["harm"], r["n"]) for r in evaluation if r["dataset"] != "all"}
    return [r for r in evaluation if r["dataset"] != "all" or (r["harm"], r["n"]) not in of_dataset]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dicts, with None where a value is missing."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict(orient="records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def ablation_section(path: Path) -> dict[str, Any]:
    """What a page's section on the ablation is filled with."""
    content = ablations.load_ablation(path)
    shown, modalities = ablations.by_dataset(content), content["modalities"]
    names = [ablations.label(record) for record in shown]
    drawn = bool(shown and modalities)
    return {
        "alone_figure": plots.alone(shown, modalities, names=names) if drawn else "",
        "adds_figure": plots.adds(shown, modalities, names=names) if drawn else "",
        "rows": list(ablations.table(content)),
        "proposed": ablations.proposed(content),
        "switched_off": content["switched_off"],
        "without_figures": ablations.without_figures(content),
    }


def _effects_figure(effects: pd.DataFrame) -> str:
    if effects.empty:
        return ""
    table = effects.pivot_table(index="harm", columns="action", values="posts", aggfunc="sum")
    return plots.stacked(
        table.fillna(0), colours=plots.ACTION_COLOURS, title="Posts under an action now"
    )
