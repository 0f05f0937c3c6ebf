"""Views of what is in force: a what-if, a shadow and an old revision never count."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import DAY, NOON, post, row, scored

from harmsweep.cli.query import known_names
from harmsweep.enforcement.rules.guardrails import Guardrails
from harmsweep.lake.sql import Tables, answer
from harmsweep.lake.writes import write_rows
from harmsweep.operations.ramps import ramp
from harmsweep.tables.catalog import ACTIONS, DECISIONS, POSTS, RUNS, SCORES

AUTHORS = [f"a{n}" for n in range(40)]


def asked(lake: Path, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer(sql, Tables(lake, known_names(lake))).to_pylist()
    return found


def pairs(lake: Path) -> list[tuple[Any, ...]]:
    rows = asked(lake, "SELECT * FROM in_force ORDER BY authors_from")
    return [(r["model_version"], r["authors_from"], r["authors_to"]) for r in rows]


def decided(lake: Path, model: str, **columns: Any) -> None:
    """Decisions of a model under policy p-1 about a post of each author."""
    versions = {"model_version": model, "policy_version": "p-1"}
    rows = [row(DECISIONS, post_id=f"of-{a}", author_id=a, **versions, **columns) for a in AUTHORS]
    write_rows(rows, DECISIONS, lake, where={"day": DAY, **versions})


def swept(lake: Path, model: str, hours: int) -> None:
    """A run of enforce of the model under p-1, so many hours after noon."""
    at, variant = NOON + timedelta(hours=hours), f"{model}/p-1"
    run = row(RUNS, stage="enforce", variant=variant, finished_at=at, counts="{}")
    write_rows([run], RUNS, lake, where={"day": DAY, "stage": "enforce", "variant": variant})


def booked(lake: Path, model: str, hours: int, **columns: Any) -> None:
    """An entry of the ledger by the model under p-1."""
    known = {"model_version": model, "policy_version": "p-1", "cause_kind": "decision"}
    at = NOON + timedelta(hours=hours)
    write_rows([row(ACTIONS, **known | {"recorded_at": at} | columns)], ACTIONS, lake)


@pytest.fixture
def two(lake: Path) -> Path:
    """A lake on which m-1 and m-2 decided, and m-1 alone swept."""
    write_rows([post(f"of-{a}", author_id=a) for a in AUTHORS], POSTS, lake)
    for model in ("m-1", "m-2"):
        decided(lake, model)
    swept(lake, "m-1", 1)
    return lake


def by_model(lake: Path) -> dict[str, int]:
    sql = "SELECT model_version, count(*) AS n FROM decisions_now GROUP BY 1"
    return {r["model_version"]: r["n"] for r in asked(lake, sql)}


def test_a_what_if_does_not_count(two: Path) -> None:
    assert pairs(two) == [("m-1", 0.0, 1.0)]
    assert by_model(two) == {"m-1": 40}


def test_the_pair_that_swept_last_is_in_force(two: Path) -> None:
    swept(two, "m-2", 2)
    assert (pairs(two), by_model(two)) == ([("m-2", 0.0, 1.0)], {"m-2": 40})
    swept(two, "m-1", 3)
    assert (pairs(two), by_model(two)) == ([("m-1", 0.0, 1.0)], {"m-1": 40})


def test_a_shadow_does_not_count(two: Path) -> None:
    ramp(two, "m-2/p-1", 0.0, instead_of="m-1/p-1", reason="")
    swept(two, "m-2", 2)
    assert (pairs(two), by_model(two)) == ([("m-1", 0.0, 1.0)], {"m-1": 40})


def test_a_ramp_shares_the_authors_as_the_sweep_does(two: Path) -> None:
    ramp(two, "m-2/p-1", 0.3, instead_of="m-1/p-1", reason="")
    swept(two, "m-2", 2)
    assert pairs(two) == [("m-2", 0.0, 0.3), ("m-1", 0.3, 1.0)]
    rows = asked(two, "SELECT author_id, model_version FROM decisions_now")
    theirs = {a for a in AUTHORS if Guardrails(True, last=0.3).in_rollout(a)}
    assert len(rows) == 40
    assert {r["author_id"] for r in rows if r["model_version"] == "m-2"} == theirs != set()


def test_the_newest_ramp_of_a_pair_counts(two: Path) -> None:
    for share in (0.3, 1.0):
        ramp(two, "m-2/p-1", share, instead_of="m-1/p-1", reason="")
    swept(two, "m-2", 2)
    assert by_model(two) == {"m-2": 40}


def test_a_pair_that_two_others_share_between_them_is_out_of_force(two: Path) -> None:
    ramp(two, "m-3/p-1", 0.5, instead_of="m-2/p-1", reason="")
    for hours, model in enumerate(("m-2", "m-3"), start=2):
        swept(two, model, hours)
    assert pairs(two) == [("m-3", 0.0, 0.5), ("m-2", 0.5, 1.0)]


@pytest.mark.parametrize("entry", ["intent", "held", "withheld"])
def test_a_sweep_of_which_a_batch_waits_has_no_run_and_counts(two: Path, entry: str) -> None:
    booked(two, "m-2", 2, entry=entry)
    assert pairs(two) == [("m-2", 0.0, 1.0)]


@pytest.mark.parametrize(
    "columns",
    [{"cause_kind": "undo"}, {"cause_kind": "reapply"}, {"lane": "review"}, {"entry": "discarded"}],
)
def test_what_people_do_to_an_older_pairs_effects_puts_it_not_in_force(
    two: Path, columns: dict[str, str]
) -> None:
    booked(two, "m-2", 2, **columns)
    assert pairs(two) == [("m-1", 0.0, 1.0)]


def test_a_batch_that_is_let_go_later_puts_its_pair_not_in_force(two: Path) -> None:
    booked(two, "m-2", 0, entry="held", effect_key="k", sweep_id="s-1")
    booked(two, "m-2", 5, entry="intent", effect_key="k", sweep_id="s-2")
    booked(two, "m-2", 5, entry="intent", effect_key="of its sample", sweep_id="s-2")
    assert pairs(two) == [("m-1", 0.0, 1.0)]


def test_what_was_decided_of_a_former_revision_does_not_count(two: Path) -> None:
    edited = [post("of-a0", 1, "superseded"), post("of-a0", 2, author_id="a0")]
    gone = post("of-a1", status="deleted")
    rest = [post(f"of-{a}", author_id=a) for a in AUTHORS[2:]]
    write_rows([*edited, gone, *rest], POSTS, two, where={"day": DAY})
    assert by_model(two) == {"m-1": 38}


def test_scores_in_force_have_a_row_for_each_harm(two: Path) -> None:
    rows = [scored("of-a0", author_id="a0", model_version=m, hate=0.5, spam=0.25)
            for m in ("m-1", "m-2")]  # fmt: skip
    write_rows(rows, SCORES, two)
    found = asked(two, "SELECT post_id, model_version, harm, score FROM scores_long ORDER BY harm")
    assert [tuple(r.values()) for r in found] == [
        ("of-a0", "m-1", "hate", 0.5),
        ("of-a0", "m-1", "spam", 0.25),
    ]


def test_a_view_is_as_of_its_tables_versions(two: Path) -> None:
    before = {"runs_v1": 0}
    tables = Tables(two, known_names(two), before)
    assert answer("SELECT * FROM in_force", tables).num_rows == 0


def test_the_pair_is_told_by_day(two: Path) -> None:
    swept(two, "m-1", 1)
    other = row(RUNS, day=DAY + timedelta(days=1), stage="enforce", variant="m-9/p-2")
    write_rows([other | {"finished_at": datetime(2026, 1, 1, tzinfo=UTC)}], RUNS, two)
    rows = asked(two, "SELECT day, model_version, policy_version FROM in_force ORDER BY day")
    assert [tuple(r.values()) for r in rows] == [
        (DAY, "m-1", "p-1"),
        (DAY + timedelta(days=1), "m-9", "p-2"),
    ]
