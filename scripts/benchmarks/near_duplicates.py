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

from harmsweep.hashes import (
    BITS,
    MIN_QUALITY,
    NEAR,
    Hashes,
    Pairs,
    distances,
    make_bands,
    near_pairs_spark,
    packed,
)
from harmsweep.media.facts import perceptual_hashes
from harmsweep.paths import ROOT
from harmsweep.session import session

SEED = 7
FOLDERS = {
    "sample": ROOT / "tests" / "sample" / "media" / "images",
    "research posts": ROOT.parent / "shared" / "data" / "media" / "images",
}
Change = Callable[[Image.Image], Image.Image]


def main(*, hashes: int, shuffle: bool, posts: Path, pictures: int) -> None:
    if hashes:
        spark = session("near_duplicates")
        for by_shuffle in (False, True) if shuffle else (False,):
            print(json.dumps(search(spark, hashes, shuffle=by_shuffle)), flush=True)
    for line in hashing("sample", *sample_pictures()):
        print(json.dumps(line), flush=True)
    if pictures and (posts / "posts.jsonl").exists():
        for line in hashing(posts.name, *posted_pictures(posts, pictures)):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--hashes", type=int, default=1_000_000, help="0: skip the search")
    arguments.add_argument("--planted", type=int, default=31_000, help="copies among the hashes")
    arguments.add_argument("--pictures", type=int, default=300, help="0: skip the pictures")
    main(**vars(arguments.parse_args()))
