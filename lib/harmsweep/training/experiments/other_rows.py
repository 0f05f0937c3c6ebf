"""A network trained on other rows of a snapshot, which stand in a folder of their own meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harmsweep.evaluation.records import MODEL
from harmsweep.evaluation.scored import ScoredRows, score_labelled_rows
from harmsweep.model.conf import TrainingConfig
from harmsweep.model.fusion import Columns
from harmsweep.model.snapshot import PARTS
from harmsweep.training.experiments.experiment import Experiment
from harmsweep.training.learner import network
from harmsweep.training.progress import fit_shown
from harmsweep.training.scoring import task_logits
from harmsweep.training.task import task_of

# The part that each row of a part's table goes to in another folder; an empty name leaves it out.
Place = Callable[[str, pa.Table], NDArray[np.str_]]


def trained(experiment: Experiment, options: TrainingConfig, place: Place) -> list[ScoredRows]:
    """What a network says of the test part, trained where the rows stand as `place` puts them.

    It has the heads that the model has, as far as there are labels of both classes.
    """
    fewer = options.model_copy(update={"min_class_rows": 1})
    with TemporaryDirectory(prefix="learning-") as name:
        folder = Path(name)
        arrange(experiment.snapshot, place, folder)
        task, _ = task_of(folder, experiment.facts, fewer)
        heads = tuple(head for head in task.heads if head.harm in experiment.task.harms)
        task = replace(task, heads=heads)
        one = network(task, options.fit)
        fit_shown(folder, task, [one], options.fit)

        def scores(rows: Columns) -> dict[str, NDArray[Any]]:
            return {MODEL: task_logits(task, one.heads, rows)}

        scored = score_labelled_rows(folder / "test", task.harms, scores, **task.sources)
        return [rows for rows in scored if len(rows.truth)]


def arrange(snapshot: Path, place: Place, folder: Path) -> None:
    """Write the rows of a snapshot's parts to the parts of another folder."""
    for part in PARTS:
        (folder / part).mkdir()
    for part in PARTS:
        for path in sorted((snapshot / part).glob("*.parquet")):
            table = pq.read_table(path)
            goes = place(part, table)
            for target in sorted({name for name in goes if name}):
                rows = table.filter(pa.array(goes == target))
                pq.write_table(rows, folder / target / f"{part}-{path.name}")
