"""Names of places: countries that ISO 3166 assigns, declared surfaces, languages that are detected.

Each check gives the name back or refuses it with the nearest right one: an action in a country that
nobody is in, or on a surface that no post has, is done to nobody and looks as if it were.
"""

from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from harmsweep.conf import Frozen, load
from harmsweep.paths import CONF

ALL = "all"
# What ISO 3166 reserves for countries that have another code, and what ISO 639 has withdrawn.
_RESERVED = {"UK": "GB", "EL": "GR"}
_WITHDRAWN = {"iw": "he", "in": "id"}
_NAMES = ("name", "common_name", "official_name")


class Places(Frozen):
    """The keys of conf/places.yaml."""

    surfaces: tuple[Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,64}$")], ...] = Field(
        min_length=1
    )


@cache
def declared_surfaces(path: Path = CONF / "places.yaml") -> tuple[str, ...]:
    """The surfaces of the platform.

    Raises:
        ConfRefused: the file's line, its key and what would be allowed.
    """
    return load(path, Places).surfaces


def country(name: str) -> str:
    """A country's code, such as DE; `ZZ`, which posts have whose country is unknown, is none.

    Raises:
        ValueError: ISO 3166 assigns it to no country; with the nearest that it does.
    """
    codes = [entry.alpha_2 for entry in _iso().countries]
    if name in codes:
        return name
    raise ValueError(_refusal("no country that ISO 3166 assigns, such as DE", _countries(name)))


def _countries(name: str) -> list[str]:
    """The countries that a text may mean, the likeliest first."""
    from_code = _RESERVED.get(name.upper())
    if from_code:
        return [from_code]
    found = _looked_up(_iso().countries.lookup, name)
    # Of two or three letters, a part of a name says nothing.
    found += _looked_up(_iso().countries.search_fuzzy, name) if not found and len(name) > 3 else []
    by_name = {
        text.lower(): entry.alpha_2
        for entry in _iso().countries
        for text in (entry.alpha_2, entry.alpha_3, *(getattr(entry, n, "") for n in _NAMES))
        if text
    }
    return [e.alpha_2 for e in found] or [by_name[near] for near in _near(name.lower(), by_name)]


def language(name: str) -> str:
    """A language as the detector tells it: ISO 639 in two letters, or in three where it has none.

    Raises:
        ValueError: no post is ever of it; with the nearest that posts are of.
    """
    # The trainer's environment has neither a detector nor, below, countries: it names no place.
    from harmsweep.text.words import detected_languages

    known = detected_languages()
    if name in known:
        return name
    raise ValueError(_refusal("no language that the detector tells", _languages(name, known)))


def _languages(name: str, known: Collection[str]) -> list[str]:
    short = name.lower().replace("_", "-").partition("-")[0]
    short = _WITHDRAWN.get(short, short)
    found = _looked_up(_iso().languages.lookup, short)
    codes = [short, *(getattr(e, "alpha_2", e.alpha_3) for e in found)]
    return [code for code in codes if code in known] or _near(short, known)


def surface(name: str) -> str:
    """A surface that conf declares.

    Raises:
        ValueError: no post has it; with the nearest that conf declares.
    """
    known = declared_surfaces()
    if name in known:
        return name
    plain = name.lower().replace(" ", "_")
    nearest = _near(plain, known) or list(known)
    raise ValueError(_refusal("no surface that conf/places.yaml declares", nearest))


def _looked_up(find: Callable[[str], Any], text: str) -> list[Any]:
    try:
        found = find(text)
    except LookupError:
        return []
    return found if isinstance(found, list) else [found]


def _near(text: str, known: Iterable[str]) -> list[str]:
    # Two codes with one letter in common are alike at most where it is the first.
    names = (name for name in sorted(known) if len(text) > 2 or name[:1] == text[:1])
    return get_close_matches(text, names, n=3, cutoff=0.5)


def _refusal(why: str, nearest: Iterable[str]) -> str:
    names = list(dict.fromkeys(nearest))[:3]
    return f"{why}; did you mean {' or '.join(names)}?" if names else why


def _iso() -> Any:
    import pycountry

    return pycountry


def _or_all(check: Callable[[str], str]) -> Callable[[str], str]:
    def checked(name: str) -> str:
        if name.lower() == ALL and name != ALL:
            raise ValueError(_refusal("no name of a place", [ALL]))
        return name if name == ALL else check(name)

    return checked


jurisdiction = _or_all(country)


Country = Annotated[str, Field(strict=True), AfterValidator(country)]
Language = Annotated[str, Field(strict=True), AfterValidator(language)]
Jurisdiction = Annotated[str, Field(strict=True), AfterValidator(jurisdiction)]
Surface = Annotated[str, Field(strict=True), AfterValidator(_or_all(surface))]
