"""A policy file is parsed whole or refused with its line; a refused one touches nothing."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import post
from trial_file import ACCOUNTS, GOOD, LAST, REMOVE, STATED, VIOLENCE, refused

from harmsweep.harms import Harm
from harmsweep.paths import CONF
from harmsweep.policy.demonstration import approve_for_demonstration, check_lake, mark_demonstration
from harmsweep.policy.file import PolicyError, check_approves, load_policy
from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.tables.catalog import POSTS

WHOLE = {
    "empty": "",
    "comment": "# nothing\n",
    "a list": "- 1\n",
    "text": "policy\n",
    "a number": "7\n",
}


@pytest.mark.parametrize("fault", WHOLE)
def test_a_file_that_is_no_policy_is_refused(file: Path, fault: str):
    assert refused(file, WHOLE[fault]).startswith(f"{file}:1: file: ")


def test_rules_without_a_harm_are_refused(file: Path):
    text = re.sub(r"rules:\n.*(?=caps:)", "rules: {}\n", GOOD, flags=re.DOTALL)
    assert ":8: rules: " in refused(file, text)


def test_a_retired_harm_is_refused(file: Path):
    file.write_text(GOOD, encoding="utf-8")
    known = {"description": "d", "policy": "p", "examples": ("e",)}
    harms = {n: Harm(name=n, retired=n == "hate", **known) for n in ("hate", "violence")}
    with pytest.raises(
        PolicyError, match=r":9: rules\.hate: 'hate' is retired; known are violence"
    ):
        load_policy(file, harms)


def test_a_file_that_is_missing_or_not_utf8_is_refused(file: Path):
    with pytest.raises(PolicyError, match="No such file"):
        load_policy(file)
    file.write_bytes(b"name: \xff")
    with pytest.raises(PolicyError, match="not UTF-8"):
        load_policy(file)


def test_every_fault_is_told_the_first_with_the_file(file: Path):
    text = GOOD.replace("0.6", "6").replace("mode: demonstration", "mode: prod")
    found = (
        r":3: mode: 'prod' is refused: [^;]*; line 18: rules\.violence\.0\.ladder\.0\.threshold: 6"
    )
    assert re.search(found, refused(file, text))


def test_of_many_faults_the_first_eight_are_told_and_the_others_counted(file: Path):
    text = GOOD.replace("0.6", "6")
    assert refused(file, text).endswith("less than 1")
    for more, end in ((7, "; line 30: h7: unknown key"), (9, "; and 2 more")):
        keys = "".join(f"h{n}: 1\n" for n in range(1, more + 1))
        told = refused(file, text + keys)
        assert (told.count("; line "), end in told) == (7, True)


def test_a_misspelt_harm_is_told_beside_the_model_that_the_demonstration_lacks(file: Path):
    text = (CONF / "policy" / "demonstration.yaml").read_text(encoding="utf-8")
    line = 1 + text.splitlines().index("  hate:")
    told = refused(file, text.replace("  hate:", "  haet:"))
    assert told.startswith(f"{file}:7: approved_models: a demonstration policy must name its model")
    assert f"; line {line}: rules.haet: 'haet' is no harm" in told and "did you mean hate" in told


def test_a_policy_is_certified_for_a_model_that_it_names(file: Path):
    file.write_text(GOOD, encoding="utf-8")
    check_approves(load_policy(file), "m-1")
    with pytest.raises(PolicyError, match=r"trial\.yaml: approved_models does not name m-2: name"):
        check_approves(load_policy(file), "m-2")


def test_what_is_there_is_cited_before_what_is_not(file: Path):
    """A misspelt key also lacks the right one, which would be cited at the file's first line."""
    text = GOOD.replace("comments: {review: 0.8}\n", "").replace("0.6", "6")
    assert refused(file, text).startswith(f"{file}:18: rules.violence.0.ladder.0.threshold: 6")


def test_the_first_fault_is_that_of_the_file_and_not_of_the_types(file: Path):
    text = GOOD.replace("near_margin: 0.1\n", "").replace("0.6", "6") + "near_margin: 9\n"
    assert refused(file, text).startswith(f"{file}:17: rules.violence")


def test_a_fault_of_an_accounts_ladder_is_at_the_rung_that_is_too_low(file: Path):
    ladder = ["accounts:", "  decay_days: 9", "  ladder:"]
    ladder += [f"    - {{strikes: {n}, days: 7}}" for n in (3, 5, 4)]
    message = refused(file, GOOD + "\n".join(ladder) + "\n")
    assert message.startswith(f"{file}:29: accounts.ladder.2: needs more strikes")


def test_a_policy_of_one_harm_is_a_policy(file: Path):
    text = GOOD.replace("  violence:\n" + VIOLENCE, "").replace("[violence]", "[]")
    file.write_text(text, encoding="utf-8")
    assert list(load_policy(file).rules) == ["hate"]


@pytest.mark.parametrize("days", [1, 3650])
def test_the_least_and_the_most_that_a_restriction_lasts(file: Path, days: int):
    rung = f"accounts: {{decay_days: 9, ladder: [{{strikes: 1, days: {days}}}]}}\n"
    file.write_text(GOOD + rung, encoding="utf-8")
    policy = load_policy(file)
    assert policy.accounts is not None
    assert policy.accounts.ladder[0].days == days


@pytest.mark.parametrize("margin", ["0.0", "0.5"])
def test_a_margin_may_be_nothing_or_a_half(file: Path, margin: str):
    text = GOOD.replace("near_margin: 0.1", f"near_margin: {margin}")
    file.write_text(text, encoding="utf-8")
    assert load_policy(file).near_margin == float(margin)


def test_a_model_whose_name_two_can_have_is_refused_with_its_line(file: Path):
    text = GOOD.replace("approved_models: [", "approved_models: [m0123456789ab, ")
    file.write_text(text, encoding="utf-8")
    line = 1 + text[: text.index("approved_models")].count("\n")
    with pytest.raises(PolicyError, match=f"trial.yaml:{line}: .*'m0123456789ab' may be the name"):
        load_policy(file)
    assert "m0123456789ab" in load_policy(file, kept=True).approved_models


def test_a_good_file_becomes_a_frozen_policy(file: Path):
    file.write_text(GOOD, encoding="utf-8")
    policy = load_policy(file)
    assert re.fullmatch(r"trial-1-[0-9a-f]{32}", policy.policy_version)
    assert policy.scopes() == [("all", "DE"), ("all", "all"), ("feed", "all")]
    assert [policy.cap("hate", "apply"), policy.cap("violence", "release")] == [7, 50]
    with pytest.raises(ValueError, match="frozen"):
        policy.mode = "production"  # type: ignore[misc]


@pytest.mark.parametrize("decay", [1, 3650])
def test_the_least_and_the_most_that_accounts_and_caps_take(file: Path, decay: int):
    accounts = f"accounts: {{decay_days: {decay}, ladder: [{{strikes: 1, days: 1}}]}}\n"
    text = GOOD.replace("apply: 7, release: 8", "apply: 0, release: 0").replace(
        LAST, LAST + accounts
    )
    file.write_text(text, encoding="utf-8")
    policy = load_policy(file)
    assert policy.accounts is not None
    assert (policy.accounts.decay_days, policy.accounts.ladder[0].strikes) == (decay, 1)
    assert policy.cap("hate", "apply") == policy.cap("hate", "release") == 0


@pytest.mark.parametrize("action", ["demote", "remove", "restrict"])
@pytest.mark.parametrize("days", [1, 3650])
def test_an_automatic_action_may_end_by_itself(file: Path, action: str, days: int):
    rung = REMOVE.replace("remove", action).replace("}", f", days: {days}}}")
    file.write_text(GOOD.replace(REMOVE, rung), encoding="utf-8")
    assert load_policy(file).rules["hate"][0].ladder[0].days == days


def test_accounts_and_a_holdout_may_be_given(file: Path):
    file.write_text(GOOD + ACCOUNTS + "holdout: {share: 0.01, spared: [hate]}\n", encoding="utf-8")
    policy = load_policy(file)
    assert policy.accounts is not None
    assert [(rung.strikes, rung.days) for rung in policy.accounts.ladder] == [(3, 7), (5, 30)]
    assert policy.holdout is not None
    assert (policy.holdout.share, policy.holdout.spared) == (0.01, ("hate",))


@pytest.mark.parametrize("days", [7, 8])
def test_a_later_rung_of_accounts_may_be_as_long(file: Path, days: int):
    text = ACCOUNTS.replace("days: 30", f"days: {days}")
    file.write_text(GOOD + text, encoding="utf-8")
    assert load_policy(file).accounts


def test_the_version_follows_the_content_and_not_the_layout(file: Path):
    versions = []
    for text in (
        GOOD,
        "# a comment\n" + GOOD.replace("0.95", "0.950"),
        GOOD.replace("0.95", "0.96"),
    ):
        file.write_text(text, encoding="utf-8")
        versions.append(load_policy(file).policy_version)
    assert versions[0] == versions[1] != versions[2]


def test_the_default_policy_acts_by_precision_only_and_approves_no_model():
    policy = load_policy(CONF / "policy" / "default.yaml")
    assert (policy.mode, policy.approved_models) == ("production", ())
    automatic = {"hate", "harassment", "sexual", "spam", "sexism"}
    for harm, rules in policy.rules.items():
        (rule,) = rules
        *acts, review = rule.ladder
        assert (review.action, rule.target(review)) == ("review", None)
        assert [(r.action, rule.target(r)) for r in acts] == (
            [("remove", (0.95, 0.95, 0.01, "all")), ("demote", (0.9, 0.95, 0.01, "all"))]
            if harm in automatic
            else []
        )
    assert {harm for harm, _ in policy.precision_targets()} == automatic


def test_a_production_policy_states_precisions(file: Path):
    text = STATED.replace("demonstration", "production")
    file.write_text(text, encoding="utf-8")
    target = PrecisionTarget(0.95, 0.9, prevalence=0.02, surface="all")
    assert load_policy(file).precision_targets() == [("hate", target)]


def test_a_policy_that_acted_before_prevalences_were_stated_is_read_as_it_was(file: Path):
    text = STATED.replace("      prevalence: 0.02\n", "")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=r":10: rules\.hate\.0\.prevalence: is required beside"):
        load_policy(file)
    assert load_policy(file, kept=True).precision_targets() == [
        ("hate", PrecisionTarget(0.95, 0.9, prevalence=None, surface="all"))
    ]


def test_the_demonstration_names_its_model_in_the_same_bytes_each_time(tmp_path: Path):
    template = CONF / "policy" / "demonstration.yaml"
    out = tmp_path / "lake" / "policy" / "policy.yaml"
    with pytest.raises(PolicyError, match="must name its model"):
        load_policy(template)
    first = approve_for_demonstration(template, "m-1", out).read_bytes()
    written = out.stat().st_mtime_ns
    policy = load_policy(approve_for_demonstration(template, "m-1", out))
    assert (out.read_bytes(), out.stat().st_mtime_ns) == (first, written)
    assert policy.approved_models == ("m-1",)
    automatic = {h for h, rules in policy.rules.items() if len(rules[0].ladder) > 1}
    assert automatic == {"hate", "harassment", "sexual", "spam", "sexism"}


def test_a_demonstration_policy_needs_a_lake_that_is_marked(tmp_path: Path):
    template = CONF / "policy" / "demonstration.yaml"
    policy = load_policy(approve_for_demonstration(template, "m-1", tmp_path / "p.yaml"))
    with pytest.raises(PolicyError, match="no demonstration lake"):
        check_lake(policy, tmp_path)
    mark_demonstration(tmp_path)
    mark_demonstration(tmp_path)
    check_lake(policy, tmp_path)


def test_a_production_policy_needs_no_mark(tmp_path: Path):
    policy = load_policy(CONF / "policy" / "default.yaml")
    assert policy.mode == "production"
    check_lake(policy, tmp_path)


def test_a_lake_that_is_nowhere_yet_is_made_and_marked(tmp_path: Path):
    mark_demonstration(tmp_path / "not" / "there")
    assert (tmp_path / "not" / "there" / "DEMONSTRATION").exists()


def test_a_lake_with_posts_is_not_marked(lake: Path, add_rows: Callable[..., None]):
    add_rows([post("p1")], POSTS, lake)
    with pytest.raises(PolicyError, match="holds posts and is not marked"):
        mark_demonstration(lake)


def test_a_template_must_leave_its_models_open(tmp_path: Path):
    template = tmp_path / "closed.yaml"
    template.write_text(GOOD, encoding="utf-8")
    with pytest.raises(PolicyError, match="needs one line"):
        approve_for_demonstration(template, "m-1", tmp_path / "out.yaml")
    assert not (tmp_path / "out.yaml").exists()


def test_a_template_with_its_models_open_twice_is_refused(tmp_path: Path):
    template = tmp_path / "twice.yaml"
    line = "approved_models: []\n"
    template.write_text(GOOD.replace("approved_models: [m-1]\n", line + line), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"^.*twice\.yaml:1: needs one line"):
        approve_for_demonstration(template, "m-1", tmp_path / "out.yaml")


@pytest.mark.parametrize("old", ["", "# another\n", "~~~\n"])
def test_another_file_than_the_filled_template_is_written_anew(tmp_path: Path, old: str):
    out = tmp_path / "out.yaml"
    out.write_text(old, encoding="utf-8")
    approve_for_demonstration(CONF / "policy" / "demonstration.yaml", "m-1", out)
    assert load_policy(out).approved_models == ("m-1",)
