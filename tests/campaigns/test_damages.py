"""No damage to what acts or people rely on is read as another truth, or ends a command in a trace.

HARMSWEEP_SEED=N makes the one trial of that number again.
"""

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from campaign_lake import BusyLake, state
from damages import damage

from harmsweep.cli import doctor
from harmsweep.cli.query import ask
from harmsweep.enforcement.circuit_breaker.caps import WINDOW_MICROS, used_in_24h
from harmsweep.errors import Held, Refused
from harmsweep.lake import seals
from harmsweep.lake.seal_lines import Damaged, place
from harmsweep.tables.catalog import (
    ACTIONS,
    DECISIONS,
    DELIVERIES,
    EVIDENCE,
    EXPLANATIONS,
    POST_VISIBILITY,
)
from harmsweep.tables.spec import Table

SEED = os.environ.get("HARMSWEEP_SEED")
pytestmark = pytest.mark.slow


def refused(work: Callable[[], object]) -> str:
    """How work ended: empty where it was done, `refused`, or what it broke with."""
    try:
        work()
    except (Refused, Held) as error:
        return f"refused: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # the engine's own is no Exception
            raise
        return f"panic: {error}"
    return ""


class Trials:
    """What every trial is compared with: a table's rows, and the state after a command."""

    def __init__(self, busy: BusyLake, folder: Path) -> None:
        self.busy, self.folder = busy, folder
        self.sealed = sorted(n for n in seals.SEALED if place(busy.lake.root, n).exists())
        self.open = [name for name in self.sealed if "/" not in name]
        self.commands = sorted(busy.commands)
        self.after: dict[str, Any] = {}

    def expected(self, command: str) -> Any:
        """The state after a command in a lake that is sound."""
        if command not in self.after:
            lake = self.busy.copy(self.folder / f"sound {command}", command)
            self.busy.commands[command](lake=lake.root)
            self.after[command] = state(lake.root)
            shutil.rmtree(lake.root)
        return self.after[command]

    def run(self, seed: int) -> tuple[str, list[str]]:
        """How a damage ended, and what is wrong with that."""
        chance = Random(seed)
        name = chance.choice(self.sealed)
        # A repair begins with a damage of its own: with that of its table's seals they are two.
        alone = [c for c in self.commands if (c, name) != ("doctor", POST_VISIBILITY.name)]
        command = chance.choice(alone)
        expected = self.expected(command)
        lake = self.busy.copy(self.folder / str(seed), command).root
        before = rows(lake, name) if name in self.open else []
        what = f"HARMSWEEP_SEED={seed}: {damage(lake, name, chance)}"
        faults, said = list[str](), ""
        if name in self.open:
            found = list[Any]()
            said = refused(lambda: found.extend(rows(lake, name)))
            if not said and found != before:
                faults.append("a query gave a wrong answer")
        well = doctor.table(lake, name).well
        if said and well:
            faults.append(f"doctor finds nothing where a query ended with {said}")
        ended = refused(lambda: self.busy.commands[command](lake=lake))
        faults += [f"{command}: {e}" for e in (said, ended) if e and not e.startswith("refused")]
        if ended and name not in ended:
            faults.append(f"{command} names another: {ended}")
        if ended and well:
            faults.append(f"doctor finds nothing where {command} ended with {ended}")
        left = state(lake) if not ended else {}
        faults += [f"{command} left other {k}" for k in left if left[k] != expected[k]]
        shutil.rmtree(lake)
        outcome = "refused" if said or ended else "named" if not well else "harmless"
        return outcome, [f"{what}: {fault}" for fault in faults]


def rows(lake: Path, name: str) -> list[str]:
    found = ask(lake, f"SELECT * FROM {name}", as_of=[], limit=None).to_pylist()
    return sorted(map(str, found))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("trials", [10, pytest.param(1000, marks=pytest.mark.nightly)])
def test_no_damage_gives_a_wrong_answer_or_ends_in_a_trace(
    busy: BusyLake, tmp_path: Path, counts: Callable[[str], None], trials: int
) -> None:
    made, ends, faults = Trials(busy, tmp_path), Counter[str](), list[str]()
    for seed in [int(SEED)] if SEED else range(trials):
        outcome, wrong = made.run(seed)
        ends[outcome] += 1
        faults += wrong
    counts(f"{trials} damages to {len(made.sealed)} tables: {dict(ends)}, {len(faults)} faults")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("table", [DECISIONS, EVIDENCE, EXPLANATIONS, DELIVERIES])
def test_damage_to_another_days_rows_stops_no_sweep(
    busy: BusyLake, tmp_path: Path, table: Table
) -> None:
    lake = busy.copy(tmp_path / "lake").root
    files = sorted((lake / table.name).glob("day=2026-10-03/**/*.parquet"))
    for path in files:
        path.unlink()
    assert files and not doctor.table(lake, table.name).well
    busy.commands["stage enforce"](lake=lake)


def test_a_ledger_of_days_ago_is_not_read_for_the_caps_of_today(
    busy: BusyLake, tmp_path: Path
) -> None:
    lake = busy.copy(tmp_path / "lake").root
    now = time.time_ns() // 1000
    assert used_in_24h(lake, now)
    next((lake / ACTIONS.name).glob("day=*/**/*.parquet")).unlink()
    with pytest.raises(Damaged):
        used_in_24h(lake, now)
    assert used_in_24h(lake, now + 2 * WINDOW_MICROS) == {}
