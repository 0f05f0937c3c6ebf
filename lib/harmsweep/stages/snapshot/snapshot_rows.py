"""The rows of a snapshot: labelled posts with their vectors, numbers, labels and part.

Labels that are not by hand are natural: they are trained on, and stand in no other part.
"""

from collections.abc import Collection, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from harmsweep.harms import HARMS
from harmsweep.labels.sources import HAND, TASKS, vote
from harmsweep.model.conf import Split
from harmsweep.model.fusion import Input, input_columns
from harmsweep.model.inputs import NOT_ALONE, NUMBERS, with_inputs
from harmsweep.model.manifest import group_hash
from harmsweep.model.snapshot import hand_column, label_column, weight_column
from harmsweep.stages.snapshot.split import Group, parts_of

IDS = ["day", "post_id", "revision", "dataset", "surface", "language", "author_origin"]
IDS += ["own_group"]
_POST = ["day", "post_id"]


def labelled_rows(
    posts: DataFrame,
    features: DataFrame,
    post_vectors: DataFrame,
    author_vectors: DataFrame,
    labels: DataFrame,
    *,
    inputs: Sequence[Input],
    ordinary: Sequence[str] = (),
) -> DataFrame:
    """Current revisions with a label and a vector of their own, and the hash of their content.

    Labels have their `factor` (label_weights). Posts of `ordinary` collections need no label.
    """
    current = posts.where(F.col("status") == "accepted").select(*_POST, "revision")
    rows = features.join(current, on=[*_POST, "revision"], how="left_semi")
    fused = with_inputs(rows, post_vectors, author_vectors, inputs=inputs)
    usable = fused.where(_has_own_vector(inputs))
    known = labels_by_harm(labels)
    labelled = usable.join(known, on=_POST, how="inner")
    plain = usable.where(is_ordinary(ordinary)).join(known, on=_POST, how="left_anti")
    labelled = labelled.unionByName(plain.withColumns(_without_labels()))
    labelled = labelled.withColumnRenamed("split_group", "own_group")
    return labelled.withColumn("content", _content(inputs)).select(
        *IDS,
        *input_columns(inputs, []),
        *NUMBERS,
        *(label_column(harm) for harm in HARMS),
        *(weight_column(harm) for harm in HARMS),
        *(hand_column(harm) for harm in HARMS),
        "content",
    )


def labels_by_harm(labels: DataFrame) -> DataFrame:
    """One row per labelled post: by harm a label (NaN: not known), its weight, and who gave it.

    Each label of a post and harm is a vote of its weight for 1 or for 0; labels by hand leave no
    vote to others, and answers to tasks none but to those. The majority is the label, and its lead,
    1 at most, times the labels' `factor` the weight; a tie is not known. So one label keeps its
    weight, and of three annotators two outvote the third.
    """
    source = F.col("source")
    by_hand, of_tasks, natural = (
        F.sum(F.when(of, vote()))
        for of in (source == HAND, source == TASKS, ~source.isin(HAND, TASKS))
    )
    votes = labels.groupBy(*_POST).pivot("harm", list(HARMS))
    leads = votes.agg(
        F.coalesce(by_hand, of_tasks, natural).alias("lead"),
        by_hand.alias("hand"),
        F.max("factor").alias("factor"),
    )
    found = leads.select(
        *_POST,
        *(_label(F.col(f"{harm}_lead")).alias(label_column(harm)) for harm in HARMS),
        *(_weighed(harm).alias(weight_column(harm)) for harm in HARMS),
        *(_known(F.col(f"{harm}_hand")).alias(hand_column(harm)) for harm in HARMS),
    )
    return found.where(has_label())


def _label(lead: Column) -> Column:
    unknown = F.lit(float("nan")).cast("float")
    return F.when(lead > 0, F.lit(1.0)).when(lead < 0, F.lit(0.0)).otherwise(unknown).cast("float")


def _weight(lead: Column) -> Column:
    # Not `least`, which passes over null.
    most_one = F.when(F.abs(lead) > 1, 1.0).otherwise(F.abs(lead))
    return F.coalesce(most_one, F.lit(0.0)).cast("float")


def _weighed(harm: str) -> Column:
    factor = F.coalesce(F.col(f"{harm}_factor"), F.lit(1.0))
    return (_weight(F.col(f"{harm}_lead")) * factor).cast("float")


def _known(lead: Column) -> Column:
    return F.coalesce(lead != 0, F.lit(False))


def _without_labels() -> dict[str, Column]:
    unknown = {label_column(harm): _label(F.lit(None)) for harm in HARMS}
    weights = {weight_column(harm): _weight(F.lit(None)) for harm in HARMS}
    return unknown | weights | {hand_column(harm): F.lit(False) for harm in HARMS}


def is_ordinary(ordinary: Sequence[str]) -> Column:
    """Whether a row is of a collection of ordinary posts."""
    return F.col("dataset").isin(*ordinary) if ordinary else F.lit(False)


def has_label() -> Column:
    """Whether a row of a snapshot has a label of any harm."""
    return F.greatest(*(weight_column(harm) for harm in HARMS)) > 0


def has_label_by_hand() -> Column:
    """Whether a row of a snapshot has a label by hand of any harm."""
    return F.greatest(*(hand_column(harm) for harm in HARMS))


def with_parts(
    rows: DataFrame,
    split: Split,
    ordinary: Sequence[str] = (),
    *,
    tuned_on: Collection[str] = (),
) -> DataFrame:
    """Rows with `split`, one side for each split group; `content` goes.

    Where two groups of the collections hold the same content, only the rows of one stay, of the
    first by name among those where a label is by hand: a text that is posted often counts once, and
    one that ties no groups, such as "ok", is not in train and in test. Outside of train natural
    labels become unknown; a row may be left without any. Posts of `ordinary` collections stand in
    every part, labelled or not. Groups that an encoder learned from (`tuned_on`, hashes of the
    collections' groups) stand in train, and with them what shares anything with them.
    """
    place = F.struct(~has_label_by_hand(), "own_group")
    first = F.min(place).over(Window.partitionBy("content"))["own_group"]
    kept = rows.withColumn("_first", first).where(F.col("own_group") == F.col("_first"))
    # One row per group comes to the driver: names and counts only.
    parts = parts_of(_groups(kept, ordinary), split)
    if tuned_on:
        names = rows.select("own_group", "split_group").distinct().collect()
        learned = {split_group for own, split_group in names if group_hash(own) in tuned_on}
        parts |= dict.fromkeys(parts.keys() & learned, "train")
    known = F.broadcast(
        rows.sparkSession.createDataFrame(sorted(parts.items()), "split_group string, split string")
    )
    parted = kept.drop("_first", "content").join(known, on="split_group", how="inner")
    return parted.withColumns(_judged_by_hand())


def _judged_by_hand() -> dict[str, Column]:
    """Labels and weights as they stand in a row's part."""
    columns = {}
    for harm in HARMS:
        stands = (F.col("split") == "train") | F.col(hand_column(harm))
        label, weight = label_column(harm), weight_column(harm)
        columns[label] = F.when(stands, F.col(label)).otherwise(float("nan")).cast("float")
        columns[weight] = F.when(stands, F.col(weight)).otherwise(0.0).cast("float")
    return columns


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


def _groups(rows: DataFrame, ordinary: Sequence[str]) -> list[Group]:
    """The split groups with their rows by class, as labels by hand say, and their ordinary ones."""
    counts = [
        F.count_if((F.col(label_column(harm)) == label) & F.col(hand_column(harm))).alias(
            f"{harm}={label}"
        )
        for harm in HARMS
        for label in (0, 1)
    ]
    counts.append(F.count_if(is_ordinary(ordinary)).alias("ordinary"))
    grouped = rows.groupBy("split_group").agg(F.min("dataset").alias("_home"), *counts)
    found = [row.asDict() for row in grouped.collect()]
    return sorted(
        (
            Group(g.pop("split_group"), g.pop("_home"), {c: n for c, n in g.items() if n})
            for g in found
        ),
        key=lambda group: group.name,
    )
