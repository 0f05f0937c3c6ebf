"""What a match with a bank says of a medium."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from harmsweep.known_media.banks import BankEntry
from harmsweep.known_media.matches import by_hash, harmful, known_good, matched, over_budget, rows
from harmsweep.known_media.near import near_pairs
from harmsweep.known_media.window import Medium
from harmsweep.media.pdq import packed

DAY = date(2026, 10, 1)


def bits(count: int) -> str:
    """A hash that is so many bits away from `bits(0)`."""
    return f"{(1 << count) - 1:064x}"


def medium(post: str, *hashes: str) -> Medium:
    return Medium(post, 1, 0, f"sha-{post}", hashes, 90)


def entry(text: str, kind: str = "hate", **changes: Any) -> BankEntry:
    rest = {"status": "active", "added_by": "ana", "added_at": datetime(2026, 10, 1, tzinfo=UTC)}
    return BankEntry(**{"bank": kind, "hash": text, "kind": kind} | rest | changes)


def judged(media: list[Medium], entries: list[BankEntry]) -> list[tuple[str, str, str, int]]:
    """Post, bank, status and distance of each match, as the stage puts them together."""
    hashes = [text for one in media for text in one.hashes]
    near = by_hash(near_pairs(packed(hashes), packed(e.hash for e in entries)), hashes, entries)
    found = matched(media, near)
    over = over_budget((m for m in found if m.entry.kind == "known_good"), DAY)
    standing = matched(media, harmful(near, known_good(near, over, DAY)))
    over |= over_budget(standing, DAY)
    made = rows(found, standing=standing, over=over, day=DAY)
    return sorted((r["post_id"], r["bank"], r["status"], r["distance"]) for r in made)


@pytest.mark.parametrize(
    ("harm", "good", "status"),
    [(10, 9, "suppressed"), (10, 10, "suppressed"), (10, 11, "evidence")],
)
def test_the_nearest_wins_and_a_tie_is_known_good(harm: int, good: int, status: str):
    entries = [entry(bits(harm)), entry(bits(good), "known_good")]
    assert judged([medium("p", bits(0))], entries) == [
        ("p", "hate", status, harm),
        ("p", "known_good", "evidence", good),
    ]


def test_a_known_good_frame_says_nothing_of_a_videos_other_frames():
    far = f"{((1 << 100) - 1) << 100:064x}"
    entries = [entry(bits(5)), entry(far, "known_good")]
    found = judged([medium("p", far, bits(0))], entries)
    assert ("p", "hate", "evidence", 5) in found


def test_the_nearest_frame_counts():
    found = judged([medium("p", bits(20), bits(4))], [entry(bits(0))])
    assert found == [("p", "hate", "evidence", 4)]


@pytest.mark.parametrize("posts", [2, 3])
def test_a_hash_over_its_budget_is_held_for_every_post(posts: int):
    media = [medium(f"p{n}", bits(0)) for n in range(posts)]
    found = judged(media, [entry(bits(1), match_budget=2)])
    assert {status for _, _, status, _ in found} == {"held" if posts > 2 else "evidence"}
    assert len(found) == posts


def test_two_pictures_of_one_post_count_as_one_for_the_budget():
    media = [medium("p", bits(0)), Medium("p", 1, 1, "other", (bits(0),), 90)]
    found = judged(media, [entry(bits(1), match_budget=1)])
    assert [status for _, _, status, _ in found] == ["evidence", "evidence"]


def test_a_known_good_hash_over_its_budget_suppresses_nothing():
    media = [medium(f"p{n}", bits(0)) for n in range(2)]
    good = entry(bits(0), "known_good", match_budget=1)
    found = judged(media, [entry(bits(3)), good])
    assert {(bank, status) for _, bank, status, _ in found} == {
        ("hate", "evidence"),
        ("known_good", "held"),
    }


def test_a_hash_in_quarantine_for_its_budget_stays_held():
    held = entry(bits(1), status="quarantined", reason="over budget: 9 posts", match_budget=2)
    assert judged([medium("p", bits(0))], [held]) == [("p", "hate", "held", 1)]
