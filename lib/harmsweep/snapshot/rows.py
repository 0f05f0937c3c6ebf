"""The rows of a snapshot: labelled posts with their vectors, numbers, labels and part."""

from collections import defaultdict
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from harmsweep.fusion import Input, input_columns
from harmsweep.harms import HARMS
from harmsweep.inputs import NOT_ALONE, NUMBERS, with_inputs
from harmsweep.snapshot.split import Group, part_by_hash, parts_by_balance
from harmsweep.snapshots import label_column
from harmsweep.training import Split

IDS = ["day", "post_id", "revision", "dataset", "language", "author_origin", "split_group"]
_POST = ["day", "post_id"]


def labelled_rows(
    posts: DataFrame,
    features: DataFrame,
    post_vectors: DataFrame,
    author_vectors: DataFrame,
    labels: DataFrame,
    *,
    inputs: Sequence[Input],
) -> DataFrame:
    """Current revisions with a label and a vector of their own, and the hash of their content."""
    current = posts.where(F.col("status") == "accepted").select(*_POST, "revision")
    rows = features.join(current, on=[*_POST, "revision"], how="left_semi")
    fused = with_inputs(rows, post_vectors, author_vectors, inputs=inputs)
    usable = fused.where(_has_own_vector(inputs))
    labelled = usable.join(labels_by_harm(labels), on=_POST, how="inner")
    return labelled.withColumn("content", _content(inputs)).select(
        *IDS,
        *input_columns(inputs, []),
        *NUMBERS,
        *(label_column(harm) for harm in HARMS),
        "content",
    )


def labels_by_harm(labels: DataFrame) -> DataFrame:
    """One row per post and one float column per harm; NaN where no one annotated it.

    Of several labels of one post and harm, one by hand goes before any other; then the source that
    comes first in the alphabet.
    """
    rank = F.struct(F.col("source") != "hand", F.col("source"))
    chosen = labels.groupBy(*_POST).pivot("harm", list(HARMS)).agg(F.min_by("label", rank))
    values = [F.coalesce(F.col(h).cast("float"), F.lit(float("nan")).cast("float")) for h in HARMS]
    renamed = [value.alias(label_column(h)) for value, h in zip(values, HARMS, strict=True)]
    return chosen.select(*_POST, *renamed)


def with_parts(rows: DataFrame, split: Split) -> DataFrame:
    """Rows with `split`, one side for each split group; `content` goes.

    Where two groups hold the same content, only the rows of the first group (by name) stay:
    otherwise a text could be in train under one name and in test under another.
    """
    first = F.min("split_group").over(Window.partitionBy("content"))
    kept = rows.withColumn("_first", first).where(F.col("split_group") == F.col("_first"))
    parts = _parts(kept, split)
    known = F.broadcast(
        rows.sparkSession.createDataFrame(parts, "split_group string, split string")
    )
    return kept.drop("_first", "content").join(known, on="split_group", how="inner")


def _has_own_vector(inputs: Sequence[Input]) -> Column:
    own = [F.col(f"{s.name}_present") for s in inputs if s.name not in NOT_ALONE]
    return F.greatest(*own) if len(own) > 1 else own[0]


def _content(inputs: Sequence[Input]) -> Column:
    """A hash of the words, disguised or not; of the media's vectors where there are none."""
    words = F.sha2("normal_text", 256)
    media = [f"{s.name}_vector" for s in inputs if s.name in {"image", "video"}]
    if not media:
        return words
    return F.when(F.col("text_present"), words).otherwise(
        F.concat(F.lit("media:"), F.xxhash64(*media).cast("string"))
    )


def _parts(rows: DataFrame, split: Split) -> list[tuple[str, str]]:
    """The part of each group. One row per group comes to the driver: names and counts only."""
    by_dataset = defaultdict(list)
    for group in _groups(rows):
        by_dataset[group.dataset].append(group)
    chosen: dict[str, str] = {}
    for groups in by_dataset.values():
        if len(groups) < split.few_groups:
            chosen |= parts_by_balance(groups, split)
        else:
            chosen |= {group.name: part_by_hash(group.name, split) for group in groups}
    return sorted(chosen.items())


def _groups(rows: DataFrame) -> list[Group]:
    counts = [
        F.sum((F.col(label_column(harm)) == label).cast("int")).alias(f"{harm}={label}")
        for harm in HARMS
        for label in (0, 1)
    ]
    grouped = rows.groupBy("split_group").agg(F.min("dataset").alias("_home"), *counts)
    found = [row.asDict() for row in grouped.collect()]
    return sorted(
        (
            Group(g.pop("split_group"), g.pop("_home"), {c: n for c, n in g.items() if n})
            for g in found
        ),
        key=lambda group: group.name,
    )
