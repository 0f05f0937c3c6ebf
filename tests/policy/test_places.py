"""Countries, surfaces and languages are known ones, or refused with the nearest that is."""

import re
from pathlib import Path

import pytest
from trial_file import GOOD, refused

from harmsweep.conf import ConfRefused
from harmsweep.paths import CONF
from harmsweep.policy.file import load_policy
from harmsweep.policy.places import country, declared_surfaces, jurisdiction, language, surface

COUNTRIES = {
    "UK": "GB", "uk": "GB", "gb": "GB", "GBR": "GB", "England": "GB", "jp": "JP", "DEU": "DE",
    "Germany": "DE", "Germny": "DE", "EL": "GR",
}  # fmt: skip
LANGUAGES = {
    "eng": "en", "EN": "en", "en-US": "en", "ger": "de", "German": "de", "iw": "he", "jp": "ja",
}  # fmt: skip
SURFACES = {"homefeed": "feed", "Feed": "feed", "the feed": "feed", "repply": "reply"}


@pytest.mark.parametrize("name", COUNTRIES)
def test_another_name_of_a_country_is_refused_with_its_code(name: str):
    with pytest.raises(ValueError, match=rf"no country.*did you mean.* {COUNTRIES[name]}\b"):
        country(name)


@pytest.mark.parametrize("name", ["XX", "ZZ", "EU", "XK", "SU", "", "A1"])
def test_what_iso_3166_assigns_to_no_country_is_refused(name: str):
    with pytest.raises(ValueError, match="no country"):
        jurisdiction(name)


@pytest.mark.parametrize("name", LANGUAGES)
def test_another_name_of_a_language_is_refused_with_its_code(name: str):
    with pytest.raises(ValueError, match=rf"did you mean.* {LANGUAGES[name]}\b"):
        language(name)


@pytest.mark.parametrize("name", ["und", "tlh", "qq"])
def test_a_language_that_no_post_is_ever_of_is_refused(name: str):
    with pytest.raises(ValueError, match="no language that the detector tells"):
        language(name)


@pytest.mark.parametrize("name", SURFACES)
def test_another_name_of_a_surface_is_refused_with_the_declared_one(name: str):
    with pytest.raises(ValueError, match=f"did you mean.* {SURFACES[name]}"):
        surface(name)


def test_where_no_declared_surface_is_alike_they_are_named():
    with pytest.raises(ValueError, match="feed or reply"):
        surface("qqqq")


def test_names_that_are_known_are_given_back():
    assert [country(name) for name in ("DE", "GB", "NO")] == ["DE", "GB", "NO"]
    assert [language(name) for name in ("en", "no", "yue")] == ["en", "no", "yue"]
    assert [surface(name) for name in declared_surfaces()] == list(declared_surfaces())
    assert jurisdiction("all") == "all"
    with pytest.raises(ValueError, match="did you mean all"):
        jurisdiction("ALL")


FAULTS = {
    "jurisdiction: DE": ("jurisdiction: UK", 11, "'UK' is refused: no country.* GB"),
    "surface: feed": ("surface: homefeed", 16, "'homefeed' is refused: no surface.* feed"),
    "languages: [en]": ("languages: [en, eng]", 5, "'eng' is refused: no language.* en"),
}


@pytest.mark.parametrize("right", FAULTS)
def test_a_policy_that_names_another_place_is_refused_with_its_line(file: Path, right: str):
    wrong, line, what = FAULTS[right]
    assert re.match(rf"{file}:{line}: .*{what}", refused(file, GOOD.replace(right, wrong)))


def test_a_platform_declares_at_least_one_surface(tmp_path: Path):
    (tmp_path / "places.yaml").write_text("surfaces: []\n", encoding="utf-8")
    with pytest.raises(ConfRefused, match=r"places\.yaml:1: surfaces"):
        declared_surfaces(tmp_path / "places.yaml")


def test_the_policies_that_ship_name_known_places():
    assert load_policy(CONF / "policy" / "default.yaml").languages == ("en",)
