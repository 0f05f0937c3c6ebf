"""What is scored, with what stands against it; and the status that follows."""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from harmsweep.harms import HARMS
from harmsweep.model.fusion import SIMILARITY, Feature, Input
from harmsweep.model.inputs import NOT_ALONE, with_inputs
from harmsweep.model.manifest import Manifest
from harmsweep.model.text_windows import LONG
from harmsweep.model.windows import NAME as WINDOWS
from harmsweep.tables.content import IMPOSSIBLE_TIME, UNKNOWN_COUNTRY

# What is said of a post that has no media and no words.
WORDLESS = "text: nothing but links or symbols"
# Of one whose day was embedded before windows were: every text of more words than LONG has some.
UNCUT = "text: its windows were not embedded"
_POST = ["day", "post_id", "revision"]
# What a row carries through the model besides its inputs.
CARRIED = (
    "post_id",
    "revision",
    "author_id",
    "surface",
    "country",
    "language",
    "dataset",
    "split_group",
    "recorded_day",
    "damage",
    "inputs",
)


def rows_to_score(
    posts: DataFrame,
    features: DataFrame,
    media: DataFrame,
    post_vectors: DataFrame,
    author_vectors: DataFrame,
    *,
    manifest: Manifest,
) -> DataFrame:
    """Every accepted revision with the model's inputs, its `damage` and the `inputs` it has.

    A revision without a row of features is kept: it has no input and says why.
    """
    current = posts.where(F.col("status") == "accepted").select(
        *_POST, "author_id", "author_origin", "surface", "country", "dataset", "split_group",
        "recorded_day", F.col("text_flags").alias("posted"), F.size("media").alias("media"),
    )  # fmt: skip
    numbers = [f.name for f in manifest.features if f.name != SIMILARITY]
    flags = F.col("text_flags").alias("flags")
    known = features.select(*_POST, "language", "normal_text", flags, *numbers)
    # Those of the features are the post's and what reading its text added.
    joined = current.join(known, on=_POST, how="left").withColumn(
        "flags", F.array_union(F.coalesce("posted", _no_flags()), F.coalesce("flags", _no_flags()))
    )
    inputs = (*manifest.inputs, *([manifest.windows] if manifest.windows else []))
    damaged = joined.join(_media_damage(media), on=_POST, how="left").join(
        _vector_damage(post_vectors, inputs), on=_POST, how="left"
    )
    fused = with_inputs(damaged, post_vectors, author_vectors, inputs=inputs)
    return fused.select(
        *(name for name in CARRIED if name not in {"damage", "inputs", "language"}),
        F.coalesce("language", F.lit("und")).alias("language"),
        _damage(inputs).alias("damage"),
        _seen(manifest.inputs).alias("inputs"),
        *_model_columns(inputs, manifest.features),
    )


def with_status(scored: DataFrame, harms: Sequence[str]) -> DataFrame:
    """The rows with `status` and `reason`; harms null unless the post was scored.

    Without a usable text, image or video of its own a post is quarantined; an output that is no
    finite number in [0, 1] fails it; damage makes it partial: no harm found there clears nothing.
    """
    # Columns of their own, so that each is computed once a row and not once a harm.
    judged = scored.withColumns(
        {"usable": _is_usable(), "finite": all_probable(harms), "wrong": _what_is_wrong()}
    )
    usable, finite, wrong = F.col("usable"), F.col("finite"), F.col("wrong")
    status = (
        F.when(~usable, "quarantined")
        .when(~finite, "failed")
        .when(wrong.isNotNull(), "scored_partial")
        .otherwise("scored")
    )
    reason = (
        F.when(~usable, F.concat_ws("; ", F.lit("no usable text, image or video"), wrong))
        .when(~finite, F.lit("output is not a probability"))
        .otherwise(wrong)
    )
    scores = [
        (F.when(usable & finite, F.col(h)) if h in harms else F.lit(None)).cast("double").alias(h)
        for h in HARMS
    ]
    carried = [name for name in CARRIED if name not in {"damage", "split_group"}]
    return judged.select(
        *carried, "trained_on", status.alias("status"), reason.alias("reason"), *scores
    )


def _is_usable() -> Column:
    """Whether the post has an input that says something of it alone; an input is there once."""
    others = (F.array_contains("inputs", name).cast("int") for name in NOT_ALONE)
    return F.size("inputs") > reduce(add, others)


def _what_is_wrong() -> Column:
    return F.when(F.size("damage") > 0, F.array_join("damage", "; "))


def all_probable(harms: Iterable[str]) -> Column:
    """Whether the score of each harm is a finite number in [0, 1]."""
    result = F.lit(True)
    for score in map(F.col, harms):
        # NaN >= 0 is true in Spark, and so is NaN > 1: a NaN has to be asked for.
        result = result & score.isNotNull() & ~F.isnan(score) & score.between(0.0, 1.0)
    return result


def _model_columns(inputs: Sequence[Input], features: Sequence[Feature]) -> Iterable[Column]:
    """What the model reads."""
    for source in inputs:
        yield F.col(f"{source.name}_vector")
        yield F.col(f"{source.name}_present")
    yield from (F.col(feature.name) for feature in features)


def _media_damage(media: DataFrame) -> DataFrame:
    what = F.concat_ws(" ", "kind", "status")
    wrong = media.where(F.col("status") != "ok").groupBy(*_POST)
    return wrong.agg(F.sort_array(F.collect_set(what)).alias("media_damage"))


def _vector_damage(post_vectors: DataFrame, inputs: Sequence[Input]) -> DataFrame:
    ids = [source.encoder_id for source in inputs]
    wrong = post_vectors.where(F.col("encoder_id").isin(ids) & (F.col("status") != "ok"))
    of_words = F.col("input").isin("text", WINDOWS) & (F.col("status") == "partial")
    said = F.concat(F.lit("text: "), F.col("reason"))
    what = F.coalesce(F.when(of_words, said), F.concat_ws(" ", "input", "status"))
    return wrong.groupBy(*_POST).agg(F.sort_array(F.collect_set(what)).alias("vector_damage"))


def _damage(inputs: Sequence[Input]) -> Column:
    """All that stands against a row, sorted: media, vectors, repaired text, missing inputs."""
    none = _no_flags()
    # No model sees the country: a post is whole without it.
    flags = F.transform(F.filter("flags", lambda flag: flag != UNKNOWN_COUNTRY), _flag)
    missing = [F.when(F.col("normal_text").isNull(), F.lit("no features"))]
    bare = F.regexp_replace("normal_text", r"(?<!\S)(http|@user)(?!\S)", " ")
    is_wordless = (F.length(F.trim("normal_text")) > 0) & ~bare.rlike(r"[\p{L}\p{N}]")
    missing.append(F.when(is_wordless & (F.col("media") <= 0), F.lit(WORDLESS)))
    if any(source.name == WINDOWS for source in inputs):
        many = F.size(F.split(F.trim("normal_text"), " +")) > LONG
        missing.append(F.when(many & ~F.col(f"{WINDOWS}_present"), F.lit(UNCUT)))
    if any(source.name == "text" for source in inputs):
        unread = (F.length(F.trim("normal_text")) > 0) & ~F.col("text_present")
        known = F.array_contains(F.coalesce("vector_damage", none), "text undecodable")
        missing.append(F.when(unread & ~known, F.lit("text not embedded")))
    parts = F.concat(
        F.coalesce("media_damage", none),
        F.coalesce("vector_damage", none),
        F.coalesce(flags, none),
        F.array_compact(F.array(*missing)),
    )
    return F.array_distinct(F.sort_array(parts))


def _no_flags() -> Column:
    return F.array().cast("array<string>")


def _flag(flag: Column) -> Column:
    return F.when(flag == IMPOSSIBLE_TIME, flag).otherwise(F.concat(F.lit("text "), flag))


def _seen(inputs: Sequence[Input]) -> Column:
    present = [F.when(F.col(f"{s.name}_present"), F.lit(s.name)) for s in inputs]
    return F.array_compact(F.array(*present))
