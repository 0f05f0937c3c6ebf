"""A model card in Markdown (Mitchell et al., FAT* 2019), from the manifest and its evaluation."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harmsweep.harms import ALL_HARMS
from harmsweep.model.manifest import Manifest, load_manifest, verified_bytes
from harmsweep.release.gates import WORDS, Gate

INTENDED = """\
Scores new posts of a social network, one probability per harm, so that people review the likeliest
first. Automatic action needs a certificate of its thresholds for exactly this model and one policy
(docs/certificates.md); without one every action becomes review.

Not meant for: judging people, decisions without a way to appeal, languages other than English (the
text encoder's), child safety, threats to life or terrorism (a lane of their own), or any platform
on which it was not evaluated: the figures below hold for the posts that they were measured on."""
LIMITS = """\
- Harm and dataset are confounded in the training posts: most harms were annotated in one collection
  only, so a head partly learns the collection. Figures within a dataset say more than over all.
- Labels are other people's judgement, with their errors; a head repeats them.
- A head with few test positives or groups has a wide interval, or none: read it before the figure.
- Numbers of authors and posts are those of research collections; a platform's own differ."""


def card(path: Path, gates: Sequence[Gate] = ()) -> str:
    """The card of a manifest's model; with the gates that it was released by."""
    manifest = load_manifest(path)
    content = verified_bytes(path.parent / manifest.evaluation.name, manifest.evaluation.sha256)
    evaluation = json.loads(content)
    parts = [
        f"# Model card: {manifest.model_version}",
        f"## Intended use\n{INTENDED}",
        "## Model\n" + "\n".join(_model(manifest, path)),
        "## Data\n" + "\n".join(_data(manifest)),
        "## Figures on the test part\n" + "\n".join(_figures(evaluation)),
        "## Probabilities\n" + "\n".join(_calibration(manifest, evaluation)),
        f"## Limits\n{LIMITS}",
    ]
    if gates:
        parts.append("## Release gates\n" + "\n".join(_gates(gates)))
    return "\n\n".join(parts) + "\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * len(header)
    yield from (f"| {' | '.join(map(str, row))} |" for row in rows)


def _model(manifest: Manifest, path: Path) -> Iterator[str]:
    size = (path.parent / manifest.weights.name).stat().st_size
    yield (
        f"Early fusion of {len(manifest.inputs)} vectors and {len(manifest.features)} numbers, a"
        f" shared trunk of {manifest.network.hidden} units and {len(manifest.harms)} heads;"
        f" {size:,} bytes of weights (SHA-256 `{manifest.weights.sha256}`)."
    )
    yield ""
    yield from _table(
        ["input", "encoder", "width"],
        [(source.name, f"`{source.encoder_id}`", source.width) for source in manifest.inputs],
    )
    yield ""
    yield f"Numbers: {', '.join(feature.name for feature in manifest.features) or 'none'}."


def _data(manifest: Manifest) -> Iterator[str]:
    facts = manifest.snapshot
    rows = ", ".join(f"{name} {count:,}" for name, count in facts.rows.items())
    yield f"Snapshot `{facts.id}`, posts of {facts.first} to {facts.last}; rows by part: {rows}."
    yield ""
    yield from _table(
        ["harm", "what it is", "positive", "negative"],
        [
            (h.harm, ALL_HARMS[h.harm].description, f"{h.positives:,}", f"{h.negatives:,}")
            for h in manifest.heads
        ],
    )
    if manifest.skipped:
        yield ""
        reasons = ", ".join(f"{h.harm} ({h.reason})" for h in manifest.skipped)
        yield f"No head: {reasons}."
    if manifest.kept_out:
        yield ""
        reasons = "; ".join(f"{harm}: {why}" for harm, why in manifest.kept_out.items())
        yield f"Kept out of production policies, trained and reported alone: {reasons}."


def _figures(evaluation: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (
            row["harm"],
            row["dataset"],
            f"{row['n']:,} ({row['positives']:,}, {row['groups']:,})",
            _interval(row, "auroc", "low", "high"),
            _interval(row, "auc_pr", "ap_low", "ap_high"),
            _best(row),
            row["note"] or ("worse" if row["worse_than_baseline"] else ""),
        )
        for row in evaluation["records"]
    ]
    yield "Intervals are the central 95 % over resamples of whole groups."
    yield ""
    header = ["harm", "dataset", "rows (positive, groups)", "AUROC", "AUC-PR", "best baseline", ""]
    yield from _table(header, rows)


def _interval(row: Mapping[str, Any], name: str, low: str, high: str) -> str:
    if row.get(name) is None:
        return ""
    ends = f" ({row[low]:.3f} to {row[high]:.3f})" if row.get(low) is not None else ""
    return f"{row[name]:.3f}{ends}"


def _best(row: Mapping[str, Any]) -> str:
    best = row.get("best_baseline")
    return f"{best} {row[f'baseline_{best}_auroc']:.3f}" if best else ""


def _calibration(manifest: Manifest, evaluation: Mapping[str, Any]) -> Iterator[str]:
    known = {row["harm"]: row for row in evaluation.get("calibration", [])}
    rows = []
    for harm in manifest.harms:
        fitted = manifest.calibrations.get(harm)
        method = fitted.method if fitted else "none"
        note = fitted.note if fitted else ""
        rows.append(
            (harm, method, _interval(known.get(harm, {}), "ece", "ece_low", "ece_high"), note)
        )
    yield from _table(["harm", "calibration", "expected calibration error", ""], rows)


def _gates(gates: Sequence[Gate]) -> Iterator[str]:
    yield from _table(
        ["gate", "of", "", "figures"],
        [(gate.name, gate.item, WORDS[gate.passed], gate.figures) for gate in gates],
    )
