"""One writer per table on a local disk.

Two Spark drivers that write one Delta table on a local disk lose acknowledged rows: the local log
store has no mutual exclusion between processes. A `flock` has, and the kernel releases it when its
holder dies.
"""

import os
import pwd
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

WAIT_SECONDS = float(os.environ.get("HARMSWEEP_LOCK_WAIT", "600"))


class TableLocked(RuntimeError):
    """Another process writes the table."""


@contextmanager
def locked(lake: Path, names: Iterable[str], *, wait: float | None = None) -> Iterator[None]:
    """Hold the locks of the named tables, taken in the order of their names.

    Nesting within a process is allowed; the outermost exit releases.

    Raises:
        TableLocked: another process held one for longer than `wait` seconds; the message says who.
    """
    folder = lake / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        for name in sorted(set(names)):
            held.enter_context(_lock(folder / name, WAIT_SECONDS if wait is None else wait))
        yield


@contextmanager
def _lock(path: Path, wait: float) -> Iterator[None]:
    lock = FileLock(f"{path}.lock", is_singleton=True)
    holder = Path(f"{path}.holder")
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        raise TableLocked(f"{path.name}: locked for over {wait:g} s by {_who(holder)}") from None
    try:
        if lock.lock_counter == 1:
            holder.write_text(_me(), encoding="utf-8")
        yield
    finally:
        if lock.lock_counter == 1:
            holder.unlink(missing_ok=True)
        lock.release()


def user(number: int | None = None) -> str:
    """A user's name, by default that of this process; the number itself without a passwd entry."""
    number = os.getuid() if number is None else number
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _who(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8").strip()
    except FileNotFoundError:  # released this moment, or not yet written
        return "unknown"


def _me() -> str:
    job = Path(sys.argv[0]).name or "python"
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return f"process {os.getpid()} ({job}, user {user()}) since {now}\n"
