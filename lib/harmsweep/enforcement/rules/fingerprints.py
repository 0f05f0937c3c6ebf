"""What copies are told by: a post's text and its media, as near as one is to another's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harmsweep.media.pdq import NEAR


@dataclass(frozen=True, slots=True)
class MediaFingerprint:
    """A medium as copies are told by: its file's hash, and a picture's PDQ hash if it has one."""

    content_hash: str | None
    pdq: str | None

    def is_near(self, other: "MediaFingerprint") -> bool:
        """Whether both are one file, or pictures that differ in 31 bits at most."""
        if self.content_hash is not None and self.content_hash == other.content_hash:
            return True
        if self.pdq is None or other.pdq is None:
            return False
        return (int(self.pdq, 16) ^ int(other.pdq, 16)).bit_count() <= NEAR


@dataclass(frozen=True, slots=True)
class Content:
    """What a post says and shows; its text without case, punctuation and disguises, as a digest."""

    text: str
    words: int
    media: tuple[MediaFingerprint, ...] = ()

    def is_copy(self, other: "Content", least_words: int) -> bool:
        """Whether both have one text and near media; a short text alone says too little."""
        if self.text != other.text or len(self.media) != len(other.media):
            return False
        if not self.media:
            return self.words >= least_words
        return _pair_off(self.media, other.media)


def content_of(row: Mapping[str, Any]) -> Content:
    """The content in the columns that verdicts keep of it."""
    media = tuple(MediaFingerprint(**medium) for medium in row["media"])
    return Content(row["text_digest"], row["words"], media)


def _pair_off(media: Sequence[MediaFingerprint], others: Sequence[MediaFingerprint]) -> bool:
    """Whether each medium has a near one of its own among as many others.

    By augmenting paths (Kuhn, 1955). To take the first that is near misses pairs, as near isn't
    transitive, and to try every order takes for ever where somebody posts twelve pictures.
    """
    partners: dict[int, MediaFingerprint] = {}

    def scope(medium: MediaFingerprint, tried: set[int]) -> bool:
        for n, other in enumerate(others):
            if n in tried or not medium.is_near(other):
                continue
            tried.add(n)
            if n not in partners or scope(partners[n], tried):
                partners[n] = medium
                return True
        return False

    return all(scope(medium, set()) for medium in media)
