"""Matches of media with the banks: which are evidence, which are suppressed, which are held."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from harmsweep.known_media.banks import KNOWN_GOOD, OVER_BUDGET, BankEntry
from harmsweep.known_media.near import Pairs
from harmsweep.known_media.window import Medium
from harmsweep.media.pdq import NEAR

Row = dict[str, Any]
# What is near a hash of a medium: entries with their distances.
Near = Mapping[str, Sequence[tuple[BankEntry, int]]]


@dataclass(frozen=True)
class Match:
    """A medium near an entry of a bank, by the nearest of its hashes."""

    medium: Medium
    entry: BankEntry
    media_hash: str
    distance: int

    def row(self, day: date) -> Row:
        """The columns that a match and an escalation share."""
        medium, entry = self.medium, self.entry
        return {
            "day": day,
            "post_id": medium.post_id,
            "revision": medium.revision,
            "position": medium.position,
            "bank": entry.bank,
            "hash": entry.hash,
            "media_hash": self.media_hash,
            "distance": self.distance,
            "quality": medium.quality,
        }


def by_hash(pairs: Pairs, hashes: Sequence[str], entries: Sequence[BankEntry]) -> Near:
    """The pairs of a search as what is near each hash."""
    near: dict[str, list[tuple[BankEntry, int]]] = defaultdict(list)
    for left, right, distance in zip(*(column.tolist() for column in pairs), strict=True):
        near[hashes[left]].append((entries[right], distance))
    return near


def matched(media: Iterable[Medium], near: Near) -> list[Match]:
    """Each medium's match with each entry that is near one of its hashes."""
    matches: list[Match] = []
    for medium in media:
        best: dict[tuple[str, str], Match] = {}
        for text in medium.hashes:
            for entry, distance in near.get(text, ()):
                key = (entry.bank, entry.hash)
                if key not in best or distance < best[key].distance:
                    best[key] = Match(medium, entry, text, distance)
        matches += best.values()
    return matches


def over_budget(matches: Iterable[Match], day: date) -> dict[BankEntry, int]:
    """The active entries that match more distinct posts than their budget, and how many."""
    posts: dict[BankEntry, set[str]] = defaultdict(set)
    for match in matches:
        if match.entry.counts_on(day):
            posts[match.entry].add(match.medium.post_id)
    return {
        entry: len(ids)
        for entry, ids in posts.items()
        if entry.match_budget is not None and len(ids) > entry.match_budget
    }


def known_good(near: Near, over: Iterable[BankEntry], day: date) -> dict[str, int]:
    """By a medium's hash, the distance to the nearest known-good hash that counts."""
    stopped = set(over)
    distances: dict[str, int] = {}
    for text, entries in near.items():
        for entry, distance in entries:
            if entry.kind == KNOWN_GOOD and entry.counts_on(day) and entry not in stopped:
                distances[text] = min(distance, distances.get(text, NEAR + 1))
    return distances


def harmful(near: Near, good: Mapping[str, int]) -> Near:
    """What is near each hash, less the harm banks' entries that a known good is as near as.

    Compared hash by hash: a known-good frame of a video says nothing of its other frames.
    """
    return {
        text: [
            (entry, distance)
            for entry, distance in entries
            if entry.kind == KNOWN_GOOD or distance < good.get(text, NEAR + 1)
        ]
        for text, entries in near.items()
    }


def rows(
    matches: Iterable[Match], *, standing: Iterable[Match], over: Iterable[BankEntry], day: date
) -> list[Row]:
    """Rows of media_matches: `standing` are the matches that no known good takes away."""
    stopped = set(over)
    best = {(m.medium, m.entry): m for m in standing}
    new_rows = []
    for match in matches:
        left = best.get((match.medium, match.entry))
        status, reason = "evidence", None
        if match.entry in stopped or not match.entry.counts_on(day):
            status, reason = "held", f"{OVER_BUDGET}: the hash waits for a person"
        elif left is None:
            status, reason = "suppressed", "a known-good hash is as near"
        facts = {"kind": match.entry.kind, "status": status, "reason": reason}
        new_rows.append((left or match).row(day) | facts)
    return new_rows
