"""A post of the sample before it gets an author and a time."""

import hashlib
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Draft:
    """What a post says and shows, what is known of it, and the group that a split keeps whole."""

    dataset: str
    key: str  # names the post within its dataset; its id is made from both
    text: str
    group: str
    labels: dict[str, int] = field(default_factory=dict)
    media: tuple[dict[str, str], ...] = ()
    author: str | None = None  # None: attached by hash
    fields: dict[str, Any] = field(default_factory=dict)  # landing fields set by hand

    @property
    def post_id(self) -> str:
        return self.key if self.dataset == "hostile" else f"s{digest(self.dataset, self.key)[:12]}"


def digest(*words: object) -> str:
    """Hexadecimal SHA-256 of words: the sample's source of choices that no list order changes."""
    return hashlib.sha256("\x1f".join(map(str, words)).encode()).hexdigest()


def pick(options: list[Any] | tuple[Any, ...], *words: object) -> Any:
    """One of the options, by the digest of the words."""
    return options[int(digest(*words), 16) % len(options)]
