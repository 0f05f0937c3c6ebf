"""What every experiment starts from, and how its result is named and written."""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harmsweep.evaluation.records import finite
from harmsweep.files import write_whole
from harmsweep.model.conf import TrainingConfig, load_training
from harmsweep.model.snapshot import Snapshot, load_snapshot
from harmsweep.training.code_version import EXPERIMENTS, code_version
from harmsweep.training.task import Task, task_of


@dataclass(frozen=True)
class Experiment:
    """A snapshot whose files are as it says, and the configuration to train with."""

    snapshot: Path
    facts: Snapshot
    options: TrainingConfig

    @cached_property
    def task(self) -> Task:
        """What can be learned from the snapshot.

        Raises:
            TrainingRefused: no harm has enough labels, or the snapshot lacks an input.
        """
        return task_of(self.snapshot, self.facts, self.options)[0]

    def seeds(self, count: int) -> list[int]:
        """The configuration's seed and those after it."""
        return list(range(self.options.fit.seed, self.options.fit.seed + count))

    def made_from(self, *, ignored: Collection[str] = ()) -> dict[str, Any]:
        """All that a result depends on; of the configuration without the keys that are ignored."""
        config = self.options.model_dump(mode="json", exclude={*ignored})
        version = code_version(EXPERIMENTS)
        return {"snapshot": self.facts.id, "config": digest(config), "code_version": version}


def load_experiment(snapshot: Path, config: Path) -> Experiment:
    """An experiment on a snapshot's folder, with a configuration like conf/training.yaml.

    Raises:
        SnapshotRefused: the snapshot's files differ from its own hashes.
        ConfRefused: the configuration is wrong.
    """
    return Experiment(snapshot, load_snapshot(snapshot), load_training(config))


def digest(content: Mapping[str, Any]) -> str:
    """12 hexadecimal digits over what a result is made from."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def write_once(
    out: Path, kind: str, made_from: Mapping[str, Any], result: Callable[[], Mapping[str, Any]]
) -> Path:
    """Write `out/<snapshot>-<digest>.<kind>.json`: `made_from`, and what `result` gives.

    Where the file exists, nothing is computed and its path is given.
    """
    path = out / f"{made_from['snapshot']}-{digest(made_from)}.{kind}.json"
    if not path.exists():
        content = json.dumps(finite({**made_from, **result()}), indent=1, allow_nan=False)
        out.mkdir(parents=True, exist_ok=True)
        write_whole(path, content + "\n")
    return path
