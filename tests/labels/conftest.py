"""Literal rows of a table."""

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from harmsweep.tables.spec import Table


@pytest.fixture
def frame(spark: SparkSession) -> Callable[..., DataFrame]:
    """A function that makes literal rows a table's rows."""

    def make(rows: list[dict[str, Any]], table: Table) -> DataFrame:
        values = [tuple(row.get(name) for name in table.schema.names) for row in rows]
        return spark.createDataFrame(values, table.schema)

    return make
