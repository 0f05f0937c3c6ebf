"""The stage match: the day's media against the banks, and against each other."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from harmsweep.known_media.banks import KNOWN_GOOD, BankEntry, entries, send_back
from harmsweep.known_media.clusters import cluster_rows
from harmsweep.known_media.escalations import escalated_posts
from harmsweep.known_media.matches import by_hash, harmful, known_good, matched, over_budget, rows
from harmsweep.known_media.preservation import preserve_day
from harmsweep.known_media.window import Medium, media_of_day, near
from harmsweep.lake import delta, writes
from harmsweep.lake.flow import MATCH
from harmsweep.lake.runs import Counts, Outcome, Spark, run_stage
from harmsweep.tables.catalog import ESCALATIONS, MEDIA_CLUSTERS, MEDIA_MATCHES
from harmsweep.tables.spec import Table

Row = dict[str, Any]


def match_day(spark: Spark, lake: Path, day: date, *, media_root: Path | None = None) -> Outcome:
    """Write the day's matches with the banks and its clusters of copies.

    None of them acts: they are evidence for a review. A post with a severe match is in neither.
    Its media are preserved; without `media_root` only those of object stores are. The counts are
    the day's media and, by status, its matches; then its pictures with copies.
    """
    outcome = run_stage(MATCH, lake, day, partial(_work, spark, lake, day, media_root))
    if outcome.skipped:
        # What could not be preserved before may be there now, and no table says so.
        preserve_day(lake, day, media_root)
    return outcome


def _work(spark: Spark, lake: Path, day: date, media_root: Path | None) -> Counts:
    media = media_of_day(lake, day)
    _escalate(spark, lake, day, media)
    # At once: the next edit or deletion may take the file away.
    preserve_day(lake, day, media_root)
    escalated = escalated_posts(lake, day)
    media = [medium for medium in media if medium.post_id not in escalated]
    matches, over = _matches(spark, lake, day, media)
    copies = cluster_rows(spark, lake, day, media) if media else []
    _replace(matches, MEDIA_MATCHES, lake, day)
    _replace(copies, MEDIA_CLUSTERS, lake, day)
    _send_back(lake, over, day)
    by_status = Counter(row["status"] for row in matches)
    return {"media": len(media), **dict(sorted(by_status.items())), "with copies": len(copies)}


def _escalate(spark: Spark, lake: Path, day: date, media: list[Medium]) -> None:
    """Append the day's severe matches that are not known; no budget or known good holds them up."""
    active = [entry for entry in entries(lake, severe=True) if entry.counts_on(day)]
    hashes = sorted({text for medium in media for text in medium.hashes})
    if not active or not hashes:
        return
    nearby = by_hash(near(spark, hashes, [e.hash for e in active]), hashes, active)
    at = datetime.now(UTC)
    new_rows = [
        match.row(day)
        | {"content_hash": match.medium.content_hash, "contact": match.entry.contact}
        | {"matched_at": at}
        for match in matched(media, nearby)
    ]
    if new_rows:
        names = ESCALATIONS.schema.names
        values = [[row[name] for name in names] for row in new_rows]
        new = spark().createDataFrame(values, ESCALATIONS.schema)
        writes.append_missing(new, ESCALATIONS, lake, where={"day": day})


def _matches(
    spark: Spark, lake: Path, day: date, media: list[Medium]
) -> tuple[list[Row], dict[BankEntry, int]]:
    """Rows of media_matches, and the entries that matched more posts than their budget."""
    usable = [e for e in entries(lake) if e.counts_on(day) or e.is_held_on(day)]
    hashes = sorted({text for medium in media for text in medium.hashes})
    if not usable or not hashes:
        return [], {}
    nearby = by_hash(near(spark, hashes, [entry.hash for entry in usable]), hashes, usable)
    matches = matched(media, nearby)
    over = over_budget((m for m in matches if m.entry.kind == KNOWN_GOOD), day)
    standing = matched(media, harmful(nearby, known_good(nearby, over, day)))
    over |= over_budget(standing, day)
    return rows(matches, standing=standing, over=over, day=day), over


def _send_back(lake: Path, over: dict[BankEntry, int], day: date) -> None:
    ordered = sorted(over, key=lambda entry: entry.bank)
    for bank, group in groupby(ordered, key=lambda entry: entry.bank):
        send_back(lake, bank, {entry.hash: over[entry] for entry in group}, day)


def _replace(rows_of_day: Iterable[Row], table: Table, lake: Path, day: date) -> None:
    """Make the day's rows these; no commit where there are none and were none."""
    new_rows = list(rows_of_day)
    stored = f"SELECT 1 FROM {table.name} WHERE day = '{day}' LIMIT 1"
    if new_rows or delta.query(lake, stored, days=[day]).num_rows:
        writes.write_rows(new_rows, table, lake, where={"day": day})
