"""Peak memory of this process and all that it started, as the kernel counts it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def peak_memory() -> Iterator[list[int]]:
    """The memory of this process and all that it started, in KiB of PSS, ten times a second."""
    found, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            found.append(sum(pss(pid) for pid in tree(os.getpid())))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        done.set()
        watcher.join()


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    children: list[str] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children += task.read_text().split()
        except OSError:
            continue  # the thread has ended
    return [pid, *(found for child in children for found in tree(int(child)))]


def pss(pid: int) -> int:
    """Proportional set size in KiB: shared pages count once among those that share them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # the process has ended
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
