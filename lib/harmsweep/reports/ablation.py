"""What the page says of an ablation: rows of its table, and what its figures are drawn from."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Record = Mapping[str, Any]
WHOLE = "all"
# A modality's figures: a network of it alone, one of all others, and what it adds to them.
PARTS = ("alone", "without", "adds")


def load_ablation(path: Path) -> dict[str, Any]:
    """The content of an ablation's file."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def by_dataset(ablation: Record) -> list[Record]:
    """The records to show: per head and dataset, with an AUROC.

    A head's figure over all its datasets together would mostly say which dataset a row is from.
    """
    records: list[Record] = [r for r in ablation["records"] if r["dataset"] != WHOLE]
    return [record for record in records if record.get("auroc") is not None]


def without_figures(ablation: Record) -> list[str]:
    """The heads that no dataset with both classes in its test part says anything about."""
    shown = {record["harm"] for record in by_dataset(ablation)}
    return [h for h in dict.fromkeys(r["harm"] for r in ablation["records"]) if h not in shown]


def label(record: Record) -> str:
    """A head and its dataset, as every figure names them."""
    return f"{record['harm']} · {record['dataset']}"


def alone(record: Record, modalities: Sequence[str]) -> list[float | None]:
    """The AUROC of all modalities together, then of each alone; None where there is none."""
    parts = record["modalities"]
    return [record["auroc"], *(parts.get(name, {}).get("alone") for name in modalities)]


def added(records: Iterable[Record], modality: str) -> Iterator[dict[str, Any]]:
    """What a modality adds to all others, by head and dataset, where that is known."""
    for record in records:
        part = record["modalities"].get(modality, {})
        if part.get("adds") is not None:
            ends = {"low": part.get("adds_low"), "high": part.get("adds_high")}
            yield {"name": label(record), "value": part["adds"]} | ends


def table(ablation: Record) -> Iterator[dict[str, Any]]:
    """A row for each head, dataset and modality; figures that there are none of are None."""
    verdicts = {(row["harm"], row["modality"]): row["verdict"] for row in ablation["proposals"]}
    off = ablation["switched_off"]
    for record in by_dataset(ablation):
        facts = {name: record.get(name) for name in ("harm", "dataset", "n", "groups", "note")}
        facts |= {name: record.get(name) for name in ("auroc", "auroc_low", "auroc_high")}
        for modality, figures in record["modalities"].items():
            verdict = verdicts.get((record["harm"], modality))
            if verdict == "off" and modality not in off.get(record["harm"], []):
                verdict = "spare alone, not with the others"
            yield facts | {
                "modality": modality,
                "training_rows": figures["training_rows"],
                "verdict": verdict,
                **_figures(figures),
            }


def proposed(ablation: Record) -> list[dict[str, Any]]:
    """What is proposed to be switched off, with the test figures of the network without it."""
    names = ["harm", "dataset", "auroc"]
    names += [f"proposed{part}{end}" for part in ("", "_adds") for end in ("", "_low", "_high")]
    return [
        {name: record.get(name) for name in names} | {"off": ", ".join(record["switched_off"])}
        for record in by_dataset(ablation)
        if record.get("switched_off")
    ]


def _figures(modality: Record) -> dict[str, Any]:
    names = [f"{part}{end}" for part in PARTS for end in ("", "_low", "_high")]
    return {name: modality.get(name) for name in names}
