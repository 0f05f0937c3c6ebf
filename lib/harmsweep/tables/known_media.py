"""Known media: the banks of perceptual hashes, what matched them, and copies of one picture.

A restricted table's name begins with its folder: it stands in a folder of its own that only the
lake's owner may open, and no list of the lake's tables shows it.
"""

from collections.abc import Sequence

from pyspark.sql import types as T

from harmsweep.tables.spec import DAY, INT, STRING, TIME, Table, columns, optional, required

RESTRICTED_FOLDER = "restricted"

_POST_KEY = [
    required("day", DAY, "the post's day"),
    required("post_id", STRING, "the post"),
    required("revision", INT, "the revision"),
    required("position", INT, "place among the post's media, from 0"),
]
_MATCH: Sequence[T.StructField] = [
    required("bank", STRING, "the bank"),
    required("hash", STRING, "the bank's PDQ hash, 64 hexadecimal digits"),
    required("media_hash", STRING, "the medium's PDQ hash, or its frame's, nearest to it"),
    required("distance", INT, "bits in which the two differ, 0 to 31"),
    required("quality", INT, "PDQ's quality of the medium, 50 to 100"),
]
_ENTRY = columns(
    required("bank", STRING, "the bank that holds the hash"),
    required("hash", STRING, "PDQ hash, 64 hexadecimal digits"),
    required("kind", STRING, "what a match says: a harm's name, known_good, or severe"),
    required("status", STRING, "quarantined (matches count for nothing), active or removed"),
    optional("reason", STRING, "why it is quarantined or removed"),
    required("added_by", STRING, "who added it"),
    required("added_at", TIME, "when it was added (UTC)"),
    optional("confirmed_by", STRING, "the second person; null until then"),
    optional("confirmed_at", TIME, "when it was confirmed (UTC)"),
    optional("removed_by", STRING, "who removed it"),
    optional("removed_at", TIME, "when it was removed (UTC)"),
    optional("expires_on", DAY, "from this UTC day on it no longer counts; null: never"),
    optional("match_budget", INT, "most posts a day that it may match; null: no limit (severe)"),
    optional("contact", STRING, "who is told of a match in a severe bank"),
)
_KNOWN = {"status_known": "status IN ('quarantined', 'active', 'removed')"}

HASH_BANK = Table(
    name="hash_bank_v1",
    comment="Perceptual hashes of known media, with who added and confirmed each.",
    key=("bank", "hash"),
    partition_by=(),
    schema=_ENTRY,
    constraints=_KNOWN,
)

MEDIA_MATCHES = Table(
    name="media_matches_v1",
    comment="The day's media that are near a hash of a bank: evidence for review, never an action.",
    key=("day", "post_id", "revision", "position", "bank", "hash"),
    schema=columns(
        *_POST_KEY,
        *_MATCH,
        required("kind", STRING, "the bank's kind: a harm's name, or known_good"),
        required("status", STRING, "evidence, suppressed (a known good is as near) or held"),
        optional("reason", STRING, "why it is no evidence"),
    ),
    constraints={"status_known": "status IN ('evidence', 'suppressed', 'held')"},
)

MEDIA_CLUSTERS = Table(
    name="media_clusters_v1",
    comment="The day's pictures that have copies in the last 30 days: each near its centre.",
    key=("day", "content_hash"),
    schema=columns(
        required("day", DAY, "the UTC day on which the picture was posted"),
        required("content_hash", STRING, "SHA-256 of the picture's file"),
        required("cluster", STRING, "the PDQ hash of the picture at the centre"),
        required("distance", INT, "bits between the picture and the centre, 0 to 31"),
        required("size", INT, "distinct files of the cluster in the 30 days up to the day"),
        required("judged", INT, "posts of the cluster with a label or an action in force"),
        required("harmful", INT, "of these, labelled harmful, or restricted and not labelled"),
    ),
)

SEVERE_BANK = Table(
    name=f"{RESTRICTED_FOLDER}/hash_bank_v1",
    comment="Hashes of the most severe known media; restricted.",
    key=("bank", "hash"),
    partition_by=(),
    schema=_ENTRY,
    constraints=_KNOWN,
)

ESCALATIONS = Table(
    name=f"{RESTRICTED_FOLDER}/escalations_v1",
    comment="Media near a hash of a severe bank; restricted, for the named contact alone.",
    key=("day", "post_id", "revision", "position", "bank", "hash"),
    schema=columns(
        *_POST_KEY,
        *_MATCH,
        required("content_hash", STRING, "SHA-256 of the medium's file"),
        required("contact", STRING, "who is told, from the bank"),
        required("matched_at", TIME, "when the match was written (UTC)"),
    ),
    append_only=True,
)

PRESERVATIONS = Table(
    name=f"{RESTRICTED_FOLDER}/preservations_v1",
    comment="What became of the bytes of escalated posts' media; restricted, append-only.",
    key=("day", "post_id", "revision", "position", "sequence"),
    schema=columns(
        *_POST_KEY,
        required("sequence", INT, "counts the medium's rows from 1: a new one where it changed"),
        optional("kind", STRING, "image or video; null: its reference is no longer known"),
        optional("uri", STRING, "the reference, to try it again; null: no longer known"),
        optional("content_hash", STRING, "SHA-256 as recorded, and the preserved file's name"),
        required("status", STRING, "preserved, missing, changed (other bytes) or refused"),
        optional("reason", STRING, "why it is not preserved"),
        required("recorded_at", TIME, "when the row was written (UTC)"),
        optional("keep_until", DAY, "last UTC day on which the row keeps the bytes"),
    ),
    constraints={"status_known": "status IN ('preserved', 'missing', 'changed', 'refused')"},
    append_only=True,
)

KNOWN = (HASH_BANK, MEDIA_MATCHES, MEDIA_CLUSTERS)
RESTRICTED: dict[str, Table] = {t.name: t for t in (SEVERE_BANK, ESCALATIONS, PRESERVATIONS)}
