"""The landing zone's contract: its sources, their columns and types (docs/landing-zone.md)."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import types as T

KINDS: Mapping[str, tuple[T.DataType, pa.DataType]] = {
    "text": (T.StringType(), pa.string()),
    "integer": (T.LongType(), pa.int64()),
    "number": (T.DoubleType(), pa.float64()),
    "boolean": (T.BooleanType(), pa.bool_()),
    "time": (T.TimestampType(), pa.timestamp("us", "UTC")),
    "day": (T.DateType(), pa.date32()),
    "media": (
        T.ArrayType(T.StructType().add("kind", "string", False).add("uri", "string", False), False),
        pa.list_(pa.struct([pa.field("kind", pa.string(), False), pa.field("uri", pa.string())])),
    ),
}


@dataclass(frozen=True)
class Source:
    """A source of the landing zone.

    `columns` gives each column's kind; a source that has none of the `expected` ones in any row is
    refused; `ignored` columns are known and not kept.
    """

    name: str
    columns: Mapping[str, str]
    expected: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    # The first of these that a row has is the time that tells its day.
    times: tuple[str, ...] = ("recorded_at",)

    def schema(self) -> T.StructType:
        """The decoded rows' schema: the columns, and what decoding found."""
        schema = T.StructType()
        for name, kind in self.columns.items():
            schema = schema.add(name, KINDS[kind][0])
        for name, found in DECODED.items():
            schema = schema.add(name, found)
        return schema

    def arrow(self) -> pa.Schema:
        """The same schema for the workers that decode."""
        fields = [(name, KINDS[kind][1]) for name, kind in self.columns.items()]
        return pa.schema([*fields, *_DECODED_ARROW])


_STRINGS = T.ArrayType(T.StringType())
# line_id names the line in its file; content_id is a hash of its values; facts are what is wrong;
# landed_day is the UTC day of the row's time, null where it has none that can be read.
DECODED: Mapping[str, T.DataType] = {
    "line_id": T.StringType(),
    "content_id": T.StringType(),
    "facts": _STRINGS,
    "text_flags": _STRINGS,
    "landed_day": T.DateType(),
}
_DECODED_ARROW = [
    ("line_id", pa.string()),
    ("content_id", pa.string()),
    ("facts", pa.list_(pa.string())),
    ("text_flags", pa.list_(pa.string())),
    ("landed_day", pa.date32()),
]
_EVENT = {"event_id": "text", "sequence": "integer", "recorded_at": "time"}

POSTS = Source(
    "posts",
    {
        "post_id": "text",
        "author_id": "text",
        "created_at": "time",
        "text": "text",
        "media": "media",
        **_EVENT,
        "revision": "integer",
        "deleted": "boolean",
        "surface": "text",
        "country": "text",
        "author_origin": "text",
        "dataset": "text",
        "split_group": "text",
    },
    expected=("post_id", "author_id", "created_at", "text"),
    # A count of likes at an unknown moment may lie after the cut-off: interactions give them.
    ignored=("likes",),
    times=("recorded_at", "created_at"),
)
USERS = Source(
    "users",
    {
        "user_id": "text",
        **_EVENT,
        "name": "text",
        "description": "text",
        "description_length": "integer",
        "created_at": "time",
        "followers": "integer",
        "following": "integer",
        "listed": "integer",
        "likes_given": "integer",
        "posts": "integer",
        "verified": "boolean",
        "default_avatar": "boolean",
        "lang": "text",
        "age": "integer",
        "gender": "text",
        "origin": "text",
    },
    expected=("user_id",),
    ignored=("last_post",),
)
INTERACTIONS = Source(
    "interactions",
    {
        "event_id": "text",
        "kind": "text",
        "post_id": "text",
        "post_day": "day",
        "author_id": "text",
        "actor_id": "text",
        "recorded_at": "time",
        "text": "text",
        "reason": "text",
        "comment_id": "text",
        "amount": "integer",
        "simulated": "boolean",
    },
    expected=("kind", "post_id", "post_day", "author_id", "actor_id", "recorded_at"),
)
LABELS = Source(
    "labels",
    {
        "post_id": "text",
        "harm": "text",
        "label": "integer",
        "source": "text",
        "dataset": "text",
        "annotator": "text",
        "weight": "number",
        "recorded_at": "time",
    },
    expected=("post_id", "harm", "label"),
)
ACCOUNT_LABELS = Source(
    "account_labels",
    {
        "user_id": "text",
        "bad_actor": "integer",
        "kind": "text",
        "source": "text",
        "dataset": "text",
        "recorded_at": "time",
    },
    expected=("user_id", "bad_actor", "kind"),
)
SOURCES = {s.name: s for s in (POSTS, USERS, INTERACTIONS, LABELS, ACCOUNT_LABELS)}
