"""Which inputs are enough to score a post."""

import pytest
from pyspark.sql import SparkSession

from harmsweep.stages.score.score_rows import CARRIED, with_status


@pytest.mark.spark
def test_own_words_in_any_medium_are_enough_and_the_authors_or_repeated_ones_are_not(
    spark: SparkSession,
) -> None:
    inputs = {
        "text": ["text"], "meme": ["media_text"], "picture": ["image"], "clip": ["video"],
        "described": ["description"], "raw": ["raw_text", "description"], "caption": ["caption"],
        "nothing": [],
    }  # fmt: skip
    lists = ("damage", "inputs")
    kinds = [f"{name} {'array<string>' if name in lists else 'string'}" for name in CARRIED]
    rows = []
    for name, found in inputs.items():
        values = dict.fromkeys(CARRIED, "x") | {"post_id": name, "inputs": found, "damage": []}
        rows.append((*values.values(), False, 0.5))
    scored = spark.createDataFrame(rows, f"{', '.join(kinds)}, trained_on boolean, hate double")
    found = {row["post_id"]: row["status"] for row in with_status(scored, ["hate"]).collect()}
    usable = ("text", "meme", "picture", "clip")
    assert found == {name: "scored" if name in usable else "quarantined" for name in inputs}
