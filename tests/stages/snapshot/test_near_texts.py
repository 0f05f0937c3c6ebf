"""Which texts are near-copies: by their runs of letters, found without comparing all pairs."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from harmsweep.stages.snapshot.near_texts import MOST_COMPARED, near_texts, runs

pytestmark = pytest.mark.spark
CLAIM = "Congratulations! You have won a £1000 prize. Call 09061701461 now to claim, code KL341"


def pairs(spark: SparkSession, texts: list[str]) -> set[tuple[int, int]]:
    frame = spark.createDataFrame(list(enumerate(texts)), "id long, text string")
    found = near_texts(frame.select("id", runs(F.col("text")).alias("runs"))).collect()
    return {(row.left, row.right) for row in found}


def test_other_numbers_case_and_marks_make_no_other_text(spark: SparkSession) -> None:
    other = "congratulations you have won a $2000 prize - call 0800 55 now, to claim. code ZX9"
    unlike = "I will call you when the train leaves the station, wait for me at the corner"
    assert pairs(spark, [CLAIM, other, unlike]) == {(0, 1)}


def test_half_of_the_runs_in_common_is_near_and_fewer_is_not(spark: SparkSession) -> None:
    # 40 letters have 36 runs; of two texts with 28 letters in common, 24 of 48 runs are.
    common = "abcdefghijklmnopqrstuvwxyzäö"
    half = [common + "àáâãåæçèéêëì", common + "ñòóôõøùúûüýþ"]
    fewer = [common[1:] + "αβγδεζηθικλμν", common[1:] + "абвгдежзийклм"]
    assert pairs(spark, half) == {(0, 1)} and pairs(spark, fewer) == set()


def test_a_short_text_is_like_no_other(spark: SparkSession) -> None:
    assert pairs(spark, ["happy new year", "Happy New Year!", "", "ok"]) == set()


def test_a_text_of_any_length_is_compared_by_its_start(spark: SparkSession) -> None:
    start = " ".join(f"word{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(600))
    assert pairs(spark, [start + " a" * 90_000, start + " b c" * 90_000]) == {(0, 1)}


def test_many_variants_of_one_text_are_one_chain_of_few_pairs(spark: SparkSession) -> None:
    names = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}o" for n in range(300)]
    found = pairs(spark, [CLAIM.replace("code", f"code {name}") for name in names])
    assert {node for pair in found for node in pair} == set(range(300))
    assert len(found) < 300 * 299 / 2 and len(found) >= 300 - MOST_COMPARED
