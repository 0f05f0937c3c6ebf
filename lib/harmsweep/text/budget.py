"""What reading one text may cost, so that no text holds up the posts behind it.

The unit is the look-up: one candidate word that is asked of the lexicon. It is counted and never
timed: a text is read alike on every machine. What a text cannot pay stays as written, and the text
says so (`words`), so that people see its post.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
# Seven times what any of 36,841 ordinary posts takes; some two tenths of a second.
LOOKUPS = 40_000


class Budget:
    """The look-ups that a text has left, what they were paid for, and whether they ran out."""

    def __init__(self) -> None:
        self.left, self.exceeded = LOOKUPS, False
        self._known: dict[Any, Any] = {}

    def read(self, lookups: int, reading: Callable[..., T], *letters: Any) -> T | None:
        """`reading(*letters)`, which is paid once however often it is asked for, or None."""
        key = (reading, letters)
        if key not in self._known:
            if lookups > self.left:
                self.exceeded = True
                return None
            self.left -= lookups
            self._known[key] = reading(*letters)
        value: T = self._known[key]
        return value


_CURRENT: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def budget() -> Iterator[Budget]:
    """A budget of its own for what is read within; one around it learns if that was exceeded."""
    own, outer = Budget(), _CURRENT.get()
    token = _CURRENT.set(own)
    try:
        yield own
    finally:
        _CURRENT.reset(token)
        if outer:
            outer.exceeded |= own.exceeded


def affordable(lookups: int, reading: Callable[..., T], *letters: Any) -> T | None:
    """`reading(*letters)` where the text's budget, if it has one, bears the look-ups; else None."""
    current = _CURRENT.get()
    return current.read(lookups, reading, *letters) if current else reading(*letters)
