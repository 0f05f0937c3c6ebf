"""Landing rows with what becomes of each: a status where it does not go on, with the reason.

A checked row has `status` (null: it goes on; rejected, duplicate or superseded), `reason`,
`detail`, `item` (its event or, without one, its line) and `copy`, which numbers an item's rows.
"""

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from harmsweep.stages.ingest.validation import ID, with_reason
from harmsweep.tables.catalog import REJECTS

SAME_EVENT, LATER_EVENT, CONFLICT = "same_event", "later_event", "conflicting_label"
_ITEM = f"CASE WHEN event_id {ID} THEN event_id ELSE line_id END"
_POST = f"CASE WHEN post_id {ID} THEN post_id END"


def check(rows: DataFrame, source: str) -> DataFrame:
    """The rows of an event source, checked by the rules; of one event's rows the first goes on.

    First are rows that no rule refuses, then the earlier recorded. It depends on the day's own
    landing rows alone, so that days may come in any order.
    """
    numbered = number(with_reason(rows, source))
    return numbered.withColumn("status", status(duplicate=F.col("copy") > 1)).withColumn(
        "reason", F.when(F.col("status") == "duplicate", SAME_EVENT).otherwise(F.col("reason"))
    )


def number(rows: DataFrame) -> DataFrame:
    """The rows with `item` and `copy`."""
    order = [F.col("reason").isNotNull(), F.col("recorded_at"), F.col("line_id")]
    copies = F.row_number().over(Window.partitionBy("item").orderBy(*order))
    return rows.withColumn("item", F.expr(_ITEM)).withColumn("copy", copies)


def status(*, duplicate: Column) -> Column:
    """rejected where a rule gave a reason, else duplicate where that holds, else null."""
    return F.when(F.col("reason").isNotNull(), "rejected").when(duplicate, "duplicate")


def supersede(checked: DataFrame, lost: Column) -> DataFrame:
    """The checked rows, of those that go on the lost ones superseded by a later event."""
    gone = F.col("status").isNull() & lost
    return checked.withColumns(
        {
            "status": F.when(gone, "superseded").otherwise(F.col("status")),
            "reason": F.when(gone, LATER_EVENT).otherwise(F.col("reason")),
        }
    )


def goes_on(checked: DataFrame) -> DataFrame:
    """The rows that the day's tables take."""
    return checked.where("status IS NULL")


def refused(checked: DataFrame, source: str, day: date) -> DataFrame:
    """The rejects of the rows that do not go on."""
    return as_rejects(checked.where("status IS NOT NULL"), source, F.lit(day))


def as_rejects(rows: DataFrame, source: str, recorded_day: Column) -> DataFrame:
    """Rows of rejects under the day on which the platform recorded the item.

    Whichever day's run refuses it, the row is the same: the days may come in any order.
    """
    numbered = F.concat_ws("#", "item", F.col("copy").cast("string"))
    return rows.select(
        recorded_day.alias("day"),
        F.lit("ingest").alias("stage"),
        F.lit(source).alias("source"),
        F.when(F.col("copy") == 1, F.col("item")).otherwise(numbered).alias("item_id"),
        "status",
        "reason",
        "detail",
        F.expr(_POST if "post_id" in rows.columns else "CAST(NULL AS STRING)").alias("post_id"),
        recorded_day.alias("recorded_day"),
    ).select(*REJECTS.schema.names)
