"""Decoders run in a child process: what kills, fills or hangs them ends the child, not the worker.

One child per process that asks (a Spark Python worker as a rule), kept between calls: a new one
costs about a second. It is spawned, not forked: a fork would take Spark's sockets and torch's
threads along. A call costs 0.3 ms, and over 1 ms where every core is busy, as each of its hops
between threads waits for one: small files go several to a call.
"""

import ctypes
import gc
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as TookTooLong
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import resource_tracker
from multiprocessing.synchronize import SemLock
from multiprocessing.util import Finalize
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TypeVar

from pebble import ProcessExpired, ProcessPool

from harmsweep.logs import log
from harmsweep.media.conf import ChildLimits, load_limits
from harmsweep.media.confinement import forget_environment, leave_network
from harmsweep.media.problem import MediaProblem

Item = TypeVar("Item")
Result = TypeVar("Result")
MEGABYTE = 2**20
# Files of a kind that go to the child at once. A call's cost is nothing beside a video's decoding.
FILES_PER_CALL = {"image": 8, "video": 1}
# A child that keeps so much of files after a call is replaced, and grows no further.
KEPT_BYTES = 64 * MEGABYTE

# What `_slowness` takes where conf/media.yaml's seconds were measured (AMD EPYC, 2.4 GHz).
REFERENCE_SECONDS = 0.02
# An option of glibc's `mallopt`.
ARENA_MAX = -8


class Done(NamedTuple):
    """What a call gives, or its problem, and whether the child keeps too much of it."""

    found: Any
    full: bool


# In the child: how many modules it has, and its address space when it last got one. A call's
# function brings modules of its own along, and what they take is no file's: where it counted, each
# call ended its child in a process whose main module imports little, as Spark's and pytest's.
_code = {"modules": 0, "bytes": 0}
_pools: dict[int, ProcessPool] = {}
_pools_lock = threading.Lock()


def run_bounded(function: Callable[..., Result], *arguments: Any, kind: str = "image") -> Result:
    """What the function, named at the top of a module, gives in the child within a kind's limits.

    Raises:
        MediaProblem: the function's own; refused, where it took more memory or time than
            conf/media.yaml allows; undecodable, where it ended the child.
    """
    pool = _pool()
    try:
        return _bounded(pool, kind, function, *arguments)
    except BrokenProcessPool:
        # The child ended between two calls, by none of them; such a pool stays broken.
        return _bounded(_pool(broken=pool), kind, function, *arguments)


def run_bounded_each(
    function: Callable[[Item], Result], items: Sequence[Item], *, kind: str = "image"
) -> list[Result | MediaProblem]:
    """The result or the problem of each item, all in one call of the child.

    Where the call as a whole fails, each item has a call of its own: the reason goes to the item
    that is at fault, and the limits are those of one item.
    """
    if not items:
        return []
    try:
        return run_bounded(_each, load_limits().child, kind, function, items, kind=kind)
    except MediaProblem as problem:
        if len(items) == 1:
            return [problem]
    return [found for item in items for found in run_bounded_each(function, [item], kind=kind)]


def _bounded(
    pool: ProcessPool, kind: str, function: Callable[..., Result], *arguments: Any
) -> Result:
    limits = load_limits().child
    try:
        call = pool.schedule(
            _limited, args=(limits, kind, function, *arguments), timeout=limits.wall_seconds
        )
    except RuntimeError:
        raise BrokenProcessPool from None
    try:
        done: Done = call.result()
    except (TookTooLong, ProcessExpired) as error:
        raise _problem(error, limits, kind) from None
    if done.full:
        _stop(pool)  # The next call finds it broken.
    if isinstance(done.found, MediaProblem):
        raise done.found
    result: Result = done.found
    return result


def _problem(error: BaseException, limits: ChildLimits, kind: str) -> MediaProblem:
    if not isinstance(error, ProcessExpired):
        return MediaProblem("refused", f"decoding took over {limits.wall_seconds:.0f} s")
    if error.exitcode == -signal.SIGPROF:
        reason = f"decoding took over {_cpu_seconds(limits, kind):g} s of processor time"
        return MediaProblem("refused", reason)
    return MediaProblem("undecodable", f"decoding ended its process (code {error.exitcode})")


def _pool(*, broken: ProcessPool | None = None) -> ProcessPool:
    """This process's pool, a new one for a broken one; a fork makes its own, with its own child."""
    with _pools_lock:
        found = _pools.get(os.getpid())
        if found is None or found is broken:
            with _no_hangup():
                resource_tracker.ensure_running()
            found = ProcessPool(
                max_workers=1,
                context=multiprocessing.get_context("spawn"),
                initializer=_start_child,
                initargs=(os.getpid(),),
            )
            _pools[os.getpid()] = found
            # A process that multiprocessing started waits at its end for all children, for ever.
            Finalize(found, _stop, args=(found,), exitpriority=0)
        return found


@contextmanager
def _no_hangup() -> Iterator[None]:
    """What is started here is spared the signal by which Spark ends its workers: it tidies up."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _start_child(parent: int) -> None:
    """Let the child have what it has now and so much more, and end with the process that asks."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    Finalize(None, _unlink_locks, args=(parent,), exitpriority=0)
    # Threads share one heap: each of its own would count for 64 MB.
    ctypes.CDLL(None).mallopt(ARENA_MAX, 1)
    if not leave_network():
        log("media").warning("no_seccomp", note="media are decoded where a network can be reached")
    forget_environment()
    _load_decoders()
    _slowness()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _count_code()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What a decoder has to say of strangers' bytes, a line for each tag of theirs, is no log.
    warnings.simplefilter("ignore")


def _load_decoders() -> None:
    """Load them now: what they take of memory and time is no file's."""
    import av  # noqa: F401
    import pdqhash  # noqa: F401
    from PIL import AvifImagePlugin, Image

    Image.init()
    # As many as there are cores, each with its memory, where nothing is said.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def _end_with(parent: int) -> None:
    # An idle child sees its pipe's end; this is for one that is in the middle of a call.
    while os.getppid() == parent:
        time.sleep(1)
    _unlink_locks(parent)
    os._exit(1)


def _unlink_locks(parent: int) -> None:
    """Unlink the pool's locks for a process that was killed, as Spark's workers are.

    Else they would stay in /dev/shm, or be told of as leaked.
    """
    for _ in range(20):
        if os.getppid() != parent:
            break
        time.sleep(0.01)  # The pipe's end is seen a moment before the process is gone.
    else:
        return
    for lock in gc.get_objects():
        if isinstance(lock, SemLock):
            with suppress(OSError):
                SemLock._cleanup(lock._semlock.name)  # type: ignore[attr-defined]


def _address_space() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _cpu_seconds(limits: ChildLimits, kind: str) -> float:
    return limits.cpu_seconds.video if kind == "video" else limits.cpu_seconds.image


@cache
def _slowness() -> float:
    """How much longer a fixed piece of work takes here than where the limits were measured.

    At least 1, and greater on a busy machine too: what is given is never less than conf says.
    """
    noise = Random(0).randbytes(MEGABYTE)
    started = time.process_time()
    zlib.compress(noise)
    return max(1.0, (time.process_time() - started) / REFERENCE_SECONDS)


def _limited(
    limits: ChildLimits, kind: str, function: Callable[..., Result], *arguments: Any
) -> Done:
    """What the function gives, its problem, or that it took too much memory."""
    try:
        found: Any = _held(limits, kind, function, *arguments)
    except MediaProblem as problem:
        found = problem
    except MemoryError:
        found = MediaProblem("refused", f"decoding took over {limits.megabytes} MB")
    return Done(found, _keeps_too_much())


def _held(
    limits: ChildLimits, kind: str, function: Callable[..., Result], *arguments: Any
) -> Result:
    """Call the function with so much memory, and processor time past which the kernel ends us."""
    _count_code()
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    due = _address_space() + limits.megabytes * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (due, most))
    signal.setitimer(signal.ITIMER_PROF, _cpu_seconds(limits, kind) * _slowness())
    try:
        return function(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _keeps_too_much() -> bool:
    """Whether so much is kept of files that the child would grow with each."""
    _count_code()
    if _address_space() <= _code["bytes"] + KEPT_BYTES:
        return False
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return _address_space() > _code["bytes"] + KEPT_BYTES


def _count_code() -> None:
    """Measure anew what the child takes without files, where it has loaded more modules."""
    if len(sys.modules) > _code["modules"]:
        _code.update(modules=len(sys.modules), bytes=_address_space())


def _each(
    limits: ChildLimits, kind: str, function: Callable[[Item], Result], items: Sequence[Item]
) -> list[Result | MediaProblem]:
    """Each item's result or problem, and each has the limits of one; what fills us fails all."""
    found: list[Result | MediaProblem] = []
    for item in items:
        try:
            found.append(_held(limits, kind, function, item))
        except MediaProblem as problem:
            found.append(problem)
    return found
