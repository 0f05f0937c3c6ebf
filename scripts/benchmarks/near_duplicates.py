#!/usr/bin/env python3
"""How fast near hashes are found among a million, and which copies of a picture are found.

Without arguments, both parts: planted pairs among synthetic hashes in Spark, and changed copies of
the sample's pictures and, where ../shared/data is there, of some of its pictures too.

    .venv/bin/python scripts/benchmarks/near_duplicates.py --hashes 1000000 --pictures 300
"""

import argparse
import io
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from harmsweep.known_media.near import Pairs, make_bands, near_pairs_spark
from harmsweep.lake.session import session
from harmsweep.media.facts import perceptual_hashes
from harmsweep.media.pdq import BITS, MIN_QUALITY, NEAR, Hashes, distances, packed
from harmsweep.paths import ROOT

SEED = 7
FOLDERS = {
    "sample": ROOT / "tests" / "sample" / "media" / "images",
    "research posts": ROOT.parent / "shared" / "data" / "media" / "images",
}
Change = Callable[[Image.Image], Image.Image]


def main(*, hashes: int, planted: int, pictures: int) -> None:
    if hashes:
        search(hashes, planted)
    for name, folder in FOLDERS.items():
        if pictures and folder.exists():
            copies(name, folder, pictures)


def search(count: int, planted: int) -> None:
    """Seconds, pairs and recall of a search within `count` hashes, `planted` of them copies."""
    random = np.random.default_rng(SEED)
    originals = random.integers(0, 2**64, size=(count - planted, 4), dtype=np.uint64)
    apart = np.resize(np.arange(1, NEAR + 1), planted)
    both = np.concatenate([originals, _flipped(originals[:planted], apart, random)])
    spark = session("near_duplicates")
    spark.range(1).count()
    started = time.monotonic()
    found = near_pairs_spark(spark, both)
    seconds = time.monotonic() - started
    right = (found.left < planted) & (found.right == found.left + count - planted)
    bands = make_bands(count)
    print(f"{count:,} hashes, {planted:,} copies at 1 to {NEAR} bits;", end=" ")
    print(f"{len(bands)} bands of {len(bands[0])} bits: {seconds:.0f} s, {len(found.left):,} pairs")
    print(f"  pairs that were not planted: {int((~right).sum())}")
    _print_recall(found, right, apart)


def _print_recall(found: Pairs, right: NDArray[np.bool_], apart: NDArray[np.int64]) -> None:
    hits = np.zeros(len(apart), dtype=bool)
    hits[found.left[right]] = True
    print(f"  recall over all {hits.mean():.4f}, at {NEAR} bits {hits[apart == NEAR].mean():.4f}")
    print(f"  recall at 21 to 30 bits {hits[(apart > 20) & (apart < NEAR)].mean():.4f}")


def _flipped(hashes: Hashes, apart: NDArray[np.int64], random: np.random.Generator) -> Hashes:
    """The hashes, each with as many bits turned at random places as `apart` says."""
    ranks = random.random((len(hashes), BITS), dtype=np.float32).argsort(axis=1).argsort(axis=1)
    mask = np.packbits(ranks < apart[:, None], axis=1)
    return hashes ^ mask.view(np.uint64)


def crop(share: float) -> Change:
    """Cut so much off the width and the height, half on each side."""

    def change(picture: Image.Image) -> Image.Image:
        x, y = (round(side * share / 2) for side in picture.size)
        return picture.crop((x, y, picture.width - x, picture.height - y))

    return change


def to_half(picture: Image.Image) -> Image.Image:
    return picture.resize((max(1, picture.width // 2), max(1, picture.height // 2)))


def to_256(picture: Image.Image) -> Image.Image:
    small = picture.copy()
    small.thumbnail((256, 256))
    return small


def recompress(quality: int) -> Change:
    def change(picture: Image.Image) -> Image.Image:
        encoded = io.BytesIO()
        picture.save(encoded, "JPEG", quality=quality)
        return Image.open(encoded).convert("RGB")

    return change


def caption(picture: Image.Image) -> Image.Image:
    """A white bar with a line of text above the picture, an eighth of its height."""
    bar = max(1, picture.height // 8)
    made = ImageOps.expand(picture, (0, bar, 0, 0), fill="white")
    ImageDraw.Draw(made).text((bar // 4, bar // 4), "look at this", "black", font_size=bar // 2 + 1)
    return made


CHANGES: Mapping[str, Change] = {
    "crop 5 %": crop(0.05),
    "crop 10 %": crop(0.10),
    "crop 20 %": crop(0.20),
    "resize to half": to_half,
    "resize to 256 px": to_256,
    "recompress, quality 60": recompress(60),
    "recompress, quality 30": recompress(30),
    "half, then quality 30": lambda picture: recompress(30)(to_half(picture)),
    "caption bar": caption,
    "flip (not found by design)": ImageOps.mirror,
}


def copies(name: str, folder: Path, most: int) -> None:
    """Recall of each change at 31 bits, and near pairs among the pictures themselves."""
    paths = sorted(p for p in folder.iterdir() if p.suffix in {".jpg", ".jpeg", ".png"})
    random = np.random.default_rng(SEED)
    chosen = [paths[n] for n in sorted(random.permutation(len(paths))[:most])]
    originals: list[str] = []
    apart: dict[str, list[int]] = {change: [] for change in CHANGES}
    for path in chosen:
        picture = _opened(path)
        if picture is None:
            continue
        (own,), quality = perceptual_hashes([picture])
        if quality < MIN_QUALITY:
            continue
        originals.append(own)
        for change, function in CHANGES.items():
            (other,), _ = perceptual_hashes([function(picture)])
            apart[change].append(int(distances(packed([own]), packed([other]))[0]))
    print(f"{name}: {len(originals)} pictures of quality {MIN_QUALITY} or more")
    for change, found in apart.items():
        near = np.array(found) <= NEAR
        print(f"  {change:28} recall {near.mean():.3f}  median distance {np.median(found):.0f}")
    _print_unrelated(packed(originals))


def _opened(path: Path) -> Image.Image | None:
    try:
        return Image.open(path).convert("RGB")
    except (OSError, Image.DecompressionBombError):
        return None  # the sample holds hostile files too


def _print_unrelated(hashes: Hashes) -> None:
    apart = distances(hashes[:, None, :], hashes[None, :, :])[np.triu_indices(len(hashes), 1)]
    near = int((apart <= NEAR).sum())
    closest = apart[apart > NEAR].min()
    print(f"  pairs of different files: {len(apart):,}, near {near}; the next at {closest} bits")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--hashes", type=int, default=1_000_000, help="0: skip the search")
    arguments.add_argument("--planted", type=int, default=31_000, help="copies among the hashes")
    arguments.add_argument("--pictures", type=int, default=300, help="0: skip the pictures")
    main(**vars(arguments.parse_args()))
