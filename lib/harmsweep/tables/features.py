"""What the stages derive from content: features, media, vectors and scores."""

from collections.abc import Iterable

from pyspark.sql import types as T

from harmsweep.tables.spec import (
    BOOL,
    DAY,
    DOUBLE,
    INT,
    LONG,
    STRING,
    STRINGS,
    VECTOR,
    Table,
    columns,
    optional,
    required,
)

# In text_flags: more of the text may be a disguise than its budget pays to read.
IN_PART = "read_in_part"


def _numbers(**comments: str) -> list[T.StructField]:
    return [optional(name, DOUBLE, comment) for name, comment in comments.items()]


# Facts of the author at the cut-off: the same columns stand in author_features and post_features.
AUTHOR_NUMBERS = _numbers(
    account_age_days="days from the account's opening to the cut-off",
    followers="accounts that follow the author",
    following="accounts that the author follows",
    follower_ratio="followers / (following + 1)",
    listed="lists that hold the author",
    likes_given="likes that the author gave",
    account_posts="posts that the platform counts for the author",
    verified="1 verified, 0 not",
    default_avatar="1 the default picture, 0 not",
    description_length="characters of the author's description",
    posts_30d="posts of the author in the 30 days up to the cut-off",
    reports_30d="reports on the author's other posts in the 30 days up to the cut-off",
    violations_30d="posts of the author demoted, removed or worse in the 30 days up to the cut-off",
)
TEXT_NUMBERS = _numbers(
    n_chars="characters of the normal text",
    n_words="words of the normal text",
    n_urls="links in the text",
    n_mentions="mentions of accounts in the text",
    n_hashtags="hashtags in the text",
    n_emoji="emoji in the text",
    n_exclamations="exclamation marks in the normal text",
    upper_share="share of the normal text's letters that are capitals",
    digit_share="share of the normal text's characters that are digits",
    n_media="media references of the post",
    n_disguises="words of the clean text that were disguised: normal_text undoes them",
)
ENGAGEMENT_NUMBERS = _numbers(
    likes="likes up to the cut-off",
    comments="comments up to the cut-off",
    saves="saves up to the cut-off",
    views="views up to the cut-off",
    reports="reports up to the cut-off; never an input of a head that trains on reports",
    hours_since_last_post="hours from the author's previous post to this one",
)
_POST_KEY = [
    required("day", DAY, "the post's day"),
    required("post_id", STRING, "the post"),
    required("revision", INT, "the revision"),
]

POST_FEATURES = Table(
    name="post_features_v1",
    comment="Model inputs of each current revision, from events recorded up to its cut-off.",
    key=("day", "post_id", "revision"),
    schema=columns(
        *_POST_KEY,
        required("author_id", STRING, "the author"),
        required("cutoff_day", DAY, "events up to the end of this UTC day were used"),
        required("clean_text", STRING, "NFKC text, entities decoded, links and mentions replaced"),
        required(
            "normal_text",
            STRING,
            "clean_text with disguises undone: homoglyphs, leetspeak, spacing",
        ),
        required("language", STRING, "ISO 639-1 code, or und: undetermined"),
        optional("language_score", DOUBLE, "the detector's probability of that language"),
        required("surface", STRING, "where on the platform the post stands"),
        required("country", STRING, "country of the author"),
        required("dataset", STRING, "collection the post comes from"),
        required("author_origin", STRING, "native, or assigned: attached by hash, no signal"),
        required("split_group", STRING, "group that a split keeps together"),
        required(
            "text_flags",
            STRINGS,
            "as of posts; read_in_part: what costs too much to read is as written",
        ),
        required("simulated", BOOL, "whether any interaction counted here was simulated"),
        *TEXT_NUMBERS,
        *ENGAGEMENT_NUMBERS,
        *AUTHOR_NUMBERS,
    ),
)

AUTHOR_FEATURES = Table(
    name="author_features_v1",
    comment="Facts of each of the day's authors at the latest cut-off of their posts of the day.",
    key=("day", "author_id"),
    schema=columns(
        required("day", DAY, "UTC day of the posts whose authors these are"),
        required("author_id", STRING, "the author"),
        required("clean_description", STRING, "the description, cleaned like a text; may be empty"),
        required("origin", STRING, "collection the account comes from"),
        *AUTHOR_NUMBERS,
    ),
)

MEDIA = Table(
    name="media_v1",
    comment="Every medium that a current revision refers to, with its content's hash and status.",
    key=("day", "post_id", "revision", "position"),
    schema=columns(
        *_POST_KEY,
        required("position", INT, "place among the post's media, from 0"),
        required("kind", STRING, "image or video"),
        required("uri", STRING, "the reference, relative to the media root"),
        required("status", STRING, "ok, missing, refused, undecodable or unsupported"),
        optional("reason", STRING, "why it is not ok"),
        optional("content_hash", STRING, "SHA-256 of the file's bytes"),
        optional("bytes", LONG, "size of the file"),
        optional("width", INT, "pixels across"),
        optional("height", INT, "pixels down"),
        optional("seconds", DOUBLE, "length of a video"),
        optional(
            "pdq",
            T.ArrayType(STRING, False),
            "perceptual hashes (PDQ, 64 hexadecimal digits): of an image, or of frames",
        ),
        optional("pdq_quality", INT, "PDQ's quality, 0 to 100, the highest of the hashes"),
    ),
    constraints={
        "status_known": "status IN ('ok', 'missing', 'refused', 'undecodable', 'unsupported')"
    },
)

TEXT_BOXES = T.ArrayType(
    T.StructType()
    .add("text", STRING, False)
    .add("score", DOUBLE, False)
    .add("box", T.ArrayType(DOUBLE, False), False),
    False,
)

MEDIA_TEXTS = Table(
    name="media_texts_v1",
    comment="The text read in each distinct image, once per content, over a 30-day window.",
    key=("content_hash", "reader_id"),
    schema=columns(
        required("day", DAY, "UTC day whose run read it"),
        required("content_hash", STRING, "SHA-256 of the image file's bytes"),
        required("reader_id", STRING, "the reader's package, version and settings"),
        required("status", STRING, "ok (there may be no text) or undecodable"),
        optional("reason", STRING, "why it could not be read, or not as a whole"),
        required("text", STRING, "the lines read, top to bottom, as they stand in the image"),
        required("normal_text", STRING, "the text cleaned, with disguises undone"),
        required("boxes", TEXT_BOXES, "each line with its score and box: x and y of four corners"),
    ),
    constraints={"status_known": "status IN ('ok', 'undecodable')"},
)

EMBEDDINGS = Table(
    name="embeddings_v1",
    comment="A cache of vectors by the hash of the encoder's exact input, over a 30-day window.",
    key=("input_hash", "encoder_id"),
    schema=columns(
        required("day", DAY, "UTC day whose run computed the vector"),
        required("input_hash", STRING, "SHA-256 of the encoder's exact input"),
        required("encoder_id", STRING, "weights, preprocessing, runtime and precision"),
        required("status", STRING, "ok or undecodable"),
        optional("reason", STRING, "why there is no vector, or why it says little of the input"),
        optional("vector", VECTOR, "the vector, float16; null where the status is not ok"),
        required("windows", INT, "windows that a long input was embedded in"),
    ),
    constraints={"status_known": "status IN ('ok', 'undecodable')"},
)

POST_VECTORS = Table(
    name="post_vectors_v1",
    comment="The vectors of the day's posts: one row per input that the post has.",
    key=("day", "post_id", "revision", "encoder_id"),
    schema=columns(
        *_POST_KEY,
        required(
            "encoder_id", STRING, "weights, preprocessing, precision, and which text was embedded"
        ),
        required(
            "input",
            STRING,
            "text, raw_text, media_text, image, video or caption, as conf has it; or text_windows",
        ),
        required("status", STRING, "ok; partial (some inputs had none); undecodable (none had)"),
        optional("reason", STRING, "why a vector is missing or partial"),
        optional(
            "vector",
            VECTOR,
            "float16, mean over the post's inputs; null where no input decoded; of text_windows"
            " each window's vector and numbers in turn",
        ),
        required("inputs", INT, "inputs of this modality"),
        required("windows", INT, "windows that the inputs were embedded in"),
    ),
    constraints={"status_known": "status IN ('ok', 'partial', 'undecodable')"},
)

AUTHOR_VECTORS = Table(
    name="author_vectors_v1",
    comment="The vectors of the descriptions of the day's authors.",
    key=("day", "author_id", "encoder_id"),
    schema=columns(
        required("day", DAY, "the UTC day"),
        required("author_id", STRING, "the author"),
        required("encoder_id", STRING, "weights, preprocessing, runtime and precision"),
        required("vector", VECTOR, "the description's vector, float16"),
        required("windows", INT, "windows that the description was embedded in"),
    ),
)

SCORE_STATUSES = ("scored", "scored_partial", "quarantined", "failed")


def scores_table(harms: Iterable[str]) -> Table:
    """The scores table with one nullable double per harm that conf declares."""
    names = list(harms)
    return Table(
        name="scores_v1",
        comment="One row per accepted post revision and model version; one probability per harm.",
        key=("day", "post_id", "revision", "model_version"),
        partition_by=("day", "model_version"),
        schema=columns(
            *_POST_KEY,
            required("model_version", STRING, "the model that scored"),
            required("author_id", STRING, "the author"),
            required("surface", STRING, "where on the platform the post stands"),
            required("country", STRING, "country of the author"),
            required("language", STRING, "language of the text"),
            required("dataset", STRING, "collection the post comes from"),
            required("status", STRING, ", ".join(SCORE_STATUSES)),
            optional("reason", STRING, "why the status is not scored"),
            required("inputs", STRINGS, "the modalities that the model saw"),
            required("trained_on", BOOL, "whether the model was trained on the post's group"),
            *(
                optional(name, DOUBLE, f"probability of {name}; null: no such head")
                for name in names
            ),
        ),
        constraints={
            "status_known": f"status IN {SCORE_STATUSES}",
            **{
                f"{name}_finite": f"{name} IS NULL OR ({name} >= 0 AND {name} <= 1)"
                for name in names
            },
        },
    )


DERIVED = (
    POST_FEATURES,
    AUTHOR_FEATURES,
    MEDIA,
    MEDIA_TEXTS,
    EMBEDDINGS,
    POST_VECTORS,
    AUTHOR_VECTORS,
)
