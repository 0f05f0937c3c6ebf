"""What was derived of other people's comments: kept apart from posts, for review only."""

from harmsweep.tables.spec import (
    DAY,
    DOUBLE,
    INT,
    STRING,
    VECTOR,
    Table,
    columns,
    optional,
    required,
)

_POST_KEY = [
    required("day", DAY, "the post's day"),
    required("post_id", STRING, "the post that was commented on"),
    required("revision", INT, "the post's current revision"),
]

COMMENT_VECTORS = Table(
    name="comment_vectors_v1",
    comment="The vectors of a post's most reported and newest comments; never an input of a post.",
    key=("day", "post_id", "revision", "comment_id", "encoder_id"),
    schema=columns(
        *_POST_KEY,
        required("comment_id", STRING, "event id of the comment"),
        required("encoder_id", STRING, "weights, preprocessing, runtime and precision"),
        optional("vector", VECTOR, "of the comment's normal text, float16; null: undecodable"),
        required("windows", INT, "windows that the comment was embedded in"),
    ),
)

COMMENT_SCORES = Table(
    name="comment_scores_v1",
    comment="The highest score among a post's comments, by harm: evidence for review only.",
    key=("day", "post_id", "revision", "model_version", "harm"),
    partition_by=("day", "model_version"),
    schema=columns(
        *_POST_KEY,
        required("model_version", STRING, "the model that scored"),
        required("harm", STRING, "the harm"),
        required("score", DOUBLE, "highest probability of the harm among the comments read"),
        required("comment_id", STRING, "event id of the comment with that score"),
        required("comments", INT, "how many of the post's comments were scored"),
    ),
    constraints={"score_finite": "score >= 0 AND score <= 1"},
)

COMMENTS = (COMMENT_VECTORS, COMMENT_SCORES)
