"""Reviewers, authors and authorities at the console, on one post and what was done to it."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from builders import post

from harmsweep.errors import REFUSED, USAGE
from harmsweep.lake.seal_lines import place
from harmsweep.operations import audit
from harmsweep.tables.catalog import POSTS, VERDICTS

Call = Callable[..., tuple[int, str, str]]
DAY = date(2026, 10, 1)
HARMFUL = ("verdict", "p1", "harmful", "--harm", "hate", "--action", "remove", "--rationale", "x")
ORDER = ("order", "receive", "p1", "--kind", "order", "--authority", "court", "--reference", "7",
         "--reason", "post")  # fmt: skip


@pytest.fixture
def posted(lake: Path, add_rows: Callable[..., None]) -> Path:
    """A lake with one post."""
    add_rows([post("p1", 2)], POSTS, lake)
    return lake


@pytest.mark.parametrize("command", ["verdict", "exempt", "appeal", "order"])
def test_every_act_has_help(call: Call, command: str) -> None:
    code, out, _ = call(command, "--help")
    assert code == 0
    assert f"harmsweep {command}" in out


def test_a_verdict_names_the_revision_and_is_carried_out(call: Call, posted: Path) -> None:
    code, out, err = call(*HARMFUL, "--lake", posted)
    assert (code, out) == (0, "p1 revision 2 of 2026-10-01: harmful, 1 effect\n")
    assert err.startswith("on trust: ")
    _, out, _ = call("verdict", "p1", "benign", "--rationale", "a quote", "--lake", posted)
    assert out == "p1 revision 2 of 2026-10-01: benign, 1 effect\n"
    assert [o["act"] for o in audit.operations(posted, "p1")] == ["verdict", "verdict"]


def files(lake: Path) -> set[Path]:
    """What the lake holds, but for the locks."""
    return {path for path in lake.rglob("*") if ".locks" not in path.parts}


@pytest.mark.parametrize(
    ("words", "effect"),
    [
        (HARMFUL, "2026-10-01 post p1 all all review none remove hate"),
        (
            (*ORDER, "--action", "remove", "--jurisdiction", "DE"),
            "2026-10-01 post p1 all DE order none remove",
        ),
    ],
    ids=["verdict", "order"],
)
def test_a_dry_run_lists_the_effects_and_writes_nothing(
    call: Call, posted: Path, words: tuple[str, ...], effect: str
) -> None:
    before = files(posted)
    code, out, err = call(*words, "--dry-run", "--lake", posted)
    assert (code, err) == (0, "")
    assert out.endswith("a dry run: nothing was written\n")
    assert files(posted) == before
    assert effect.split() in [line.split() for line in out.splitlines()]
    # Done for real it comes to what was said.
    _, real, _ = call(*words, "--lake", posted)
    assert out.startswith(real)


def test_a_dry_run_takes_a_lake_whose_path_is_relative(
    call: Call, posted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(posted.parent)
    code, out, err = call(*HARMFUL, "--dry-run", "--lake", posted.name)
    assert (code, err) == (0, "")
    assert out.startswith("p1 revision 2 of 2026-10-01: harmful, 1 effect\n")


def test_a_dry_run_reads_nothing_that_is_damaged(call: Call, posted: Path) -> None:
    call(*HARMFUL, "--lake", posted)
    place(posted, VERDICTS.name).unlink()
    code, _, err = call(*HARMFUL, "--dry-run", "--lake", posted)
    assert (code, "its seals are gone" in err) == (REFUSED, True)


def test_a_dry_run_of_an_overturned_appeal_says_what_comes_back(
    call: Call, posted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(*HARMFUL, "--lake", posted)
    _, out, _ = call("appeal", "file", "p1", "--author", "a1", "--lake", posted)
    words = ("appeal", "decide", out.partition(":")[0], "overturned", "--rationale", "a quote",
             "--policy", "conf/policy/default.yaml", "--lake", posted)  # fmt: skip
    before = files(posted)
    code, out, err = call(*words, "--dry-run")
    assert (code, "judged p1 before" in err) == (REFUSED, True)
    monkeypatch.setattr("harmsweep.review.appeals.operator", lambda: "another")
    code, out, _ = call(*words, "--dry-run")
    assert (code, out.partition("\n")[0].endswith("overturned, 1 effect")) == (0, True)
    assert "remove" in out and files(posted) == before


def test_a_dry_run_of_a_withdrawal_leaves_the_order(call: Call, posted: Path) -> None:
    order_id = call(*ORDER, "--action", "remove", "--lake", posted)[1].partition(":")[0]
    words = ("order", "withdraw", order_id, "--reason", "void", "--lake", posted)
    assert "withdrawn, 1 effect" in call(*words, "--dry-run")[1]
    assert order_id in call("order", "list", "--lake", posted)[1]
    assert "withdrawn, 1 effect" in call(*words)[1]


def test_an_action_needs_a_harm(call: Call, posted: Path) -> None:
    words = ("verdict", "p1", "harmful", "--action", "remove", "--rationale", "x")
    code, _, err = call(*words, "--lake", posted)
    assert (code, err.count("\n")) == (REFUSED, 1)


def test_an_appeal_goes_through_the_queue(
    call: Call, posted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(*HARMFUL, "--lake", posted)
    code, out, _ = call("appeal", "file", "p1", "--author", "a1", "--lake", posted)
    appeal_id = out.partition(":")[0]
    assert code == 0 and appeal_id.startswith("appeal-")
    waits = call("appeal", "list", "--lake", posted)[1]
    assert appeal_id in waits and waits.split()[-1] == "0"
    words = ("appeal", "decide", appeal_id, "overturned", "--rationale", "a quote")
    policy = ("--policy", "conf/policy/default.yaml", "--lake", posted)
    code, _, err = call(*words, *policy)
    assert (code, "judged p1 before" in err) == (REFUSED, True)
    monkeypatch.setattr("harmsweep.review.appeals.operator", lambda: "another")
    code, out, _ = call(*words, *policy)
    assert (code, out) == (0, f"{appeal_id}: overturned, 1 effect\n")
    assert appeal_id not in call("appeal", "list", "--lake", posted)[1]


def test_an_appeal_that_a_benign_verdict_answered_waits_no_longer(
    call: Call, posted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(*HARMFUL, "--lake", posted)
    words = ("--author", "a1", "--statement", "a quotation")
    appeal_id = call("appeal", "file", "p1", *words, "--lake", posted)[1].split()[0].rstrip(":")
    assert appeal_id in call("appeal", "list", "--lake", posted)[1]
    for module in ("verdicts", "appeals"):
        monkeypatch.setattr(f"harmsweep.review.{module}.operator", lambda: "another")
    call("verdict", "p1", "benign", "--rationale", "counter-speech", "--lake", posted)
    assert appeal_id not in call("appeal", "list", "--lake", posted)[1]
    decide = ("appeal", "decide", appeal_id, "overturned", "--rationale", "fine")
    policy = ("--policy", "conf/policy/default.yaml", "--lake", posted)
    assert call(*decide, *policy)[:2] == (0, f"{appeal_id}: overturned, 0 effects\n")


@pytest.mark.parametrize(
    ("place", "advice"),
    [
        ("UK", "did you mean GB?"),
        ("SU", "did you mean RU?"),
        ("EU", "name its countries one by one"),
        ("ZZ", "name a country, or all"),
    ],
)
def test_an_order_for_a_place_that_is_none_is_refused(
    call: Call, posted: Path, place: str, advice: str
) -> None:
    words = (*ORDER, "--action", "remove", "--jurisdiction", place)
    code, _, err = call(*words, "--lake", posted)
    assert code == REFUSED
    assert f"jurisdiction '{place}' is refused" in err and advice in err
    assert "remove" not in call("order", "list", "--lake", posted)[1]


def test_what_is_printed_of_an_order_is_what_is_kept(call: Call, posted: Path) -> None:
    command = (*ORDER, "--action", "label", "--lake", posted)
    until = ("--until", "2099-01-01T00:00", "--harm", "hate")
    code, out, _ = call(*command, *until)
    assert code == 0
    assert "label in all for hate until 2099-01-01 00:00, due " in out
    code, again, _ = call(*command, *until, "--due-hours", "99")
    assert (code, again) == (0, out.replace("1 effect", "0 effects"))
    code, out, err = call(*ORDER, "--action", "remove", "--lake", posted, *until)
    assert (code, out) == (REFUSED, "")
    assert "has that reference, with action label: to correct it" in err


def test_an_order_is_listed_until_it_is_withdrawn(call: Call, posted: Path) -> None:
    code, out, _ = call(*ORDER, "--action", "remove", "--jurisdiction", "DE", "--lake", posted)
    order_id = out.partition(":")[0]
    assert code == 0
    assert re.fullmatch(rf"{order_id}: remove in DE, due [-:\d ]+, 1 effect\n", out)
    assert order_id in call("order", "list", "--lake", posted)[1]
    code, out, _ = call("order", "withdraw", order_id, "--reason", "void", "--lake", posted)
    assert (code, out) == (0, f"{order_id}: withdrawn, 1 effect\n")
    assert order_id not in call("order", "list", "--lake", posted)[1]


def test_what_is_late_is_marked(call: Call, posted: Path) -> None:
    call(*ORDER, "--action", "remove", "--due-hours", "-1", "--lake", posted)
    assert "(late)" in call("order", "list", "--lake", posted)[1]


def test_a_misspelt_end_of_an_exemption_is_none_and_no_new_one(call: Call, posted: Path) -> None:
    words = ("exempt", "p1", "--kind", "nonne", "--reason", "over", "--lake", posted)
    code, out, err = call(*words)
    assert (code, out) == (USAGE, "")
    assert 'mean "none"' in " ".join(err.replace("│", " ").split())
    assert audit.operations(posted, "p1") == []


def test_an_order_for_no_action_is_told_the_actions_in_words(call: Call, posted: Path) -> None:
    _, _, err = call(*ORDER, "--action", "remov", "--lake", posted)
    assert "one of label, demote, interstitial, remove, strike, restrict; what is no order" in err


def test_an_exemption_is_kept(call: Call, posted: Path) -> None:
    code, out, _ = call(
        "exempt", "a1", "--account", "--kind", "newsworthy", "--reason", "press", "--lake", posted
    )
    assert (code, out) == (0, "account a1: newsworthy\n")


@pytest.mark.parametrize(
    "words",
    [
        ("verdict", "nobody", "benign", "--rationale", "x"),
        ("appeal", "file", "nobody", "--author", "a1"),
        ("appeal", "file", "p1", "--author", "a1"),
        ("order", "withdraw", "order-1", "--reason", "x"),
        ORDER,
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_what_is_not_there_is_refused_in_one_line(
    call: Call, posted: Path, words: tuple[str, ...]
) -> None:
    code, out, err = call(*words, "--lake", posted)
    assert (code, out, err.count("\n")) == (REFUSED, "", 1)


def test_an_outcome_of_another_name_is_refused(call: Call, posted: Path) -> None:
    words = ("appeal", "decide", "appeal-1", "maybe", "--policy", "x", "--rationale", "x")
    assert call(*words, "--lake", posted)[0] == USAGE
