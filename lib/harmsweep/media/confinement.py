"""What the decoding child is without: a network, and its parent's environment."""

import ctypes
import errno
import os
import platform
import struct
from pathlib import Path

# What decoding may ask of the environment. Anything else may be a secret, such as a store's key.
KEPT = ("HARMSWEEP_HOME", "HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ")
# The architecture's name in seccomp, its `seccomp`, and what opens a way out: `socket`, and
# `io_uring_setup`, through which a socket is had without that call.
CALLS = {"x86_64": (0xC000003E, 317, (41, 425)), "aarch64": (0xC00000B7, 277, (198, 425))}
# The older calls of x86_64 (x32) have this bit, and other numbers.
OTHER_CALLS = 0x40000000
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000 | errno.EPERM
NO_NEW_PRIVILEGES, SET_FILTER, ALL_THREADS = 38, 1, 1


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def forget_environment() -> None:
    """Take all but a few variables from this process, also where /proc and its memory show them."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    # The kernel's list of what this process began with; the 50th and 51st, after the name in (…).
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    start, end = int(fields[47]), int(fields[48])
    os.environ.clear()
    if start:
        ctypes.memset(start, 0, end - start)
    os.environ.update(kept)


def leave_network() -> bool:
    """Refuse this process every new socket from now on; whether the kernel lets that be done."""
    known = CALLS.get(platform.machine())
    if known is None:
        return False
    architecture, seccomp, (socket, io_uring) = known
    # Code, how many steps are passed over where it holds and where not, and the value.
    steps = [
        (LOAD, 0, 0, 4),
        (EQUAL, 0, 5, architecture),
        (LOAD, 0, 0, 0),
        (AT_LEAST, 3, 0, OTHER_CALLS),
        (EQUAL, 2, 0, socket),
        (EQUAL, 1, 0, io_uring),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, FAIL),
    ]
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Program(len(steps), b"".join(struct.pack("<HBBI", *step) for step in steps))
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    return not libc.syscall(seccomp, SET_FILTER, ALL_THREADS, ctypes.byref(program))
