"""A whole run: clips in; weights, manifest and a record in MLflow out."""

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from harmsweep.logs import log
from harmsweep.training.videomoco.checkpoint import restore_state, save_state, save_tensors
from harmsweep.training.videomoco.clip_files import Clip, clips_digest, keep_frames
from harmsweep.training.videomoco.conf import Options
from harmsweep.training.videomoco.contrast import Losses, Report, State, fit, fresh_state
from harmsweep.training.videomoco.published import checked_encoder
from harmsweep.training.videomoco.run_log import log_run

WEIGHTS, MANIFEST, CHECKPOINT, FRAMES = (
    "model.safetensors",
    "manifest.json",
    "checkpoint.safetensors",
    "frames",
)
LIBRARIES = ("torch", "torchvision", "numpy", "av", "safetensors")
# Numbers that the encoder gives before its projection.
WIDTH = 512


def pretrain(
    clips: Sequence[Clip], options: Options, *, out: Path, tracking: Path, device: str = "cpu"
) -> Path:
    """Train the video encoder on clips; give the path of its manifest in `out`.

    Beside it stand the weights. While a run lasts, its checkpoint and the clips' frames stand
    there too: an interrupted run goes on from its last whole epoch.

    Raises:
        VideoMocoRefused: too few clips can be decoded.
    """
    frames = keep_frames(clips, out / FRAMES, options)
    used = [clip for clip in clips if clip.content_hash in frames]
    state = fresh_state(options, clips=len(used), device=device)
    run = _run_name(used, options)
    _continue(state, out / CHECKPOINT, run=run)
    with _epochs_shown(options.epochs) as show:

        def report(state: State) -> None:
            save_state(state, out / CHECKPOINT, run=run)
            show(state)

        fit(state, [frames[clip.content_hash] for clip in used], options, report=report)
    manifest = _publish(state, out, _facts(clips, used, options, state.history))
    log_run(out / MANIFEST, manifest, tracking=tracking)
    # Frames are people's own footage: they stay no longer than the training needs them.
    shutil.rmtree(out / FRAMES)
    (out / CHECKPOINT).unlink()
    return out / MANIFEST


def _run_name(clips: Sequence[Clip], options: Options) -> str:
    facts = [clips_digest(clips), options.model_dump(mode="json"), _libraries()]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _continue(state: State, checkpoint: Path, *, run: str) -> None:
    reason = restore_state(state, checkpoint, run=run)
    logger = log("pretrain_video")
    if not reason:
        logger.info("continues", epochs_done=len(state.history))
    elif checkpoint.exists():
        logger.warning("starts anew", reason=reason)


def _facts(
    clips: Sequence[Clip], used: Sequence[Clip], options: Options, history: Sequence[Losses]
) -> dict[str, Any]:
    return {
        "kind": "videomoco",
        "width": WIDTH,
        "options": options.model_dump(mode="json"),
        "clips": {"given": len(clips), "used": len(used), "sha256": clips_digest(used)},
        "losses": [losses._asdict() for losses in history],
        "libraries": _libraries(),
    }


def _libraries() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES}


def _publish(state: State, out: Path, facts: dict[str, Any]) -> dict[str, Any]:
    encoder = checked_encoder(state.moco.encoder_q.state_dict(), "the trained encoder")
    save_tensors(encoder, out / WEIGHTS)
    digest = hashlib.sha256((out / WEIGHTS).read_bytes()).hexdigest()
    manifest = facts | {"weights": {"name": WEIGHTS, "sha256": digest}}
    text = json.dumps(manifest, indent=1, sort_keys=True, allow_nan=False)
    (out / MANIFEST).write_text(f"{text}\n", encoding="utf-8")
    return manifest


@contextmanager
def _epochs_shown(epochs: int) -> Iterator[Report]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not sys.stderr.isatty(), transient=True) as shown:
        task = shown.add_task("pre-training", total=epochs)

        def show(state: State) -> None:
            done, last = len(state.history), state.history[-1]
            text = f"epoch {done}: loss {last.contrast:.3f}, moved {last.moved:.4f}"
            shown.update(task, completed=done, description=text)

        yield show
