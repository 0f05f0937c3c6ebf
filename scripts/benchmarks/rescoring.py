"""How fast new heads score stored vectors under Spark, beside a bare torch loop on the same files.

The vectors are synthetic: 384 float16 values a row, as the lake stores vectors, in shards of
100,000 rows. Both sides score every head in one pass and write nothing. The stage is `score_rows`,
what the score stage does with joined rows, with the settings of conf/spark/cpu.conf; the bare side
reads vectors and ids, gives a score its id, and knows no other columns, masks or statuses.
Prints a table and one line of JSON: rows per second by median of alternating rounds, their ratio,
and the peak memory (PSS of all processes).
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from memory import peak_memory
from random_model import make_model

from harmsweep.encoders.stored import matrix, stored
from harmsweep.harms import HARMS
from harmsweep.model.fusion import Input
from harmsweep.model.manifest import load_manifest
from harmsweep.paths import CONF
from harmsweep.stages.score.score_batches import as_columns

WIDTH = 384
SHARD = 100_000
DAY = date(2026, 10, 1)
KEY = ("post_id", "revision")
# Rows, and how many rounds: the longest runs vary least.
SIZES = {100_000: 7, 1_000_000: 3, 10_000_000: 1}
LEAST_RATIO = 0.5
# On one machine the session takes conf/spark/local.conf, which compiles little, for small days;
# here Spark's own defaults, as on a cluster.
LARGE = {
    "spark.driver.extraJavaOptions": "-Xss4m",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
}
Work = Callable[[list[str], Path], int]


def main(*, data: Path, full: bool, cores: int) -> int:
    """Make what is lacking of the shards, measure each size, print; 1 where the ratio is short."""
    source = Input(name="text", encoder_id="synthetic", width=WIDTH)
    sizes = [rows for rows in SIZES if full or rows <= 1_000_000]
    manifest = make_model(data / "model", [source])
    found = []
    with side("stage", manifest, cores) as stage, side("bare", manifest, cores) as bare:
        for rows in sizes:
            files = make_shards(data, rows)
            found.append(compare(stage, bare, files, rows))
    print_table(found)
    print(json.dumps({"cores": cores, "width": WIDTH, "heads": len(HARMS), "sizes": found}))
    return 0 if all(row["ratio"] >= LEAST_RATIO for row in found) else 1


def compare(stage: Connection, bare: Connection, files: list[str], rows: int) -> dict[str, Any]:
    """Both sides in turn, after a first run of each that is not counted."""
    for asked in (stage, bare):
        ask(asked, files[:1])
    rounds = [(ask(stage, files), ask(bare, files)) for _ in range(SIZES[rows])]
    assert all(side["rows"] == rows for pair in rounds for side in pair)
    rates = [[rows / side["seconds"] for side in pair] for pair in rounds]
    return {
        "rows": rows,
        "rounds": len(rounds),
        "stage_rows_per_s": round(statistics.median(r[0] for r in rates)),
        "bare_rows_per_s": round(statistics.median(r[1] for r in rates)),
        "ratio": round(statistics.median(r[0] / r[1] for r in rates), 3),
        "stage_peak_mb": max(pair[0]["peak_mb"] for pair in rounds),
        "bare_peak_mb": max(pair[1]["peak_mb"] for pair in rounds),
    }


def print_table(found: list[dict[str, Any]]) -> None:
    print("rows        stage rows/s  bare rows/s  ratio  stage MB  bare MB")
    for row in found:
        print(
            f"{row['rows']:<10,}  {row['stage_rows_per_s']:>12,}  {row['bare_rows_per_s']:>11,}"
            f"  {row['ratio']:>5.2f}  {row['stage_peak_mb']:>8,}  {row['bare_peak_mb']:>7,}"
        )


@contextmanager
def side(name: str, manifest: Path, cores: int) -> Iterator[Connection]:
    """A process of its own for one side, so that its memory can be told from the other's."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there, name, manifest, cores))
    process.start()
    there.close()  # a side that dies ends the run: nobody else holds its end
    try:
        yield here
    finally:
        here.send(None)
        process.join()


def ask(asked: Connection, files: list[str]) -> dict[str, Any]:
    asked.send(files)
    answer: dict[str, Any] = asked.recv()
    return answer


def serve(asked: Connection, name: str, manifest: Path, cores: int) -> None:
    """Score the files of each request; answer with rows, seconds and peak memory."""
    work = {"stage": start_stage, "bare": start_bare}[name](cores)
    while files := asked.recv():
        with peak_memory() as peak:
            started = time.perf_counter()
            rows = work(files, manifest)
            seconds = time.perf_counter() - started
        asked.send({"rows": rows, "seconds": seconds, "peak_mb": round(max(peak) / 1024)})
    if name == "stage":
        from harmsweep.lake.session import session

        session("rescoring").stop()


def start_stage(cores: int) -> Work:
    from pyspark.sql import Observation
    from pyspark.sql import functions as F

    from harmsweep.lake.session import properties, session
    from harmsweep.stages.score.stage import score_rows

    options = (
        properties(CONF / "spark" / "cpu.conf")
        | LARGE
        | {
            "spark.master": f"local[{cores},4]",
            "spark.driver.memory": "2g",
        }
    )
    arguments = " ".join(f'--conf "{name}={value}"' for name, value in options.items())
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"{arguments} pyspark-shell"
    spark = session("rescoring")

    def work(files: list[str], manifest: Path) -> int:
        counted = Observation("counted")
        rows = spark.read.parquet(*files)
        scored = score_rows(rows, load_manifest(manifest), manifest)
        scored = scored.observe(counted, F.count(F.lit(1)).alias("rows"))
        scored.write.format("noop").mode("overwrite").save()
        return int(counted.get["rows"])

    return work


def start_bare(cores: int) -> Work:
    import torch

    from harmsweep.model.network import load_heads

    torch.set_num_threads(cores)
    pa.set_cpu_count(cores)

    def work(files: list[str], manifest: Path) -> int:
        _, heads = load_heads(manifest)
        count = 0
        read = ds.dataset(files).to_batches(columns=[*KEY, "text_vector"], batch_size=8192)
        with torch.inference_mode():
            for batch in read:
                vectors = matrix(batch["text_vector"], WIDTH)
                mask = np.ones((len(vectors), 1), np.float32)
                fused = torch.from_numpy(np.concatenate([vectors, mask], axis=1))
                scores = torch.sigmoid(heads(fused)).double().numpy()
                arrays = [batch[name] for name in KEY] + as_columns(scores)
                count += len(pa.RecordBatch.from_arrays(arrays, [*KEY, *HARMS]))
        return count

    return work


def make_shards(data: Path, rows: int) -> list[str]:
    """The files of so many rows, each made once."""
    files = [data / f"part-{place:05d}.parquet" for place in range(rows // SHARD)]
    for place, file in enumerate(files):
        if not file.exists():
            part = file.with_suffix(".part")
            pq.write_table(shard(place), part, row_group_size=20_000)
            part.rename(file)
    return [str(file) for file in files]


def shard(place: int) -> pa.Table:
    """Rows as the score stage joins them: the columns that it carries, the vector and its mask."""
    rng = np.random.default_rng(place)
    values = rng.standard_normal((SHARD, WIDTH), dtype=np.float32) / np.float32(WIDTH**0.5)
    names = [f"post-{place * SHARD + n}" for n in range(SHARD)]
    same = {"surface": "feed", "country": "ZZ", "dataset": "live", "language": "en"}
    texts = {name: pa.array([value] * SHARD) for name, value in same.items()}
    return pa.table(
        {
            "post_id": names,
            "revision": pa.array(np.ones(SHARD, np.int32)),
            "author_id": [f"author-{n % 9973}" for n in range(SHARD)],
            **texts,
            "split_group": names,
            "recorded_day": pa.array([DAY] * SHARD),
            "damage": pa.array([[]] * SHARD, pa.list_(pa.string())),
            "inputs": pa.array([["text"]] * SHARD),
            "text_vector": pa.array(stored(values), pa.binary()),
            "text_present": np.ones(SHARD, bool),
        }
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", type=Path, help="folder of the shards, kept (80 MB a shard)")
    parser.add_argument("--full", action="store_true", help="also 10,000,000 rows (8 GB)")
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(main(data=options.data or Path(folder), full=options.full, cores=options.cores))
