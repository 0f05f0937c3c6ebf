"""The queue, the decay of its keys, the contrastive loss and the momentum encoder."""

import math

import pytest
import torch

from harmsweep.training.videomoco.conf import Options, load_options
from harmsweep.training.videomoco.momentum import Moco

pytestmark = pytest.mark.torch


def small(**changes: float) -> Options:
    small_values = {"width": 4, "frames": 4, "kept_frames": 8, "size": 16, "batch": 2}
    return load_options(changes=small_values | changes)


def rows(*values: float) -> torch.Tensor:
    """Unit vectors in the plane of the first two axes, by angle in degrees."""
    angles = torch.deg2rad(torch.tensor(values))
    plane = torch.stack([angles.cos(), angles.sin()], 1)
    return torch.nn.functional.pad(plane, (0, 2))


@pytest.fixture(scope="module")
def moco() -> Moco:
    return Moco(small(decay=0.5, temperature=1.0, momentum=0.75), queue=4)


@pytest.fixture(autouse=True)
def empty_queue(moco: Moco) -> None:
    moco.keys.zero_()
    moco.ages.zero_()
    moco.owners.fill_(-1)
    moco.place.zero_()


def test_the_queue_holds_the_latest_keys_their_ages_and_their_clips(moco: Moco) -> None:
    moco.enqueue(rows(0, 10), torch.tensor([7, 8]))
    moco.enqueue(rows(20, 30), torch.tensor([9, 10]))
    moco.enqueue(rows(40), torch.tensor([11]))
    torch.testing.assert_close(moco.keys, rows(40, 10, 20, 30))
    assert moco.ages.tolist() == [1, 3, 2, 2]
    assert moco.owners.tolist() == [11, 8, 9, 10]


def test_of_more_keys_than_places_the_last_stay(moco: Moco) -> None:
    moco.enqueue(rows(0, 10, 20, 30, 40), torch.arange(5))
    assert sorted(moco.owners.tolist()) == [1, 2, 3, 4]
    assert moco.ages.tolist() == [1, 1, 1, 1]


def test_a_keys_weight_is_the_decay_to_the_power_of_its_age(moco: Moco) -> None:
    for clip in range(3):
        moco.enqueue(rows(0), torch.tensor([clip]))
    assert moco.decay_weights()[:3].tolist() == [0.125, 0.25, 0.5]


def test_the_loss_is_cross_entropy_over_the_key_and_the_decayed_queue(moco: Moco) -> None:
    moco.enqueue(rows(60), torch.tensor([1]))
    loss = moco.contrast(rows(0), rows(0), torch.tensor([9]))
    negative = 0.5 * math.cos(math.radians(60))
    assert float(loss) == pytest.approx(math.log(1 + math.exp(negative - 1)))


def test_empty_places_and_the_querys_own_clip_are_no_negatives(moco: Moco) -> None:
    assert float(moco.contrast(rows(0), rows(0), torch.tensor([1]))) == 0
    moco.enqueue(rows(60), torch.tensor([1]))
    assert float(moco.contrast(rows(0), rows(0), torch.tensor([1]))) == 0
    assert float(moco.contrast(rows(0), rows(0), torch.tensor([2]))) > 0


def test_the_key_encoder_follows_by_its_momentum_and_gets_no_gradient(moco: Moco) -> None:
    before = moco.encoder_k.fc.bias.clone()
    with torch.no_grad():
        moco.encoder_q.fc.bias.copy_(before + 1)
    moco.update_key_encoder()
    torch.testing.assert_close(moco.encoder_k.fc.bias, before + 0.25)
    assert not any(weight.requires_grad for weight in moco.encoder_k.parameters())


def test_keys_come_back_in_the_order_of_their_clips(moco: Moco) -> None:
    clips = torch.rand(16, 3, 4, 16, 16)
    moco.eval()
    torch.testing.assert_close(moco.encode_keys(clips)[3:4], moco.encode_keys(clips[3:4]))


def test_impossible_options_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="frames: 9 is over kept_frames"):
        small(frames=9)
    with pytest.raises(ValueError, match="less than one frame"):
        small(drop=0.2)
    with pytest.raises(ValueError, match="colours"):
        small(colours=1)
