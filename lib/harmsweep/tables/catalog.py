"""Every table of the lake, declared once."""

from harmsweep.harms import HARMS
from harmsweep.tables.content import (
    ACCOUNT_LABELS,
    CONTENT,
    INGESTS,
    INTERACTIONS,
    LABELS,
    POSTS,
    REJECTS,
    USERS,
)
from harmsweep.tables.enforcement import (
    ACTIONS,
    DECISIONS,
    DELIVERIES,
    ENFORCEMENT,
    EVIDENCE,
    EXPLANATIONS,
    PLANS,
    POST_VISIBILITY,
)
from harmsweep.tables.features import (
    AUTHOR_FEATURES,
    AUTHOR_NUMBERS,
    AUTHOR_VECTORS,
    DERIVED,
    EMBEDDINGS,
    ENGAGEMENT_NUMBERS,
    MEDIA,
    MEDIA_TEXTS,
    POST_FEATURES,
    POST_VECTORS,
    SCORE_STATUSES,
    TEXT_NUMBERS,
    scores_table,
)
from harmsweep.tables.known_media import (
    ESCALATIONS,
    HASH_BANK,
    KNOWN,
    MEDIA_CLUSTERS,
    MEDIA_MATCHES,
    PRESERVATIONS,
    RESTRICTED,
    RESTRICTED_FOLDER,
    SEVERE_BANK,
)
from harmsweep.tables.measurement import LATE_POSTS, METRICS, RUNS
from harmsweep.tables.post_comments import COMMENT_SCORES, COMMENT_VECTORS, COMMENTS
from harmsweep.tables.review import (
    APPEALS,
    EXEMPTIONS,
    LABEL_TASKS,
    LEARN,
    OPERATIONS,
    ORDERS,
    PEOPLE,
    VERDICTS,
)
from harmsweep.tables.spec import Table

SCORES = scores_table(HARMS)
TABLES: dict[str, Table] = {
    t.name: t for t in (*CONTENT, *DERIVED, SCORES, *COMMENTS, *KNOWN, *ENFORCEMENT, *PEOPLE)
}

__all__ = [
    "ACCOUNT_LABELS",
    "ACTIONS",
    "APPEALS",
    "AUTHOR_FEATURES",
    "AUTHOR_NUMBERS",
    "AUTHOR_VECTORS",
    "COMMENT_SCORES",
    "COMMENT_VECTORS",
    "DECISIONS",
    "DELIVERIES",
    "EMBEDDINGS",
    "ENGAGEMENT_NUMBERS",
    "ESCALATIONS",
    "EVIDENCE",
    "EXEMPTIONS",
    "EXPLANATIONS",
    "HASH_BANK",
    "INGESTS",
    "INTERACTIONS",
    "LABELS",
    "LABEL_TASKS",
    "LATE_POSTS",
    "LEARN",
    "MEDIA",
    "MEDIA_CLUSTERS",
    "MEDIA_MATCHES",
    "MEDIA_TEXTS",
    "METRICS",
    "OPERATIONS",
    "ORDERS",
    "PLANS",
    "POSTS",
    "POST_FEATURES",
    "POST_VECTORS",
    "POST_VISIBILITY",
    "PRESERVATIONS",
    "REJECTS",
    "RESTRICTED",
    "RESTRICTED_FOLDER",
    "RUNS",
    "SCORES",
    "SCORE_STATUSES",
    "SEVERE_BANK",
    "TABLES",
    "TEXT_NUMBERS",
    "USERS",
    "VERDICTS",
    "Table",
    "scores_table",
]
