"""Words for groups of people, which alone are no evidence: conf/identity_terms.yaml."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from harmsweep.conf import Frozen, load
from harmsweep.explanations.notices import quoted
from harmsweep.explanations.subject import Subject
from harmsweep.paths import CONF

_GENITIVE = re.compile(r"['\u2019]s\b")


class IdentityTerms(Frozen):
    """The keys of the file."""

    terms: tuple[Annotated[str, Field(pattern=r"^[a-z]+$")], ...] = Field(min_length=1)


@cache
def load_identity_terms(path: Path = CONF / "identity_terms.yaml") -> frozenset[str]:
    """The terms, each also with an s: their plurals.

    Raises:
        ConfRefused: the file's line, its key and what would be allowed.
    """
    terms = load(path, IdentityTerms).terms
    return frozenset(form for term in terms for form in (term, f"{term}s"))


def is_identity_alone(evidence: Sequence[Mapping[str, Any]], subject: Subject) -> bool:
    """Whether all that decided a post are words for groups of people.

    What is a part of a picture or a video is no word.
    """
    words = list[str]()
    for part in evidence:
        told = quoted(part, subject)
        if not told:
            return False
        words += re.findall(r"\w+", _GENITIVE.sub("", " ".join(told).casefold()))
    return bool(words) and all(word in load_identity_terms() for word in words)
