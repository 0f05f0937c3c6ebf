"""What is kept of an escalated post's media, from literal rows and files of a few bytes."""

import hashlib
import io
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from harmsweep.known_media import banks, vault
from harmsweep.known_media.preservation import delete_expired, preserve_day
from harmsweep.lake import delta, writes
from harmsweep.maintenance.tables import maintain
from harmsweep.media import access
from harmsweep.media.conf import Store, load_limits
from harmsweep.media.problem import MediaProblem
from harmsweep.paths import ROOT
from harmsweep.stages.match import match_day
from harmsweep.tables.catalog import ESCALATIONS, MEDIA, PRESERVATIONS

DAY = date(2026, 10, 20)
AT = datetime(2026, 10, 20, 9, tzinfo=UTC)
# No picture: nothing may decode what is preserved.
BYTES = b"bytes that no decoder takes"
AddRows = Callable[..., None]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def medium(post: str = "p", content: bytes | None = BYTES, **changes: Any) -> dict[str, Any]:
    """A row of media whose file had this content when it was hashed; None: it was not there."""
    rest = {"day": DAY, "post_id": post, "revision": 1, "position": 0, "kind": "image"}
    rest |= {"uri": f"{post}.jpg", "pdq": ["0" * 64], "pdq_quality": 90}
    rest |= {"status": "missing"} if content is None else {"status": "ok"}
    return rest | {"content_hash": content and sha(content)} | changes


def escalation(of: dict[str, Any]) -> dict[str, Any]:
    place = {name: of[name] for name in ("day", "post_id", "revision", "position", "content_hash")}
    facts = {"bank": "worst", "hash": "0" * 64, "media_hash": "0" * 64, "distance": 0}
    return place | facts | {"quality": 90, "contact": "duty officer", "matched_at": AT}


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """A media root with one file."""
    folder = tmp_path / "landing"
    folder.mkdir()
    (folder / "p.jpg").write_bytes(BYTES)
    return folder


@pytest.fixture
def escalate(lake: Path, add_rows: AddRows) -> Callable[..., None]:
    """A function that stores media, of which the first is escalated."""

    def store(*media: dict[str, Any]) -> None:
        add_rows([*media], MEDIA, lake)
        add_rows([escalation(media[0])], ESCALATIONS, lake)

    return store


def said(lake: Path) -> list[tuple[Any, ...]]:
    """Post, position, status and reason of each row, as they were added."""
    sql = "SELECT * FROM p ORDER BY post_id, position, sequence"
    found = delta.query(lake, sql, names={"p": PRESERVATIONS.name}).to_pylist()
    assert len({tuple(row[name] for name in PRESERVATIONS.key) for row in found}) == len(found)
    return [(r["post_id"], r["position"], r["status"], r["reason"]) for r in found]


def kept(lake: Path) -> dict[str, bytes]:
    folder = vault.vault(lake)
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def inodes(lake: Path) -> list[tuple[int, int]]:
    """Another copy of a file is another inode."""
    stats = [path.stat() for path in vault.vault(lake).iterdir()]
    return [(found.st_ino, found.st_mtime_ns) for found in stats]


KEPT = {sha(BYTES): BYTES}
DONE = ("p", 0, "preserved", None)


def test_the_bytes_of_an_escalated_post_are_kept_under_their_hash(
    lake: Path, landing: Path, escalate
):
    escalate(medium())
    preserve_day(lake, DAY, landing)
    assert kept(lake) == KEPT
    assert said(lake) == [DONE]


def test_only_the_owner_reads_them_and_nobody_writes(lake: Path, landing: Path, escalate):
    escalate(medium())
    before = os.umask(0)
    try:
        preserve_day(lake, DAY, landing)
    finally:
        os.umask(before)
    folder = vault.vault(lake)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / sha(BYTES))]
    assert modes == [0o700, 0o400]


def test_a_post_that_was_not_escalated_leaves_nothing(lake: Path, landing: Path, add_rows):
    add_rows([medium()], MEDIA, lake)
    preserve_day(lake, DAY, landing)
    assert (kept(lake), said(lake)) == ({}, [])


def test_the_other_media_of_the_matched_revision_are_kept_too(lake: Path, landing: Path, escalate):
    (landing / "beside.mp4").write_bytes(b"beside")
    (landing / "later.jpg").write_bytes(b"later")
    escalate(
        medium(),
        medium(content=b"beside", position=1, uri="beside.mp4", kind="video"),
        medium(content=b"later", revision=2, uri="later.jpg"),
    )
    preserve_day(lake, DAY, landing)
    assert kept(lake) == KEPT | {sha(b"beside"): b"beside"}


def test_a_second_run_and_a_second_post_copy_nothing_twice(
    lake: Path, landing: Path, escalate, add_rows
):
    escalate(medium())
    preserve_day(lake, DAY, landing)
    (landing / "p.jpg").unlink()
    other = medium("q", uri="p.jpg")
    add_rows([other], MEDIA, lake)
    add_rows([escalation(other)], ESCALATIONS, lake)
    written = inodes(lake)
    for _ in range(2):
        preserve_day(lake, DAY, landing)
    assert said(lake) == [DONE, ("q", 0, "preserved", None)]
    assert inodes(lake) == written


def test_a_run_that_changes_nothing_commits_nothing(lake: Path, landing: Path, escalate):
    escalate(medium(), medium(content=b"gone", position=1, uri="gone.jpg"))
    preserve_day(lake, DAY, landing)
    version = delta.version(PRESERVATIONS, lake)
    preserve_day(lake, DAY, landing)
    assert delta.version(PRESERVATIONS, lake) == version


def test_without_a_media_root_it_is_missing_and_a_later_run_mends_it(
    lake: Path, landing: Path, escalate
):
    escalate(medium())
    preserve_day(lake, DAY, None)
    assert said(lake) == [("p", 0, "missing", "no media root was given")]
    preserve_day(lake, DAY, landing)
    assert said(lake) == [("p", 0, "missing", "no media root was given"), DONE]
    assert kept(lake) == KEPT


def test_what_is_missing_is_tried_again_after_the_post_was_deleted(
    lake: Path, landing: Path, escalate
):
    escalate(medium())
    preserve_day(lake, DAY, landing / "elsewhere")
    writes.write_rows([], MEDIA, lake, where={"day": DAY})
    preserve_day(lake, DAY, landing)
    assert said(lake) == [("p", 0, "missing", "no such file"), DONE]


def test_a_reference_that_was_gone_before_the_first_try_is_said(
    lake: Path, landing: Path, add_rows
):
    add_rows([escalation(medium())], ESCALATIONS, lake)
    preserve_day(lake, DAY, landing)
    assert said(lake) == [("p", 0, "missing", "its reference is no longer known")]


def test_other_bytes_than_were_matched_are_not_kept(lake: Path, landing: Path, escalate):
    escalate(medium())
    (landing / "p.jpg").write_bytes(b"harmless")
    preserve_day(lake, DAY, landing)
    assert said(lake) == [("p", 0, "changed", "the file has other bytes than were recorded")]
    assert kept(lake) == {}


def test_bytes_put_behind_the_reference_later_do_not_stand_in_for_the_matched_ones(
    lake: Path, landing: Path, escalate
):
    escalate(medium())
    (landing / "p.jpg").write_bytes(b"swapped")
    writes.write_rows([medium(content=b"swapped")], MEDIA, lake, where={"day": DAY})
    preserve_day(lake, DAY, landing)
    assert {status for _, _, status, _ in said(lake)} == {"changed", "preserved"}
    assert kept(lake) == {sha(b"swapped"): b"swapped"}


def test_a_medium_that_nothing_hashed_is_kept_once_it_is_there(lake: Path, landing: Path, escalate):
    escalate(medium(), medium(content=None, position=1, uri="late.jpg"))
    preserve_day(lake, DAY, landing)
    assert said(lake)[1:] == [("p", 1, "missing", "no such file")]
    (landing / "late.jpg").write_bytes(b"late")
    preserve_day(lake, DAY, landing)
    preserve_day(lake, DAY, None)
    assert said(lake)[2:] == [("p", 1, "preserved", None)]
    assert kept(lake) == KEPT | {sha(b"late"): b"late"}


def _symlink(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def _fifo(path: Path, _: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path, _: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [_symlink, _fifo, _folder], ids=lambda make: make.__name__)
def test_what_is_no_regular_file_of_the_root_is_refused(
    lake: Path, landing: Path, escalate, tmp_path: Path, make: Callable[[Path, Path], None]
):
    outside = tmp_path / "outside"
    outside.write_bytes(BYTES)
    (landing / "p.jpg").unlink()
    make(landing / "p.jpg", outside)
    escalate(medium())
    preserve_day(lake, DAY, landing)
    assert [row[:3] for row in said(lake)] == [("p", 0, "refused")]
    assert kept(lake) == {}


@pytest.mark.parametrize("uri", ["../outside", "/etc/hostname", "a\0b", "s3://other/p.jpg"])
def test_a_place_that_may_not_be_read_is_refused(
    lake: Path, landing: Path, escalate, tmp_path: Path, uri: str
):
    (tmp_path / "outside").write_bytes(BYTES)
    escalate(medium(uri=uri))
    preserve_day(lake, DAY, landing)
    assert [row[:3] for row in said(lake)] == [("p", 0, "refused")]
    assert kept(lake) == {}


def test_a_file_over_its_kinds_limit_is_refused(
    lake: Path, landing: Path, escalate, monkeypatch: pytest.MonkeyPatch
):
    image = load_limits().image.model_copy(update={"bytes": len(BYTES) - 1})
    limits = load_limits().model_copy(update={"image": image})
    monkeypatch.setattr(access, "load_limits", lambda: limits)
    escalate(medium())
    preserve_day(lake, DAY, landing)
    assert [row[:3] for row in said(lake)] == [("p", 0, "refused")]


@pytest.mark.parametrize("limit", [4, 5])
def test_a_file_that_grows_past_the_limit_while_it_is_copied_is_refused(limit: int):
    source, copy = io.BufferedReader(io.BytesIO(b"12345")), io.BytesIO()
    if limit == 5:
        assert vault._copied(source, copy, limit) == sha(copy.getvalue()) == sha(b"12345")
        return
    with pytest.raises(MediaProblem) as problem:
        vault._copied(source, copy, limit)
    assert problem.value.status == "refused"


def test_a_medium_of_a_listed_store_needs_no_media_root(
    lake: Path, escalate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    limits = load_limits().model_copy(update={"stores": (Store(scheme="s3", bucket="b"),)})
    monkeypatch.setattr(access, "load_limits", lambda: limits)
    store = access.fs.SubTreeFileSystem(str(tmp_path), access.fs.LocalFileSystem())
    monkeypatch.setattr(access, "_file_system", lambda _: store)
    escalate(medium(uri="s3://b/p.jpg"))
    preserve_day(lake, DAY, None)
    assert [row[:3] for row in said(lake)] == [("p", 0, "missing")]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "p.jpg").write_bytes(BYTES)
    preserve_day(lake, DAY, None)
    assert said(lake)[1:] == [DONE]
    assert kept(lake) == KEPT


def test_a_preserved_file_that_was_damaged_is_replaced_from_a_whole_one(
    lake: Path, landing: Path, escalate
):
    vault.vault(lake).mkdir(mode=0o700)
    (vault.vault(lake) / sha(BYTES)).write_bytes(BYTES[:5])
    escalate(medium())
    preserve_day(lake, DAY, landing)
    assert kept(lake) == KEPT


def test_a_disk_that_fills_up_ends_the_run_and_leaves_nothing_in_part(
    lake: Path, landing: Path, escalate, monkeypatch: pytest.MonkeyPatch
):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    escalate(medium())
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            preserve_day(lake, DAY, landing)
    assert (kept(lake), said(lake)) == ({}, [])


PRESERVE = """
import sys
from datetime import date
from pathlib import Path
from harmsweep.known_media.preservation import preserve_day

preserve_day(Path(sys.argv[1]), date(2026, 10, 20), Path(sys.argv[2]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "copied"),
    [
        ("match:after-copy#1", 1),
        ("match:after-copy#2", 2),
        (f"{PRESERVATIONS.name}:before-commit#1", 2),
        (f"{PRESERVATIONS.name}:after-commit#1", 2),
    ],
)
def test_a_run_killed_between_copy_and_row_is_mended_by_the_next(
    lake: Path, landing: Path, escalate, point: str, copied: int
):
    (landing / "second.jpg").write_bytes(b"second")
    escalate(medium(), medium(content=b"second", position=1, uri="second.jpg"))
    command = [sys.executable, "-c", PRESERVE, str(lake), str(landing)]
    env = os.environ | {"HARMSWEEP_FAILPOINT": point}
    assert subprocess.run(command, cwd=ROOT, env=env, check=False).returncode == -signal.SIGKILL
    assert len(kept(lake)) == copied
    if copied == 2:
        (landing / "p.jpg").unlink()
        (landing / "second.jpg").unlink()
    preserve_day(lake, DAY, landing)
    assert said(lake) == [DONE, ("p", 1, "preserved", None)]
    assert kept(lake) == KEPT | {sha(b"second"): b"second"}


def test_what_a_killed_copy_left_in_part_is_thrown_away(lake: Path, landing: Path, escalate):
    escalate(medium())
    vault.vault(lake).mkdir(mode=0o700)
    part = vault.vault(lake) / ".copying"
    part.write_bytes(BYTES[:5])
    part.chmod(0o400)
    preserve_day(lake, DAY, landing)
    assert kept(lake) == KEPT


def test_it_is_kept_for_the_days_that_conf_says(lake: Path, landing: Path, escalate):
    escalate(medium())
    preserve_day(lake, DAY, landing)
    ((at, until),) = [
        (row["recorded_at"], row["keep_until"])
        for row in delta.query(lake, "SELECT * FROM p", names={"p": PRESERVATIONS.name}).to_pylist()
    ]
    assert until - at.date() == timedelta(days=load_limits().preserve_days)
    # 18 U.S.C. 2258A(h): a year.
    assert load_limits().preserve_days >= 365


def preservation(post: str, until: date | None, content: bytes = BYTES) -> dict[str, Any]:
    row = {"day": DAY, "post_id": post, "revision": 1, "position": 0, "sequence": 1}
    row |= {"content_hash": sha(content), "recorded_at": AT, "keep_until": until}
    return row | {"status": "preserved" if until else "missing"}


@pytest.mark.parametrize(("after", "stays"), [(0, True), (1, False)])
def test_bytes_go_once_their_last_day_is_over_and_the_row_stays(
    lake: Path, landing: Path, escalate, after: int, stays: bool
):
    escalate(medium())
    preserve_day(lake, DAY, landing)
    sql, names = "SELECT keep_until FROM p", {"p": PRESERVATIONS.name}
    until = delta.query(lake, sql, names=names).column(0)[0].as_py()
    done = maintain(lake, until + timedelta(days=after), keep_days=30, dry_run=False)
    counts = {row.table: row.forgotten for row in done}
    assert counts[PRESERVATIONS.name] == (0 if stays else 1)
    assert kept(lake) == (KEPT if stays else {})
    assert said(lake) == [DONE]


def test_a_dry_run_of_maintenance_deletes_nothing(lake: Path, landing: Path, escalate):
    escalate(medium())
    preserve_day(lake, DAY, landing)
    list(maintain(lake, date(2100, 1, 1), keep_days=30, dry_run=True))
    assert kept(lake) == KEPT


@pytest.mark.parametrize("first", ["p", "q"])
def test_the_later_of_two_days_counts_for_one_content(lake: Path, add_rows, first: str):
    later = DAY + timedelta(days=9)
    rows = [preservation(post, later if post == first else DAY) for post in ("p", "q")]
    add_rows([*rows, preservation("r", None)], PRESERVATIONS, lake)
    vault.vault(lake).mkdir(mode=0o700)
    (vault.vault(lake) / sha(BYTES)).write_bytes(BYTES)
    assert delete_expired(lake, later) == 0
    assert kept(lake) == KEPT
    assert delete_expired(lake, later + timedelta(days=1)) == 1
    assert delete_expired(lake, later + timedelta(days=1)) == 0
    assert kept(lake) == {}


def test_what_has_gone_after_its_days_does_not_come_back(
    lake: Path, landing: Path, escalate, add_rows
):
    escalate(medium())
    add_rows([preservation("p", DAY)], PRESERVATIONS, lake)
    preserve_day(lake, DAY, landing)
    assert kept(lake) == {}


@pytest.mark.spark
def test_the_stage_preserves_what_it_escalates_and_says_nothing_of_it(
    spark: SparkSession,
    lake: Path,
    landing: Path,
    add_rows: AddRows,
    capfd: pytest.CaptureFixture[str],
):
    add_rows([medium()], MEDIA, lake)
    worst = {"bank": "worst", "at": AT}
    banks.add(lake, ["0" * 64], by="ana", kind="severe", contact="duty officer", **worst)
    banks.confirm(lake, ["0" * 64], by="ben", **worst)
    outcomes = [match_day(lambda: spark, lake, DAY)]
    assert kept(lake) == {}
    outcomes.append(match_day(lambda: spark, lake, DAY, media_root=landing))
    assert outcomes[1].skipped
    assert said(lake) == [("p", 0, "missing", "no media root was given"), DONE]
    (landing / "p.jpg").unlink()
    outcomes.append(match_day(lambda: spark, lake, DAY, media_root=landing))
    assert kept(lake) == KEPT
    printed = capfd.readouterr()
    text = printed.out + printed.err + "".join(outcome.line() for outcome in outcomes)
    assert '"unchanged"' in text
    assert not [word for word in ("preserv", "p.jpg", sha(BYTES), "worst") if word in text]
    assert outcomes[0].counts == {"media": 0, "with copies": 0}
