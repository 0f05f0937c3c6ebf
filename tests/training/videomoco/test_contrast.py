"""Training on tiny clips: it learns, repeats itself to the bit, and goes on where it stopped."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from harmsweep.training.videomoco import contrast as fits
from harmsweep.training.videomoco.checkpoint import restore_state, save_state
from harmsweep.training.videomoco.conf import Options, VideoMocoRefused, load_options
from harmsweep.training.videomoco.contrast import State, fit, fresh_state, rate_factor
from harmsweep.training.videomoco.views import augmentation, views

pytestmark = pytest.mark.torch


def tiny(**changes: float) -> Options:
    """Options under which sixteen tiny clips are learnt in half a minute on a core."""
    values: dict[str, float] = {
        "batch": 8,
        "frames": 4,
        "kept_frames": 16,
        "size": 16,
        "crop": 0.7,
        "colour": 0.1,
        "grey": 0.0,
        "momentum": 0.97,
        "temperature": 0.2,
        "rate": 0.01,
        "generator_rate": 0.01,
    }
    return load_options(changes=values | changes)


def same_and_other(state: State, clips: list[Path], options: Options) -> tuple[float, float]:
    """Mean cosine of two views of one clip, and of views of two clips, before the projection."""
    encoder = torch.nn.Sequential(*list(state.moco.encoder_q.children())[:-1]).eval()
    torch.manual_seed(5)
    with torch.inference_mode():
        first, second = (_unit(encoder, clips, options) for _ in range(2))
    likeness = first @ second.T
    others = (likeness.sum() - likeness.trace()) / (len(clips) * (len(clips) - 1))
    return float(likeness.trace() / len(clips)), float(others)


def _unit(encoder: torch.nn.Module, clips: list[Path], options: Options) -> Tensor:
    seen = views(clips, options, augmentation(options))
    return F.normalize(encoder(seen).flatten(1), dim=1)


@pytest.mark.nightly
@pytest.mark.slow
def test_the_loss_falls_and_views_of_one_clip_come_nearer_than_of_two(
    kept_frames: list[Path],
) -> None:
    options = tiny(epochs=20)
    state = fresh_state(options, clips=len(kept_frames), device="cpu")
    same, other = same_and_other(state, kept_frames, options)
    assert same - other < 0.1
    fit(state, kept_frames, options, report=lambda _: None)
    losses = [losses.contrast for losses in state.history]
    assert sum(losses[-5:]) / 5 < losses[0] - 0.3
    assert [losses.moved > 0 for losses in state.history] == [False] * 10 + [True] * 10
    same, other = same_and_other(state, kept_frames, options)
    assert same - other > 0.2


def weights(state: State) -> list[Tensor]:
    modules = (state.moco, state.generator)
    return [tensor for module in modules for tensor in module.state_dict().values()]


def test_a_run_that_goes_on_from_a_checkpoint_has_the_bits_of_a_whole_one(
    kept_frames: list[Path], tmp_path: Path
) -> None:
    options, clips = tiny(epochs=3, warm_up=0.3, batch=4), kept_frames[:8]
    whole, cut, resumed = (fresh_state(options, clips=8, device="cpu") for _ in range(3))
    fit(whole, clips, options, report=lambda _: None)
    checkpoint = tmp_path / "checkpoint.safetensors"

    def stop(state: State) -> None:
        save_state(state, checkpoint, run="a")
        if len(state.history) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(cut, clips, options, report=stop)
    assert restore_state(resumed, checkpoint, run="b").endswith("other clips or options")
    assert not resumed.history
    assert restore_state(resumed, checkpoint, run="a") == ""
    fit(resumed, clips, options, report=lambda _: None)
    assert resumed.history == whole.history
    assert all(torch.equal(*pair) for pair in zip(weights(whole), weights(resumed), strict=True))


def test_a_damaged_checkpoint_is_named_so(tmp_path: Path) -> None:
    state = fresh_state(tiny(batch=2), clips=4, device="cpu")
    assert restore_state(state, tmp_path / "none", run="a") == "there is no checkpoint"
    (tmp_path / "cut").write_bytes(b"\x08\0\0\0\0\0\0\0{")
    assert restore_state(state, tmp_path / "cut", run="a") == "the checkpoint is damaged"


def test_neither_learns_from_the_others_loss(kept_frames: list[Path]) -> None:
    """The encoder's gradient is the contrastive loss's alone, the generator's the distance's."""
    options = tiny(rate=1e-12, generator_rate=1e-12)
    state = fresh_state(options, clips=16, device="cpu")
    torch.manual_seed(0)
    change = augmentation(options)
    query, key = (views(kept_frames[:8], options, change) for _ in range(2))
    fits._step(state, query, key, torch.arange(8), adversarial=True)
    # The queue was empty: the contrastive loss is 0, and so is its gradient, while the distance's
    # is not.
    assert all(not w.grad.any() for w in state.moco.encoder_q.parameters() if w.grad is not None)
    assert all(w.grad is not None and w.grad.any() for w in state.generator.score.parameters())


def test_the_rate_falls_at_three_and_at_four_fifths() -> None:
    factors = [rate_factor(epoch, 10) for epoch in range(10)]
    assert factors == pytest.approx([1] * 6 + [0.1] * 2 + [0.01] * 2)


def test_too_few_clips_are_refused_by_number() -> None:
    with pytest.raises(VideoMocoRefused, match="15 clips are fewer than two batches of 8"):
        fresh_state(tiny(), clips=15, device="cpu")
