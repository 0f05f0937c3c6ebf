"""The rules of every source: name and the condition, in SQL, of the rows that it refuses.

The first rule that a row breaks is its reason; a condition that is null refuses nothing.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from harmsweep.harms import HARMS
from harmsweep.ids import GRAMMAR
from harmsweep.labels.sources import DERIVED

ID = rf"rlike r'\A{GRAMMAR}\z'"
_DECODED = {
    "bad_json": "array_contains(facts, 'json')",
    "bad_time": "exists(facts, f -> f like 'time:%')",
    "bad_type": "exists(facts, f -> f like 'type:%')",
}


def _ids(*names: str) -> dict[str, str]:
    missing = " OR ".join(f"{name} IS NULL OR {name} = ''" for name in names)
    bad = " OR ".join(f"NOT {name} {ID}" for name in names)
    return {"missing_id": missing, "bad_id": bad}


def _missing(*names: str) -> dict[str, str]:
    return {"missing_value": " OR ".join(f"{name} IS NULL" for name in names)}


def _unknown(column: str, known: tuple[str, ...]) -> str:
    return f"{column} NOT IN ({', '.join(repr(name) for name in known)})"


RULES: dict[str, dict[str, str]] = {
    "posts": {
        **_DECODED,
        **_ids("post_id", "author_id", "event_id"),
        **_missing("created_at"),
        "bad_revision": "revision < 1 OR revision > 2147483647",
        "bad_surface": "NOT surface rlike '^[a-z0-9_.-]{1,64}$'",
        "unknown_origin": _unknown("author_origin", ("native", "assigned")),
    },
    "users": {
        **_DECODED,
        **_ids("user_id", "event_id"),
        "bad_age": "age < 0 OR age > 150",
        "negative_count": "least(followers, following, listed, likes_given, posts,"
        " description_length) < 0",
    },
    "interactions": {
        **_DECODED,
        **_ids("post_id", "author_id", "actor_id", "event_id"),
        "bad_comment_id": f"NOT comment_id {ID} OR comment_id IS NOT NULL AND kind <> 'report'",
        **_missing("recorded_at", "post_day"),
        "unknown_kind": f"kind IS NULL OR "
        f"{_unknown('kind', ('like', 'comment', 'save', 'view', 'report'))}",
        "bad_amount": "amount < 1",
    },
    "labels": {
        **_DECODED,
        **_ids("post_id"),
        "unknown_harm": f"harm IS NULL OR {_unknown('harm', HARMS)}",
        "bad_label": "label IS NULL OR label NOT IN (0, 1)",
        "bad_annotator": f"NOT annotator {ID}",
        "bad_weight": "NOT (weight > 0 AND weight <= 1)",
        # The label stage writes these, and would take them away again.
        "reserved_source": f"source IN {DERIVED}",
    },
    "account_labels": {
        **_DECODED,
        **_ids("user_id"),
        "missing_value": "kind IS NULL",
        "bad_label": "bad_actor IS NULL OR bad_actor NOT IN (0, 1)",
    },
}


def with_reason(rows: DataFrame, source: str) -> DataFrame:
    """The rows with `reason`, the first rule broken or null, and `detail`: names, never content."""
    broken = [F.when(F.expr(sql), name) for name, sql in RULES[source].items()]
    return rows.withColumn("reason", F.coalesce(*broken)).withColumn("detail", _detail())


def _detail() -> Column:
    """The columns whose values could not be read, and what was found there."""
    facts = F.filter("facts", lambda f: f.like("type:%") | f.like("time:%"))
    return F.when(F.size(facts) > 0, F.array_join(F.array_sort(facts), ", "))
