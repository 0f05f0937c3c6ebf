"""Modality ablation: what each head is worth with one modality alone, with all, with all but one.

All networks train side by side over one reading of the snapshot, with the options and the seed of
the model, so that the one with all modalities is the model itself (where none is switched off).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harmsweep.evaluation.records import Record
from harmsweep.evaluation.scored import ScoredRows, score_labelled_rows
from harmsweep.model.conf import Fit, TrainingConfig, load_training
from harmsweep.model.fusion import Columns
from harmsweep.model.snapshot import load_snapshot
from harmsweep.paths import CONF
from harmsweep.training.data import Task
from harmsweep.training.experiments.ablation_rules import (
    ablation_records,
    confirmed,
    proposals,
    switched_off,
)
from harmsweep.training.experiments.results import digest, write_once
from harmsweep.training.fit import fit
from harmsweep.training.learner import Network, network
from harmsweep.training.presence import Present, presence
from harmsweep.training.progress import epochs_shown
from harmsweep.training.train import code_version, task_of

ALL, PROPOSED = "all", "proposed"
Networks = Mapping[str, Network]


def ablate(snapshot: Path, *, out: Path, config: Path = CONF / "training.yaml") -> Path:
    """Write `out/<snapshot id>-<digest>.ablation.json` once; a second call only gives its path.

    `switched_off` of the configuration plays no part: the ablation is what decides it.

    Raises:
        SnapshotRefused: the snapshot's files differ from its own hashes.
        TrainingRefused: the configuration is wrong, or no harm has enough labels for a head.
    """
    facts, options = load_snapshot(snapshot), load_training(config)
    made_from = {
        "snapshot": facts.id,
        "config": digest(options.model_dump(mode="json", exclude={"switched_off"})),
        "code_version": code_version(),
    }

    def find() -> dict[str, Any]:
        return ablation(snapshot, task_of(snapshot, facts, options)[0], options)

    return write_once(out, "ablation", made_from, find)


def ablation(snapshot: Path, task: Task, options: TrainingConfig) -> dict[str, Any]:
    """Everything that the ablation found: figures of the test part, proposals and why.

    A proposal is made on the validation part. Where it takes several modalities from a head, it is
    confirmed there by a network without all of them: two that stand in for each other both look
    spare.
    """
    present = presence(snapshot / "train", task)
    networks = variants(task, options.fit, present)
    _fit(snapshot, task, networks, options.fit)
    checked = _scored(snapshot / "validation", task, networks)
    proposed = list(proposals(checked, present, options.evaluation))
    off = switched_off(proposed)
    together = {
        _without(names): network(task, options.fit, columns=task.without(names))
        for names in off.values()
        if _without(names) not in networks
    }
    if together:
        _fit(snapshot, task, together, options.fit)
        again = _scored(snapshot / "validation", task, together)
        checked = [_beside(*pair) for pair in zip(checked, again, strict=True)]
    variant = {harm: (names, _without(names)) for harm, names in off.items()}
    joint = list(confirmed(variant, checked, options.evaluation))
    accepted = {row["harm"]: row["off"] for row in joint if row["confirmed"]}
    records: list[Record] = []
    for scored in _scored(snapshot / "test", task, {**networks, **together}):
        mine = accepted.get(scored.harm, [])
        named = {PROPOSED: scored.scores[_without(mine)]} if mine else {}
        rows = replace(scored, scores={**scored.scores, **named})
        records += ablation_records(
            rows, present, options.evaluation, accepted, seed=options.fit.seed
        )
    return {
        "modalities": [m for m in task.modalities if f"only {m}" in networks],
        "records": records,
        "proposals": proposed,
        "joint": joint,
        "switched_off": accepted,
    }


def variants(task: Task, options: Fit, present: Present) -> Networks:
    """The network of all modalities, and for each that some row has: it alone, and all but it."""
    found = {ALL: network(task, options)}
    seen = [m for m in task.modalities if any(key[2] == m for key in present)]
    for modality in seen if len(seen) > 1 else []:
        others = [m for m in task.modalities if m != modality]
        found[f"only {modality}"] = network(task, options, columns=task.without(others))
        found[_without([modality])] = network(task, options, columns=task.without([modality]))
    return found


def _fit(snapshot: Path, task: Task, networks: Networks, options: Fit) -> None:
    with epochs_shown(options.epochs) as (report, _):
        fit(snapshot, task, list(networks.values()), options, report=report)


def _scored(part: Path, task: Task, networks: Networks) -> list[ScoredRows]:
    """Each labelled row's score by each network, harm by harm."""

    def scores(rows: Columns) -> dict[str, NDArray[np.float64]]:
        fused = torch.from_numpy(task.fused(rows))
        with torch.inference_mode():
            found = {name: one.logits(fused) for name, one in networks.items()}
        return {name: torch.sigmoid(logits.double()).numpy() for name, logits in found.items()}

    return list(score_labelled_rows(part, task.harms, scores, **task.sources))


def _without(names: Sequence[str]) -> str:
    return f"without {' and '.join(names)}"


def _beside(first: ScoredRows, second: ScoredRows) -> ScoredRows:
    """The same rows with the scores of both."""
    return replace(first, scores={**first.scores, **second.scores})
