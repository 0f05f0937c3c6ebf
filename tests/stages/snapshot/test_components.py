"""Connected components: the same by scipy on the driver and by rounds of stars in Spark."""

import numpy as np
import pytest
from pyspark.sql import SparkSession

from harmsweep.stages.snapshot.components import components

pytestmark = pytest.mark.spark
IN_SPARK = 0


def roots(spark: SparkSession, edges: list[tuple[int, int]], *, at_driver: int) -> dict[int, int]:
    frame = spark.createDataFrame(edges, "left long, right long")
    return {row.node: row.root for row in components(frame, at_driver=at_driver).collect()}


@pytest.mark.parametrize("at_driver", [IN_SPARK, 100])
def test_a_chain_is_one_component_named_by_its_least_node(
    spark: SparkSession, at_driver: int
) -> None:
    chain = [(5, 9), (9, -3), (7, -3), (20, 21), (30, 30), (5, 9)]
    found = roots(spark, chain, at_driver=at_driver)
    assert found == {-3: -3, 5: -3, 7: -3, 9: -3, 20: 20, 21: 20, 30: 30}


def test_no_edges_have_no_components(spark: SparkSession) -> None:
    assert roots(spark, [], at_driver=100) == roots(spark, [], at_driver=IN_SPARK) == {}


def test_spark_finds_what_the_driver_finds(spark: SparkSession) -> None:
    random = np.random.default_rng(3)
    # About as many edges as nodes: one large component, long chains and many small ones.
    edges = [(int(a), int(b)) for a, b in random.integers(0, 300, size=(160, 2))]
    edges += [(n, n + 1) for n in range(1000, 1040)]
    at_driver = roots(spark, edges, at_driver=1000)
    assert len(set(at_driver.values())) > 30
    assert roots(spark, edges[::-1], at_driver=IN_SPARK) == at_driver
