"""Fitting by labels' weights: what a label counts is what its snapshot says."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harmsweep.encoders.stored import stored
from harmsweep.harms import HARMS
from harmsweep.model.snapshot import label_column

pytestmark = [pytest.mark.slow, pytest.mark.torch]

# The lowest validation loss on each snapshot.
FITTED = """
import json, sys
from pathlib import Path
from harmsweep.model.snapshot import Snapshot, FACTS
from harmsweep.training.fit import fit
from harmsweep.training.learner import network
from harmsweep.training.task import task_of
from harmsweep.model.conf import load_training
options = load_training(Path(sys.argv[1]))
found = []
for snapshot in map(Path, sys.argv[2:]):
    facts = Snapshot.model_validate_json((snapshot / FACTS).read_bytes())
    task, _ = task_of(snapshot, facts, options)
    one = network(task, options.fit)
    fit(snapshot, task, [one], options.fit, report=lambda *_: None)
    found.append(one.best)
print(json.dumps(found))
"""


def copied(snapshot: Path, folder: Path) -> Path:
    return Path(shutil.copytree(snapshot, folder))


def fitted(trainer: Path, script: str, *given: Path) -> list[float]:
    """What a script of the trainer's environment prints."""
    command = [trainer, "-W", "ignore", "-c", script, *given]
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    printed: list[float] = json.loads(done.stdout)
    return printed


def misled(snapshot: Path, folder: Path, weight: float | None) -> Path:
    """A copy in which half of the training labels are wrong, and weigh so much."""
    for path in (copied(snapshot, folder) / "train").glob("*.parquet"):
        table, wrong = pq.read_table(path), path.name == "part-00000.parquet"
        if wrong:
            name = label_column("spam")
            labels = 1 - table.column(name).to_numpy()
            table = table.set_column(table.column_names.index(name), name, pa.array(labels))
        for harm in HARMS if weight is not None else []:
            values = np.full(len(table), weight if wrong else 1.0, dtype=np.float32)
            table = table.append_column(f"weight_{harm}", pa.array(values))
        pq.write_table(table, path)
    return folder


def test_labels_of_little_weight_mislead_little(
    trainer: Path, tiny_snapshot: Path, small_config: Path, tmp_path: Path
) -> None:
    weights = {"light": 0.001, "full": 1.0, "none": None}
    copies = [misled(tiny_snapshot, tmp_path / name, of) for name, of in weights.items()]
    right, light, full, none = fitted(trainer, FITTED, small_config, tiny_snapshot, *copies)
    assert light < right + 0.15 < full and full == none


# The logit of a post like those that only another collection has, without background and with it.
ELSEWHERE = """
import json, sys
from pathlib import Path
import numpy as np, torch
from harmsweep.model.snapshot import Snapshot, FACTS
from harmsweep.training.fit import fit
from harmsweep.training.learner import network
from harmsweep.training.task import task_of
from harmsweep.model.conf import Background, load_training
options, snapshot = load_training(Path(sys.argv[1])), Path(sys.argv[2])
facts = Snapshot.model_validate_json((snapshot / FACTS).read_bytes())
found = []
for weight in (0.0, 0.5):
    background = Background(weight=weight, collections={"spam": ("elsewhere",)})
    task, _ = task_of(snapshot, facts, options.model_copy(update={"background": background}))
    one = network(task, options.fit)
    fit(snapshot, task, [one], options.fit, report=lambda *_: None)
    with torch.inference_mode():
        fused = torch.zeros(1, task.width)
        fused[0, 1] = 3.0
        found.append(float(one.logits(fused)[0, 0]))
print(json.dumps(found))
"""


def test_what_is_like_background_is_scored_lower(
    trainer: Path, tiny_snapshot: Path, small_config: Path, tmp_path: Path
) -> None:
    snapshot = copied(tiny_snapshot, tmp_path / "elsewhere")
    for path in (snapshot / "train").glob("*.parquet"):
        table = pq.read_table(path)
        absent = np.isnan(table.column(label_column("spam")).to_numpy())
        vectors = np.random.default_rng(2).normal(size=(len(table), 6)).astype(np.float32)
        vectors[:, 1] += 3 * absent
        names = pa.array(np.where(absent, "elsewhere", "sms"))
        for name, values in (
            ("dataset", names),
            ("text_vector", pa.array(stored(vectors), pa.binary())),
        ):
            table = table.set_column(table.column_names.index(name), name, values)
        pq.write_table(table, path)
    without, beside = fitted(trainer, ELSEWHERE, small_config, snapshot)
    assert beside < without - 0.3


# Threads that, as torch's do, have something left to drop when their Python has ended.
ENDED = """
import ctypes, threading, time
from harmsweep.training.fit import _threads

dropped, both = [], threading.Barrier(2)

@ctypes.CFUNCTYPE(None, ctypes.c_void_p)
def drop(_):
    time.sleep(0.3)
    dropped.append(threading.get_native_id())

key, system = ctypes.c_uint(), ctypes.CDLL(None)
system.pthread_key_create(ctypes.byref(key), drop)

def hold(one):
    both.wait()
    system.pthread_setspecific(key, ctypes.c_void_p(1))
    return threading.get_native_id()

with _threads() as each:
    held = each(hold, [None] * 2)
print(sorted(dropped) == sorted(held))
"""


def test_a_fit_ends_after_its_threads(trainer: Path) -> None:
    done = subprocess.run(
        [str(trainer), "-c", ENDED], capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr[-2000:]
