"""Decoders run in a child process: what kills, fills or hangs them ends the child, not the worker.

One child per process that asks (a Spark Python worker as a rule), kept between calls: a call costs
0.4 ms, a new child about a second. It is spawned, not forked: a fork would take Spark's sockets and
torch's threads along.
"""

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from concurrent.futures import TimeoutError as TookTooLong
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from harmsweep.media.problem import ChildLimits, MediaProblem, load_limits

Result = TypeVar("Result")
MEGABYTE = 2**20


def run_bounded(function: Callable[..., Result], *arguments: Any) -> Result:
    """What the function, named at the top of a module, gives in the child within the limits.

    Raises:
        MediaProblem: the function's own; refused, where it took more memory or time than
            conf/media.yaml allows; undecodable, where it ended the child.
    """
    limits = load_limits().child
    try:
        call = _schedule(limits, function, *arguments)
    except RuntimeError:  # a pool that broke stays broken
        _pool.cache_clear()
        call = _schedule(limits, function, *arguments)
    try:
        result: Result = call.result()
    except TookTooLong:
        reason = f"decoding took over {limits.wall_seconds:.0f} s"
        raise MediaProblem("refused", reason) from None
    except ProcessExpired as error:
        if error.exitcode == -signal.SIGXCPU:
            reason = f"decoding took over {limits.cpu_seconds} s of processor time"
            raise MediaProblem("refused", reason) from None
        reason = f"decoding ended its process (code {error.exitcode})"
        raise MediaProblem("undecodable", reason) from None
    except MemoryError:
        reason = f"decoding took over {limits.megabytes} MB"
        raise MediaProblem("refused", reason) from None
    return result


def _schedule(
    limits: ChildLimits, function: Callable[..., Result], *arguments: Any
) -> ProcessFuture[Result]:
    pool, call = _pool(os.getpid()), (limits, function, *arguments)
    return pool.schedule(_limited, args=call, timeout=limits.wall_seconds)


@cache
def _pool(pid: int) -> ProcessPool:
    """The pool of this process; a fork makes one of its own, as its parent's child is not its."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPool(max_workers=1, context=spawn, initializer=_bound_memory)


def _bound_memory() -> None:
    """Let the child have what it has now and so much more; leave no core file behind."""
    most = _address_space() + load_limits().child.megabytes * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _address_space() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _limited(limits: ChildLimits, function: Callable[..., Result], *arguments: Any) -> Result:
    """Call the function with so much processor time from now on; past it the kernel ends us."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + limits.cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    return function(*arguments)
