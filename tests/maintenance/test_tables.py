"""Maintenance changes no row, deletes no file that somebody may read, and ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harmsweep.enforcement.conf import load_bounds
from harmsweep.lake import delta, writes
from harmsweep.maintenance.tables import COMMITS, Maintained, maintain
from harmsweep.tables.catalog import ACTIONS, EVIDENCE, LABELS, OPERATIONS
from harmsweep.tables.spec import Table

Add = Callable[..., None]
TODAY = date(2026, 10, 1)


def act(number: int) -> dict[str, Any]:
    return {
        "day": TODAY, "operation_id": str(number), "at": datetime(2026, 10, 1, tzinfo=UTC),
        "operator": "ann", "act": "stop", "object": "lake", "reason": "", "details": "{}",
    }  # fmt: skip


def done(lake: Path, table: Table, **more: Any) -> Maintained:
    options: dict[str, Any] = {"keep_days": 30, "dry_run": False} | more
    found = {row.table: row for row in maintain(lake, TODAY, **options)}
    return found[table.name]


def rows(lake: Path, table: Table) -> list[str]:
    return sorted(map(str, delta.rows(table, lake).to_pylist()))


@pytest.fixture
def grown(lake: Path, add_rows: Add) -> Path:
    """A lake whose audit has six small files."""
    for number in range(6):
        add_rows([act(number)], OPERATIONS, lake)
    return lake


def test_small_files_of_a_table_without_days_become_one_and_the_rows_stay(grown: Path) -> None:
    before = rows(grown, OPERATIONS)
    assert done(grown, OPERATIONS, dry_run=True).compacted == 6
    assert len(delta.stored(grown, OPERATIONS.name).file_uris()) == 6
    assert done(grown, OPERATIONS).compacted == 6
    assert rows(grown, OPERATIONS) == before
    version = delta.version(OPERATIONS, grown)
    assert done(grown, OPERATIONS).compacted == 0
    assert delta.version(OPERATIONS, grown) == version


def test_only_what_no_version_of_the_kept_days_needs_is_deleted(lake: Path, add_rows: Add) -> None:
    first = {
        "day": TODAY, "post_id": "p", "harm": "hate", "label": 1, "source": "hand",
        "annotator": "-", "weight": 1.0, "dataset": "live", "labelled_at": None,
    }  # fmt: skip
    kept = {name: first.get(name) for name in LABELS.schema.names}
    add_rows([kept], LABELS, lake)
    writes.write_rows([kept | {"label": 0}], LABELS, lake, where={"day": TODAY})
    files = sorted((lake / LABELS.name).rglob("*.parquet"))
    assert len([f for f in files if "_delta_log" not in str(f)]) == 2
    assert done(lake, LABELS).deleted == 0  # replaced just now
    assert [row["label"] for row in delta.rows(LABELS, lake).to_pylist()] == [0]


def test_a_checkpoint_that_is_missing_is_written(lake: Path, add_rows: Add) -> None:
    for number in range(COMMITS):
        add_rows([act(number)], OPERATIONS, lake)
    assert not done(lake, OPERATIONS, dry_run=True).checkpoint
    log = lake / OPERATIONS.name / "_delta_log"
    for path in [*log.glob("*.checkpoint.parquet"), log / "_last_checkpoint"]:
        path.unlink()
    assert done(lake, OPERATIONS, dry_run=True).checkpoint
    assert not list(log.glob("*.checkpoint.parquet"))
    said = done(lake, OPERATIONS)
    assert said.checkpoint and said.line().endswith("a checkpoint")
    assert list(log.glob("*.checkpoint.parquet"))
    assert not done(lake, OPERATIONS).checkpoint
    assert delta.rows(OPERATIONS, lake).num_rows == COMMITS


def test_evidence_past_its_keeping_is_forgotten(lake: Path, add_rows: Add) -> None:
    known = {"revision": 1, "digest": "d", "author_origin": "native", "numbers": "{}"}
    days = load_bounds().evidence_days
    made = [TODAY - timedelta(days=n) for n in (days, days + 1)]
    add_rows([known | {"day": d, "post_id": "p", "vectors": []} for d in made], EVIDENCE, lake)
    assert done(lake, EVIDENCE, dry_run=True).forgotten == 0
    assert done(lake, EVIDENCE).forgotten == 1
    assert [row["day"] for row in delta.rows(EVIDENCE, lake).to_pylist()] == [made[0]]


def test_evidence_of_an_old_post_that_was_acted_on_lately_stays(lake: Path, add_rows: Add) -> None:
    known = {"revision": 1, "digest": "d", "author_origin": "native", "numbers": "{}"}
    old, lately = date(2025, 1, 1), datetime(2026, 9, 30, 12, tzinfo=UTC)
    row = known | {"day": old, "post_id": "p", "vectors": [], "kept_at": lately}
    add_rows([row], EVIDENCE, lake)
    assert done(lake, EVIDENCE).forgotten == 0
    assert delta.rows(EVIDENCE, lake).num_rows == 1


def test_evidence_is_forgotten_only_while_no_sweep_writes_the_ledger(
    lake: Path, add_rows: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[list[str]] = []
    known = {"revision": 1, "digest": "d", "author_origin": "native", "numbers": "{}"}
    add_rows([known | {"day": date(2025, 1, 1), "post_id": "p", "vectors": []}], EVIDENCE, lake)

    @contextmanager
    def noted(lake: Path, names: list[str]) -> Iterator[None]:
        taken.append([*names])
        yield

    @contextmanager
    def of_one(table: Table, lake: Path) -> Iterator[None]:
        with noted(lake, [table.name]):
            yield

    monkeypatch.setattr("harmsweep.enforcement.state.evidence.locked", noted)
    monkeypatch.setattr("harmsweep.maintenance.tables.committed", of_one)
    done(lake, EVIDENCE)
    place = taken.index([ACTIONS.name, EVIDENCE.name])
    assert taken[place + 1] == [EVIDENCE.name]


def test_too_short_a_keeping_is_refused(lake: Path) -> None:
    with pytest.raises(ValueError, match="below 7"):
        list(maintain(lake, TODAY, keep_days=6, dry_run=False))
