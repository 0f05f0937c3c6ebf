"""Media of a day in Spark: a file that ends its decoder is one row, and no row is lost."""

import multiprocessing
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pyarrow as pa
import pytest
from PIL import Image

from harmsweep.media import facts
from harmsweep.paths import ROOT
from harmsweep.stages.features.media_rows import inspect_batches

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CALLS = ROOT / "tests"


@pytest.fixture
def media(tmp_path: Path) -> Path:
    for number in range(12):
        Image.linear_gradient("L").resize((48, 32)).save(tmp_path / f"{number}.png")
    return tmp_path


def test_each_reference_is_a_row_in_its_order(media: Path) -> None:
    uris = ["3.png", "absent.png", "../3.png", "0.png"]
    batch = pa.RecordBatch.from_pydict({"kind": ["image"] * 4, "uri": uris})
    (found,) = inspect_batches(iter([batch]), root=str(media))
    assert found["uri"].to_pylist() == uris
    assert found["status"].to_pylist() == ["ok", "missing", "refused", "ok"]
    assert [hashes is None for hashes in found["pdq"].to_pylist()] == [False, True, True, False]


@pytest.mark.spark
def test_a_file_that_ends_or_fills_the_decoder_is_a_row_and_its_worker_goes_on(
    spark: "SparkSession", media: Path
) -> None:
    (media / "5.png").write_bytes(b"kill")
    (media / "8.png").write_bytes(b"fill")

    def inspect(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # The child finds the decoder by name, on its parent's path.
        sys.path.insert(0, str(CALLS))
        from media_calls import facts_or_death

        with mock.patch.object(facts, "picture_facts", facts_or_death):
            for found in inspect_batches(batches, root=str(media)):
                own = (
                    [os.getpid()] * len(found),
                    [len(multiprocessing.active_children())] * len(found),
                )
                columns = [found["uri"], found["status"], found["reason"], *map(pa.array, own)]
                yield pa.RecordBatch.from_arrays(columns, names=names)

    names = ["uri", "status", "reason", "worker", "children"]
    uris = [f"{number}.png" for number in range(12)]
    references = spark.createDataFrame([("image", uri) for uri in uris], "kind string, uri string")
    schema = "uri string, status string, reason string, worker long, children long"
    rows = {row["uri"]: row for row in references.coalesce(1).mapInArrow(inspect, schema).collect()}
    assert sorted(rows) == sorted(uris)
    assert {uri: row["reason"] for uri, row in rows.items() if row["status"] != "ok"} == {
        "5.png": "decoding ended its process (code -9)",
        "8.png": "decoding took over 256 MB",
    }
    assert len({row["worker"] for row in rows.values()}) == 1
    # One that was filled is replaced at the next call.
    assert {row["children"] for row in rows.values()} <= {0, 1}
