"""Where training stands, as safetensors: an interrupted run goes on from its last epoch."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from harmsweep.files import writing_whole
from harmsweep.training.videomoco.contrast import Losses, State


def save_tensors(
    tensors: Mapping[str, Tensor], path: Path, *, facts: Mapping[str, str] | None = None
) -> None:
    """Write tensors, and facts about them, to a file that is put in place whole."""
    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with writing_whole(path) as fresh:
        save_file(stored, fresh, metadata=dict(facts or {}))


def save_state(state: State, path: Path, *, run: str) -> None:
    """Write the state of a run; `run` names its options and clips."""
    tensors = dict(_tensors(state))
    save_tensors(tensors, path, facts={"run": run, "history": json.dumps(state.history)})


def restore_state(state: State, path: Path, *, run: str) -> str:
    """Bring a fresh state to where a checkpoint stands; give why it could not, or nothing.

    A file of another run, or one that is damaged, leaves the state as it is.
    """
    if not path.exists():
        return "there is no checkpoint"
    try:
        with safe_open(path, "pt") as file:
            facts = file.metadata() or {}
            if facts.get("run") != run:
                return "the checkpoint is of other clips or options"
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError:
        return "the checkpoint is damaged"
    _fill(state, stored)
    state.history[:] = [Losses(*losses) for losses in json.loads(facts["history"])]
    return ""


def _tensors(state: State) -> Iterator[tuple[str, Tensor]]:
    yield from ((f"moco.{name}", value) for name, value in state.moco.state_dict().items())
    yield from ((f"generator.{name}", v) for name, v in state.generator.state_dict().items())
    for part, steps in _optimisers(state):
        for place, values in steps.state_dict()["state"].items():
            if values["momentum_buffer"] is not None:
                yield f"{part}.{place}", values["momentum_buffer"]


def _optimisers(state: State) -> tuple[tuple[str, torch.optim.SGD], ...]:
    return ("encoder_steps", state.encoder_steps), ("generator_steps", state.generator_steps)


def _fill(state: State, stored: Mapping[str, Tensor]) -> None:
    state.moco.load_state_dict(_part(stored, "moco"))
    state.generator.load_state_dict(_part(stored, "generator"))
    for part, steps in _optimisers(state):
        momenta = _part(stored, part).items()
        buffers = {int(place): {"momentum_buffer": value} for place, value in momenta}
        steps.load_state_dict(steps.state_dict() | {"state": buffers})


def _part(stored: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    start = f"{name}."
    return {key.removeprefix(start): v for key, v in stored.items() if key.startswith(start)}
