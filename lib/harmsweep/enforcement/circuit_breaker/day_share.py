"""The most that effects may be of a day's posts: a wrong model removes little of any day."""

from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path

from harmsweep.enforcement.circuit_breaker.approvals import accepted_posts
from harmsweep.enforcement.circuit_breaker.caps import CapBreach, used_in_24h
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.effects import Batch


def share_breaches(
    planned: Mapping[Batch, int],
    before: Mapping[Batch, int],
    posts: int,
    *,
    is_known: bool,
    held: Collection[Batch] = (),
) -> list[CapBreach]:
    """The batches of a day that are too great a share of its accepted posts, in order.

    By themselves, or with all other harms in that direction; those that are held anyway do not
    count among these. `before` are the effects of the last 24 hours on the day's posts, and
    `is_known` says whether there are enough weeks of history.
    """
    bounds = load_bounds()
    one, every = (
        share.most(posts, is_known=is_known) for share in (bounds.harm_share, bounds.all_share)
    )
    found = {
        batch: CapBreach(*batch, n, before.get(batch, 0), one, "share")
        for batch, n in planned.items()
        if n + before.get(batch, 0) > one
    }
    for way in ("apply", "release"):
        rest = [b for b in planned if b[1] == way and b not in found and b not in held]
        together = sum(planned[batch] for batch in rest)
        had = sum(n for batch, n in before.items() if batch[1] == way)
        if together + had > every:
            found |= {b: CapBreach(*b, together, had, every, "all harms") for b in rest}
    return [found[batch] for batch in sorted(found)]


def day_breaches(
    lake: Path,
    day: date,
    planned: Mapping[Batch, int],
    at: int,
    *,
    is_known: bool,
    held: Collection[Batch],
) -> list[CapBreach]:
    """The same, with what the lake has of the day."""
    before, posts = used_in_24h(lake, at, day), accepted_posts(lake, day, day)
    return share_breaches(planned, before, posts, is_known=is_known, held=held)
