"""The generator: which frames it drops, and that it learns against the encoder."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from harmsweep.training.videomoco.generator import Generator, drop, dropped_frames

pytestmark = pytest.mark.torch


def test_as_many_frames_are_dropped_as_asked_the_highest_scores() -> None:
    scores = torch.tensor([[0.1, 3.0, -2.0, 0.5], [5.0, 4.0, 6.0, 7.0]])
    assert dropped_frames(scores, 2).tolist() == [[0, 1, 0, 1], [0, 0, 1, 1]]


def test_a_dropped_frame_is_its_own_mean_and_the_others_stay() -> None:
    clips = torch.rand(1, 3, 4, 16, 16)
    hidden = drop(clips, torch.tensor([[0.0, 1.0, 0.0, 0.0]]))
    torch.testing.assert_close(hidden[:, :, [0, 2, 3]], clips[:, :, [0, 2, 3]])
    torch.testing.assert_close(hidden[:, :, 1], clips[:, :, 1].mean().expand(1, 3, 16, 16))


def test_every_frame_has_a_score_that_depends_on_those_before_and_after_it() -> None:
    torch.manual_seed(0)
    generator, clips = Generator(), torch.rand(2, 3, 5, 16, 16)
    scores = generator(clips)
    assert scores.shape == (2, 5)
    for changed in (0, 4):
        other = clips.clone()
        other[:, :, changed] = 0
        assert (generator(other)[:, 2] != scores[:, 2]).all()


def test_it_learns_to_drop_the_frame_whose_loss_moves_the_encoder_most() -> None:
    """An encoder that heeds frame 2 ten times as much: adversarial steps must find that frame."""
    torch.manual_seed(0)
    generator, clips = Generator(), torch.rand(8, 3, 4, 16, 16)
    # Upper half light, lower half dark; the heeded frame is redder.
    clips[:, :, :, :8] += 1
    clips[:, 0, 2] += 2
    heed = torch.tensor([1.0, 1.0, 10.0, 1.0])

    def encode(seen: Tensor) -> Tensor:
        halves = seen[:, :, :, :8].mean((1, 3, 4)) - seen[:, :, :, 8:].mean((1, 3, 4))
        return (halves * heed).sum(1)

    steps = torch.optim.SGD(generator.parameters(), lr=0.01, momentum=0.9)
    for _ in range(40):
        moved = F.l1_loss(encode(drop(clips, dropped_frames(generator(clips), 1))), encode(clips))
        steps.zero_grad()
        torch.autograd.backward(-moved)
        steps.step()
    assert dropped_frames(generator(clips), 1)[:, 2].tolist() == [1] * 8
