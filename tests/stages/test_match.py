"""A day's media against the banks and each other, from a lake of literal rows."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pyspark.sql import SparkSession

from harmsweep.cli.main import main
from harmsweep.known_media import banks
from harmsweep.lake import delta
from harmsweep.lake.runs import Outcome
from harmsweep.media.facts import perceptual_hashes
from harmsweep.paths import ROOT
from harmsweep.stages.match import match_day
from harmsweep.tables.catalog import (
    ESCALATIONS,
    LABELS,
    MEDIA,
    MEDIA_CLUSTERS,
    MEDIA_MATCHES,
    POST_VISIBILITY,
)

SAMPLE = ROOT / "tests" / "sample" / "media" / "images"
DAY = date(2026, 10, 20)
AT = datetime(2026, 10, 20, 9, tzinfo=UTC)
AddRows = Callable[..., None]


def bits(count: int) -> str:
    """A hash that is so many bits away from `bits(0)`."""
    return f"{(1 << count) - 1:064x}"


def medium(post: str, text: str, **changes: Any) -> dict[str, Any]:
    rest = {"day": DAY, "post_id": post, "revision": 1, "position": 0, "kind": "image"}
    rest |= {"uri": f"{post}.jpg", "status": "ok", "content_hash": f"sha-{post}"}
    return rest | {"pdq": [text], "pdq_quality": 90} | changes


def fill(lake: Path, text: str, **options: Any) -> None:
    """Put a confirmed hash into a bank."""
    options = {"bank": "memes", "kind": "hate"} | options
    banks.add(lake, [text], by="ana", at=AT, **options)
    banks.confirm(lake, [text], bank=options["bank"], by="ben", at=AT)


def no_spark() -> SparkSession:
    raise AssertionError("Spark is not needed for this")


def match(lake: Path, day: date = DAY) -> Outcome:
    return match_day(no_spark, lake, day)


def seen(lake: Path) -> list[tuple[str, str, str, int]]:
    found = delta.rows(MEDIA_MATCHES, lake).to_pylist()
    return sorted((r["post_id"], r["bank"], r["status"], r["distance"]) for r in found)


def clusters(lake: Path) -> dict[str, dict[str, Any]]:
    return {r["content_hash"]: r for r in delta.rows(MEDIA_CLUSTERS, lake, day=DAY).to_pylist()}


def test_a_day_without_media_costs_no_commit(lake: Path):
    match(lake)
    versions = [delta.version(table, lake) for table in (MEDIA_MATCHES, MEDIA_CLUSTERS)]
    assert max(versions) <= 1  # the table and its CHECK
    assert match(lake).skipped


def test_a_known_picture_under_a_new_name_resized_and_recompressed_is_found(
    lake: Path, add_rows: AddRows
):
    original = Image.open(SAMPLE / "coffee-mocking.jpg").convert("RGB")
    small = original.resize((original.width // 2, original.height // 2))
    encoded = io.BytesIO()
    small.save(encoded, "JPEG", quality=40)
    (known,), _ = perceptual_hashes([original])
    (again,), quality = perceptual_hashes([Image.open(encoded)])
    (other,), _ = perceptual_hashes([Image.open(SAMPLE / "horse-plain.jpg").convert("RGB")])
    fill(lake, known, bank="mocking")
    media = [medium("copy", again, pdq_quality=quality), medium("other", other)]
    add_rows([*media, medium("poor", known, pdq_quality=49)], MEDIA, lake)
    outcome = match(lake)
    ((post, bank, status, distance),) = seen(lake)
    assert (post, bank, status) == ("copy", "mocking", "evidence")
    assert distance <= 31
    assert outcome.counts["media"] == 2


def test_a_new_entry_of_a_bank_runs_the_day_again(lake: Path, add_rows: AddRows):
    add_rows([medium("p", bits(0))], MEDIA, lake)
    match(lake)
    assert match(lake).skipped
    fill(lake, bits(7))
    assert not match(lake).skipped
    assert seen(lake) == [("p", "memes", "evidence", 7)]
    banks.remove(lake, [bits(7)], bank="memes", by="ana", at=AT, reason="no meme")
    match(lake)
    assert seen(lake) == []


def test_a_hash_over_its_budget_goes_back_and_its_matches_stay_held(lake: Path, add_rows: AddRows):
    add_rows([medium(f"p{n}", bits(0)) for n in range(3)], MEDIA, lake)
    fill(lake, bits(4), budget=2)
    match(lake)
    held = [(f"p{n}", "memes", "held", 4) for n in range(3)]
    assert seen(lake) == held
    (entry,) = banks.entries(lake)
    assert (entry.status, entry.confirmed_by) == ("quarantined", None)
    assert entry.reason == "over budget: 3 posts on 2026-10-20, budget 2"
    assert match(lake).skipped
    fill(lake, "f" * 64, bank="others")
    assert not match(lake).skipped
    assert seen(lake) == held


def test_copies_of_the_window_are_a_cluster_with_what_is_known_of_it(lake: Path, add_rows: AddRows):
    earlier, before = DAY - timedelta(days=29), DAY - timedelta(days=30)
    media = [
        medium("new", bits(0)),
        medium("alone", "f" * 64),
        medium("labelled", bits(36), day=earlier),
        medium("benign", bits(10), day=earlier),
        medium("acted", bits(10), day=earlier, content_hash="sha-benign"),
        medium("too old", bits(0), day=before),
        medium("a video", bits(0), kind="video"),
    ]
    add_rows(media, MEDIA, lake)
    label = {"day": earlier, "source": "hand", "dataset": "d", "harm": "hate"}
    label |= {"annotator": "-", "weight": 1.0}
    labels = [
        label | {"post_id": "labelled", "label": 1},
        label | {"post_id": "benign", "label": 0},
    ]
    add_rows(labels, LABELS, lake)
    state = {"day": earlier, "subject_kind": "post", "surface": "all", "jurisdiction": "all"}
    state |= {"revision": 1, "effect_key": "k", "since": AT, "lane": "policy"}
    acted = [
        state | {"subject_id": "acted", "action": "demote"},
        state | {"subject_id": "benign", "action": "remove"},  # a person said it is not harmful
    ]
    add_rows(acted, POST_VISIBILITY, lake)
    match(lake)
    (row,) = clusters(lake).values()
    assert row == {
        "day": DAY, "content_hash": "sha-new", "cluster": bits(10), "distance": 10, "size": 3,
        "judged": 3, "harmful": 2,
    }  # fmt: skip


def test_a_picture_is_a_copy_by_any_of_its_hashes(lake: Path, add_rows: AddRows):
    frames = {"pdq": ["f" * 64, bits(0), bits(200)]}
    media = [
        medium("moving", "", **frames),
        medium("still", bits(20)),
        medium("ground", "", pdq=["5" * 64, bits(5)]),
        medium("alone", "", pdq=["3" * 64, "c" * 64]),
    ]
    add_rows(media, MEDIA, lake)
    match(lake)
    found = {content: (row["size"], row["distance"]) for content, row in clusters(lake).items()}
    assert found.keys() == {"sha-moving", "sha-still", "sha-ground"}
    assert {size for size, _ in found.values()} == {3}
    assert max(distance for _, distance in found.values()) <= 20


def test_of_several_clusters_the_one_that_most_is_known_against_is_shown(
    lake: Path, add_rows: AddRows
):
    media = [medium("new", "", pdq=[bits(0), bits(120)])]
    media += [medium(f"liked {n}", bits(n), day=DAY - timedelta(days=1)) for n in range(1, 5)]
    media += [medium("hated", bits(121), day=DAY - timedelta(days=1))]
    add_rows(media, MEDIA, lake)
    label = {"day": DAY - timedelta(days=1), "source": "hand", "dataset": "d", "harm": "hate"}
    label |= {"annotator": "-", "weight": 1.0, "post_id": "hated", "label": 1}
    add_rows([label], LABELS, lake)
    match(lake)
    row = clusters(lake)["sha-new"]
    assert (row["size"], row["judged"], row["harmful"]) == (2, 1, 1)


@pytest.mark.spark
def test_a_severe_match_is_in_the_restricted_store_alone(
    spark: SparkSession,
    lake: Path,
    add_rows: AddRows,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    media = [medium("severe", bits(0)), medium("copy", bits(12)), medium("other", "f" * 64)]
    add_rows([*media, medium("severe", "f" * 64, position=1, content_hash="x")], MEDIA, lake)
    fill(lake, bits(6), bank="worst", kind="severe", contact="duty officer")
    fill(lake, bits(0), bank="logos", kind="known_good")
    fill(lake, bits(1))
    outcomes = [match_day(lambda: spark, lake, DAY), match_day(lambda: spark, lake, DAY)]
    fill(lake, "e" * 64)
    outcomes.append(match_day(lambda: spark, lake, DAY))
    assert [outcome.skipped for outcome in outcomes] == [False, True, False]
    names = {"e": ESCALATIONS.name}
    found = delta.query(lake, "SELECT * FROM e ORDER BY post_id", names=names).to_pylist()
    assert [(r["post_id"], r["distance"], r["contact"]) for r in found] == [
        ("copy", 6, "duty officer"),
        ("severe", 6, "duty officer"),
    ]
    assert seen(lake) == []
    assert clusters(lake) == {}
    for arguments in (["tables"], ["query", "SELECT * FROM escalations"], ["bank", "list"]):
        monkeypatch.setattr("sys.argv", ["harmsweep", *arguments, "--lake", str(lake)])
        with pytest.raises(SystemExit):
            main()
            raise SystemExit
    said = capsys.readouterr()
    printed = said.out + said.err + "".join(outcome.line() for outcome in outcomes)
    assert "no table escalations" in printed
    assert not [word for word in ("severe", "worst", "duty officer", "copy") if word in said.out]
