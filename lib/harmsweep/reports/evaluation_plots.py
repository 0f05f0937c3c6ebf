"""The evaluation's charts: which figures each is drawn from."""

from collections.abc import Iterator, Mapping, Sequence

from harmsweep.evaluation.curves import GRID, Curve
from harmsweep.evaluation.records import Record
from harmsweep.reports.plots import ALARM, GOOD, MARK, SOFT, Charts, colour_of, dots, panel

# Marks a head or slice with too few positives, wherever it stands.
FEW = "*"
DIAGONAL = ((0.0, 0.0), (1.0, 1.0))


def rocs(curves: Mapping[str, Curve], heads: Mapping[str, Record]) -> Charts:
    """A ROC curve per head."""
    return {
        f"roc-{harm}": panel(
            _points(curve), title=_title(heads[harm], "auroc"), colour=colour_of(harm),
            x="false-positive rate", y="true-positive rate", line=DIAGONAL,
        )
        for harm, curve in curves.items()
    }  # fmt: skip


def prs(curves: Mapping[str, Curve], heads: Mapping[str, Record]) -> Charts:
    """A precision-recall curve per head; the dotted line is the share of positives."""
    return {
        f"precision_recall-{harm}": panel(
            _points(curve), title=_title(heads[harm], "auc_pr"), colour=colour_of(harm),
            x="recall", y="precision", line=_level(heads[harm]["positives"] / heads[harm]["n"]),
        )
        for harm, curve in curves.items()
    }  # fmt: skip


def reliability(heads: Mapping[str, Record]) -> Charts:
    """A reliability diagram per head: what happened where the model said so much; bins alike."""
    return {
        f"reliability-{harm}": panel(
            [{"x": b["predicted"], "y": b["observed"]} for b in head["bins"]],
            title=_title(head, "ece"), colour=colour_of(harm), x="probability",
            y="share harmful", line=DIAGONAL, dotted=True,
        )
        for harm, head in heads.items()
    }  # fmt: skip


def _points(curve: Curve) -> Iterator[Record]:
    for place, x in enumerate(GRID):
        band = {}
        if curve.low is not None and curve.high is not None:
            band = {"low": float(curve.low[place]), "high": float(curve.high[place])}
        yield {"x": float(x), "y": float(curve.height[place])} | band


def _level(y: float) -> Sequence[tuple[float, float]]:
    return ((0.0, y), (1.0, y))


def _title(head: Record, value: str) -> str:
    return f"{head['harm']}{FEW if head['few'] else ''} {head[value]:.2f}"


def forest(records: Sequence[Record], kind: str) -> Charts:
    """By head AUROC of each slice with its interval; hollow: few positives, or no interval."""
    return {
        f"by_{kind}-{harm}": dots(
            [
                {"name": f"{r['value']}  {r['positives']}/{r['n']}", "value": r["auroc"]}
                | {"low": r.get("low"), "high": r.get("high"), "few": r["few"]}
                | {"colour": colour_of(harm)}
                for r in records
                if r["harm"] == harm
            ],
            title=harm, x="AUROC", at=0.5, unit=True,
        )
        for harm in dict.fromkeys(record["harm"] for record in records)
    }  # fmt: skip


def identities(records: Sequence[Record]) -> Charts:
    """By head: how much more often harmless posts that name a group are flagged."""
    known = [record for record in records if record["gap"] is not None]
    return {
        f"identities-{harm}": dots(
            [
                {"name": r["identity"], "value": r["gap"], "colour": _colour(r)}
                | {"low": r["gap_low"], "high": r["gap_high"]}
                for r in known
                if r["harm"] == harm
            ],
            title=harm, x="rate less that of posts that name none", at=0,
        )
        for harm in dict.fromkeys(record["harm"] for record in known)
    }  # fmt: skip


def _colour(record: Record) -> str:
    low, high = record["gap_low"], record["gap_high"]
    if low is None:
        return SOFT
    return ALARM if low > 0 else GOOD if high < 0 else SOFT


def learning(records: Sequence[Record], heads: Mapping[str, Record]) -> Charts:
    """A panel per head: AUROC by the share of the training groups, with its interval."""
    by_head = {h: [r for r in records if r["harm"] == h and r["auroc"] is not None] for h in heads}
    return {
        f"learning-{harm}": panel(
            [
                {"x": r["share"], "y": r["auroc"], "low": r["low"], "high": r["high"]}
                for r in of_head
            ],
            title=harm, colour=colour_of(harm), x="share of groups", y="AUROC",
            line=_level(0.5), dotted=True,
        )
        for harm, of_head in by_head.items()
        if of_head
    }  # fmt: skip


def epochs(losses: Mapping[str, Sequence[tuple[int, float]]]) -> Charts:
    """Training's and validation's loss by epoch."""
    return {
        f"epochs-{name}": panel(
            [{"x": step + 1, "y": value} for step, value in points],
            title=_lowest(name, points), x="epoch", y="loss", colour=MARK, unit=False,
        )
        for name, points in losses.items()
    }  # fmt: skip


def _lowest(name: str, points: Sequence[tuple[int, float]]) -> str:
    value, step = min((value, step) for step, value in points)
    return f"{name.replace('_', ' ')}: least {value:.3g} in {step + 1}"
