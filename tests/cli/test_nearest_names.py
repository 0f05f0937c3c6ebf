"""Every command refuses a name that it does not know with the nearest that it does."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import row
from planning import planned

from harmsweep.enforcement.circuit_breaker import batches
from harmsweep.enforcement.rules.ledger import ACCOUNTS_DAY
from harmsweep.errors import REFUSED, Held
from harmsweep.lake.writes import write_rows
from harmsweep.paths import CONF
from harmsweep.review.appeals import file_appeal
from harmsweep.review.orders import receive
from harmsweep.tables.catalog import EXPLANATIONS, HASH_BANK

Call = Callable[..., tuple[int, str, str]]
POLICY = f"--policy={CONF / 'policy' / 'default.yaml'}"
ORDER = {"kind": "flag", "authority": "a", "reference": "1", "reason": ""}
RECEIVE = ("order", "receive", "clean", "--kind", "order", "--authority", "a", "--reference", "2",
           "--reason", "x", "--action")  # fmt: skip


@pytest.fixture
def known(held: Any, capsys: pytest.CaptureFixture[str]) -> tuple[Path, dict[str, str]]:
    """A lake with one of each thing that has a name, and the names."""
    lake: Path = held.root
    order = receive(lake, "clean", due_at=datetime.now(UTC), **ORDER)
    appeal = file_appeal(lake, "removed", author_id="a1", statement="")
    account = row(EXPLANATIONS, day=ACCOUNTS_DAY, post_id="anna-maria", status="confirmed")
    write_rows([account], EXPLANATIONS, lake)
    write_rows([row(HASH_BANK, bank="flags", hash="0" * 64)], HASH_BANK, lake)
    plan = planned(held)
    with pytest.raises(Held):
        held.sweep(version=2, demote=0.55, apply=0)
    batch = batches.waiting(lake)[0].batch.name
    capsys.readouterr()  # what the sweeps logged
    return lake, {
        "order": order["order_id"],
        "appeal": appeal["appeal_id"],
        "plan": plan.plan_id,
        "batch": batch,
        "account": "anna-maria",
        "post": "removed",
        "harm": "hate",
        "action": "remove",
        "country": "DE",
        "table": "posts",
        "bank": "flags",
    }


@pytest.mark.parametrize("words", [("show", "WRONG"), ("approve", "WRONG", "--reason", "x")])
def test_what_is_neither_a_plan_nor_a_batch_is_told_both_forms(
    call: Call, lake: Path, words: tuple[str, ...]
) -> None:
    code, out, err = call(*words, "--lake", lake)
    assert (code, out) == (REFUSED, "")
    assert "neither a plan's id, such as plan-20261001-" in err
    assert "nor a batch's name, such as 20261001-0123456789ab:hate:apply" in err


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (("order", "withdraw", "{order}x", "--reason", "x"), "order"),
        (("appeal", "decide", "{appeal}x", "upheld", "--rationale", "x", POLICY), "appeal"),
        (("show", "{plan}x"), "plan"),
        (("apply", "{plan}x"), "plan"),
        (("approve", "{plan}x", "--reason", "x"), "plan"),
        (("undo", "{plan}x", "--reason", "x"), "plan"),
        (("show", "{batch}"), "batch"),
        (("hold", "discard", "{batch}", "--reason", "x"), "batch"),
        (("explain", "anna-mara", "--account"), "account"),
        (("explain", "remved"), "post"),
        (("verdict", "remved", "benign", "--rationale", "x"), "post"),
        (("appeal", "file", "remved", "--author", "a1"), "post"),
        (("exempt", "remved", "--kind", "newsworthy", "--reason", "x"), "post"),
        (("verdict", "clean", "harmful", "--harm", "hte", "--rationale", "x"), "harm"),
        (("agreement", "--harm", "hte"), "harm"),
        (("bank", "add", "0" * 64, "--bank", "b", "--kind", "hte"), "harm"),
        (("bank", "list", "--bank", "flgs"), "bank"),
        (("bank", "remove", "0" * 64, "--bank", "flgs", "--reason", "x"), "bank"),
        ((*RECEIVE, "remove", "--harm", "hte"), "harm"),
        ((*RECEIVE, "remov"), "action"),
        (("verdict", "clean", "harmful", "--harm", "hate", "--action", "remov", "--rationale", "x"),
         "action"),
        ((*RECEIVE, "remove", "--jurisdiction", "DEU"), "country"),
        (("tables", "psts"), "table"),
        (("query", "SELECT 1 FROM psts"), "table"),
    ],
)  # fmt: skip
def test_a_name_that_is_none_is_refused_with_the_nearest(
    call: Call, known: tuple[Path, dict[str, str]], words: tuple[str, ...], right: str
) -> None:
    lake, names = known
    given = [word.format_map(names) for word in words]
    if right == "batch":  # a name of its form, of a batch that does not wait
        given = [word.replace(":apply", ":release") for word in given]
    code, out, err = call(*given, "--lake", lake)
    assert (code, out) == (REFUSED, "")
    assert f"did you mean {names[right]}" in err
    assert len(err.splitlines()) == 1
