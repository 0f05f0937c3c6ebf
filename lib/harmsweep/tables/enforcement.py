"""What policy wants, what was done, what the platform reads, and what it all came to."""

from pyspark.sql import types as T

from harmsweep.tables.measurement import LATE_POSTS, METRICS, RUNS
from harmsweep.tables.spec import (
    BOOL,
    DAY,
    DOUBLE,
    INT,
    STRING,
    TIME,
    VECTOR,
    Table,
    columns,
    optional,
    required,
)

DECISIONS = Table(
    name="decisions_v1",
    comment="What policy would do and why: one row per post, surface and jurisdiction it acts in.",
    key=(
        "day",
        "post_id",
        "revision",
        "model_version",
        "policy_version",
        "surface",
        "jurisdiction",
    ),
    partition_by=("day", "model_version", "policy_version"),
    schema=columns(
        required("day", DAY, "the post's day"),
        required("post_id", STRING, "the post"),
        required("revision", INT, "the revision that was scored"),
        required("model_version", STRING, "the model that scored"),
        required("policy_version", STRING, "the policy that decided"),
        required("surface", STRING, "where the action holds, or all"),
        required("jurisdiction", STRING, "country where the action holds, or all"),
        required("author_id", STRING, "the author"),
        required("language", STRING, "language of the text"),
        required("action", STRING, "the most severe action whose rule was met"),
        required("policy_action", STRING, "what the rule said before approval was asked for"),
        required("harm", STRING, "the harm whose rule it was"),
        optional("score", DOUBLE, "the harm's probability; null: a review without one"),
        optional("threshold", DOUBLE, "the rule's threshold"),
        required(
            "reason",
            STRING,
            "threshold_met, outside_population, claim_suspended, language_without_figures,"
            " near_threshold, damaged_input, known_media or comments",
        ),
        required(
            "evidence", STRING, "JSON: scores, status, inputs; known media, copies and comments"
        ),
    ),
)

ACTIONS = Table(
    name="actions_v1",
    comment="The ledger: intents and outcomes of every effect, append-only.",
    key=("effect_key", "entry"),
    schema=columns(
        required("day", DAY, "the subject's creation day"),
        required("effect_key", STRING, "hash of subject, revision, action, scope and cause"),
        required(
            "entry", STRING, "intent, outcome, held (waits for a person), discarded or withheld"
        ),
        required("recorded_at", TIME, "when the entry was written (UTC)"),
        required("sweep_id", STRING, "the sweep that wrote it; undo takes this id"),
        required("subject_kind", STRING, "post or account"),
        required("subject_id", STRING, "id of the post or account"),
        required("revision", INT, "content revision that the effect is about"),
        required("action", STRING, "an action as in policy, or none: a release"),
        required("previous_action", STRING, "what held before; none where nothing did"),
        required("direction", STRING, "apply (as severe or more) or release (less severe)"),
        required("surface", STRING, "where the effect holds, or all"),
        required("jurisdiction", STRING, "country where the effect holds, or all"),
        required(
            "cause_kind",
            STRING,
            "decision, withdrawn, sample, undo, reapply, strikes, verdict, copy, order or lifted",
        ),
        required("cause_id", STRING, "what caused it; with the effect it makes the key"),
        optional("previous_key", STRING, "the effect before it there; null for the first"),
        required("state_key", STRING, "effect whose state holds from here: its own, or restored"),
        optional("harm", STRING, "the harm"),
        optional("score", DOUBLE, "the harm's probability"),
        optional("threshold", DOUBLE, "the rule's threshold"),
        optional("model_version", STRING, "the model that scored"),
        optional("policy_version", STRING, "the policy that decided"),
        required("operator", STRING, "user of the system who ran the sweep"),
        optional("expires_at", TIME, "when the action ends by itself (UTC); null: never"),
        required("lane", STRING, "who put it in force: policy, review or order"),
        optional("source_id", STRING, "the verdict, appeal or order that asked for it"),
        optional("evidence", STRING, "digest of the model's inputs, which evidence keeps"),
    ),
    constraints={
        "entry_known": "entry IN ('intent', 'outcome', 'held', 'discarded', 'withheld')",
        "direction_known": "direction IN ('apply', 'release')",
        "lane_known": "lane IN ('policy', 'review', 'order')",
        "score_finite": "score IS NULL OR (score >= 0 AND score <= 1)",
    },
    append_only=True,
)

EVIDENCE = Table(
    name="evidence_v1",
    comment="What the model was given of each post that was acted on, kept to replay the decision.",
    key=("day", "post_id", "revision", "digest"),
    schema=columns(
        required("day", DAY, "the post's day"),
        required("post_id", STRING, "the post"),
        required("revision", INT, "the revision that was acted on"),
        required("digest", STRING, "SHA-256 of what the model was given; the ledger names it"),
        required("author_origin", STRING, "native, or assigned: the author is no signal"),
        required("numbers", STRING, "JSON: the stored numbers, null where unknown"),
        required(
            "vectors",
            T.ArrayType(
                T.StructType(
                    [
                        T.StructField("input", STRING, False),
                        T.StructField("encoder_id", STRING, False),
                        T.StructField("vector", VECTOR, False),
                    ]
                ),
                False,
            ),
            "the post's vectors by input and encoder, float16",
        ),
        optional("kept_at", TIME, "when it was acted on first (UTC); null: before this was kept"),
        optional(
            "is_rewritten",
            BOOL,
            "whether the inputs were written again between the score and the act; null: unknown",
        ),
    ),
)

PLANS = Table(
    name="plans_v1",
    comment="What plans would do: each effect as its intent would be, and what stays (`stays`).",
    key=("plan_id", "effect_key"),
    partition_by=("plan_id",),
    schema=columns(required("plan_id", STRING, "the plan"), *ACTIONS.schema.fields),
)

POST_VISIBILITY = Table(
    name="post_visibility_v1",
    comment="Exceptions that the platform reads: what is restricted now. Rebuilt from the ledger.",
    key=("day", "subject_kind", "subject_id", "surface", "jurisdiction", "lane"),
    schema=columns(
        required("day", DAY, "the subject's creation day"),
        required("subject_kind", STRING, "post or account"),
        required("subject_id", STRING, "id of the post or account"),
        required("surface", STRING, "where it holds, or all"),
        required("jurisdiction", STRING, "country where it holds, or all"),
        required("lane", STRING, "who put it in force: policy, review or order; all of them hold"),
        required("action", STRING, "an action as in policy"),
        required("revision", INT, "content revision that the action is about"),
        optional("harm", STRING, "the harm"),
        required("effect_key", STRING, "the ledger's entry that put it in force"),
        required("since", TIME, "when it came in force (UTC)"),
        optional("expires_at", TIME, "has no effect from then on (UTC); null: stays"),
    ),
)

DELIVERIES = Table(
    name="deliveries_v1",
    comment="Which effects the webhook took, and those that it never did: dead letters.",
    key=("effect_key", "at"),
    schema=columns(
        required("day", DAY, "the subject's creation day, as in actions"),
        required("effect_key", STRING, "the effect; one tried again has several rows"),
        required("status", STRING, "delivered or dead"),
        required("at", TIME, "when that was known (UTC)"),
        optional("reason", STRING, "why it is dead"),
    ),
    constraints={"status_known": "status IN ('delivered', 'dead')"},
    append_only=True,
)

EXPLANATIONS = Table(
    name="explanations_v1",
    comment="Why each visible effect came about: places, no words.",
    key=("day", "effect_key"),
    schema=columns(
        required("day", DAY, "the post's day; 1970-01-01 for accounts, as in actions"),
        required("effect_key", STRING, "the effect, as in actions"),
        required("post_id", STRING, "the post, or the account that was restricted"),
        required("revision", INT, "the revision that was acted on"),
        required(
            "model_version", STRING, "the model of the run; it scored, where a score led to it"
        ),
        required(
            "status",
            STRING,
            "confirmed, general (no part flips it alone), not_searched (not all was looked at),"
            " not_reproduced, expired, unscored (no score led to it) or no_statement (not valid)",
        ),
        required("contributions", STRING, "JSON: by modality, the score less that without it"),
        required(
            "evidence",
            STRING,
            "JSON: by input the parts that alone flip it; offsets are into the clean text",
        ),
        optional(
            "statement", STRING, "JSON: statement of reasons (DSA, Article 17); null: not due"
        ),
        required("notice", STRING, "what the author is told; {0} stands for the first evidence"),
        required("explained_at", TIME, "when this was found (UTC)"),
        required("seconds", DOUBLE, "how long it took"),
    ),
    constraints={
        "status_is_known": "status IN ('confirmed', 'general', 'not_searched', 'not_reproduced',"
        " 'expired', 'unscored', 'no_statement')"
    },
    retired_constraints=("status_known",),
    append_only=True,
)


ENFORCEMENT = (
    DECISIONS,
    ACTIONS,
    EVIDENCE,
    PLANS,
    POST_VISIBILITY,
    DELIVERIES,
    EXPLANATIONS,
    METRICS,
    RUNS,
    LATE_POSTS,
)
