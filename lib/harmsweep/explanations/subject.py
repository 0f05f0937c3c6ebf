"""A post that was acted on, read from the lake: its clean text and its media, never kept here."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from harmsweep.encoders.conf import Encoder
from harmsweep.encoders.loading import MODALITIES
from harmsweep.encoders.ocr_conf import WINDOW_DAYS, load_ocr_conf
from harmsweep.lake import delta
from harmsweep.media.access import local_media, open_media
from harmsweep.media.bounded import run_bounded
from harmsweep.media.problem import MediaProblem


@dataclass(frozen=True)
class Subject:
    """A revision of a post: what can be taken out of it."""

    post_id: str
    revision: int
    clean_text: str
    language: str
    # Position in the post to the lines that were read in the picture.
    lines: Mapping[int, list[str]]
    # Rows of media that are ok, by position.
    media: Mapping[int, Mapping[str, Any]]

    @property
    def kinds(self) -> set[str]:
        """What the post is made of: text, image, video."""
        words = {"text"} if self.clean_text.strip() else set()
        return words | {row["kind"] for row in self.media.values()}


def load_subject(lake: Path, day: date, post_id: str, revision: int | None) -> Subject | None:
    """The post as it stands; None where it was deleted, or is of another revision than is asked."""
    key: delta.Slice = {"day": day, "post_id": post_id}
    about = delta.datafusion_where(key)
    current = f"SELECT revision FROM posts_v1 WHERE {about} AND status = 'accepted'"
    revisions = delta.query(lake, current).column("revision").to_pylist()
    if not revisions or revision not in (None, *revisions):
        return None
    revision = max(revisions)
    where = f"{about} AND revision = {int(revision)}"
    features = f"SELECT clean_text, language FROM post_features_v1 WHERE {where}"
    texts = delta.query(lake, features).to_pylist()
    if not texts:
        return None
    ok = f"SELECT * FROM media_v1 WHERE {where} AND status = 'ok' ORDER BY position"
    media = {row["position"]: row for row in delta.query(lake, ok).to_pylist()}
    read = _lines(lake, day, {row["content_hash"] for row in media.values()})
    lines = {
        place: read[r["content_hash"]] for place, r in media.items() if r["content_hash"] in read
    }
    return Subject(post_id, revision, texts[0]["clean_text"], texts[0]["language"], lines, media)


def _lines(lake: Path, day: date, hashes: set[str]) -> dict[str, list[str]]:
    """The lines read in pictures, by content; the later of two readings counts."""
    if not hashes:
        return {}
    where: delta.Slice = {"reader_id": load_ocr_conf().reader_id, "content_hash": sorted(hashes)}
    first, last = day - timedelta(days=WINDOW_DAYS), day + timedelta(days=WINDOW_DAYS)
    sql = f"""SELECT content_hash, text FROM media_texts_v1
        WHERE day BETWEEN '{first}' AND '{last}' AND {delta.datafusion_where(where)}
        AND status = 'ok' ORDER BY day"""
    return {
        row["content_hash"]: row["text"].split("\n") for row in delta.query(lake, sql).to_pylist()
    }


def prepared(medium: Mapping[str, Any], root: Path, encoder: Encoder) -> Any | None:
    """What the encoder embeds of a medium; None where the file is gone, another or undecodable."""
    kind = medium["kind"]
    try:
        with local_media(root, medium["uri"], kind) as path, open_media(path, kind) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != medium["content_hash"]:
                return None
            file.seek(0)
            content = file.read() if kind == "image" else path
            return run_bounded(partial(MODALITIES[kind].prepare, encoder), content, kind=kind)
    except MediaProblem:
        return None
