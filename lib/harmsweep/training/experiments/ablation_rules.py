"""Whether a modality earns its place in a head: figures of the test part, a rule on validation."""

from collections.abc import Iterator, Mapping, Sequence

from harmsweep.evaluation.intervals import Floats, auroc_auprc, bootstrap_auroc_auprc, interval
from harmsweep.evaluation.records import ALL as WHOLE
from harmsweep.evaluation.records import Record
from harmsweep.evaluation.scored import ScoredRows
from harmsweep.model.conf import Evaluation
from harmsweep.training.presence import Present, seen_by

Off = Mapping[str, Sequence[str]]


def ablation_records(
    scored: ScoredRows, present: Present, options: Evaluation, off: Off, *, seed: int
) -> Iterator[Record]:
    """One record of all the harm's test rows, and one per dataset that has both labels."""
    datasets = [str(d) for d in sorted(set(scored.datasets)) if scored.of(str(d)).has_both]
    for dataset in (WHOLE, *datasets):
        rows = scored if dataset == WHOLE else scored.of(dataset)
        seen = seen_by(present, scored.harm, dataset)
        yield {"harm": scored.harm, "dataset": dataset} | _record(
            rows, seen, options, off=list(off.get(scored.harm, [])), seed=seed
        )


def _record(
    rows: ScoredRows, seen: Mapping[str, int], options: Evaluation, *, off: list[str], seed: int
) -> Record:
    """AUROC with all, with each modality alone, with all but it, and what it adds (paired)."""
    groups = len(set(rows.groups))
    facts: Record = {"n": len(rows.truth), "positives": int(rows.truth.sum()), "groups": groups}
    if not rows.has_both:
        return facts | {"note": "one class only", "modalities": {}}
    drawn: dict[str, Floats] = {}
    if groups >= options.min_groups:
        scores = rows.scores
        areas = bootstrap_auroc_auprc(
            rows.truth, scores, rows.groups, resamples=options.resamples, seed=seed
        )
        drawn = {name: auroc for name, (auroc, _) in areas.items()}
    points = {name: auroc_auprc(rows.truth, scores)[0] for name, scores in rows.scores.items()}
    facts |= {"note": "" if drawn else f"groups < {options.min_groups}"}
    facts |= _figure("auroc", "all", points, drawn)
    facts["modalities"] = {
        modality: {"training_rows": count}
        | _figure("alone", f"only {modality}", points, drawn)
        | _figure("without", f"without {modality}", points, drawn)
        | _figure("adds", "all", points, drawn, less=f"without {modality}")
        for modality, count in seen.items()
        if f"only {modality}" in points
    }
    if off:
        facts |= {"switched_off": off} | _figure("proposed", "proposed", points, drawn)
        facts |= _figure("proposed_adds", "proposed", points, drawn, less="all")
    return facts


def _figure(
    name: str,
    of: str,
    points: Mapping[str, float],
    drawn: Mapping[str, Floats],
    *,
    less: str | None = None,
) -> Record:
    """A point and its interval; with `less`, of the paired difference."""
    figure: Record = {name: points[of] - (points[less] if less else 0.0)}
    if drawn:
        low, high = interval(drawn[of] - (drawn[less] if less else 0.0))
        figure |= {f"{name}_low": low, f"{name}_high": high}
    return figure


def proposals(
    checked: Sequence[ScoredRows], present: Present, options: Evaluation
) -> Iterator[Record]:
    """For each head and modality, whether validation rows say that it may go, and why.

    "off" where leaving it out lowers AUROC in no dataset whose training rows have it; "undecided"
    where one of these has fewer than `min_groups` groups of a class: with five negatives AUROC was
    0.32 with pictures and 0.5 by chance, and would have cost a meme head its only picture.
    """
    for scored in checked:
        for modality in sorted(seen_by(present, scored.harm, WHOLE)):
            if f"without {modality}" not in scored.scores:
                continue
            homes = sorted(d for h, d, m in present if (h, m) == (scored.harm, modality))
            figures = [_judged(scored.of(d), d, f"without {modality}", options) for d in homes]
            yield {
                "harm": scored.harm,
                "modality": modality,
                "verdict": _verdict(figures),
                "datasets": figures,
            }


def _judged(rows: ScoredRows, dataset: str, variant: str, options: Evaluation) -> Record:
    of_class = [len(set(rows.groups[rows.truth == label])) for label in (True, False)]
    facts: Record = {"dataset": dataset, "groups_of_rarer_class": min(of_class)}
    if min(of_class) < options.min_groups:
        return facts
    auroc = {name: auroc_auprc(rows.truth, rows.scores[name])[0] for name in ("all", variant)}
    return facts | {"all": auroc["all"], "without": auroc[variant]}


def _verdict(figures: Sequence[Record]) -> str:
    if not figures or any("all" not in row for row in figures):
        return "undecided"
    return "off" if all(row["without"] >= row["all"] for row in figures) else "on"


def switched_off(proposed: Sequence[Record]) -> Off:
    """The modalities that each head may lose; a head keeps the last one that it has."""
    by_harm: dict[str, list[str]] = {}
    for harm in dict.fromkeys(row["harm"] for row in proposed):
        verdicts = {r["modality"]: r["verdict"] for r in proposed if r["harm"] == harm}
        off = [modality for modality, verdict in verdicts.items() if verdict == "off"]
        if off and len(off) < len(verdicts):
            by_harm[harm] = off
    return by_harm


def confirmations(
    off: Mapping[str, tuple[Sequence[str], str]], checked: Sequence[ScoredRows], options: Evaluation
) -> Iterator[Record]:
    """Whether each head's proposal costs nothing on any validation dataset with enough groups.

    `off` gives a head's modalities, and which scores are those without all of them.
    """
    for rows in (rows for rows in checked if rows.harm in off):
        names, variant = off[rows.harm]
        datasets = map(str, sorted(set(rows.datasets)))
        of_datasets = [_judged(rows.of(d), d, variant, options) for d in datasets]
        figures = [row for row in of_datasets if "all" in row]
        holds = bool(figures) and all(row["without"] >= row["all"] for row in figures)
        yield {"harm": rows.harm, "off": list(names), "confirmed": holds, "datasets": figures}
