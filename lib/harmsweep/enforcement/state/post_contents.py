"""What copies of a post are told by."""

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from harmsweep.lake import delta
from harmsweep.media.pdq import MIN_QUALITY

# The text without case and punctuation, by its digest: the words themselves live in few tables.
_TEXT = r"trim(regexp_replace(lower(normal_text), '\W+', ' ', 'g'))"
TEXT_DIGEST = f"encode(sha256({_TEXT}), 'hex')"


def contents(lake: Path, day: date, where: str) -> dict[tuple[str, int], dict[str, Any]]:
    """What copies are told by, of the day's posts that a condition on post_features selects.

    By post and revision, as the columns of verdicts: text_digest, words and media. A picture of
    several hashes (frames, grounds) has none here, as one of them does not speak for the others: a
    copy of it is the same file.
    """
    of_posts = f"SELECT * FROM post_features_v1 WHERE day = '{day}' AND {where}"
    sql = f"""SELECT post_id, revision, {TEXT_DIGEST} AS text_digest,
        array_length(string_to_array({_TEXT}, ' ')) AS words FROM ({of_posts}) p"""
    texts = delta.query(lake, sql).to_pylist()
    shown = delta.query(
        lake,
        f"""SELECT m.post_id, m.revision, m.content_hash, CASE WHEN m.kind = 'image'
                AND m.pdq_quality >= {MIN_QUALITY} AND array_length(m.pdq) = 1
                THEN m.pdq[1] END AS pdq
            FROM (SELECT * FROM media_v1 WHERE day = '{day}') m JOIN ({of_posts}) p
            ON p.post_id = m.post_id AND p.revision = m.revision ORDER BY m.position""",
    )
    media: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for row in shown.to_pylist():
        media[row.pop("post_id"), row.pop("revision")].append(row)
    keyed = (((row.pop("post_id"), row.pop("revision")), row) for row in texts)
    return {key: row | {"media": media.get(key, [])} for key, row in keyed}
