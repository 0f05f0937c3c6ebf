"""What people found, asked for, allowed and did: reviewers, authors, authorities and operators."""

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

VERDICTS = Table(
    name="verdicts_v1",
    comment="What people found of posts: a benign verdict blocks automation until an edit.",
    key=("verdict_id",),
    schema=columns(
        required("day", DAY, "the post's day"),
        required("verdict_id", STRING, "id of the verdict, random"),
        required("post_id", STRING, "the post"),
        required("revision", INT, "the revision that was looked at"),
        required("verdict", STRING, "benign or harmful"),
        optional("harm", STRING, "the harm that a harmful verdict found"),
        optional("action", STRING, "what a harmful verdict asks for; null: nothing"),
        optional("appeal_id", STRING, "the appeal that it decided; null: none"),
        required("decided_at", TIME, "when it was decided (UTC)"),
        required("reviewer", STRING, "user of the system who decided"),
        required("rationale", STRING, "why, in the reviewer's words"),
        optional("text_digest", STRING, "SHA-256 of its text as copies are told by; null: unknown"),
        optional("words", INT, "words of that text"),
        optional(
            "media",
            T.ArrayType(
                T.StructType().add("content_hash", STRING, True).add("pdq", STRING, True),
                False,
            ),
            "its media in order: SHA-256 of each file, and a good picture's perceptual hash (PDQ)",
        ),
    ),
    constraints={"verdict_known": "verdict IN ('benign', 'harmful')"},
    append_only=True,
)

APPEALS = Table(
    name="appeals_v1",
    comment="Appeals of authors: each when it was filed and when it was decided, append-only.",
    key=("appeal_id", "status"),
    schema=columns(
        required("day", DAY, "the post's day"),
        required("appeal_id", STRING, "id of the appeal, from what it is about"),
        required("status", STRING, "filed, overturned (the author is right) or upheld"),
        required("at", TIME, "when it was filed or decided (UTC)"),
        required("post_id", STRING, "the post"),
        required("revision", INT, "the revision that was acted on"),
        required("effect_key", STRING, "the effect in force that it is about"),
        required("harm", STRING, "the harm that was given as the reason"),
        required("action", STRING, "the action that was taken"),
        required("author_id", STRING, "the author, who appeals"),
        required("due_at", TIME, "when it is to be decided (UTC)"),
        required("operator", STRING, "user of the system who entered or decided it"),
        required("text", STRING, "the author's statement, or the reviewer's rationale"),
        optional("policy_version", STRING, "policy by which it was decided"),
        optional("views_lost", LONG, "views that an overturned action is likely to have cost"),
    ),
    constraints={"status_known": "status IN ('filed', 'overturned', 'upheld')"},
    append_only=True,
)

ORDERS = Table(
    name="orders_v1",
    comment="Orders and referrals of authorities and flags of trusted flaggers, append-only.",
    key=("order_id", "status"),
    schema=columns(
        required("day", DAY, "the post's day"),
        required("order_id", STRING, "id of the order, from authority, reference and post"),
        required("status", STRING, "received or withdrawn"),
        required("at", TIME, "when that was entered (UTC)"),
        required("kind", STRING, "order (acts at once), referral or flag (a person looks first)"),
        required("post_id", STRING, "the post"),
        required("authority", STRING, "who sent it"),
        required("reference", STRING, "their own number for it"),
        required("action", STRING, "what an order asks for; review for others"),
        optional("harm", STRING, "the harm that it names"),
        required("jurisdiction", STRING, "country where it holds, or all"),
        required("due_at", TIME, "until when it is to be answered (UTC)"),
        optional("until", TIME, "when it ends by itself (UTC); null: when it is withdrawn"),
        required("operator", STRING, "user of the system who entered it"),
        required("reason", STRING, "why, in the operator's words"),
    ),
    constraints={
        "status_known": "status IN ('received', 'withdrawn')",
        "kind_known": "kind IN ('order', 'referral', 'flag')",
    },
    append_only=True,
)

EXEMPTIONS = Table(
    name="exemptions_v1",
    comment="The allow-list: posts and accounts on which nothing but review is automatic.",
    key=("exemption_id",),
    partition_by=("subject_kind",),
    schema=columns(
        required("day", DAY, "UTC day of the entry"),
        required("exemption_id", STRING, "id of the entry, random"),
        required("subject_kind", STRING, "post or account"),
        required("subject_id", STRING, "id of the post or account"),
        required("kind", STRING, "why, such as newsworthy or educational; none: it ends"),
        optional("until", TIME, "when it ends by itself (UTC)"),
        required("added_at", TIME, "when it was entered (UTC); the newest counts"),
        required("operator", STRING, "user of the system who entered it"),
        required("reason", STRING, "why, in the operator's words"),
    ),
    append_only=True,
)

OPERATIONS = Table(
    name="operations_v1",
    comment="What operators did: the audit of every act of a person, append-only.",
    key=("operation_id",),
    partition_by=("act",),
    schema=columns(
        required("day", DAY, "UTC day of the act"),
        required("operation_id", STRING, "id of the act, random"),
        required("at", TIME, "when it was done (UTC)"),
        required("operator", STRING, "user of the system who did it"),
        required("act", STRING, "plan, approve, apply, resume, discard, undo, stop, start…"),
        required("object", STRING, "what it was done to: a plan, a batch, a sweep, a post"),
        required("reason", STRING, "why, in the operator's words; may be empty"),
        required("details", STRING, "JSON: counts, digests and what else the act needs"),
        optional(
            "established", BOOL, "whether sudo says who did it; false, or null of before: on trust"
        ),
    ),
    append_only=True,
)

# The purpose of tasks that a model learns from.
LEARN = "learn"

LABEL_TASKS = Table(
    name="label_tasks_v1",
    comment="Posts drawn at random for people to judge: to certify, to watch, and to learn from.",
    key=("plan_id", "post_id", "revision"),
    schema=columns(
        required("day", DAY, "the post's day"),
        required("plan_id", STRING, "plan, watch of a claim or head's day that drew it"),
        required("purpose", STRING, "certify, watch or learn"),
        required("post_id", STRING, "the post"),
        required("revision", INT, "the revision that is to be judged"),
        required("harm", STRING, "the harm in question"),
        required("language", STRING, "the post's language"),
        required("dataset", STRING, "collection the post comes from"),
        required("surface", STRING, "where on the platform the post stands"),
        required("model_version", STRING, "the model that scored it"),
        required("policy_version", STRING, "the policy that states the precision"),
        required("score", DOUBLE, "the harm's probability"),
        required("threshold", DOUBLE, "the score from which posts are drawn; learn: also near it"),
        required("probability", DOUBLE, "the chance that this post is drawn, by any kind of draw"),
        optional("drawn_by", STRING, "learn: audit, uncertain, above, joined by +; null elsewhere"),
        required("drawn_at", TIME, "when it was drawn (UTC)"),
        required("operator", STRING, "user of the system who drew it"),
    ),
    append_only=True,
)

PEOPLE = (VERDICTS, APPEALS, ORDERS, EXEMPTIONS, OPERATIONS, LABEL_TASKS)
