"""What can be wrong with a medium, and the limits that it is held to."""

from typing import Any


class MediaProblem(ValueError):
    """A medium that cannot be used: `status` is missing, refused, undecodable or unsupported."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        """Both arguments: it crosses from the decoding process to its caller."""
        return type(self), (self.status, self.reason)
