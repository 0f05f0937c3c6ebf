"""What jobs/pretrain_video.py does with its options."""

import argparse
from collections.abc import Mapping

from harmsweep.files import sha256_of
from harmsweep.training.videomoco.clip_files import Clip, clips_of_folder
from harmsweep.training.videomoco.conf import load_options

CHANGES = ("epochs", "frames", "size", "queue", "batch", "seed")


def run(options: argparse.Namespace, videos: Mapping[str, str]) -> dict[str, str]:
    """Convert or train, as the options say; give the path and the SHA-256 of the weights.

    `videos` are references beneath `options.media` by SHA-256, where no folder of clips is given.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    weights = options.out / "model.safetensors"
    if options.published:
        from harmsweep.training.videomoco.published import convert_published

        convert_published(options.published, weights)
    else:
        _train(options, videos)
    return {"weights": str(weights), "sha256": sha256_of(weights)}


def _train(options: argparse.Namespace, videos: Mapping[str, str]) -> None:
    from harmsweep.training.videomoco.pretrain import pretrain

    changes = {n: getattr(options, n) for n in CHANGES if getattr(options, n) is not None}
    pretrain(
        _clips(options, videos),
        load_options(options.config, changes=changes),
        out=options.out,
        tracking=options.tracking or options.out / "tracking",
        device=options.device,
    )


def _clips(options: argparse.Namespace, videos: Mapping[str, str]) -> list[Clip]:
    if options.clips:
        return clips_of_folder(options.clips)
    return [Clip(options.media, uri, content_hash) for content_hash, uri in videos.items()]
