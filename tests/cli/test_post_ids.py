"""Every command that takes the id of a post or an account takes every id that ingest accepts."""

import inspect
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from builders import DAY, NOON, features, post, row, scored
from console_commands import commands
from enforcement_lake import Lake
from odd_ids import ODD_IDS, REFUSED_IDS, SOME_ODD_IDS
from replaying import keep_policy

from harmsweep.cli.main import app
from harmsweep.enforcement.rules.ledger import ACCOUNTS_DAY
from harmsweep.errors import REFUSED
from harmsweep.lake import delta, writes
from harmsweep.policy.demonstration import mark_demonstration
from harmsweep.tables.catalog import APPEALS, EXEMPTIONS, EXPLANATIONS, ORDERS, VERDICTS
from harmsweep.tables.spec import Table

Call = Callable[..., tuple[int, str, str]]
# What commands call the id of a post or an account.
NAMES = {"post", "post_id", "posts", "subject", "author", "account"}


def takes_ids(function: Any) -> set[str]:
    """The parameters of a command that are ids of posts or accounts."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name for p in parameters if p.name in NAMES and "bool" not in str(p.annotation)}


# How each command is given an id; an id that begins with - goes after --, or after an = sign.
ORDER = ("--kind", "order", "--authority", "court", "--reference", "7", "--reason", "x")
ARGUMENTS: dict[tuple[str, ...], Callable[[Lake, str], Sequence[Any]]] = {
    ("verdict",): lambda _, one: ("--rationale", "x", "--", one, "benign"),
    ("appeal", "file"): lambda _, one: (f"--author={one}", "--", one),
    ("order", "receive"): lambda _, one: (*ORDER, "--action", "remove", "--", one),
    ("exempt",): lambda _, one: ("--kind", "newsworthy", "--reason", "x", "--", one),
    ("undo",): lambda lake, one: (lake.ledger()[0]["sweep_id"], f"--post={one}", "--reason=x"),
    ("explain",): lambda _, one: ("--", one),
    ("replay",): lambda lake, one: ("--model", lake.root / "m.json", "--", one),
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(SOME_ODD_IDS, id="some"),
        # In small lakes: each act reads what those before it wrote.
        *(
            pytest.param(ODD_IDS[n::6], id=f"all, part {n}", marks=pytest.mark.nightly)
            for n in range(6)
        ),
    ],
)
def ids(request: pytest.FixtureRequest) -> list[str]:
    """Odd ids: the gate tries one of each sort, the night all."""
    return list(request.param)


@pytest.fixture(scope="module")
def removed(ids: list[str], tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake in which a post of each id, by an account of the same, was removed and explained."""
    root = tmp_path_factory.mktemp("odd") / "lake"
    mark_demonstration(root)
    lake = Lake(delta.open_lake(root))
    lake.put_posts([post(one, author_id=one) for one in ids])
    numbers = {"views": 99, "likes": 10}  # what the plain model makes its scores of
    lake.put_features([features(one, f"text {n}", **numbers) for n, one in enumerate(ids)])
    lake.put_scores([scored(one, hate=0.99, author_id=one) for one in ids])
    lake.sweep()
    assert lake.states() == dict.fromkeys(ids, "remove")
    keys = {entry["subject_id"]: entry["effect_key"] for entry in lake.ledger()}
    told = {"contributions": "{}", "evidence": "[]", "explained_at": NOON, "notice": "told"}
    for day in (DAY, ACCOUNTS_DAY):
        revision = 1 if day == DAY else 0
        known = {"day": day, "revision": revision, "status": "unscored"} | told
        rows = [row(EXPLANATIONS, post_id=i, effect_key=keys[i], **known) for i in ids]
        writes.write_rows(rows, EXPLANATIONS, lake.root)
    return lake


@pytest.fixture
def lake(removed: Lake, tmp_path: Path) -> Lake:
    """The same, of the test's own."""
    return removed.copy(tmp_path / "lake")


@pytest.fixture
def give(call: Call, lake: Lake) -> Callable[[tuple[str, ...], str], str]:
    """A function that gives a command an id, and gives what it prints; it must end well."""

    def run(command: tuple[str, ...], one: str, *more: str) -> str:
        arguments = ARGUMENTS[command](lake, one)
        code, out, err = call(*command, *more, "--lake", lake.root, *arguments)
        assert (code, "harmsweep:" in err) == (0, False), (one, err)
        return out

    return run


def test_every_command_that_takes_an_id_is_tried_here() -> None:
    assert {path for path, function in commands(app) if takes_ids(function)} == set(ARGUMENTS)


def stored(lake: Lake, table: Table, name: str = "post_id") -> list[str]:
    return sorted(found[name] for found in delta.rows(table, lake.root).to_pylist())


def test_every_post_can_be_judged(give, lake: Lake, ids: list[str]) -> None:
    for one in ids:
        assert give(("verdict",), one).endswith("benign, 1 effect\n")
    assert lake.states() == {}
    assert stored(lake, VERDICTS) == sorted(ids)


def test_every_post_can_be_appealed_by_its_author_and_the_appeal_decided(
    give, call: Call, lake: Lake, ids: list[str], user
) -> None:
    names = [give(("appeal", "file"), one).partition(":")[0] for one in ids]
    assert stored(lake, APPEALS) == sorted(ids)
    code, out, _ = call("appeal", "list", "--lake", lake.root)
    assert (code, out.count("appeal-")) == (0, len(ids))
    user("another")
    for name in names[:20]:
        decide = ("appeal", "decide", name, "overturned", "--rationale", "x")
        code, _, err = call(*decide, "--policy", lake.policy(), "--lake", lake.root)
        assert (code, err.startswith("on trust: ")) == (0, True), err
    assert len(lake.states()) == max(0, len(ids) - 20)


def test_every_post_can_be_ordered_away(give, lake: Lake, ids: list[str]) -> None:
    for one in ids:
        said = give(("order", "receive"), one)
        assert re.search(r"remove in all, due [-\d]+ [:\d]+, 1 effect\n$", said), said
    assert stored(lake, ORDERS) == sorted(ids)


def test_every_post_and_account_can_be_exempted(give, lake: Lake, ids: list[str]) -> None:
    for one in ids:
        give(("exempt",), one)
        give(("exempt",), one, "--account")
    assert stored(lake, EXEMPTIONS, "subject_id") == sorted([*ids, *ids])
    lake.sweep(version=2, remove=0.9)
    assert set(lake.states().values()) == {"review"}


def test_every_post_can_be_undone_by_itself(give, lake: Lake, ids: list[str]) -> None:
    left = set(ids)
    for one in ids:
        give(("undo",), one)
        left.remove(one)
        assert lake.states().keys() == left


def test_what_was_done_to_every_post_and_account_can_be_explained(give, ids: list[str]) -> None:
    for one in ids:
        assert "told" in give(("explain",), one)
        assert "told" in give(("explain",), one, "--account")


@pytest.mark.torch
def test_every_decision_can_be_replayed(give, lake: Lake, ids: list[str], model) -> None:
    (lake.root / "policy").mkdir()
    keep_policy(lake)
    for one in ids:
        assert give(("replay",), one).endswith("1 same\n")


@pytest.mark.parametrize("text", REFUSED_IDS)
def test_a_text_that_is_no_id_is_refused_with_the_rule(call: Call, lake: Lake, text: str) -> None:
    for command in [("verdict",), ("order", "receive"), ("exempt",)]:
        arguments = ARGUMENTS[command](lake, text)
        code, _, err = call(*command, "--lake", lake.root, *arguments)
        assert code == REFUSED
        assert err.endswith("none of them white space or a control character\n")
