"""Older days to train on, the newest to judge by; a planted change of harm shows."""

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harmsweep.encoders.stored import stored
from harmsweep.model.snapshot import FACTS, PARTS, Snapshot, file_hashes
from harmsweep.training.experiments.newest_days import among, before
from harmsweep.training.experiments.other_rows import arrange

pytestmark = pytest.mark.torch

CUT = np.datetime64("2026-10-08")
NEWEST = """
import json, sys
from pathlib import Path
from harmsweep.training.experiments.experiment import load_experiment
from harmsweep.training.experiments.newest_days import newest_days
print(json.dumps(list(newest_days(load_experiment(*map(Path, sys.argv[1:])))), default=float))
"""


def _of_ten_days(path: Path, rng: np.random.Generator) -> None:
    """Six times as many groups, of ten days; from the 9th on another number tells the class."""
    table = pa.concat_tables([pq.read_table(path)] * 6)
    posts = table.column("post_id").to_pylist()
    copies = np.arange(len(table)) // (len(table) // 6)
    names = [f"{g}{c}" for g, c in zip(table["split_group"].to_pylist(), copies, strict=True)]
    numbers = np.array([int(name.rpartition("-")[2]) for name in names])
    days = [date(2026, 10, 1 + int(number) % 10) for number in numbers // 10 + numbers % 10]
    is_spam = np.array([int(post.rpartition("-")[2]) % 3 == 0 for post in posts])
    vectors = rng.normal(size=(len(table), 6)).astype(np.float32)
    place = np.array([int(day.day >= 9) for day in days])
    vectors[np.arange(len(table)), place] += 3 * is_spam
    for name, values in (
        ("day", pa.array(days)),
        ("split_group", pa.array(names)),
        ("text_vector", pa.array(stored(vectors))),
    ):
        table = table.set_column(table.column_names.index(name), name, values)
    pq.write_table(table, path)


@pytest.fixture(scope="module")
def of_ten_days(tiny_snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("days") / tiny_snapshot.name
    shutil.copytree(tiny_snapshot, folder)
    rng = np.random.default_rng(5)
    for path in sorted(folder.glob("*/*.parquet")):
        _of_ten_days(path, rng)
    facts = Snapshot.model_validate_json((folder / FACTS).read_bytes())
    changed = facts.model_copy(update={"files": file_hashes(folder)})
    (folder / FACTS).write_text(changed.model_dump_json())
    return folder


def days_and_groups(folder: Path, part: str) -> tuple[set[int], set[str]]:
    tables = [pq.read_table(path) for path in (folder / part).glob("*.parquet")]
    days = {day.day for table in tables for day in table.column("day").to_pylist()}
    return days, {name for table in tables for name in table.column("split_group").to_pylist()}


def test_what_is_trained_on_is_older_than_all_that_judges(of_ten_days: Path, tmp_path: Path):
    arrange(of_ten_days, before(CUT), tmp_path)
    parts = {part: days_and_groups(tmp_path, part)[0] for part in PARTS}
    older, newest = set(range(1, 8)), {8, 9, 10}
    assert parts == {"train": older, "validation": older, "certify": set(), "test": newest}


def test_beside_it_groups_of_all_days_are_judged_on_the_same_posts(
    of_ten_days: Path, tmp_path: Path
):
    every = sorted(days_and_groups(of_ten_days, "train")[1])
    chosen = np.array(every[::3])
    arrange(of_ten_days, among(chosen, CUT), tmp_path)
    assert days_and_groups(tmp_path, "train") == (set(range(1, 11)), set(chosen))
    assert days_and_groups(tmp_path, "test")[0] == {8, 9, 10}
    assert days_and_groups(tmp_path, "certify") == (set(), set())


@pytest.mark.slow
def test_a_change_of_what_harm_looks_like_shows_only_in_the_order_of_time(
    trainer: Path, of_ten_days: Path, tiny_snapshot: Path, small_config: Path
):
    def found(snapshot: Path) -> list[dict[str, Any]]:
        command = [trainer, "-W", "ignore", "-c", NEWEST, snapshot, small_config]
        done = subprocess.run(
            [*map(str, command)], capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr[-2000:]
        rows: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
        return rows

    [spam] = found(of_ten_days)
    assert (spam["harm"], spam["from"]) == ("spam", "2026-10-09")
    assert 0.2 * 240 <= spam["n"] <= 0.3 * 240
    assert spam["auroc"] < 0.65
    assert spam["by_group"] > 0.75
    assert spam["difference"] == pytest.approx(spam["auroc"] - spam["by_group"])
    assert spam["difference_low"] < spam["difference"] < spam["difference_high"] < 0
    assert found(tiny_snapshot) == []  # of one day
