"""Texts a second of one core, by encoder and precision, n-grams included.

The same texts of a lake for each, as days embed them (sorted and packed), in rounds in turn; the
best round counts.

    .venv/bin/python scripts/benchmarks/text_encoders.py --lake lake \\
        --encoders minilm-l6-v2 minilm-tuned mpnet-ngrams
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from harmsweep.encoders import text
from harmsweep.encoders.conf import Encoder, declared_encoders
from harmsweep.lake.delta import query
from harmsweep.model.text_windows import as_read

TEXTS = """SELECT normal_text FROM post_features_v1 WHERE normal_text <> ''
           ORDER BY digest(post_id, 'sha256') LIMIT {posts}"""


def main(*, lake: Path, encoders: list[str], posts: int, rounds: int) -> None:
    found = query(lake, TEXTS.format(posts=posts)).column("normal_text").to_pylist()
    texts = [as_read(each) for each in found]
    declared = declared_encoders()
    tried = [
        declared[name].model_copy(update={"precision": precision})
        for name in encoders
        for precision in ("fp32", "bf16")
    ]
    models = [text.load(encoder, "cpu") for encoder in tried]
    best = [float("inf")] * len(models)
    for _ in track(range(rounds), "rounds"):
        for place, model in enumerate(models):
            started = time.perf_counter()
            text.embed(model, texts)
            best[place] = min(best[place], time.perf_counter() - started)
    Console().print(table(tried, [len(texts) / seconds for seconds in best]))


def table(tried: list[Encoder], rates: list[float]) -> Table:
    """Each encoder with its rate, and beside the first one's."""
    shown = Table("encoder", "precision", "width", "texts a second", "of the first")
    for encoder, rate in zip(tried, rates, strict=True):
        cells = encoder.name, encoder.precision, str(encoder.width), f"{rate:.0f}"
        shown.add_row(*cells, f"{rate / rates[0]:.2f}")
    return shown


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--encoders", nargs="+", default=["minilm-l6-v2", "minilm-tuned"])
    parser.add_argument("--posts", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    main(**vars(parser.parse_args()))
