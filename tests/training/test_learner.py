"""A batch has the rows of posts, then those of their windows; a post's logit is the greatest."""

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from harmsweep.encoders.stored import stored
from harmsweep.model.conf import Fit, load_training
from harmsweep.model.fusion import Input
from harmsweep.model.manifest import HeadCounts
from harmsweep.model.windows import NAME, NUMBERS, windows_input
from harmsweep.training.task import Task

if TYPE_CHECKING:
    from harmsweep.training.batch import Batch

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

TEXT = Input(name="text", encoder_id="tiny", width=2)
TASK = Task((HeadCounts(harm="spam", positives=1, negatives=1),), (TEXT,), (), windows_input(TEXT))


def window(*vectors: tuple[float, float]) -> bytes:
    rows = np.zeros((len(vectors), 2 + len(NUMBERS)))
    rows[:, :2] = vectors
    return b"".join(stored(rows))


def batch(labels: list[float], *windows: bytes | None) -> "Batch":
    """Posts of equal, mild texts, with these windows."""
    from harmsweep.training.batch import Batch

    count = len(labels)
    rows = {
        "text_vector": np.tile(np.float32([1, 0]), (count, 1)),
        "text_present": np.ones(count, dtype=bool),
        f"{NAME}_vector": np.array([*windows, None], dtype=object)[:-1],
    }
    fused, owners = TASK.fused_with_windows(rows)
    known = torch.tensor(labels, dtype=torch.float32)[:, None]
    return Batch(torch.from_numpy(fused), known, None, torch.from_numpy(owners))


def options() -> Fit:
    return load_training().fit.model_copy(update={"hidden": 2, "dropout": 0.0, "c": 100.0})


def test_a_posts_logit_is_the_greatest_of_its_rows() -> None:
    posts = batch([0, 0, 0], window((1, 2), (1, 5)), None, window((1, -3)))
    logits = posts.fused[:, 1:2] + posts.fused[:, :1]
    assert posts.greatest(logits).flatten().tolist() == [6, 1, 1]


def test_an_absent_label_of_a_background_post_counts_as_0_at_its_weight() -> None:
    from harmsweep.training.batch import Batch

    labels = torch.tensor([[1.0], [math.nan], [math.nan]])
    free = torch.tensor([[0.1], [0.1], [0.0]])
    learned, weights = Batch(labels, labels, background=free).with_background()
    assert learned.flatten().tolist()[:2] == [1, 0] and learned[2].isnan()
    assert weights is not None and weights.flatten().tolist() == pytest.approx([1, 0.1, 0])
    half = Batch(labels, labels, torch.tensor([[0.5], [0.0], [0.0]]), background=free)
    assert half.with_background()[1].flatten().tolist() == pytest.approx([0.5, 0.1, 0])
    assert Batch(labels, labels).with_background()[1] is None


def test_heads_learn_from_whole_posts_and_from_the_greatest() -> None:
    posts = batch([0, 0], window((1, 5)), None)
    whole, greatest = posts.readings(posts.fused[:, 1:2])
    assert (whole.flatten().tolist(), greatest.flatten().tolist()) == ([0, 0], [5, 0])


def test_rows_of_windows_share_what_dropout_leaves_of_their_post() -> None:
    posts = batch([0, 0], None, window((1, 2), (3, 4)))
    assert posts.spread(torch.tensor([7.0, 8.0])).tolist() == [7, 8, 8, 8]


def test_posts_that_differ_in_one_window_only_are_told_apart() -> None:
    from harmsweep.training.learner import network

    one = network(TASK, options())
    posts = batch([1, 1, 0, 0], *[window((1, 0), (0, 1))] * 2, *[window((1, 0))] * 2)
    noise = torch.ones(4, TASK.width), torch.ones(4, 2)
    assert one.step(posts, noise) == pytest.approx(math.log(2))
    for _ in range(50):
        one.step(posts, noise)
    logits, targets = one.predicted(posts)
    assert (logits.flatten() > 0).tolist() == (targets.flatten() > 0.5).tolist()


def test_an_auxiliary_branch_learns_from_whole_posts() -> None:
    from harmsweep.training.learner import assist, network

    one = network(TASK, options())
    assist(one, np.arange(TASK.width), [2])
    one.blend = (0.0, 1.0)
    posts = batch([1, 0], window((0, 9)), None)
    noise = torch.ones(2, TASK.width), torch.ones(2, 2)
    # Both posts have the same text: nothing tells them apart without their windows.
    assert [one.step(posts, noise) for _ in range(9)][-1] >= math.log(2) - 1e-3
