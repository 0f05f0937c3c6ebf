"""What each section of the page is filled with: figures, plots and counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from harmsweep.evaluation.confusions import confusions, flagged_by_others
from harmsweep.evaluation.curves import curves
from harmsweep.evaluation.fairness import NO_IDENTITY, identity_records, mentions
from harmsweep.evaluation.model_scores import labelled_rows, score_column, scored_rows
from harmsweep.evaluation.ordinary import Flagging, any_head_records, ordinary_records
from harmsweep.evaluation.records import ALL, Record
from harmsweep.evaluation.shares import at_threshold, threshold_by_precision, threshold_by_rate
from harmsweep.evaluation.slices import LEAST_POSITIVES, SLICES, shown, slice_records
from harmsweep.evaluation.threshold_costs import ASSUMED_PREVALENCE, threshold_costs
from harmsweep.model.conf import Evaluation, load_training
from harmsweep.model.snapshot import label_column
from harmsweep.policy.certificates import Certificate, find_certificate
from harmsweep.policy.file import Policy
from harmsweep.reports import evaluation_plots, threshold_plots
from harmsweep.reports.plots import Charts
from harmsweep.training.experiments.comparison_records import AREAS
from harmsweep.training.experiments.comparison_tables import NAMES, cells, mean_cells

PRECISIONS = (0.8, 0.9, 0.95)
# The thresholds whose costs are written down beside the rungs'.
SHOWN = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LEFT_OUT = "leave_one_group_out"


@dataclass(frozen=True)
class ScoredParts:
    """A model's rows of the part that thresholds are chosen on, and of the one that judges."""

    certify: pd.DataFrame
    test: pd.DataFrame
    harms: Sequence[str]
    options: Evaluation
    seed: int

    @property
    def thresholds(self) -> dict[str, float]:
        """By head the score that few harmless rows of the certify part exceed."""
        scores = {h: threshold_by_rate(scored_rows(self.certify, h)) for h in self.harms}
        return {harm: score for harm, score in scores.items() if score is not None}


def curve_plots(rows: ScoredParts, heads: Mapping[str, Record]) -> Charts:
    """ROC, precision-recall and reliability of the heads that have both classes."""
    shown = {harm: head for harm, head in heads.items() if head["auroc"] is not None}
    drawn = {h: curves(scored_rows(rows.test, h), rows.options, seed=rows.seed) for h in shown}
    rocs = evaluation_plots.rocs({h: roc for h, (roc, _) in drawn.items()}, shown)
    prs = evaluation_plots.prs({h: pr for h, (_, pr) in drawn.items()}, shown)
    return rocs | prs | evaluation_plots.reliability(shown)


def precision_records(rows: ScoredParts) -> Iterator[Record]:
    """By head and precision: the threshold by the certify part, and what it does on the test part.

    Heads without a threshold at any of the precisions have one record that says so.
    """
    for harm in rows.harms:
        chosen = {p: threshold_by_precision(scored_rows(rows.certify, harm), p) for p in PRECISIONS}
        known = {wanted: score for wanted, score in chosen.items() if score is not None}
        for wanted, score in known.items():
            test = scored_rows(rows.test, harm)
            figures = at_threshold(test, score, rows.options, seed=rows.seed)
            yield {"harm": harm, "wanted": wanted} | figures
        if not known:
            yield {"harm": harm, "wanted": None}


def certificates_of(folder: Path, model_version: str) -> list[Certificate]:
    """The certificates of a model, one for each policy that it was certified under."""
    policies = sorted(path.stem for path in folder.glob("*.json"))
    certificates = (find_certificate(folder, model_version, policy) for policy in policies)
    return [certificate for certificate in certificates if certificate is not None]


def flagging(policy: Policy, model_version: str, certificates: Path) -> Flagging:
    """The rungs of a policy as they stand for a model, and the posts that should reach none."""
    certificate = find_certificate(certificates, model_version, policy.policy_version)
    return Flagging(policy, certificate, load_training().background)


def ordinary(rows: ScoredParts, by: Flagging) -> dict[str, Any]:
    """What each rung of a policy does to test posts that are free of its harm."""
    given = rows.test, rows.harms, by, rows.options
    heads, in_all = (
        [record for record in records(*given, seed=rows.seed) if record["n"]]
        for records in (ordinary_records, any_head_records)
    )
    return {"policy": by.policy.policy_version, "heads": heads, "in_all": in_all}


def costs(rows: ScoredParts, by: Flagging, posts_a_day: int | None) -> dict[str, Any]:
    """What the thresholds of each head cost: at the rungs, at some others, and the chart of all."""
    heads = [
        (of_head, of_head.positives < LEAST_POSITIVES)
        for harm in rows.harms
        for of_head in threshold_costs(rows.test, harm, by, rows.options, seed=rows.seed)
    ]
    listed = [
        {"harm": head.harm, "head": head, "few": few}
        | {"rungs": [head.at(s) | {"action": a} for a, s in head.rungs.items()]}
        | {"others": [head.at(score) for score in SHOWN]}
        for head, few in heads
    ]
    facts = {"policy": by.policy.policy_version, "assumed": ASSUMED_PREVALENCE}
    plots = threshold_plots.costs_by_threshold(heads)
    return facts | {"heads": listed, "posts_a_day": posts_a_day, "plots": plots}


def slice_sections(rows: ScoredParts) -> tuple[list[dict[str, Any]], Charts]:
    """By what is sliced: records, and what was left out; and the plots by name."""
    records = list(slice_records(rows.test, rows.harms, rows.options, seed=rows.seed))
    sections: list[dict[str, Any]] = []
    plots: Charts = {}
    for kind, title in SLICES.items():
        of_kind = [r for r in records if r["slice"] == kind]
        enough = [r for r in of_kind if shown(r, rows.options)]
        left_out = [r for r in of_kind if not shown(r, rows.options)]
        ends = {"low": None, "high": None, "ap_low": None, "ap_high": None}
        plots |= evaluation_plots.forest(enough, kind)
        sections.append(
            {"title": title, "plot": f"by_{kind}", "records": [ends | r for r in enough]}
            | {"left_out": len(left_out), "posts_left_out": sum(r["n"] for r in left_out)}
        )
    return sections, plots


def fairness(rows: ScoredParts, texts: pd.Series | None) -> dict[str, Any]:
    """False-positive rates by the identities that harmless posts name; empty without texts."""
    if texts is None:
        return {"records": [], "plots": {}}
    named = mentions(texts)
    records: list[Record] = []
    for harm, threshold in rows.thresholds.items():
        known = labelled_rows(rows.test, harm)
        harmless = known[known[label_column(harm)] == 0]
        flagged = (harmless[score_column(harm)] > threshold).to_numpy()
        groups = harmless["split_group"].to_numpy(dtype=str)
        of_harm = identity_records(
            flagged, named.loc[harmless.index], groups, rows.options, seed=rows.seed
        )
        of_head = [{"harm": harm} | record for record in of_harm]
        records += of_head if len(of_head) > 1 else []
    gaps = [record for record in records if record["identity"] != NO_IDENTITY]
    return {"records": records, "plots": evaluation_plots.identities(gaps)}


def confusion(rows: ScoredParts) -> dict[str, Any]:
    """Which heads flag one another's posts, over all positives and where labels tell them apart."""
    thresholds = rows.thresholds
    shares = flagged_by_others(rows.test, rows.harms, thresholds)
    positives = {h: int((rows.test[label_column(h)] == 1).sum()) for h in rows.harms}
    records = confusions(rows.test, rows.harms, thresholds, rows.options, seed=rows.seed)
    return {
        "heads": ["positives of", *(f"*{head}" for head in shares.columns)],
        "shares": {
            f"{harm} ({positives[str(harm)]})": [float(v) if pd.notna(v) else None for v in values]
            for harm, values in shares.iterrows()
        },
        "records": sorted(records, key=lambda r: (-r["value"], r["harm"], r["other"])),
    }


def leave_one_group_out(*contents: Mapping[str, Any]) -> list[Record]:
    """The figures of datasets with few groups, each group held out once, and prevalence.

    From the model's evaluation (regressions) and from what jobs/learning.py wrote (the network).
    """
    rows: list[Record] = [row for content in contents for row in content.get(LEFT_OUT, [])]
    rows.sort(key=lambda row: (row["harm"], row["dataset"]))
    return [row | {"prevalence": row["positives"] / row["n"]} for row in rows]


def comparison(content: Mapping[str, Any]) -> dict[str, Any]:
    """The tables of a comparison, each a header and rows."""
    records = [r for r in content["records"] if r["dataset"] == ALL]
    return {
        "seeds": len(content["seeds"]),
        "snapshot": content["snapshot"],
        "means": mean_cells(content["means"]),
        "areas": {NAMES[area]: cells(records, area) for area in AREAS},
    }
