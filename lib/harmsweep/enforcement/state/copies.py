"""Verdicts that reach the near-duplicates of the post that a person judged, under guard.

A copy has the same text, with disguises undone and without case or punctuation, and as many media,
each near one of the judged post's own by its perceptual hash. It is told by what the reviewer saw,
which is kept with the verdict: an author who edits or deletes the judged post frees no copy.

What guards the spread is in conf/enforcement.yaml: enough reviewers, agreement, a budget for each
judged post, known good media. What a guard stops is quarantined: its posts go to review, and no
more happens to them.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from harmsweep.days import every_day
from harmsweep.enforcement.conf import Copies
from harmsweep.enforcement.rules.fingerprints import Content, content_of
from harmsweep.enforcement.rules.lanes import Instruction
from harmsweep.enforcement.state.post_contents import TEXT_DIGEST, contents
from harmsweep.known_media.banks import KNOWN_GOOD
from harmsweep.lake import delta
from harmsweep.policy.actions import SEVERITY, VISIBLE
from harmsweep.tables.catalog import VERDICTS

Request = tuple[str | None, str]  # a harm, and an action for it


@dataclass(frozen=True, slots=True)
class Vote:
    """What a reviewer who found a post harmful asks for, by their last word on it."""

    reviewer: str
    harm: str | None
    action: str
    verdict_id: str

    @property
    def request(self) -> Request:
        """The harm and the action."""
        return self.harm, self.action


@dataclass(frozen=True, slots=True)
class Verdict:
    """What people found of a post's revision: the newest verdict, and who asks for what."""

    verdict_id: str
    day: date
    post_id: str
    revision: int
    outcome: str  # benign or harmful
    harm: str | None
    action: str | None
    decided_at: datetime
    votes: tuple[Vote, ...] = ()  # one of each reviewer, the newest last
    content: Content | None = None  # what was judged; None: not kept


@dataclass(frozen=True, slots=True)
class InheritedVerdict:
    """What a copy has from the verdicts on the posts that it copies."""

    outcome: Literal["benign", "harmful", "quarantined"]
    source: Verdict
    vote: Vote | None = None  # None of what is benign
    why: str = ""

    @property
    def original(self) -> tuple[str, int]:
        """The judged post and revision that it is a copy of."""
        return self.source.post_id, self.source.revision

    @property
    def instruction(self) -> Instruction | None:
        """What follows from it in the reviewers' lane; a benign verdict asks for nothing."""
        if self.vote is None:
            return None
        action = self.vote.action if self.outcome == "harmful" else "review"
        return Instruction(action, self.vote.harm, "copy", self.vote.verdict_id)


def verdicts(lake: Path, first: date, last: date) -> list[Verdict]:
    """What people found of the posts of some days, a row for each revision that was looked at."""
    days = every_day(first, last)
    where = delta.datafusion_where({"day": days})
    sql = f"SELECT * FROM {VERDICTS.name} WHERE {where}"
    rows = delta.query(lake, sql, days=days).to_pylist()
    rows.sort(key=lambda v: (v["decided_at"], v["verdict_id"]))
    by_revision: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_revision[row["post_id"], row["revision"]].append(row)
    return [_newest(of_revision) for of_revision in by_revision.values()]


def standing_verdict(lake: Path, row: Mapping[str, Any]) -> Verdict:
    """What people found of the revision that a row of verdicts is about: it, or what came after."""
    day, about = row["day"], (row["post_id"], row["revision"])
    return next(v for v in verdicts(lake, day, day) if (v.post_id, v.revision) == about)


def _newest(rows: Sequence[Mapping[str, Any]]) -> Verdict:
    newest, last_words = rows[-1], {row["reviewer"]: row for row in rows}
    votes = [
        Vote(row["reviewer"], row["harm"], row["action"], row["verdict_id"])
        for row in rows
        if row is last_words[row["reviewer"]] and row["verdict"] == "harmful" and row["action"]
    ]
    columns = ("verdict_id", "day", "post_id", "revision", "harm", "action", "decided_at")
    return Verdict(
        **{name: newest[name] for name in columns},
        outcome=newest["verdict"],
        votes=tuple(votes),
        # A revision has one content, whichever verdict came while it could be read.
        content=next((content_of(r) for r in reversed(rows) if r.get("text_digest")), None),
    )


def inherit(
    copies: Mapping[str, Sequence[Verdict]],
    good: Collection[str],
    conf: Copies,
    *,
    in_force: Collection[str] = (),
) -> dict[str, InheritedVerdict]:
    """What each copy has from the verdicts on the posts that it copies; `good` hold known good.

    Nothing where too few reviewers found harm, or none of them asked for an action. On those in
    `in_force` what reviewers ask for holds already: they use up the budget, and whoever posts one
    copy more does not free them. What is new and past the budget is quarantined, all of it.
    """
    judged = ((post, _one(post, verdicts, good, conf)) for post, verdicts in copies.items())
    by_post = {post: inherited for post, inherited in judged if inherited}
    spread = Counter(
        inherited.original for inherited in by_post.values() if inherited.outcome == "harmful"
    )
    for post, inherited in by_post.items():
        is_new = inherited.outcome == "harmful" and post not in in_force
        if is_new and spread[inherited.original] > conf.budget:
            why = f"more than {conf.budget} copies"
            by_post[post] = replace(inherited, outcome="quarantined", why=why)
    return by_post


def _one(
    post: str, verdicts: Sequence[Verdict], good: Collection[str], conf: Copies
) -> InheritedVerdict | None:
    ordered = sorted(verdicts, key=lambda v: (v.day, v.post_id, v.revision))
    harmful = [v for v in ordered if v.outcome == "harmful" and v.votes]
    benign = [v for v in ordered if v.outcome == "benign"]
    if not harmful:
        return InheritedVerdict("benign", benign[0]) if benign else None
    both_ways = max(len(harmful), len(benign)) / (len(harmful) + len(benign)) < conf.purity
    if len(benign) > len(harmful) and not both_ways:
        return InheritedVerdict("benign", benign[0])
    votes = [vote for v in harmful for vote in v.votes]
    if len({vote.reviewer for vote in votes}) < conf.reviewers and not both_ways:
        return None
    agreed = _agreed(harmful, conf.reviewers)
    request = agreed or _most(_counts(votes))
    pairs = ((v, vote) for v in harmful for vote in reversed(v.votes) if vote.request == request)
    guards = {
        "judged both ways": both_ways,
        "too few ask for the same": agreed is None,
        "holds known good media": post in good,
    }
    why = next((guard for guard, stops in guards.items() if stops), "")
    return InheritedVerdict("quarantined" if why else "harmful", *next(pairs), why)


def _agreed(harmful: Sequence[Verdict], enough: int) -> Request | None:
    """The harm and action that others can see and enough reviewers ask for; None: no agreement.

    Enough who judged one post agree that it is harmful: what most of them ask for is taken, so
    that one more who finds it so takes no confirmation away. Of judges of different posts enough
    have to ask for the same.
    """
    visible = [[vote for vote in v.votes if vote.action in VISIBLE] for v in harmful]
    together = _counts(vote for votes in visible for vote in votes)
    one_post = _counts(vote for votes in visible if len(votes) >= enough for vote in votes)
    counts = {request: n for request, n in together.items() if n >= enough} or one_post
    return _most(counts) if counts else None


def _counts(votes: Iterable[Vote]) -> Counter[Request]:
    """How many reviewers ask for each harm and action; one who says it of two posts is one."""
    return Counter(request for _, request in {(vote.reviewer, vote.request) for vote in votes})


def _most(counts: Mapping[Request, int]) -> Request:
    """What most ask for, of as many the mildest action."""
    return min(
        counts, key=lambda request: (-counts[request], SEVERITY[request[1]], request[0] or "")
    )


def find_copies(
    lake: Path, day: date, judged: Sequence[Verdict], conf: Copies
) -> dict[str, list[Verdict]]:
    """The day's posts that copy a judged one, by id, with the verdicts on what each copies.

    A revision that was judged itself is no copy, nor is one of an earlier revision of its own: an
    edit ends a benign verdict. Reads no content where nothing was judged.
    """
    originals = [*_originals(lake, judged)]
    if not originals:
        return {}
    texts = ", ".join(f"'{text}'" for text in sorted({content.text for _, content in originals}))
    todays = contents(lake, day, f"{TEXT_DIGEST} IN ({texts})")
    own = {(v.post_id, v.revision) for v in judged}
    copies: dict[str, list[Verdict]] = defaultdict(list)
    for post_id, revision in sorted(todays.keys() - own):
        content = content_of(todays[post_id, revision])
        for verdict, original in originals:
            if verdict.post_id != post_id and content.is_copy(original, conf.least_words):
                copies[post_id].append(verdict)
    return dict(copies)


def _originals(lake: Path, judged: Sequence[Verdict]) -> Iterator[tuple[Verdict, Content]]:
    """What was judged, as the verdicts keep it; of older ones, as the post still stands."""
    yield from ((v, v.content) for v in judged if v.content)
    older = sorted((v for v in judged if not v.content), key=lambda v: v.day)
    for day, some in groupby(older, key=lambda v: v.day):
        by_key = {(v.post_id, v.revision): v for v in some}
        posts = delta.datafusion_where({"post_id": [post_id for post_id, _ in by_key]})
        for key, row in contents(lake, day, posts).items():
            if key in by_key:
                yield by_key[key], content_of(row)


def known_good(lake: Path, day: date) -> set[str]:
    """The day's posts with a medium near a known good one."""
    sql = f"""SELECT DISTINCT post_id FROM media_matches_v1
        WHERE day = '{day}' AND kind = '{KNOWN_GOOD}'"""
    return set(delta.query(lake, sql).column("post_id").to_pylist())
