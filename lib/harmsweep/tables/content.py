"""What the platform hands over: posts, users, interactions, labels, and what was refused."""

from pyspark.sql import types as T

from harmsweep.tables.spec import (
    BOOL,
    DAY,
    DOUBLE,
    INT,
    LONG,
    STRING,
    TIME,
    Table,
    columns,
    optional,
    required,
)

# In text_flags: the time of creation could not be, and the time of recording stands in its place.
IMPOSSIBLE_TIME = "impossible_time"
# The country is none that ISO 3166 assigns, and ZZ stands in its place: the post itself is whole.
UNKNOWN_COUNTRY = "unknown_country"
MEDIA_REFERENCES = T.ArrayType(
    T.StructType().add("kind", STRING, False).add("uri", STRING, False), False
)

POSTS = Table(
    name="posts_v1",
    comment="Every revision of every post that ingest accepted, with what became of it since.",
    key=("day", "post_id", "revision"),
    schema=columns(
        required("day", DAY, "UTC day of the post's creation; an edit or deletion keeps it"),
        required("post_id", STRING, "the platform's id of the post"),
        required("revision", INT, "1 for the original, one more for each edit or deletion"),
        required("event_id", STRING, "id of the landing event that brought this revision"),
        required("sequence", LONG, "the platform's order of events; the greater is the later"),
        required("recorded_at", TIME, "when the platform recorded this revision (UTC)"),
        required("recorded_day", DAY, "UTC day of recorded_at: the day whose ingest brought it"),
        required("created_at", TIME, "when the post was created (UTC)"),
        required("status", STRING, "accepted (the current revision), superseded or deleted"),
        required("author_id", STRING, "the author; a row of users"),
        required("author_origin", STRING, "native, or assigned: attached by hash, no signal"),
        optional("text", STRING, "the author's words, unchanged but for invalid characters"),
        required(
            "text_flags",
            T.ArrayType(STRING, False),
            "capped, nul or invalid_utf8: repaired; impossible_time: recorded_at stands in;"
            " unknown_country: ZZ does",
        ),
        required("media", MEDIA_REFERENCES, "references of the post's media, in order"),
        required("surface", STRING, "where on the platform the post stands, such as feed"),
        required("country", STRING, "ISO 3166 code of the author's country, or ZZ: unknown"),
        required("dataset", STRING, "collection the post comes from; live where none is named"),
        required("split_group", STRING, "posts of one group never stand on two sides of a split"),
    ),
    constraints={"status_known": "status IN ('accepted', 'superseded', 'deleted')"},
)

USERS = Table(
    name="users_v1",
    comment="Profiles of the day's authors, as recorded on that day.",
    key=("day", "user_id"),
    schema=columns(
        required("day", DAY, "UTC day on which this state of the profile was recorded"),
        required("user_id", STRING, "the platform's id of the account"),
        required("event_id", STRING, "id of the landing event"),
        required("sequence", LONG, "the platform's order of events; the greater is the later"),
        optional("name", STRING, "display name"),
        optional("description", STRING, "what the author says of themselves"),
        optional("description_length", INT, "characters of the description"),
        optional("created_at", TIME, "when the account was opened (UTC)"),
        optional("followers", LONG, "accounts that follow this one"),
        optional("following", LONG, "accounts that this one follows"),
        optional("listed", LONG, "lists that hold this account"),
        optional("likes_given", LONG, "likes that this account gave"),
        optional("posts", LONG, "posts that the platform counts for this account"),
        optional("verified", BOOL, "whether the platform verified the account"),
        optional("default_avatar", BOOL, "whether the account kept the default picture"),
        optional("lang", STRING, "language of the account's settings"),
        optional(
            "age", INT, "age in years where given; kept apart, never a model input by default"
        ),
        optional(
            "gender", STRING, "gender where given; kept apart, never a model input by default"
        ),
        required("origin", STRING, "collection the account comes from; live where none is named"),
    ),
)

INTERACTIONS = Table(
    name="interactions_v1",
    comment="Likes, comments, saves, views and reports on posts.",
    key=("day", "event_id"),
    schema=columns(
        required("day", DAY, "UTC day on which the event was recorded"),
        required("event_id", STRING, "id of the event"),
        required("kind", STRING, "like, comment, save, view or report"),
        required("post_id", STRING, "the post"),
        required("post_day", DAY, "the post's own day, so that a look-up reads one partition"),
        required("author_id", STRING, "the post's author"),
        required("actor_id", STRING, "who liked, commented, saved, viewed or reported"),
        required("recorded_at", TIME, "when the platform recorded the event (UTC)"),
        optional("text", STRING, "a comment's words"),
        optional("reason", STRING, "a report's reason: a harm's name"),
        optional("comment_id", STRING, "the comment that a report is about; null: the post itself"),
        required("amount", LONG, "how many events the row stands for (views come in bulk)"),
        required("simulated", BOOL, "made by the simulator: no claim of quality rests on it"),
    ),
    constraints={
        "kind_known": "kind IN ('like', 'comment', 'save', 'view', 'report')",
        "amount_positive": "amount > 0",
    },
)

LABELS = Table(
    name="labels_v1",
    comment="What people said of posts. A missing row means not annotated, never 0.",
    key=("day", "post_id", "harm", "source", "annotator"),
    schema=columns(
        required("day", DAY, "the post's day"),
        required("post_id", STRING, "the post"),
        required("harm", STRING, "a harm's name, as conf declares it"),
        required("label", INT, "1 harmful, 0 not"),
        required(
            "source", STRING, "hand, tasks, appeals, reviews, reports, or another that landed"
        ),
        required("dataset", STRING, "collection the label comes from"),
        required("annotator", STRING, "pseudonym of who labelled; - where the source names none"),
        required("weight", DOUBLE, "above 0, up to 1: what the label counts in training"),
        optional("labelled_at", TIME, "when it was labelled (UTC); null: not known"),
    ),
    constraints={
        "label_binary": "label IN (0, 1)",
        "weight_known": "weight > 0 AND weight <= 1",
    },
)

ACCOUNT_LABELS = Table(
    name="account_labels_v1",
    comment="What annotators said of accounts.",
    key=("user_id", "kind", "source"),
    schema=columns(
        required("user_id", STRING, "the account"),
        required("kind", STRING, "which sort of bad actor, such as bot"),
        required("label", INT, "1 a bad actor, 0 not"),
        required("source", STRING, "hand, or where else the label came from"),
        required("dataset", STRING, "collection the label comes from"),
    ),
    partition_by=(),
    constraints={"label_binary": "label IN (0, 1)"},
)

REJECTS = Table(
    name="rejects_v1",
    comment="Items that did not go on, each with the stage, the rule and the reason.",
    key=("day", "stage", "source", "item_id"),
    schema=columns(
        required("day", DAY, "UTC day that the item counts with: in ingest the recorded day"),
        required("stage", STRING, "ingest, features, embed or score"),
        required("source", STRING, "posts, users, interactions, labels, account_labels or media"),
        required("item_id", STRING, "event id, #2 for a repeat, or file@hash where there is none"),
        required("status", STRING, "rejected, duplicate or superseded"),
        required("reason", STRING, "name of the rule"),
        optional("detail", STRING, "what the rule saw: names and sizes, never content"),
        optional("post_id", STRING, "the post, where the item has one"),
        required("recorded_day", DAY, "UTC day on which the platform recorded the item"),
    ),
    constraints={"status_known": "status IN ('rejected', 'duplicate', 'superseded')"},
)

INGESTS = Table(
    name="ingests_v1",
    comment="How many rows each day's landing held: the left side of the accounts.",
    key=("day", "source"),
    schema=columns(
        required("day", DAY, "UTC day ingested"),
        required("source", STRING, "posts, users, interactions, labels or account_labels"),
        required("landed", LONG, "rows that the landing zone held for the day"),
    ),
)

CONTENT = (POSTS, USERS, INTERACTIONS, LABELS, ACCOUNT_LABELS, REJECTS, INGESTS)
