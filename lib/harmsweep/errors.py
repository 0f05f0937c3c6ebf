"""Refusals, and how a command ends: one line on stderr, and an exit code that says which kind.

What was refused is refused again until somebody changes the input, so a schedule must not retry it.
Needs nothing but the vocabulary: the trainer's jobs, the scheduler's and the console end alike.
"""

import os
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import ClassVar, NoReturn, Protocol

from harmsweep.logs import clean

# Exit codes, the same for every job and for the console.
DONE, FAILED, USAGE, REFUSED, HELD = 0, 1, 2, 3, 4


class Refused(ValueError):
    """What was given is not of the agreed form, and nothing was written; heirs say of what kind."""

    exit_code: ClassVar[int] = REFUSED


class DataRefused(Refused):
    """The data to read is not of the agreed form; nothing was written."""


class WrongUse(ValueError):
    """Options that make no sense together; nothing was read or written."""

    exit_code: ClassVar[int] = USAGE


class Held(RuntimeError):
    """A cap was passed, or approvals are missing: what was planned waits for people."""

    exit_code: ClassVar[int] = HELD


class Printable(Protocol):
    """What a job prints a line of."""

    def line(self) -> str: ...


def finish(outcomes: Callable[[], Iterable[Printable | str]], name: str) -> None:
    """Print each outcome as a line; exit with one line on stderr and a code where one raises.

    The trace is printed only where HARMSWEEP_TRACE is set.
    """
    try:
        for outcome in outcomes():
            text = outcome if isinstance(outcome, str) else outcome.line()
            print("\n".join(map(clean, text.split("\n"))), flush=True)
    except Exception as error:
        leave(error, name)


def leave(error: Exception, name: str) -> NoReturn:
    """End the process: one line on stderr, and the exit code of the error's kind."""
    if os.environ.get("HARMSWEEP_TRACE"):
        traceback.print_exc()
    print(f"{name}: {clean(one_line(error))}", file=sys.stderr)
    sys.exit(exit_code(error))


def exit_code(error: Exception) -> int:
    """The exit code that tells a caller what kind of failure it was."""
    return error.exit_code if isinstance(error, Refused | WrongUse | Held) else FAILED


def one_line(error: Exception) -> str:
    """The error's kind and first line, without Java's trace."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
