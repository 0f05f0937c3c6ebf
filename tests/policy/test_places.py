"""Countries, surfaces and languages are known ones, or refused with the nearest that is."""

import re
from pathlib import Path

import pytest
from trial_file import GOOD, refused

from harmsweep.conf import ConfRefused
from harmsweep.paths import CONF
from harmsweep.policy.file import load_policy
from harmsweep.policy.places import country, declared_surfaces, jurisdiction, language, surface
from harmsweep.text.words import detect

COUNTRIES = {
    "UK": "GB", "uk": "GB", "gb": "GB", "GBR": "GB", "England": "GB", "jp": "JP", "DEU": "DE",
    "Germany": "DE", "Germny": "DE", "EL": "GR", "SU": "RU", "DD": "DE", "TP": "TL", "BU": "MM",
    "CS": "CZ or SK", "AN": "CW", "EN": "GB", "Turkey": "TR", "UAE": "AE", " FR ": "FR",
}  # fmt: skip
LANGUAGES = {
    "eng": "en", "EN": "en", "en-US": "en", "en_GB": "en", "en-GB": "en", "ger": "de",
    "German": "de", "Germn": "de", "iw": "he", "hbo": "he", "jp": "ja", "nb": "no", "nn": "no",
    "nb_NO": "no", "nob": "no", "in": "id", "sh": "sr or hr", "cmn": "zh", "zh-Hans": "zh",
    "gr": "el", "cz": "cs", "mo": "ro", "fil": "tl", "qq": "qu",
}  # fmt: skip
SURFACES = {"homefeed": "feed", "Feed": "feed", "the feed": "feed", "repply": "reply"}


@pytest.mark.parametrize("name", COUNTRIES)
def test_another_name_of_a_country_is_refused_with_its_code(name: str):
    with pytest.raises(ValueError, match=rf"no country.*did you mean {COUNTRIES[name]}\b"):
        country(name)


@pytest.mark.parametrize("name", ["XX", "ZZ", "EU", "XK", "SU", "", "A1"])
def test_what_iso_3166_assigns_to_no_country_is_refused(name: str):
    with pytest.raises(ValueError, match="no country"):
        jurisdiction(name)


@pytest.mark.parametrize("name", LANGUAGES)
def test_another_name_of_a_language_is_refused_with_its_code(name: str):
    with pytest.raises(ValueError, match=rf"did you mean {LANGUAGES[name]}\b"):
        language(name)


@pytest.mark.parametrize("name", ["XX", "XK", "AA", "QM"])
def test_a_code_that_is_left_to_its_users_is_like_no_other(name: str):
    with pytest.raises(ValueError, match=r"such as DE$"):
        country(name)


@pytest.mark.parametrize("name", ["EU", "EEA", "eu"])
def test_of_a_union_each_country_is_to_be_named(name: str):
    with pytest.raises(ValueError, match=r"name its countries one by one$"):
        jurisdiction(name)


def test_the_unknown_country_is_no_place_of_a_law():
    with pytest.raises(ValueError, match=r"whose country is unknown: name a country, or all$"):
        jurisdiction("ZZ")


@pytest.mark.parametrize("name", ["tlh", "ji", "yi", "nds", "mul"])
def test_a_language_that_no_post_is_ever_of_is_refused_and_like_no_other(name: str):
    with pytest.raises(ValueError, match=r"no language that the detector tells$"):
        language(name)


def test_texts_too_short_to_tell_have_a_language_of_their_own():
    assert language(detect("hi")[0]) == "und"


@pytest.mark.parametrize("name", ["ALL", "any", "*", "worldwide"])
def test_another_name_of_every_place_is_refused_with_all(name: str):
    with pytest.raises(ValueError, match="did you mean all"):
        jurisdiction(name)


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


FAULTS = {
    "jurisdiction: DE": ("jurisdiction: UK", 11, "'UK' is refused: no country.* GB"),
    "surface: feed": ("surface: homefeed", 16, "'homefeed' is refused: no surface.* feed"),
    "languages: [en]": ("languages: [en, eng]", 5, "'eng' is refused: no language.* en"),
    "languages: [en] ": ("languages: [en, no]", 5, 'False is refused: .*in quotes, such as "no"'),
    "jurisdiction: DE ": ("jurisdiction: NO", 11, 'False is refused: .*in quotes, such as "NO"'),
    "surface: feed ": ("surface: on", 16, "True is refused: .*write it in quotes"),
}


@pytest.mark.parametrize("right", FAULTS)
def test_a_policy_that_names_another_place_is_refused_with_its_line(file: Path, right: str):
    wrong, line, what = FAULTS[right]
    assert re.match(rf"{file}:{line}: .*{what}", refused(file, GOOD.replace(right.strip(), wrong)))


def test_a_country_in_quotes_is_no_truth_value(file: Path):
    text = GOOD.replace("jurisdiction: DE", 'jurisdiction: "NO"').replace("[en]", '[en, "no"]')
    file.write_text(text, encoding="utf-8")
    assert load_policy(file).rules["hate"][0].jurisdiction == "NO"


def test_a_policy_that_acted_may_name_the_places_of_its_time(file: Path):
    for right, (wrong, _, _) in FAULTS.items():
        kept = GOOD.replace(right.strip(), wrong)
        if "quotes" not in FAULTS[right][2]:
            file.write_text(kept, encoding="utf-8")
            assert load_policy(file, kept=True).policy_version.startswith("trial-1-")


def test_a_platform_declares_at_least_one_surface(tmp_path: Path):
    (tmp_path / "places.yaml").write_text("surfaces: []\n", encoding="utf-8")
    with pytest.raises(ConfRefused, match=r"places\.yaml:1: surfaces"):
        declared_surfaces(tmp_path / "places.yaml")


def test_a_surface_named_on_is_declared_in_quotes(tmp_path: Path):
    (tmp_path / "places.yaml").write_text("surfaces: [feed, on]\n", encoding="utf-8")
    with pytest.raises(ConfRefused, match=r"places\.yaml:1: surfaces\.1: True .*in quotes"):
        declared_surfaces(tmp_path / "places.yaml")


def test_the_policies_that_ship_name_known_places():
    assert load_policy(CONF / "policy" / "default.yaml").languages == ("en",)
