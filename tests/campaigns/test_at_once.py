"""Commands at once on one lake: each effect happens once, and nothing acknowledged is lost.

HARMSWEEP_SEED=N makes the round of that number again: the same commands, in no certain order.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from random import Random

import pytest
from attempts import REFUSED, attempt
from campaign_lake import PLACE, BusyLake, said
from killing import SECONDS, start

from harmsweep.enforcement.rules.ledger import open_intents
from harmsweep.enforcement.state.day_ledger import entries, histories_of, visibility
from harmsweep.lake import delta, seals
from harmsweep.tables.catalog import ACTIONS, POST_VISIBILITY

SEED = os.environ.get("HARMSWEEP_SEED")
# What one writes goes by the state that it finds: a plan has another name, a sound table no repair,
# and the watch draws for claims in force alone.
BY_STATE = {"doctor", "plan", "job watch"}
Added = dict[str, set[tuple[object, ...]]]


def added(busy: BusyLake, command: str, folder: Path) -> Added:
    """What a command that nobody disturbs says to the lake."""
    lake = busy.copy(folder, command).root
    before = said(lake)
    busy.commands[command](lake=lake)
    after = said(lake)
    shutil.rmtree(lake)
    return {table: {*rows} - {*before[table]} for table, rows in after.items()}


def round_of(
    busy: BusyLake, seed: int, known: dict[str, Added], folder: Path
) -> tuple[Counter[str], list[str]]:
    """Run some commands at once; how they ended, and what is wrong then."""
    chance = Random(seed)
    names = chance.choices(sorted(busy.commands), k=chance.randint(4, 8))
    for name in {*names} - known.keys():
        known[name] = added(busy, name, folder / "alone")
    lake = busy.copy(folder / str(seed)).root
    started = [start(partial(attempt, command=busy.commands[name]), lake) for name in names]
    for process, _ in started:
        process.join(SECONDS)
    ended = [(name, process.exitcode) for name, (process, _) in zip(names, started, strict=True)]
    faults = [f"{name} ended with {code}" for name, code in ended if code not in (0, REFUSED)]
    done = [name for name, code in ended if code == 0]
    faults += [*lost(lake, done, known), *twice(lake), *unlike(lake)]
    shutil.rmtree(lake)
    ends = Counter({0: "done", REFUSED: "refused"}.get(code or 0, "broken") for _, code in ended)
    return ends, [f"HARMSWEEP_SEED={seed}: {names}: {fault}" for fault in faults]


def lost(lake: Path, done: Iterable[str], known: dict[str, Added]) -> Iterable[str]:
    """Of what commands acknowledged, what the lake does not say."""
    now = {table: {*rows} for table, rows in said(lake).items()}
    for name in {*done} - BY_STATE:
        for table, rows in known[name].items():
            if not rows <= now[table]:
                yield f"{name} is lost from {table}: {rows - now[table]}"


def twice(lake: Path) -> Iterable[str]:
    """Effects that are there twice, follow on the same one, or were both done and refused."""
    rows = delta.rows(ACTIONS, lake).to_pylist()
    booked = Counter((row["effect_key"], row["entry"]) for row in rows)
    yield from (f"{key} is there twice" for key, times in booked.items() if times > 1)
    intents = [row for row in rows if row["entry"] == "intent"]
    after = Counter((*(row[name] for name in PLACE), row["previous_key"]) for row in intents)
    yield from (f"{key} has two next" for key, times in after.items() if times > 1)
    ended = Counter(key for key, entry in booked if entry in ("intent", "discarded"))
    yield from (f"{key} was done and refused" for key, times in ended.items() if times > 1)


def unlike(lake: Path) -> Iterable[str]:
    """Days on which the platform reads something else than the ledger says; broken seals."""
    for name in sorted(seals.SEALED):
        seals.check(lake, name)
    for day in delta.days(ACTIONS, lake):
        histories = histories_of(entries(lake, day))
        if any(open_intents(history) for history in histories.values()):
            continue  # a switch cut it short
        wanted = sorted(map(str, visibility(histories)))
        if wanted != sorted(map(str, delta.rows(POST_VISIBILITY, lake, day=day).to_pylist())):
            yield f"the platform reads something else of {day}"


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rounds", [2, pytest.param(100, marks=pytest.mark.nightly)])
def test_commands_at_once_do_each_thing_once_and_lose_nothing(
    busy: BusyLake, tmp_path: Path, counts: Callable[[str], None], rounds: int
) -> None:
    known, ends, faults = dict[str, Added](), Counter[str](), list[str]()
    for seed in [int(SEED)] if SEED else range(rounds):
        ended, wrong = round_of(busy, seed, known, tmp_path)
        ends += ended
        faults += wrong
    counts(f"{rounds} rounds of commands at once: {dict(ends)}, {len(faults)} faults")
    assert not faults, "\n".join(faults)
