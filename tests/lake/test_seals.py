"""Damage to what acts, what people did and what the platform reads is refused, and never read."""

import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import deltalake
import pytest
from builders import row
from damages import damage

from harmsweep.errors import Refused
from harmsweep.lake import delta, seal_lines, seals, writes
from harmsweep.lake.schema import is_current, migrate
from harmsweep.lake.seal_lines import FOLDER, Damaged
from harmsweep.lake.sql import Tables, answer
from harmsweep.tables.catalog import (
    EXEMPTIONS,
    HASH_BANK,
    INGESTS,
    OPERATIONS,
    ORDERS,
    POST_VISIBILITY,
    RESTRICTED,
    TABLES,
)

NAME = OPERATIONS.name
AT = datetime(2026, 10, 1, 12, tzinfo=UTC)


def act(number: int) -> dict[str, Any]:
    words = {"operator": "ana", "act": f"act-{number % 2}", "object": "x", "reason": "y"}
    return {"day": AT.date(), "operation_id": f"o{number}", "at": AT, **words, "details": "{}"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with a table of 24 commits, two of them checkpoints: to be copied, not changed."""
    lake = tmp_path_factory.mktemp("sealed")
    migrate(lake, OPERATIONS)
    for number in range(24):
        writes.write_rows([act(number)], OPERATIONS, lake)
    return lake


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "lake")


def read(lake: Path) -> list[dict[str, Any]]:
    found = answer("SELECT * FROM operations ORDER BY operation_id", tables(lake))
    return found.to_pylist()


def tables(lake: Path) -> Tables:
    return Tables(lake, {"operations": NAME})


def commits(lake: Path) -> list[Path]:
    return sorted((lake / NAME / "_delta_log").glob("*.json"))


def files(lake: Path) -> list[Path]:
    return sorted((lake / NAME).glob("act=*/*.parquet"))


def flip(path: Path, place: float = 0.5) -> None:
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)


def swap(one: Path, other: Path) -> None:
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a last commit deleted": lambda lake: commits(lake)[-1].unlink(),
    "a last commit emptied": lambda lake: commits(lake)[-1].write_bytes(b""),
    "a last commit torn": lambda lake: commits(lake)[-1].write_bytes(
        commits(lake)[-1].read_bytes()[:100]
    ),
    "the log after a checkpoint gone": lambda lake: [c.unlink() for c in commits(lake)[-4:]],
    "a flipped bit": lambda lake: flip(files(lake)[3]),
    "a file exchanged": lambda lake: swap(files(lake)[0], files(lake)[1]),
    "a file gone": lambda lake: files(lake)[5].unlink(),
    "a commit done again": lambda lake: commits(lake)[-1].write_bytes(
        commits(lake)[-2].read_bytes()
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_refused_by_whoever_reads_and_writes(lake: Path, damage: str) -> None:
    DAMAGES[damage](lake)
    with pytest.raises(Refused):
        read(lake)
    if "file" not in damage and "bit" not in damage:
        with pytest.raises(Damaged, match=f"{NAME} is damaged: .*; nothing was done"):
            delta.rows(OPERATIONS, lake)
        with pytest.raises(Damaged):
            writes.write_rows([act(99)], OPERATIONS, lake)


def test_what_is_sound_is_read_and_written(lake: Path) -> None:
    before = read(lake)
    assert len(before) == 24
    writes.write_rows([act(24)], OPERATIONS, lake)
    assert len(read(lake)) == 25
    assert len(answer("SELECT * FROM operations", Tables(lake, {"operations": NAME}, {NAME: 3})))


def test_whatever_folders_are_called_their_files_are_known(lake: Path) -> None:
    for number, name in enumerate(["a:b@c+d", "x y", "p%20q", "ü", "a=b", "q?#"]):
        writes.write_rows([act(30 + number) | {"act": name}], OPERATIONS, lake)
        seals.check(lake, NAME)
    sealed = lake / FOLDER / f"{NAME}.jsonl"
    lines = sealed.read_bytes().splitlines(keepends=True)
    assert all(b'.parquet": ""' not in line for line in lines)
    sealed.write_bytes(b"".join(lines[:-4]))
    assert len(read(lake)) == 30


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_writer_that_was_killed_before_its_seal_damages_nothing(
    lake: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    def killed(name: str) -> None:
        if name == f"{NAME}:{point}-commit":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(writes, "failpoint", killed)
        writes.write_rows([act(24)], OPERATIONS, lake)
    assert len(read(lake)) == 24 + (point == "after")
    writes.write_rows([act(25)], OPERATIONS, lake)
    assert len(read(lake)) == 25 + (point == "after")
    flip(max(files(lake), key=lambda path: path.stat().st_mtime_ns))
    with pytest.raises(Refused, match="is not the file that was written"):
        read(lake)


def test_a_seal_that_is_torn_is_as_one_that_was_not_written(lake: Path) -> None:
    path = lake / FOLDER / f"{NAME}.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert len(read(lake)) == 24
    writes.write_rows([act(24)], OPERATIONS, lake)
    assert len(read(lake)) == 25


def test_a_seal_that_was_changed_is_named(lake: Path) -> None:
    path = lake / FOLDER / f"{NAME}.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"version": 7', b'"version": 8'))
    with pytest.raises(Refused, match=r"line \d+ of its seals is not what was written"):
        read(lake)


def test_seals_that_are_gone_are_missed(lake: Path) -> None:
    shutil.rmtree(lake / FOLDER)
    with pytest.raises(Refused, match=f"{NAME} is damaged: its seals are gone"):
        read(lake)
    with pytest.raises(Damaged):
        writes.write_rows([act(24)], OPERATIONS, lake)


def without_seals(lake: Path) -> None:
    """Make a table one of before there were seals."""
    stored = deltalake.DeltaTable(str(lake / NAME))
    stored.alter.set_table_properties({"harmsweep.sealed": "false"}, raise_if_not_exists=False)
    shutil.rmtree(lake / FOLDER)


@pytest.mark.parametrize("is_migrated", [False, True])
def test_a_table_from_before_is_sealed_by_its_next_commit(lake: Path, is_migrated: bool) -> None:
    without_seals(lake)
    assert len(read(lake)) == 24
    if is_migrated:
        assert not is_current(lake, OPERATIONS)
        migrate(lake, OPERATIONS)
        assert is_current(lake, OPERATIONS) and len(read(lake)) == 24
    writes.write_rows([act(24)], OPERATIONS, lake)
    assert len(read(lake)) == 25
    flip(files(lake)[2])
    with pytest.raises(Refused):
        read(lake)


def test_a_new_table_whose_first_writer_was_killed_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(name: str) -> None:
        if name == f"{NAME}:after-commit":
            raise KeyboardInterrupt

    migrate(tmp_path, OPERATIONS)
    assert delta.rows(OPERATIONS, tmp_path).num_rows == 0
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(writes, "failpoint", killed)
        writes.write_rows([act(0)], OPERATIONS, tmp_path)
    assert len(read(tmp_path)) == 1
    writes.write_rows([act(1)], OPERATIONS, tmp_path)
    assert len(read(tmp_path)) == 2


def test_a_day_is_read_though_another_days_file_is_damaged(tmp_path: Path) -> None:
    assert ORDERS.partition_by == ("day",)
    migrate(tmp_path, ORDERS)
    row = {
        **{"order_id": "o", "status": "received", "at": AT, "kind": "order", "post_id": "p"},
        **{"authority": "a", "reference": "r", "action": "remove", "harm": None, "until": None},
        **{"jurisdiction": "all", "due_at": AT, "operator": "ana", "reason": ""},
    }
    days = [date(2026, 10, 1), date(2026, 10, 2)]
    for day in days:
        writes.write_rows([row | {"day": day}], ORDERS, tmp_path)
    flip(next((tmp_path / ORDERS.name).glob("day=2026-10-02/*.parquet")))
    seals.check(tmp_path, ORDERS.name, days=[str(days[0])])
    with pytest.raises(Damaged):
        seals.check(tmp_path, ORDERS.name, days=[str(days[1])])


def test_tables_that_nothing_acts_by_have_no_seal(tmp_path: Path) -> None:
    migrate(tmp_path, INGESTS)
    writes.write_rows([{"day": AT.date(), "source": "posts", "landed": 1}], INGESTS, tmp_path)
    assert not (tmp_path / FOLDER).exists()
    assert EXEMPTIONS.name in seals.SEALED


def test_what_is_sealed_is_declared() -> None:
    assert {*TABLES, *(table.name for table in RESTRICTED.values())} >= seals.SEALED


@pytest.fixture
def long(lake: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table whose 25 lines (the first of no rows) are too many: four stay, the rest are one."""
    monkeypatch.setattr(seal_lines, "MOST_LINES", 20)
    monkeypatch.setattr(seal_lines, "LAST_LINES", 4)
    return lake


def test_many_lines_become_one_that_goes_on(long: Path) -> None:
    path = seal_lines.place(long, NAME)
    before = path.read_text(encoding="utf-8").splitlines()
    assert seal_lines.compact(long, NAME) == 21
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 5 and lines[0]["before"] == json.loads(before[20])["chain"]
    assert seal_lines.compact(long, NAME) == 0
    writes.write_rows([act(24)], OPERATIONS, long)
    assert len(read(long)) == 25
    flip(files(long)[3])
    with pytest.raises(Refused, match="is not the file that was written"):
        read(long)


def test_what_lies_before_the_lines_that_became_one_is_refused(long: Path) -> None:
    oldest = json.loads(seal_lines.place(long, NAME).read_text(encoding="utf-8").splitlines()[20])
    seal_lines.compact(long, NAME)
    assert as_of(long, oldest["version"]) == 20
    with pytest.raises(Refused, match=r"held before version .* is known no longer"):
        as_of(long, oldest["version"] - 1)


def as_of(lake: Path, version: int) -> int:
    found = answer("SELECT * FROM operations", Tables(lake, {"operations": NAME}, {NAME: version}))
    return len(found)


def test_a_past_version_is_as_it_was_sealed(lake: Path) -> None:
    newest = delta.version(OPERATIONS, lake)
    assert as_of(lake, newest - 20) == 4
    flip(next(path for path in files(lake) if path.name in added_at(lake, newest - 22)))
    with pytest.raises(Refused, match="is not the file that was written"):
        as_of(lake, newest - 20)
    assert as_of(lake, newest - 23) == 1


def added_at(lake: Path, version: int) -> str:
    """The commit of a version."""
    return (lake / NAME / "_delta_log" / f"{version:020}.json").read_text(encoding="utf-8")


def test_a_statistic_of_the_log_that_was_changed_is_refused(lake: Path) -> None:
    commit = commits(lake)[-1]
    content = commit.read_text(encoding="utf-8")
    commit.write_text(content.replace("numRecords", "numRecordz"), encoding="utf-8")
    with pytest.raises(Refused, match="of its log is not what was written"):
        read(lake)


def test_a_checkpoint_without_a_commit_is_sealed_too(lake: Path) -> None:
    with writes.committed(OPERATIONS, lake):
        delta.stored(lake, NAME).create_checkpoint()
    (checkpoint,) = (lake / NAME / "_delta_log").glob(f"*{delta.version(OPERATIONS, lake)}.c*")
    assert len(read(lake)) == 24
    flip(checkpoint)
    with pytest.raises(Refused, match=r"(checkpoint|log) "):
        read(lake)


def test_no_row_is_written_anew_from_a_damaged_file(tmp_path: Path) -> None:
    migrate(tmp_path, HASH_BANK)
    entry = row(HASH_BANK, bank="flags")
    writes.write_rows([entry], HASH_BANK, tmp_path)
    flip(next((tmp_path / HASH_BANK.name).glob("**/*.parquet")))
    with pytest.raises(Damaged):
        writes.write_rows([entry], HASH_BANK, tmp_path, where={"bank": "flags", "hash": "x"})


def test_a_damaged_day_that_is_written_whole_is_sound_again(tmp_path: Path) -> None:
    migrate(tmp_path, POST_VISIBILITY)
    shown = row(POST_VISIBILITY)
    writes.write_rows([shown], POST_VISIBILITY, tmp_path, where={"day": shown["day"]})
    flip(next((tmp_path / POST_VISIBILITY.name).glob("day=*/*.parquet")))
    with pytest.raises(Damaged):
        delta.rows(POST_VISIBILITY, tmp_path)
    writes.write_rows([shown], POST_VISIBILITY, tmp_path, where={"day": shown["day"]})
    assert delta.rows(POST_VISIBILITY, tmp_path).num_rows == 1


def test_random_damage_gives_no_wrong_answer(made: Path, tmp_path: Path) -> None:
    right, refused = read(made), 0
    for seed in range(40):
        lake = shutil.copytree(made, tmp_path / str(seed))
        kind = damage(lake, NAME, random.Random(seed))
        try:
            assert read(lake) == right, kind
        except Refused:
            refused += 1
    assert refused > 0
