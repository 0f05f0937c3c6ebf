"""`harmsweep policy` refuses a policy with its line, also for what a lake or a model lacks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from builders import features, rule, rung, trial_policy

from harmsweep.cli.main import main
from harmsweep.errors import REFUSED
from harmsweep.model.manifest import load_manifest
from harmsweep.paths import DEFAULT_MODEL
from harmsweep.tables.catalog import POST_FEATURES

REVIEW = rung("review", 0.5)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Write a policy, check it, and give what was printed; a refusal leaves with its code."""

    def check(text: str, *options: str) -> str:
        path = tmp_path / "p.yaml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setattr("sys.argv", ["harmsweep", "policy", str(path), *options])
        try:
            main()
        except SystemExit as left:
            assert left.code in (0, None, REFUSED)
        shown = capsys.readouterr()
        return (shown.out + shown.err).replace(str(path), "p.yaml")

    return check


def test_a_policy_without_a_fault_is_named(run):
    assert run(trial_policy({"hate": [rule(REVIEW)]})).endswith(": 1 harm, 1 rule, no fault\n")


def test_a_policy_that_names_no_place_is_refused_with_its_line(run):
    text = trial_policy({"hate": [rule(REVIEW, jurisdiction="UK")]})
    assert "p.yaml:11: rules.hate.0.jurisdiction: 'UK' is refused" in run(text)


def test_what_no_post_of_the_lake_has_is_refused(run, lake: Path, add_rows: Callable[..., None]):
    add_rows([features("p1")], POST_FEATURES, lake)
    some = {"hate": [rule(REVIEW, surface="feed"), rule(REVIEW)]}
    wide = {"hate": [rule(rung("review", 0.6)), rule(REVIEW, surface="feed")]}
    assert "can do nothing" in run(trial_policy(some), "--lake", str(lake))
    assert "no fault" in run(trial_policy(wide), "--lake", str(lake))
    ads = {"hate": [rule(REVIEW, surface="ads")]}
    told = run(trial_policy(ads, languages=["en", "de"]), "--lake", str(lake))
    assert f"languages.1: no post of {lake} is in 'de'; line " in told
    told = run(trial_policy(ads), "--lake", str(lake))
    assert f"rules.hate.0.surface: no post of {lake} is on 'ads'" in told


def test_a_harm_without_a_head_is_refused(run, monkeypatch: pytest.MonkeyPatch):
    text, options = trial_policy({"hate": [rule(REVIEW)]}), ("--model", str(DEFAULT_MODEL))
    assert "no fault" in run(text, *options)
    manifest = load_manifest(DEFAULT_MODEL)
    fewer = manifest.model_copy(update={"heads": manifest.heads[1:]})
    monkeypatch.setattr("harmsweep.model.manifest.load_manifest", lambda _: fewer)
    assert f"rules.hate: {manifest.model_version} has no head for it" in run(text, *options)


def test_rules_that_production_ignores_are_named(run, monkeypatch: pytest.MonkeyPatch):
    manifest, options = load_manifest(DEFAULT_MODEL), ("--model", str(DEFAULT_MODEL))
    few = manifest.model_copy(update={"kept_out": {"hate": "7 positive groups"}})
    monkeypatch.setattr("harmsweep.model.manifest.load_manifest", lambda _: few)
    rules = {"hate": [rule(REVIEW)], "spam": [rule(REVIEW)]}
    told = run(trial_policy(rules, mode="production"), *options)
    assert told.endswith("rules.hate is ignored, its head is kept out: 7 positive groups\n")
    assert "ignored" not in run(trial_policy(rules), *options)


def test_languages_in_which_production_only_reviews_are_named(run):
    """The shipped model has figures of English; what only reviews anyway is not told of."""
    ladder = (rung("remove", precision=0.95, confidence=0.95), REVIEW)
    rules = {"hate": [rule(*ladder, prevalence=0.01)], "spam": [rule(REVIEW)]}
    policy = trial_policy(rules, mode="production", languages=["en", "pt"])
    told = run(policy, "--model", str(DEFAULT_MODEL))
    why = "rules.hate only reviews in pt: the model's evaluation has no figures there\n"
    assert told.endswith(f"no fault\n{why}")
