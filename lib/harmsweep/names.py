"""The right names that a wrong one may mean: what ends the message that refuses it."""

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 3
LISTED = 40


def near(name: str, known: Iterable[str]) -> list[str]:
    """The known names that are the most like a name in any case, the likeliest first."""
    text, by_lower = name.lower(), {one.lower(): one for one in sorted(known)}
    # Two codes with one letter in common are alike at most where it is the first.
    alike = (one for one in by_lower if len(text) > 2 or one[:1] == text[:1])
    return [by_lower[one] for one in get_close_matches(text, alike, n=MOST, cutoff=0.5)]


def offer(names: Iterable[str]) -> str:
    """The end of a refusal that offers names, the first few; empty where there are none."""
    offered = list(dict.fromkeys(names))[:MOST]
    return f"; did you mean {' or '.join(offered)}?" if offered else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a refusal of a name: those near it; empty where none is."""
    return offer(near(name, known))


def advice(name: str, known: Iterable[str]) -> str:
    """The end of a refusal of a name: those near it, or all where none is and they are few."""
    names = sorted(known)
    if found := did_you_mean(name, names):
        return found
    return f"; there are {', '.join(names)}" if 0 < len(names) <= LISTED else ""
