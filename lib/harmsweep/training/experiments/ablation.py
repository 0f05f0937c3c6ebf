"""Modality ablation: what each head is worth with one modality alone, with all, with all but one.

All networks train side by side over one reading of the snapshot, with the options and the seed of
the model, so that the one with all modalities is the model itself (where none is switched off).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harmsweep.evaluation.records import Record
from harmsweep.evaluation.scored import ScoredRows, score_labelled_rows
from harmsweep.model.conf import Fit, TrainingConfig
from harmsweep.model.fusion import Columns
from harmsweep.paths import CONF
from harmsweep.training.experiments.ablation_rules import (
    Off,
    ablation_records,
    confirmations,
    proposals,
    switched_off,
)
from harmsweep.training.experiments.experiment import Experiment, load_experiment, write_once
from harmsweep.training.learner import Network, network
from harmsweep.training.presence import Present, presence
from harmsweep.training.progress import fit_shown
from harmsweep.training.task import Task

ALL, PROPOSED = "all", "proposed"
Networks = Mapping[str, Network]


def ablate(snapshot: Path, *, out: Path, config: Path = CONF / "training.yaml") -> Path:
    """Write `out/<snapshot id>-<digest>.ablation.json` once; a second call only gives its path.

    `switched_off` of the configuration plays no part: the ablation is what decides it.

    Raises:
        SnapshotRefused: the snapshot's files differ from its own hashes.
        ConfRefused: the configuration is wrong.
        TrainingRefused: no harm has enough labels for a head.
    """
    experiment = load_experiment(snapshot, config)
    made_from = experiment.made_from(ignored={"switched_off"})
    return write_once(out, "ablation", made_from, partial(ablation, experiment))


def ablation(experiment: Experiment) -> dict[str, Any]:
    """Everything that the ablation says: figures of the test part, proposals and why.

    A proposal is made on the validation part. Where it takes several modalities from a head, it is
    confirmed there by a network without all of them: two that stand in for each other both look
    spare.
    """
    snapshot, task, options = experiment.snapshot, experiment.task, experiment.options
    present = presence(snapshot / "train", task)
    networks = variants(task, options.fit, present)
    fit_shown(snapshot, task, networks.values(), options.fit)
    checked = _scored(snapshot / "validation", task, networks)
    proposed = list(proposals(checked, present, options.evaluation))
    off = switched_off(proposed)
    together = _without_all(experiment, off, networks)
    if together:
        again = _scored(snapshot / "validation", task, together)
        checked = [_beside(*pair) for pair in zip(checked, again, strict=True)]
    variant = {harm: (names, _without(names)) for harm, names in off.items()}
    joint = list(confirmations(variant, checked, options.evaluation))
    accepted = {row["harm"]: row["off"] for row in joint if row["confirmed"]}
    test = _scored(snapshot / "test", task, {**networks, **together})
    return {
        "modalities": [m for m in task.modalities if f"only {m}" in networks],
        "records": [r for rows in test for r in _records(rows, present, options, accepted)],
        "proposals": proposed,
        "joint": joint,
        "switched_off": accepted,
    }


def _without_all(experiment: Experiment, off: Off, networks: Networks) -> Networks:
    """Networks, trained, without all that a head may lose, where there are none such yet."""
    task, options = experiment.task, experiment.options.fit
    together = {
        _without(names): network(task, options, columns=task.without(names))
        for names in off.values()
        if _without(names) not in networks
    }
    if together:
        fit_shown(experiment.snapshot, task, together.values(), options)
    return together


def _records(
    rows: ScoredRows, present: Present, options: TrainingConfig, off: Off
) -> Iterator[Record]:
    """The records of a head; what the network says that lacks all it may lose is `PROPOSED`."""
    names = off.get(rows.harm, [])
    proposed = {PROPOSED: rows.scores[_without(names)]} if names else {}
    rows = replace(rows, scores={**rows.scores, **proposed})
    return ablation_records(rows, present, options.evaluation, off, seed=options.fit.seed)


def variants(task: Task, options: Fit, present: Present) -> Networks:
    """The network of all modalities, and for each that some row has: it alone, and all but it."""
    networks = {ALL: network(task, options)}
    seen = [m for m in task.modalities if any(key[2] == m for key in present)]
    for modality in seen if len(seen) > 1 else []:
        others = [m for m in task.modalities if m != modality]
        networks[f"only {modality}"] = network(task, options, columns=task.without(others))
        networks[_without([modality])] = network(task, options, columns=task.without([modality]))
    return networks


def _scored(part: Path, task: Task, networks: Networks) -> list[ScoredRows]:
    """Each labelled row's score by each network, harm by harm."""

    def scores(rows: Columns) -> dict[str, NDArray[np.float64]]:
        fused = torch.from_numpy(task.fused(rows))
        with torch.inference_mode():
            logits = {name: one.logits(fused) for name, one in networks.items()}
        return {name: torch.sigmoid(values.double()).numpy() for name, values in logits.items()}

    return list(score_labelled_rows(part, task.harms, scores, **task.sources))


def _without(names: Sequence[str]) -> str:
    return f"without {' and '.join(names)}"


def _beside(first: ScoredRows, second: ScoredRows) -> ScoredRows:
    """The same rows with the scores of both."""
    return replace(first, scores={**first.scores, **second.scores})
