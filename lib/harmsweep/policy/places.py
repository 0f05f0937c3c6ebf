"""Names of places: countries that ISO 3166 assigns, declared surfaces, languages that are detected.

Each check gives the name back or refuses it with the nearest right one: an action in a country that
nobody is in, or on a surface that no post has, is done to nobody and looks as if it were.
"""

import re
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from harmsweep.conf import Frozen, load
from harmsweep.names import near, offer
from harmsweep.paths import CONF

ALL = "all"
# Codes and names that ISO 3166 gives to no country now, and whose they are: reserved ones, those
# of countries that are no more, and what many say.
_OTHER_COUNTRIES = {
    "UK": "GB", "EN": "GB", "EL": "GR", "AC": "SH", "TA": "SH", "IC": "ES", "EA": "ES", "FX": "FR",
    "CP": "FR", "SU": "RU", "USSR": "RU", "DD": "DE", "GDR": "DE", "TP": "TL", "YU": "RS ME",
    "CS": "CZ SK RS ME", "AN": "CW SX BQ", "BU": "MM", "BURMA": "MM", "ZR": "CD", "YD": "YE",
    "HV": "BF", "DY": "BJ", "RH": "ZW", "VD": "VN", "UAE": "AE", "TURKEY": "TR",
}  # fmt: skip
_UNION = "name its countries one by one"
_NO_COUNTRY = dict.fromkeys(("EU", "EEA", "EZ", "UN"), _UNION) | {
    "ZZ": "posts have it whose country is unknown: name a country, or all",
}
# What ISO 3166 leaves to its users: another code is alike by its letters alone.
_USERS_OWN = re.compile("AA|Q[M-Z]|X[A-Z]|ZZ")
# What others call every place.
_EVERYWHERE = ("all", "any", "*", "world", "worldwide", "global", "everywhere")
# Codes of languages that ISO 639 has withdrawn or splits otherwise, and of their countries.
_OTHER_LANGUAGES = {
    "iw": "he", "in": "id", "ji": "", "mo": "ro", "sh": "sr hr bs", "cmn": "zh", "arb": "ar",
    "fil": "tl", "gb": "en", "us": "en", "jp": "ja", "cn": "zh", "kr": "ko", "gr": "el",
    "ua": "uk", "cz": "cs", "dk": "da",
}  # fmt: skip
_NAMES = ("name", "common_name", "official_name")
# A validation with it takes names as they are: of what was in force under the names of its time.
KEPT = "kept"


def _quoted(example: str) -> BeforeValidator:
    def checked(value: object) -> object:
        if isinstance(value, bool):
            bare = "a bare no, off, yes or on means false or true in YAML"
            raise ValueError(f"{bare}: write it in quotes, such as {example}")
        return value

    return BeforeValidator(checked)


Declared = Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,64}$"), _quoted('"on"')]


class Places(Frozen):
    """The keys of conf/places.yaml."""

    surfaces: tuple[Declared, ...] = Field(min_length=1)


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
    if name in countries():
        return name
    why = "no country that ISO 3166 assigns, such as DE"
    if advice := _NO_COUNTRY.get(name.upper()):
        raise ValueError(f"{why}: {advice}")
    raise ValueError(why + offer(_countries(name.strip())))


def countries() -> frozenset[str]:
    """The codes that ISO 3166 assigns to countries."""
    return frozenset(entry.alpha_2 for entry in _iso().countries)


def _countries(name: str) -> list[str]:
    """The countries that a text may mean, the likeliest first."""
    if known := _OTHER_COUNTRIES.get(name.upper()):
        return known.split()
    if _USERS_OWN.fullmatch(name.upper()):
        return []
    found = _looked_up(_iso().countries.lookup, name)
    # Of two or three letters, a part of a name says nothing.
    found += _looked_up(_iso().countries.search_fuzzy, name) if not found and len(name) > 3 else []
    by_name = {
        text.lower(): entry.alpha_2
        for entry in _iso().countries
        for text in (entry.alpha_2, entry.alpha_3, *(getattr(entry, n, "") for n in _NAMES))
        if text
    }
    return [e.alpha_2 for e in found] or [by_name[one] for one in near(name.lower(), by_name)]


def language(name: str) -> str:
    """A language as posts have it: ISO 639 in two letters, or in three where it has none; `und`.

    Raises:
        ValueError: no post is ever of it; with the nearest that posts are of.
    """
    # The trainer's environment has neither a detector nor, below, countries: it names no place.
    from harmsweep.text.words import detected_languages

    known = detected_languages()
    if name in known:
        return name
    raise ValueError(f"no language that the detector tells{offer(_languages(name, known))}")


def _languages(name: str, known: Collection[str]) -> list[str]:
    """The languages that a text may mean; none for one that has a code and is not told."""
    from harmsweep.text.words import TOLD_AS

    short = name.strip().lower().replace("_", "-").partition("-")[0]
    found = _looked_up(_iso().languages.lookup, short)
    codes = [short, *(getattr(e, "alpha_2", e.alpha_3) for e in found)]
    others = TOLD_AS | _OTHER_LANGUAGES
    meant = [one for code in codes for one in others.get(code, code).split() if one in known]
    if meant or found or short in others:
        return meant
    if len(short) < 4:
        return near(short, known)
    by_name = {
        entry.name.lower(): TOLD_AS.get(code, code)
        for entry in _iso().languages
        for code in [getattr(entry, "alpha_2", entry.alpha_3)]
        if TOLD_AS.get(code, code) in known
    }
    return [by_name[one] for one in near(short, by_name)]


def surface(name: str) -> str:
    """A surface that conf declares.

    Raises:
        ValueError: no post has it; with the nearest that conf declares.
    """
    known = declared_surfaces()
    if name in known:
        return name
    plain = name.lower().replace(" ", "_")
    nearest = near(plain, known) or list(known)
    raise ValueError(f"no surface that conf/places.yaml declares{offer(nearest)}")


def _looked_up(find: Callable[[str], Any], text: str) -> list[Any]:
    try:
        found = find(text)
    except LookupError:
        return []
    return found if isinstance(found, list) else [found]


def _iso() -> Any:
    import pycountry

    return pycountry


def _or_all(check: Callable[[str], str]) -> Callable[[str], str]:
    def checked(name: str) -> str:
        if name != ALL and name.lower() in _EVERYWHERE:
            raise ValueError(f"no name of a place{offer([ALL])}")
        return name if name == ALL else check(name)

    return checked


jurisdiction = _or_all(country)


def _unless_kept(check: Callable[[str], str]) -> AfterValidator:
    def checked(name: str, info: ValidationInfo) -> str:
        return name if info.context and info.context.get(KEPT) else check(name)

    return AfterValidator(checked)


_Text = Annotated[str, Field(strict=True)]
Country = Annotated[_Text, _unless_kept(country), _quoted('"NO"')]
Language = Annotated[_Text, _unless_kept(language), _quoted('"no"')]
Jurisdiction = Annotated[_Text, _unless_kept(jurisdiction), _quoted('"NO"')]
Surface = Annotated[_Text, _unless_kept(_or_all(surface)), _quoted('"on"')]
