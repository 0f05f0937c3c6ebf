"""The clips to train on: which there are, and their frames, decoded once."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harmsweep.files import writing_whole
from harmsweep.media.access import local_media, open_media
from harmsweep.media.bounded import run_bounded
from harmsweep.media.clips import every_frame
from harmsweep.media.problem import MediaProblem
from harmsweep.plurals import counted
from harmsweep.training.videomoco.conf import Options, VideoMocoRefused


class Clip(NamedTuple):
    """A video's reference beneath a root, or in a listed store, and its SHA-256."""

    root: Path
    uri: str
    content_hash: str


def clips_of_folder(folder: Path) -> list[Clip]:
    """Each distinct file in a folder, by hash; whether it is a video, decoding tells."""
    paths = (path for path in folder.iterdir() if path.is_file())
    by_hash = dict(sorted((_sha256(path), path.name) for path in paths))
    return [Clip(folder, name, content_hash) for content_hash, name in by_hash.items()]


def clips_digest(clips: Iterable[Clip]) -> str:
    """A SHA-256 over the clips' hashes: which clips a run was trained on, naming none."""
    return hashlib.sha256("".join(sorted(c.content_hash for c in clips)).encode()).hexdigest()


def keep_frames(clips: Sequence[Clip], folder: Path, options: Options) -> dict[str, Path]:
    """Files of the clips' frames [n, side, side, 3] in `folder`, by the clip's hash.

    A clip that was decoded before is not decoded again. One that cannot be decoded, or has changed
    since it was hashed, is left out.

    Raises:
        VideoMocoRefused: none is left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for clip in clips:
        path = folder / f"{clip.content_hash}.npy"
        if path.exists() or _decode(clip, path, options):
            files[clip.content_hash] = path
    if not files:
        raise VideoMocoRefused(f"none of {counted(len(clips), 'clip')} can be decoded")
    return files


def _decode(clip: Clip, path: Path, options: Options) -> bool:
    """Write a clip's frames, a little larger than a view for the crops; say whether it could."""
    side = options.size * 8 // 7
    try:
        with local_media(clip.root, clip.uri, "video") as file:
            if _sha256(file) != clip.content_hash:
                return False
            frames = run_bounded(_frames, file, side, options.kept_frames, kind="video")
    except MediaProblem:
        return False
    with writing_whole(path) as fresh, fresh.open("wb") as file:
        np.save(file, frames)
    return True


def _frames(path: Path, side: int, limit: int) -> NDArray[np.uint8]:
    return every_frame(path, size=(side, side), limit=limit)


def _sha256(path: Path) -> str:
    with open_media(path, "video") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
