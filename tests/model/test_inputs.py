"""The numbers that are made of a post's vectors."""

import math
from datetime import date

import numpy as np
import pytest
from pyspark.sql import SparkSession

from harmsweep.encoders.stored import stored
from harmsweep.model.fusion import SIMILARITY, Input
from harmsweep.model.inputs import with_inputs

pytestmark = pytest.mark.spark

DAY = date(2026, 10, 1)


def test_likeness_is_a_cosine_and_unknown_without_both_directions(spark: SparkSession) -> None:
    key = "day date, post_id string, revision int"
    vectors = {
        "slanted": ([3.0, 0.0], [2.0, 2.0]),
        "opposed": ([1.0, 1.0], [-2.0, -2.0]),
        "zero": ([0.0, 0.0], [1.0, 0.0]),
        "wordless": (None, [1.0, 0.0]),
    }
    posts = spark.createDataFrame(
        [(DAY, name, 1, "native", "a") for name in vectors],
        f"{key}, author_origin string, author_id string",
    )
    kept = spark.createDataFrame(
        [
            (DAY, name, 1, kind, kind, vector and stored(np.array([vector]))[0])
            for name, pair in vectors.items()
            for kind, vector in zip(("caption", "image"), pair, strict=True)
        ],
        f"{key}, encoder_id string, input string, vector binary",
    )
    inputs = [Input(name=name, encoder_id=name, width=2) for name in ("caption", "image")]
    fused = with_inputs(posts, kept, kept, inputs=inputs)
    assert {row["post_id"]: row[SIMILARITY] for row in fused.collect()} == {
        "slanted": pytest.approx(math.sqrt(0.5)),
        "opposed": pytest.approx(-1),
        "zero": None,
        "wordless": None,
    }
    alone = with_inputs(posts, kept, kept, inputs=inputs[1:])
    assert {row[SIMILARITY] for row in alone.collect()} == {None}
