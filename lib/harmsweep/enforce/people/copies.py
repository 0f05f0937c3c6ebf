"""Verdicts that reach the near-duplicates of the post that a person judged, under guard.

A copy has the same text, with disguises undone and without case or punctuation, and as many media,
each near one of the judged post's by its perceptual hash. What guards the spread is in
conf/enforcement.yaml: enough reviewers, agreement, a budget for each judged post, known good media.
What a guard stops is quarantined: its posts go to review, and no more happens to them.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from harmsweep import lake as lakes
from harmsweep.banks import KNOWN_GOOD
from harmsweep.days import every_day
from harmsweep.enforce.bounds import Copies
from harmsweep.enforce.people.lanes import Demand
from harmsweep.hashes import MIN_QUALITY, NEAR
from harmsweep.tables import VERDICTS

# A verdict reaches copies of so many days before the judged post's and after it.
WINDOW_DAYS = 30


@dataclass(frozen=True, slots=True)
class Verdict:
    """What people found of a post's revision: the newest verdict, and who agrees with it."""

    verdict_id: str
    day: date
    post_id: str
    revision: int
    found: str  # benign or harmful
    harm: str | None
    action: str | None
    reviewers: frozenset[str]
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Reached:
    """What a copy has from the verdicts on the posts that it copies."""

    outcome: Literal["benign", "harmful", "quarantined"]
    source: Verdict
    why: str = ""

    @property
    def demand(self) -> Demand | None:
        """What follows from it in the reviewers' lane; a benign verdict asks for nothing."""
        if self.outcome == "benign":
            return None
        action = self.source.action if self.outcome == "harmful" else "review"
        return Demand(action or "review", self.source.harm, "copy", self.source.verdict_id)


def verdicts(lake: Path, first: date, last: date) -> list[Verdict]:
    """What people found of the posts of some days, a row for each revision that was looked at."""
    days = every_day(first, last)
    where = lakes.plain_predicate({"day": days})
    found = lakes.query(lake, f"SELECT * FROM {VERDICTS.name} WHERE {where}").to_pylist()
    found.sort(key=lambda v: (v["decided_at"], v["verdict_id"]))
    by_revision: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for row in found:
        by_revision[row["post_id"], row["revision"]].append(row)
    return [_newest(rows) for rows in by_revision.values()]


def _newest(rows: Sequence[Mapping[str, Any]]) -> Verdict:
    newest = rows[-1]
    said = {row["reviewer"]: row for row in rows}  # each reviewer's last word
    meant = ("verdict", "harm", "action")
    alike = [r for r in said.values() if all(r[name] == newest[name] for name in meant)]
    names = frozenset(row["reviewer"] for row in alike)
    kept = {
        name: newest[name] for name in ("verdict_id", "day", "post_id", "revision", "decided_at")
    }
    return Verdict(
        **kept,
        found=newest["verdict"],
        harm=newest["harm"],
        action=newest["action"],
        reviewers=names,
    )


def reached(
    copies: Mapping[str, Sequence[Verdict]], good: Collection[str], conf: Copies
) -> dict[str, Reached]:
    """What each copy has from the verdicts on the posts that it copies; `good` hold known good.

    Nothing where too few reviewers found harm, or none of them asked for an action.
    """
    found = {post: _one(post, said, good, conf) for post, said in copies.items()}
    spread = Counter(
        r.source.verdict_id for r in found.values() if r and r.outcome != "quarantined"
    )
    return {post: _within(r, spread, conf) for post, r in found.items() if r}


def _one(post: str, said: Sequence[Verdict], good: Collection[str], conf: Copies) -> Reached | None:
    ordered = sorted(said, key=lambda v: (v.day, v.verdict_id))
    harmful = [v for v in ordered if v.found == "harmful" and v.action]
    benign = [v for v in ordered if v.found == "benign"]
    if not harmful:
        return Reached("benign", benign[0]) if benign else None
    agree = max(len(harmful), len(benign)) / (len(harmful) + len(benign))
    if agree < conf.purity:
        return Reached("quarantined", harmful[0], "judged both ways")
    if len(benign) > len(harmful):
        return Reached("benign", benign[0])
    if len(frozenset[str]().union(*(v.reviewers for v in harmful))) < conf.reviewers:
        return None
    if post in good:
        return Reached("quarantined", harmful[0], "holds known good media")
    return Reached("harmful", harmful[0])


def _within(found: Reached, spread: Mapping[str, int], conf: Copies) -> Reached:
    if found.outcome == "quarantined" or spread[found.source.verdict_id] <= conf.budget:
        return found
    return Reached("quarantined", found.source, f"more than {conf.budget} copies")


@dataclass(frozen=True, slots=True)
class Medium:
    """A medium as copies are told by: its file's hash, and a picture's PDQ hash if it has one."""

    content_hash: str | None
    pdq: str | None

    def is_near(self, other: "Medium") -> bool:
        """Whether both are one file, or pictures that differ in 31 bits at most."""
        if self.content_hash is not None and self.content_hash == other.content_hash:
            return True
        if self.pdq is None or other.pdq is None:
            return False
        return (int(self.pdq, 16) ^ int(other.pdq, 16)).bit_count() <= NEAR


@dataclass(frozen=True, slots=True)
class Content:
    """What a post says and shows; the text without case, punctuation and disguises."""

    text: str
    media: tuple[Medium, ...] = ()

    def is_copy(self, other: "Content", least_words: int) -> bool:
        """Whether both have one text and near media; a short text alone says too little."""
        if self.text != other.text or len(self.media) != len(other.media):
            return False
        if not self.media:
            return len(self.text.split()) >= least_words
        return all(any(m.is_near(o) for o in other.media) for m in self.media)


Contents = dict[tuple[str, int], Content]  # by post and revision


def find_copies(
    lake: Path, day: date, judged: Sequence[Verdict], conf: Copies
) -> dict[str, list[Verdict]]:
    """The day's posts that copy a judged one, by id, with the verdicts on what each copies.

    A post that was judged itself is no copy. Reads no content where nothing was judged.
    """
    own = {(v.post_id, v.revision): v for v in judged}
    known: Contents = {}
    for of_day, some in groupby(sorted(judged, key=lambda v: v.day), key=lambda v: v.day):
        posts = lakes.plain_predicate({"post_id": [v.post_id for v in some]})
        known |= contents(lake, of_day, posts)
    originals = {key: content for key, content in known.items() if key in own}
    if not originals:
        return {}
    texts = ", ".join(f"'{text}'" for text in sorted({c.text for c in originals.values()}))
    todays = contents(lake, day, f"{_TEXT} IN ({texts})")
    found: dict[str, list[Verdict]] = defaultdict(list)
    for copy, content in todays.items():
        for original, other in originals.items() if copy not in own else ():
            if content.is_copy(other, conf.least_words):
                found[copy[0]].append(own[original])
    return dict(found)


# Letters and digits alone: such a text needs no quoting in SQL.
_TEXT = r"trim(regexp_replace(lower(normal_text), '\W+', ' ', 'g'))"


def contents(lake: Path, day: date, where: str) -> Contents:
    """The contents of the day's posts that a condition on post_features selects."""
    of_posts = f"SELECT * FROM post_features_v1 WHERE day = '{day}' AND {where}"
    texts = lakes.query(lake, f"SELECT post_id, revision, {_TEXT} AS text FROM ({of_posts}) p")
    media: dict[tuple[str, int], list[Medium]] = defaultdict(list)
    shown = lakes.query(
        lake,
        f"""SELECT m.post_id, m.revision, m.content_hash, CASE WHEN m.kind = 'image'
                AND m.pdq_quality >= {MIN_QUALITY} THEN m.pdq[1] END AS pdq
            FROM (SELECT * FROM media_v1 WHERE day = '{day}') m JOIN ({of_posts}) p
            ON p.post_id = m.post_id AND p.revision = m.revision ORDER BY m.position""",
    )
    for row in shown.to_pylist():
        media[row.pop("post_id"), row.pop("revision")].append(Medium(**row))
    keys = ((row["post_id"], row["revision"], row["text"]) for row in texts.to_pylist())
    return {(p, r): Content(text, tuple(media.get((p, r), ()))) for p, r, text in keys}


def known_good(lake: Path, day: date) -> set[str]:
    """The day's posts with a medium near a known good one."""
    sql = f"""SELECT DISTINCT post_id FROM media_matches_v1
        WHERE day = '{day}' AND kind = '{KNOWN_GOOD}'"""
    return set(lakes.query(lake, sql).column("post_id").to_pylist())
