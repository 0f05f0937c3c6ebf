"""Checkpoints as the authors publish them, made into a file that scoring loads.

A published file is a pickle: it is opened once, here, with `weights_only`, and never in scoring.
"""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor
from torchvision.models.video import r2plus1d_18

from harmsweep.training.videomoco.checkpoint import save_tensors
from harmsweep.training.videomoco.conf import VideoMocoRefused

PREFIX = "module.encoder_q."


def convert_published(checkpoint: Path, weights: Path) -> None:
    """Write the query encoder of a published checkpoint as safetensors.

    The layout is MoCo's: a dict with `state_dict`, whose names begin with `module.encoder_q.`, of
    a torchvision R(2+1)D-18 with a projection `fc`.

    Raises:
        VideoMocoRefused: the file is not of this layout; the first tensor that differs is named.
    """
    save_tensors(query_encoder(_state_dict(checkpoint), checkpoint.name), weights)


def query_encoder(state: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """The tensors of the query encoder without their prefix and its projection.

    Raises:
        VideoMocoRefused: a tensor is missing, unknown, or of another shape.
    """
    tensors = {k.removeprefix(PREFIX): v for k, v in state.items() if k.startswith(PREFIX)}
    if not tensors:
        raise VideoMocoRefused(f"{name}: no tensor's name begins with {PREFIX}")
    return checked_encoder(tensors, name)


def checked_encoder(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """An R(2+1)D-18's tensors without its projection, if each has the name and shape it should.

    Raises:
        VideoMocoRefused: a tensor is missing, unknown, or of another shape.
    """
    with torch.device("meta"):
        expected = {k: tuple(v.shape) for k, v in _without_projection(r2plus1d_18().state_dict())}
    encoder = dict(_without_projection(tensors))
    for key in sorted(expected.keys() | encoder.keys()):
        shape = tuple(encoder[key].shape) if key in encoder else None
        if shape != expected.get(key):
            raise VideoMocoRefused(
                f"{name}: no R(2+1)D-18: {key} is {shape or 'missing'},"
                f" expected {expected.get(key) or 'no such tensor'}"
            )
    return encoder


def _without_projection(state: Mapping[str, Tensor]) -> list[tuple[str, Tensor]]:
    return [(key, value) for key, value in state.items() if not key.startswith("fc.")]


def _state_dict(checkpoint: Path) -> Mapping[str, Tensor]:
    try:
        content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        reason = type(error).__name__
        raise VideoMocoRefused(f"{checkpoint.name}: not a file of weights ({reason})") from None
    state = content.get("state_dict") if isinstance(content, dict) else None
    tensors = isinstance(state, dict) and all(torch.is_tensor(value) for value in state.values())
    if not tensors:
        raise VideoMocoRefused(f"{checkpoint.name}: has no state_dict of tensors")
    return state  # type: ignore[return-value]
