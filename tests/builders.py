"""Literal rows, from the tables' schemas, and policies: what a test does not name is plain."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import yaml
from pyspark.sql import types as T

from harmsweep.tables.catalog import POST_FEATURES, POSTS, SCORES
from harmsweep.tables.spec import Table

Row = dict[str, Any]
DAY = date(2026, 10, 1)
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
PLAIN: dict[type[T.DataType], Any] = {
    T.StringType: "x",
    T.DateType: DAY,
    T.TimestampType: NOON,
    T.BooleanType: False,
    T.IntegerType: 1,
    T.LongType: 1,
    T.DoubleType: 0.5,
    T.BinaryType: b"\0\x38",
}
# What a constraint allows where the plain value of the column's type would break it.
ALLOWED = {
    ("posts_v1", "status"): "accepted",
    ("interactions_v1", "kind"): "like",
    ("rejects_v1", "status"): "rejected",
    ("media_v1", "kind"): "image",
    ("media_v1", "status"): "ok",
    ("media_texts_v1", "status"): "ok",
    ("hash_bank_v1", "status"): "active",
    ("media_matches_v1", "status"): "evidence",
    ("embeddings_v1", "status"): "ok",
    ("post_vectors_v1", "status"): "ok",
    ("scores_v1", "status"): "scored",
    ("actions_v1", "entry"): "intent",
    ("actions_v1", "direction"): "apply",
    ("plans_v1", "entry"): "intent",
    ("deliveries_v1", "status"): "delivered",
    ("explanations_v1", "status"): "confirmed",
    ("actions_v1", "lane"): "policy",
    ("post_visibility_v1", "lane"): "policy",
    ("verdicts_v1", "verdict"): "benign",
    ("appeals_v1", "status"): "filed",
    ("orders_v1", "status"): "received",
    ("orders_v1", "kind"): "flag",
}


def row(table: Table, **columns: Any) -> Row:
    """A row of a table: the columns given, null where it may be, and plain values elsewhere."""
    unknown = columns.keys() - set(table.schema.names)
    assert not unknown, f"{table.name} has no {sorted(unknown)}"
    return {
        field.name: None if field.nullable else plain(table, field) for field in table.schema
    } | columns


def plain(table: Table, field: T.StructField) -> Any:
    """A value that the column's type and the table's constraints allow."""
    if isinstance(field.dataType, T.ArrayType):
        return []
    return ALLOWED.get((table.name, field.name), PLAIN.get(type(field.dataType)))


def post(post_id: str, revision: int = 1, status: str = "accepted", **columns: Any) -> Row:
    """A row of posts, recorded at noon of its day where nothing else is given."""
    noon = datetime.combine(columns.get("day", DAY), time(12), UTC)
    known = {"created_at": noon, "recorded_at": noon, "event_id": f"{post_id}-{revision}"}
    known |= {"sequence": revision, "text": "words", "split_group": post_id} | _placed() | columns
    known.setdefault("recorded_day", known["recorded_at"].date())
    return row(POSTS, post_id=post_id, revision=revision, status=status, **known)


def features(post_id: str, text: str = "words", revision: int = 1, **columns: Any) -> Row:
    """A row of post_features whose text needed no repair; its numbers are not known."""
    texts = {"clean_text": text, "normal_text": text, "language": "en"}
    known = {"cutoff_day": columns.get("day", DAY), "split_group": post_id, "text_flags": []}
    return row(
        POST_FEATURES,
        **{"post_id": post_id, "revision": revision} | texts | known | _placed() | columns,
    )


def scored(post_id: str, revision: int = 1, **columns: Any) -> Row:
    """A row of scores by m-1, from the text alone; harms that are not given have no score."""
    placed = {name: value for name, value in _placed().items() if name != "author_origin"}
    known = {"model_version": "m-1", "language": "en", "inputs": ["text"]} | placed
    return row(SCORES, **{"post_id": post_id, "revision": revision} | known | columns)


def _placed() -> Row:
    """Whose a post is, and where it stands."""
    return {
        "author_id": "a1",
        "author_origin": "native",
        "surface": "feed",
        "country": "DE",
        "dataset": "live",
    }


def rule(
    *ladder: Mapping[str, Any], surface: str = "all", jurisdiction: str = "all", **more: Any
) -> Row:
    """A rule of a harm: its rungs, where they hold, and more, such as the prevalence there."""
    return {"surface": surface, "jurisdiction": jurisdiction, **more, "ladder": [*ladder]}


def rung(action: str, threshold: float | None = None, **more: Any) -> Row:
    """A rung of a ladder: an action, and what a score must reach or a precision must be."""
    return {"action": action} | ({} if threshold is None else {"threshold": threshold}) | more


class _WrittenOut(yaml.SafeDumper):
    """Writes what is there twice twice: a policy has no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def trial_policy(rules: Mapping[str, Sequence[Row]], **settings: Any) -> str:
    """The text of a policy for m-1, for demonstrations; `settings` are its other keys."""
    plain_settings = {
        "name": "trial",
        "version": 1,
        "mode": "demonstration",
        "approved_models": ["m-1"],
        "languages": ["en"],
        "review_only": [],
        "near_margin": 0.1,
        "rules": {harm: [*scopes] for harm, scopes in rules.items()},
        "caps": {"default": {"apply": 9, "release": 9}},
        "comments": {"review": 0.9},
        "known_media": "review",
    }
    policy = plain_settings | settings
    return yaml.dump(policy, Dumper=_WrittenOut, sort_keys=False, default_flow_style=None)
