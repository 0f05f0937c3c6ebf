"""Gradient blending: the paper's weights on numbers, and networks that are trained with them."""

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from harmsweep.model.conf import load_training  # noqa: E402
from harmsweep.model.fusion import Input  # noqa: E402
from harmsweep.model.manifest import HeadCounts  # noqa: E402
from harmsweep.model.network import serialized  # noqa: E402
from harmsweep.training.batch import Batch  # noqa: E402
from harmsweep.training.blending import Losses, blend_weights, ratio  # noqa: E402
from harmsweep.training.learner import Network, assist, network  # noqa: E402
from harmsweep.training.task import Task  # noqa: E402

START = Losses(train=1.0, validation=1.0)
TASK = Task(
    heads=(HeadCounts(harm="spam", positives=4, negatives=4),),
    inputs=(
        Input(name="text", encoder_id="tiny", width=2),
        Input(name="image", encoder_id="tiny", width=3),
    ),
    features=(),
)
PLAIN = load_training().fit.model_copy(update={"hidden": 4, "dropout": 0.0})


def test_the_weights_are_the_papers_on_numbers_by_hand() -> None:
    """G is 0.5, 0.5 and 0.2, O is 0.5, 0.25 and 0.1: 2, 8 and 20, of 30 in all."""
    after = [Losses(0.0, 0.5), Losses(0.25, 0.5), Losses(0.7, 0.8)]
    assert blend_weights([START] * 3, after) == pytest.approx([2 / 30, 8 / 30, 20 / 30])
    assert ratio(START, after[0]) == pytest.approx(1.0)
    assert ratio(START, after[1]) == pytest.approx(0.5)


def test_only_what_changed_counts() -> None:
    before = [Losses(0.5, 0.9), Losses(0.5, 0.9)]
    after = [Losses(0.3, 0.8), Losses(0.1, 0.8)]
    # The gap grew by 0.1 and by 0.3; both gained 0.1.
    assert blend_weights(before, after) == pytest.approx([0.9, 0.1])


def test_what_does_not_generalise_has_no_weight() -> None:
    worse = Losses(train=0.2, validation=1.1)
    found = blend_weights([START] * 2, [Losses(0.5, 0.7), worse])
    assert found == (1.0, 0.0) and ratio(START, worse) == math.inf
    assert blend_weights([START] * 2, [worse, worse]) == (1.0, 0.0)


def test_a_modality_that_hardly_moves_does_not_take_all_the_weight() -> None:
    rare = Losses(train=0.9998, validation=0.9999)
    fused, rare_weight = blend_weights([START] * 2, [Losses(0.6, 0.7), rare])
    # Without the floor the rare one would have 10,000 against 30.
    assert fused == pytest.approx(30 / 31) and rare_weight == pytest.approx(1 / 31)


def assisted(**changed: Any) -> Network:
    one = network(TASK, PLAIN.model_copy(update=changed))
    assist(one, TASK.without(["image"]), [8])
    assist(one, TASK.without(["text"]), [3])
    return one


def a_batch() -> Batch:
    """Four rows with text, of which the last two have a picture."""
    rows = torch.tensor(np.random.default_rng(3).normal(size=(4, TASK.width)), dtype=torch.float32)
    rows[:2, 3:] = 0
    return Batch(rows, torch.tensor([[1.0], [0.0], [1.0], [0.0]]))


def noise() -> tuple[Any, Any]:
    return torch.ones(4, TASK.width), torch.ones(4, PLAIN.hidden)


def test_what_is_saved_has_the_layout_of_a_network_without_blending() -> None:
    plain, blended = network(TASK, PLAIN), assisted()
    assert serialized(blended.heads) == serialized(plain.heads)
    blended.blend = (0.2, 0.3, 0.5)
    blended.step(a_batch(), noise())
    plain.step(a_batch(), noise())
    shapes = [{n: t.shape for n, t in one.heads.state_dict().items()} for one in (plain, blended)]
    assert shapes[0] == shapes[1] and serialized(blended.heads) != serialized(plain.heads)


def test_an_auxiliary_head_trains_the_trunk_on_its_columns_only() -> None:
    one = assisted(deep_rate=0.1, weight_decay=0.0)
    with torch.no_grad():
        one.branches[2].heads.deep.weight.fill_(0.5)
    before = one.heads.trunk.weight.detach().clone()
    one.blend = (0.0, 0.0, 1.0)
    one.step(a_batch(), noise())
    moved = (one.heads.trunk.weight.detach() != before).any(dim=0)
    assert moved.tolist() == [False] * 3 + [True] * 4
    assert not one.heads.wide.weight.any() and one.branches[2].heads.wide.weight.any()


def test_rows_without_the_modality_teach_its_head_nothing() -> None:
    one = assisted()
    one.blend = (0.0, 0.0, 1.0)
    batch = a_batch()
    assert math.isnan(one.step(Batch(batch.fused[:2], batch.labels[:2]), noise()))
    one.judged_branch = 2
    assert one.predicted(batch)[1].isnan().tolist() == [[True]] * 2 + [[False]] * 2


def test_a_fork_goes_on_from_the_network_and_leaves_it_as_it_is() -> None:
    one = assisted()
    one.blend = (0.5, 0.25, 0.25)
    one.step(a_batch(), noise())
    before = serialized(one.heads), serialized(one.branches[1].heads)
    fork = one.fork(1)
    assert fork.blend == (0.0, 1.0, 0.0) and serialized(fork.heads) == before[0]
    fork.step(a_batch(), noise())
    assert (serialized(one.heads), serialized(one.branches[1].heads)) == before
    assert serialized(fork.branches[1].heads) != before[1]
    assert fork.branches[1].trunk is fork.heads.trunk


# One network alone, then beside others; the snapshot's text tells the class, the numbers are noise.
FITTED = """
import hashlib, json, sys
from pathlib import Path
from harmsweep.model.network import serialized
from harmsweep.model.snapshot import load_snapshot
from harmsweep.training.fit import fit
from harmsweep.training.learner import network
from harmsweep.training.task import task_of
from harmsweep.model.conf import load_training
snapshot, config = map(Path, sys.argv[1:])
options = load_training(config)
task, _ = task_of(snapshot, load_snapshot(snapshot), options)
def made(blending):
    changed = {"blending": blending, "super_epoch": 4, "c": 1e4, "wide_rate": 0.3, "patience": 8}
    return network(task, options.fit.model_copy(update=changed))
def run(*names):
    found = {name: made(name) for name in names}
    fit(snapshot, task, list(found.values()), found[names[0]].options, report=lambda *_: None)
    return {name: [hashlib.sha256(serialized(one.heads)).hexdigest(),
                   one.blends] for name, one in found.items()}
print(json.dumps([run("none"), run("online"), run("none", "offline", "online")]))
"""


@pytest.mark.nightly
@pytest.mark.slow
def test_networks_are_blended_by_what_generalises_and_as_alone_so_among_others(
    trainer: Path, tiny_snapshot: Path, small_config: Path
) -> None:
    done = subprocess.run(
        [str(trainer), "-W", "ignore", "-c", FITTED, str(tiny_snapshot), str(small_config)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    plain, online, together = json.loads(done.stdout)
    assert together["none"] == plain["none"] and together["online"] == online["online"]
    assert not plain["none"][1] and list(together["offline"][1]) == ["0"]
    assert list(online["online"][1]) == ["0", "4"]
    # Modalities: text, media_text, numbers. What only overfits gets less than the text.
    _, text, media_text, numbers = together["offline"][1]["0"]["weights"]
    assert text > 2 * media_text and text > 2 * numbers
    ratios = together["offline"][1]["0"]["ratios"]
    assert ratios[1] < min(ratios[2:])
    hashes = {name: found[0] for name, found in together.items()}
    assert len(set(hashes.values())) == 3
