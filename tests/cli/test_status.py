"""`harmsweep status`, and what every command says of a lake that is stopped."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import DAY, row

from harmsweep.lake.writes import write_rows
from harmsweep.operations import suspensions, switch
from harmsweep.operations.ramps import ramp
from harmsweep.review.appeals import file_appeal
from harmsweep.review.orders import receive
from harmsweep.tables.catalog import RUNS

Call = Callable[..., tuple[int, str, str]]


def told(call: Call, lake: Path) -> dict[str, str]:
    code, out, _ = call("status", "--lake", lake)
    assert code == 0
    return {line[:14].strip(): line[16:] for line in out.splitlines()}


def test_a_lake_on_which_nothing_ran_says_so(call: Call, lake: Path) -> None:
    assert told(call, lake) == {
        "switch": "on",
        "in force": "none: no day was swept yet",
        "suspended": "0",
        "held batches": "0",
        "appeals due": "0",
        "orders, flags": "0",
        "last day done": "none: no stage ran yet",
    }


def test_the_pair_in_force_and_the_last_day_are_told(call: Call, held: Any) -> None:
    rows = told(call, held.root)
    assert rows["in force"].startswith("m-1 under trial-1-")
    assert rows["in force"].endswith(f", on {DAY}")
    assert rows["last day done"] == f"none since {DAY}; {DAY} is part"


def test_each_pair_of_a_ramp_is_told_with_its_share(call: Call, lake: Path) -> None:
    ramp(lake, "m-2/p-1", 0.25, instead_of="m-1/p-1", reason="")
    for hour, model in enumerate(("m-1", "m-2")):
        at = datetime(2026, 10, 2, hour, tzinfo=UTC)
        run = row(RUNS, stage="enforce", variant=f"{model}/p-1", finished_at=at, counts="{}")
        write_rows([run], RUNS, lake)
    of_pair = ("m-2 under p-1 for 25.0% of the authors", "m-1 under p-1 for 75.0% of the authors")
    assert told(call, lake)["in force"] == f"{' and '.join(of_pair)}, on {DAY}"


def test_the_suspended_claims_of_the_pair_in_force_are_told(call: Call, lake: Path) -> None:
    at = datetime(2026, 10, 2, tzinfo=UTC)
    run = row(RUNS, stage="enforce", variant="m-1/p-1", finished_at=at, counts="{}")
    write_rows([run], RUNS, lake)
    for pair, claim in (("m-1/p-1", "hate/en"), ("m-1/p-1", "spam/en"), ("m-1/p-2", "sexism/en")):
        suspensions.suspend(lake, pair, claim, reason="audits")
    suspensions.resume(lake, "m-1/p-1", "spam/en", reason="it ended")
    assert told(call, lake)["suspended"] == "1; hate/en; see `harmsweep certify watch`"


def test_what_waits_for_people_is_told(call: Call, fresh: Any) -> None:
    with pytest.raises(switch.Held):
        fresh.sweep(apply=0)
    later = datetime.now(UTC) - timedelta(hours=1)
    receive(fresh.root, "clean", kind="flag", authority="a", reference="1", due_at=later, reason="")
    rows = told(call, fresh.root)
    assert rows["held batches"].startswith("2; ")
    assert rows["orders, flags"].startswith("1; 1 late; the first ")
    assert rows["last day done"].endswith(f"{DAY} is held")


def test_an_appeal_that_waits_is_told_with_its_time(call: Call, held: Any) -> None:
    file_appeal(held.root, "removed", author_id="a1", statement="")
    assert told(call, held.root)["appeals due"].startswith("1; the first 20")


def test_every_command_says_that_a_lake_is_stopped(call: Call, lake: Path) -> None:
    assert "STOPPED" not in call("tables", "--lake", lake)[2]
    switch.stop(lake, "a broken\nmodel")
    for words in (("tables",), ("query", "SELECT 1 AS n"), ("order", "list")):
        code, out, err = call(*words, "--lake", lake)
        assert code == 0
        assert "STOPPED" not in out
        assert err.startswith("STOPPED: nothing automatic takes effect here; stopped by ")
        assert len(err.splitlines()) == 1
    assert told(call, lake)["switch"].startswith("off: stopped by ")


def test_whoever_starts_a_lake_again_is_not_told_that_it_is_stopped(call: Call, lake: Path) -> None:
    switch.stop(lake, "a broken model")
    assert call("start", "--reason", "mended", "--lake", lake)[2] == ""
