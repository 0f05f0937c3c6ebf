"""Tables of what a day came to: its metrics, the runs of its stages, and what came late."""

from harmsweep.tables.spec import (
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

METRICS = Table(
    name="metrics_v1",
    comment="The day in numbers, long form.",
    key=("day", "model_version", "policy_version", "metric", "harm", "slice", "value_of"),
    partition_by=("day", "model_version", "policy_version"),
    schema=columns(
        required("day", DAY, "the UTC day"),
        required("model_version", STRING, "the model"),
        required("policy_version", STRING, "the policy"),
        required(
            "metric",
            STRING,
            "accounts, posts, score_quantile, decisions, effects, explanations or"
            " explanation_seconds",
        ),
        required("harm", STRING, "the harm, or all"),
        required("slice", STRING, "what the number is by: status, action, language, quantile…"),
        required("value_of", STRING, "the slice's value, such as remove or en"),
        required("value", DOUBLE, "the number"),
    ),
)
RUNS = Table(
    name="runs_v1",
    comment="The last run of each stage, day and variant: what it read, how much, how long.",
    key=("day", "stage", "variant"),
    schema=columns(
        required("day", DAY, "the UTC day that was run"),
        required("stage", STRING, "the stage"),
        required("variant", STRING, "the options that make it a run of its own"),
        required("digest", STRING, "hash of the slices read and written, and of the code"),
        required("posts", LONG, "items that the stage handled"),
        required("counts", STRING, "JSON: the stage's own counts"),
        required("seconds", DOUBLE, "how long it took"),
        required("finished_at", TIME, "when it ended (UTC)"),
        required("code_version", STRING, "version of the package"),
        optional(
            "basis", STRING, "hash of the slices written and of the code, without what is read"
        ),
        optional("read_versions", STRING, "JSON: the version that each table read had as it began"),
    ),
)
LATE_POSTS = Table(
    name="late_posts_v1",
    comment="Revisions with something to do on days that the schedule is done with, until swept.",
    key=("day", "post_id", "revision"),
    schema=columns(
        required("day", DAY, "UTC day of the post's creation"),
        required("post_id", STRING, "the post"),
        required("revision", INT, "the revision: no run had scored it, or people decided since"),
        required("found_at", TIME, "when a run of the schedule found it (UTC)"),
        optional("swept_at", TIME, "when its effects were brought about; null: it is still to do"),
    ),
)
