"""One writer per table on a local disk."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from harmsweep.lake import delta
from harmsweep.lake.locks import TableLocked, locked
from harmsweep.tables.catalog import INGESTS

# Appends rows one commit each under the table's lock, and acknowledges each on stdout.
WRITER = """
import sys
from datetime import date
from pathlib import Path
import deltalake, pyarrow as pa
from harmsweep.lake.locks import locked
from harmsweep.tables.catalog import INGESTS

lake, name, rows = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for n in range(rows):
    with locked(lake, [INGESTS.name]):
        stored = deltalake.DeltaTable(str(lake / INGESTS.name))
        row = {"day": date(2026, 10, 1), "source": f"{name}{n}", "landed": n}
        schema = pa.schema(stored.schema().to_arrow())
        deltalake.write_deltalake(stored, pa.Table.from_pylist([row], schema=schema), mode="append")
    print(f"{name}{n}", flush=True)
"""
# Takes the lock, says so, and holds it until it is killed.
HOLDER = """
import sys, time
from pathlib import Path
from harmsweep.lake.locks import locked

with locked(Path(sys.argv[1]), ["posts_v1"]):
    print("held", flush=True)
    time.sleep(60)
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def hold(lake: Path) -> subprocess.Popen[str]:
    holder = start(HOLDER, lake)
    assert holder.stdout and holder.stdout.readline() == "held\n"
    return holder


@pytest.mark.slow
def test_what_two_writers_acknowledged_is_all_present(lake: Path) -> None:
    writers = [start(WRITER, lake, name, 150) for name in "ab"]
    acknowledged = {row for w in writers for row in w.communicate(timeout=120)[0].split()}
    present = {row["source"] for row in delta.rows(INGESTS, lake).to_pylist()}
    assert len(acknowledged) == 300
    assert acknowledged <= present


@pytest.mark.slow
def test_a_locked_table_names_its_holder_and_a_killed_holder_frees_it(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    try:
        with (
            pytest.raises(TableLocked, match=rf"posts_v1: locked .* process {holder.pid} "),
            locked(tmp_path, ["posts_v1"], wait=0.1),
        ):
            pass
        with locked(tmp_path, ["users_v1"], wait=0.1):
            pass  # another table is free
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    with locked(tmp_path, ["posts_v1"], wait=5):
        assert str(os.getpid()) in (tmp_path / ".locks" / "posts_v1.holder").read_text()


def test_a_lock_nests_within_a_process_and_the_outermost_exit_releases(tmp_path: Path) -> None:
    with locked(tmp_path, ["posts_v1"]):
        with locked(tmp_path, ["users_v1", "posts_v1"], wait=0.1):
            pass
        assert not free(tmp_path)
    assert free(tmp_path)


NAMELESS = """
import os
from pathlib import Path
from harmsweep.lake.locks import locked

os.setuid(54321)
with locked(Path("."), ["posts_v1"]):
    print(Path(".locks/posts_v1.holder").read_text())
"""


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="becomes another user")
def test_a_user_without_a_name_takes_a_lock_and_is_named_by_number() -> None:
    # Not in tmp_path, whose parents are closed to other users.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o777)
        command = [sys.executable, "-c", NAMELESS]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert "user 54321)" in done.stdout


def free(lake: Path) -> bool:
    """Whether another process could take the lock: a shell's flock on the same file."""
    command = ["flock", "--nonblock", str(lake / ".locks" / "posts_v1.lock"), "true"]
    return subprocess.run(command, check=False).returncode == 0


def test_a_second_thread_waits_for_the_first(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with locked(tmp_path, ["posts_v1"]):
            order.append("second")

    with locked(tmp_path, ["posts_v1"]):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_only_a_table_that_is_held_has_a_holder(lake: Path) -> None:
    holder = lake / ".locks" / "posts_v1.holder"
    with locked(lake, ["posts_v1"]):
        with locked(lake, ["posts_v1"]):
            pass
        assert f"process {os.getpid()} " in holder.read_text()
    assert not holder.exists()
