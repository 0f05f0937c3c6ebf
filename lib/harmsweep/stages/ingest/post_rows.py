"""Posts: a day's landing rows resolved against the stored revisions of the days they belong to."""

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from harmsweep.policy.places import countries
from harmsweep.stages.ingest.check import LATER_EVENT, as_rejects, check, goes_on
from harmsweep.tables.catalog import POSTS
from harmsweep.tables.content import IMPOSSIBLE_TIME, UNKNOWN_COUNTRY

# The media array that a row without media has.
_NO_MEDIA = "CAST(array() AS ARRAY<STRUCT<kind: STRING, uri: STRING>>)"
_DEFAULTS = {
    "recorded_at": "coalesce(recorded_at, created_at)",
    "event_id": "coalesce(event_id, content_id)",
    "sequence": "coalesce(sequence, unix_micros(coalesce(recorded_at, created_at)))",
    "revision": "coalesce(revision, 1)",
    "deleted": "coalesce(deleted, false)",
    "media": f"coalesce(media, {_NO_MEDIA})",
    "surface": "coalesce(surface, 'feed')",
    "author_origin": "coalesce(author_origin, 'native')",
    "dataset": "coalesce(dataset, 'live')",
    "split_group": "coalesce(split_group, post_id)",
}
_CONTENT = [name for name in POSTS.schema.names if name != "status"]


def impossible_times(posts: DataFrame) -> DataFrame:
    """Of posts with a time of creation that cannot be, the time that stands in its place.

    That is none, no time, or one over a day after the platform recorded the row: clocks differ by
    less. The post's earliest other time of creation stands in, else its earliest time of recording,
    so that all its revisions in the landing zone stand under one day.
    """
    wrong = _is_impossible().alias("impossible")
    rows = posts.select("post_id", "created_at", "recorded_at", wrong)
    found = rows.where("impossible").select("post_id").distinct()
    possible = F.when(~F.col("impossible"), F.col("created_at"))
    of_posts = rows.join(found, on="post_id", how="left_semi").groupBy("post_id")
    return of_posts.agg(F.coalesce(F.min(possible), F.min("recorded_at")).alias("stand_in"))


def with_stand_ins(landed: DataFrame, stand_ins: DataFrame, stored: DataFrame) -> DataFrame:
    """The landing rows; those of an impossible time of creation have the stand-in and a flag.

    A post that is stored already keeps the time that it has there.
    """
    known = stored.join(stand_ins, on="post_id", how="left_semi").groupBy("post_id")
    times = known.agg(F.min("created_at").alias("known"))
    joined = landed.join(stand_ins, on="post_id", how="left").join(times, on="post_id", how="left")
    flags = F.concat(F.coalesce("text_flags", F.array()), F.array(F.lit(IMPOSSIBLE_TIME)))
    others = F.filter("facts", lambda fact: ~fact.rlike("^(time|type):created_at"))
    columns = {
        "created_at": F.coalesce("known", "stand_in"),
        "text_flags": flags,
        "facts": others,
    }
    wrong = _is_impossible()
    return joined.withColumns(
        {name: F.when(wrong, value).otherwise(F.col(name)) for name, value in columns.items()}
    ).drop("known", "stand_in")


def _is_impossible() -> Column:
    later = F.col("created_at") > F.col("recorded_at") + F.expr("INTERVAL 1 DAY")
    wrong = F.col("recorded_at").isNotNull() & (F.col("created_at").isNull() | later)
    return F.coalesce(wrong & F.col("post_id").isNotNull(), F.lit(False))


def check_posts(landed: DataFrame) -> DataFrame:
    """The day's landing rows with the adapter's defaults, checked by the rules."""
    # Spark evaluates each default on the landing row: none sees another's result.
    defaults = {name: F.expr(sql) for name, sql in _DEFAULTS.items()}
    return check(landed.withColumns(defaults | _with_known_country()), "posts")


def _with_known_country() -> dict[str, Column]:
    """The country, or ZZ and a flag where it is no code that ISO 3166 assigns: UK, Germany.

    No post is refused for it: whoever writes the field would keep posts from being scored.
    """
    country = F.upper(F.trim(F.coalesce("country", F.lit("ZZ"))))
    unknown = ~country.isin([*sorted(countries()), "ZZ"])
    flag = F.when(unknown, F.array(F.lit(UNKNOWN_COUNTRY))).otherwise(_no_flags())
    flags = F.concat(F.coalesce("text_flags", _no_flags()), flag)
    return {"country": F.when(unknown, "ZZ").otherwise(country), "text_flags": flags}


def _no_flags() -> Column:
    return F.array().cast("array<string>")


def candidates(checked: DataFrame, day: date) -> DataFrame:
    """The checked rows that go on, in the columns of posts, with `deleted` and no status yet."""
    gone = F.col("deleted")
    rows = goes_on(checked).withColumns(
        {
            "day": F.to_date("created_at"),
            "recorded_day": F.lit(day),
            "revision": F.col("revision").cast("int"),
            # A deletion's words are gone; its row stays as the fact.
            "text": F.when(~gone, F.col("text")),
            "media": F.when(gone, F.expr(_NO_MEDIA)).otherwise(F.col("media")),
        }
    )
    return rows.select(*_CONTENT, "deleted")


def resolve(new: DataFrame, stored: DataFrame, day: date) -> DataFrame:
    """Every revision with its status, and `lost` where another event has its place.

    `stored` holds the posts of the days that `new` touches. What `day` brought before is left out:
    `new` is all of it. Of two events for one revision the greater sequence wins, then the greater
    event id, then the earlier recorded.
    """
    # The highest stored revision has the status deleted exactly where it is a deletion itself.
    known = stored.where(F.col("recorded_day") != F.lit(day))
    known = known.select(*_CONTENT, (F.col("status") == "deleted").alias("deleted"))
    place = Window.partitionBy("day", "post_id", "revision").orderBy(
        F.desc("sequence"), F.desc("event_id"), "recorded_at"
    )
    ranked = known.unionByName(new).withColumn("lost", F.row_number().over(place) > 1)
    # A loser never decides: it comes after every winner.
    newest = Window.partitionBy("day", "post_id").orderBy("lost", F.desc("revision"))
    ranked = ranked.withColumn("newest", F.row_number().over(newest) == 1)
    gone = F.max(F.col("newest") & F.col("deleted")).over(Window.partitionBy("day", "post_id"))
    status = F.when(gone, "deleted").when(F.col("newest"), "accepted").otherwise("superseded")
    return ranked.withColumn("status", status)


def winners(resolved: DataFrame) -> DataFrame:
    """The rows of posts."""
    return resolved.where(~F.col("lost")).select(*POSTS.schema.names)


def losers(resolved: DataFrame) -> DataFrame:
    """The rejects of events that lost their place to another, under the day of each."""
    rows = resolved.where("lost").withColumns(
        {
            "item": F.col("event_id"),
            "copy": F.lit(1),
            "status": F.lit("superseded"),
            "reason": F.lit(LATER_EVENT),
            "detail": F.concat(F.lit("revision "), F.col("revision").cast("string")),
        }
    )
    return as_rejects(rows, "posts", F.col("recorded_day"))
