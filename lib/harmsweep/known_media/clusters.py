"""Clusters of the day's pictures with their copies in the window, and what is known of each."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from harmsweep.known_media.near import stars
from harmsweep.known_media.window import Medium, days_of_window, near, pictures_of_window, window
from harmsweep.lake import delta
from harmsweep.lake.runs import Spark
from harmsweep.policy.actions import VISIBLE

Row = dict[str, Any]
Posts = set[tuple[date, str]]


def cluster_rows(spark: Spark, lake: Path, day: date, media: list[Medium]) -> list[Row]:
    """Rows of media_clusters for the day's pictures that have a copy in the window.

    Pictures only: two unrelated videos may share a frame, such as a title. A picture of several
    hashes (frames, grounds) is in the cluster of each, and has the row of the one that most is
    known against, then of the largest.
    """
    todays = {medium.content_hash for medium in media}
    pictures = pictures_of_window(lake, day)
    if not todays & pictures.keys():
        return []
    placed = _clusters(spark, pictures)
    sizes = Counter(cluster for clusters in placed.values() for cluster in clusters)
    shown = {c: [one for one in placed[c] if sizes[one] > 1] for c in todays & placed.keys()}
    wanted = {cluster for clusters in shown.values() for cluster in clusters}
    verdicts = _verdicts(lake, day, placed, wanted)

    def known(cluster: str) -> tuple[int, ...]:
        judged, found = verdicts[cluster]
        return found, judged, sizes[cluster]

    new_rows = []
    for content in sorted(content for content, clusters in shown.items() if clusters):
        cluster = max(sorted(shown[content]), key=known)
        row = {"day": day, "content_hash": content, "cluster": cluster}
        judged, found = verdicts[cluster]
        row |= {"distance": placed[content][cluster], "size": sizes[cluster]}
        new_rows.append(row | {"judged": judged, "harmful": found})
    return new_rows


def _clusters(spark: Spark, pictures: dict[str, list[str]]) -> dict[str, dict[str, int]]:
    """By a picture's content its clusters (their centres' hashes) with the distance to each."""
    counts = Counter(text for texts in pictures.values() for text in texts)
    hashes = sorted(counts)
    weights = np.array([counts[text] for text in hashes], dtype=np.int64)
    centre, apart = stars(hashes, near(spark, hashes), weights)
    placed = {
        text: (hashes[middle], distance)
        for text, middle, distance in zip(hashes, centre.tolist(), apart.tolist(), strict=True)
    }
    found: dict[str, dict[str, int]] = {}
    for content, texts in pictures.items():
        # The nearest of several hashes last: it stays.
        found[content] = dict(sorted((placed[text] for text in texts), key=lambda one: -one[1]))
    return found


def _verdicts(
    lake: Path, day: date, clusters: Mapping[str, Iterable[str]], wanted: set[str]
) -> dict[str, tuple[int, int]]:
    """By wanted cluster, its posts with a label or an action in force, and how many are harmful.

    A label by a person goes before an action. Actions count up to the day before: a day's own
    sweep must not speak for itself when the day is run again.
    """
    if not wanted:
        return {}
    posts: dict[str, Posts] = defaultdict(set)
    sql = f"SELECT DISTINCT day, post_id, content_hash FROM media_v1 WHERE {window('day', day)}"
    for row in delta.query(lake, sql).to_pylist():
        for cluster in wanted.intersection(clusters.get(row["content_hash"], ())):
            posts[cluster].add((row["day"], row["post_id"]))
    labels, restricted = _labels(lake, day), _restricted(lake, day)
    found = {}
    for cluster in wanted:
        said = [labels.get(post, int(post in restricted) or None) for post in posts[cluster]]
        judged = [verdict for verdict in said if verdict is not None]
        found[cluster] = (len(judged), sum(judged))
    return found


def _labels(lake: Path, day: date) -> dict[tuple[date, str], int]:
    """1 for each labelled post that has a label of a harm, else 0."""
    sql = f"""SELECT day, post_id, max(label) AS label FROM labels_v1
        WHERE {window("day", day)} AND source = 'hand' GROUP BY day, post_id"""
    return {(r["day"], r["post_id"]): r["label"] for r in delta.query(lake, sql).to_pylist()}


def _restricted(lake: Path, day: date) -> Posts:
    sql = f"""SELECT day, subject_id FROM post_visibility_v1 WHERE {window("day", day)}
        AND day < '{day}' AND subject_kind = 'post' AND action IN {VISIBLE}"""
    found = delta.query(lake, sql, days=days_of_window(day))
    return {(row["day"], row["subject_id"]) for row in found.to_pylist()}
