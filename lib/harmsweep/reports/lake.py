"""Write the report: one HTML file that needs no other."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harmsweep.evaluation.heads import doubts
from harmsweep.plurals import counted
from harmsweep.policy.demonstration import DEMONSTRATION_MARK
from harmsweep.reports import ablation as ablations
from harmsweep.reports import against_labels, lake_figures, plots
from harmsweep.reports.post_lists import post_lists
from harmsweep.reports.vocabulary import STATUSES

# The templates of all pages: parts.html holds what they share.
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)
TEMPLATES.globals |= {"statuses": STATUSES, "counted": counted}

# What the ids of lists of posts under an action start with.
HELD = "held-"


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
        span=lake_figures.span(lake),
        at=datetime.now(UTC),
        demonstration=(lake / DEMONSTRATION_MARK).exists(),
        truth=_truth(lake, model),
        ablation=ablation_section(ablation) if ablation else None,
        **_balance(lake, model),
        **_outcomes(lake, model, policy),
        **_held_out(evaluation, by_language),
        **_contents(lake, model),
    )
    out.write_text(page, encoding="utf-8")
    return out


def _truth(lake: Path, model: str) -> dict[str, Any]:
    """What holds beside the lake's own labels: figures by harm, and the posts behind them."""
    labelled = against_labels.outcomes(lake)
    if labelled.empty:
        return {"rows": []}
    counts = against_labels.by_harm(lake, labelled)
    lists = list(post_lists(lake, against_labels.listed(labelled), model))
    links = {found["id"] for found in lists}
    harmful = counts[counts["harmful"] > 0]
    missed, unseen = harmful["missed"] == harmful["harmful"], harmful["hit"] == 0
    return {
        "rows": records(counts.reset_index(names="harm")),
        "all_missed": _named(harmful[missed], "harmful"),
        "never_hit": _named(harmful[unseen & ~missed], "harmful"),
        "false": _named(counts[counts["false"] > 0], "false"),
        "posts": len(labelled.drop_duplicates(["day", "post_id"])),
        "trained_on": against_labels.trained_on(lake, labelled, model),
        "figure": plots.stacked(
            counts, colours=plots.OUTCOME_COLOURS, title="Actions against labels", lists=links
        ),
        "links": links,
        "lists": lists,
        "sql": against_labels.OUTCOME_SQL,
    }


def _named(counts: pd.DataFrame, column: str) -> list[str]:
    """Harms, each with a number."""
    return [f"{harm} ({n:,})" for harm, n in counts[column].items()]


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
    lists = list(post_lists(lake, lake_figures.under_action(lake), model, prefix=HELD))
    statuses = lake_figures.statuses_by_day(lake, model)
    return {
        "effects": records(effects),
        "effects_figure": _effects_figure(effects, {found["id"] for found in lists}),
        "held": lists,
        "reviews": records(lake_figures.review_reasons(lake, model, policy)),
        "statuses_figure": ""
        if statuses.empty
        else plots.stacked(
            statuses, colours=plots.STATUS_COLOURS, title="Posts by how they were scored"
        ),
        "score_figures": [
            plots.panel(
                ({"x": x, "y": share} for x, share in shares.items()),
                title=str(head),
                x="score",
                y="share at or above",
                colour=plots.colour_of(str(head)),
                log=True,
            )
            for head, shares in lake_figures.score_shares(lake, model).items()
        ],
    }


def _held_out(
    evaluation: Sequence[Mapping[str, Any]], by_language: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The model's figures on held-out posts, and what can be held against its heads."""
    rows = [_filled(record) for record in without_repeats(evaluation)]
    languages = [_filled(record) for record in by_language]
    drawn = [
        {"name": f"{r['harm']} · {r['dataset']}", "value": r["auroc"], "beside": r["baseline"]}
        | {"low": r["low"], "high": r["high"], "colour": plots.colour_of(r["harm"])}
        for r in rows
        if r["auroc"] is not None
    ]
    key = "line: 95 % interval; diamond: the best regression"
    return {
        "evaluation": rows,
        "by_language": languages,
        "evaluation_figure": plots.dots(
            drawn, title="Held-out figures", x="AUROC", at=0.5, key=key, unit=True
        )
        if drawn
        else "",
        "doubts": doubts([*rows, *languages]),
    }


def _contents(lake: Path, model: str) -> dict[str, Any]:
    """What the lake holds, what was refused, and how long the stages took."""
    seconds = [
        {"name": stage, "value": value, "colour": plots.SOFT}
        for stage, value in lake_figures.stage_seconds(lake).items()
    ]
    return {
        "rejects": records(lake_figures.reject_rules(lake)),
        "media": records(lake_figures.media_statuses(lake)),
        "inputs": records(lake_figures.inputs_seen(lake)),
        "pictures": records(lake_figures.pictures_read(lake)),
        "matches": records(lake_figures.media_matches(lake)),
        "copies": records(lake_figures.copies(lake)),
        "comments": records(lake_figures.comments(lake, model)),
        "languages": records(lake_figures.languages(lake)),
        "seconds_figure": plots.bars(seconds, title="All days together", unit="seconds")
        if seconds
        else "",
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
    return {
        "alone_names": ["head", "*all together", *(f"*{m.replace('_', ' ')}" for m in modalities)],
        "alone": {ablations.label(r): ablations.alone(r, modalities) for r in shown},
        "adds": [
            plots.dots(
                rows, title=modality.replace("_", " "), x="AUROC of all less all but it", at=0
            )
            for modality in modalities
            if (rows := [*map(_added, ablations.added(shown, modality))])
        ],
        "rows": list(ablations.table(content)),
        "proposed": ablations.proposed(content),
        "switched_off": content["switched_off"],
        "without_figures": ablations.without_figures(content),
    }


def _added(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a modality adds to a head, in the colour of what can be said of it."""
    low, high = row["low"], row["high"]
    is_clear = low is not None and (low > 0 or high < 0)
    colour = plots.SOFT if not is_clear else plots.GOOD if low > 0 else plots.ALARM
    return dict(row) | {"colour": colour}


def _effects_figure(effects: pd.DataFrame, lists: Collection[str]) -> str:
    if effects.empty:
        return ""
    table = effects.pivot_table(index="harm", columns="action", values="posts", aggfunc="sum")
    return plots.stacked(
        table.fillna(0),
        colours=plots.ACTION_COLOURS,
        title="Posts under an action now",
        lists=lists,
        prefix=HELD,
    )
