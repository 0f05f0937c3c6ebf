"""What a table is: its name, columns with their comments, key, partitioning and constraints."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyspark.sql import types as T

STRING, DAY, BOOL = T.StringType(), T.DateType(), T.BooleanType()
INT, LONG, DOUBLE = T.IntegerType(), T.LongType(), T.DoubleType()
TIME = T.TimestampType()
STRINGS = T.ArrayType(T.StringType())
# float16 numbers, least byte first: `harmsweep.encoders.stored`.
VECTOR = T.BinaryType()


@dataclass(frozen=True)
class Table:
    """A Delta table; its folder in the lake is its name.

    A constraint whose expression changes gets a new name, and its old one is named as retired:
    Delta stores an expression in words of its own, which can't be compared with ours.
    """

    name: str
    comment: str
    key: tuple[str, ...]
    schema: T.StructType
    partition_by: tuple[str, ...] = ("day",)
    constraints: Mapping[str, str] = field(default_factory=dict)
    retired_constraints: tuple[str, ...] = ()
    append_only: bool = False

    def __post_init__(self) -> None:
        absent = {*self.key, *self.partition_by} - set(self.schema.names)
        if absent:
            raise ValueError(f"{self.name}: {sorted(absent)} in key or partitioning, not in schema")
        both = self.constraints.keys() & set(self.retired_constraints)
        if both:
            raise ValueError(f"{self.name}: constraints {sorted(both)} are declared and retired")


def required(name: str, kind: T.DataType, comment: str) -> T.StructField:
    """A column that is never null."""
    return T.StructField(name, kind, False, {"comment": comment})


def optional(name: str, kind: T.DataType, comment: str) -> T.StructField:
    """A column that may be null: unknown or not applicable, never a stand-in for zero."""
    return T.StructField(name, kind, True, {"comment": comment})


def columns(*fields: T.StructField) -> T.StructType:
    """A table's schema from its columns in order."""
    return T.StructType(list(fields))
