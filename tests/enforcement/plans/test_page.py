"""The page of a plan: what an approver must see, and nothing unmasked."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from labelled_lake import labelled
from planning import other

from harmsweep.cli.plan_acts import show
from harmsweep.enforcement.circuit_breaker import batches
from harmsweep.enforcement.circuit_breaker.approvals import approve
from harmsweep.enforcement.plans.make import make_plan
from harmsweep.enforcement.plans.summary import samples, tables
from harmsweep.errors import DataRefused, Held
from harmsweep.lake.writes import write_rows
from harmsweep.policy.archive import keep_policy
from harmsweep.reports.plan import batch_headroom, write_batch, write_plan
from harmsweep.tables.catalog import LABELS

DAY = date(2026, 10, 1)


@pytest.fixture
def plan(fresh, text_of):
    """A plan past its cap, about posts with texts."""
    names = ("removed", "demoted", "reviewed", "spam")
    fresh.put_features([text_of(name, "<b>rude</b> words") for name in names])
    fresh.decide(apply=1)
    return make_plan(fresh.root, [DAY], **fresh.pair(apply=1))


def page(lake: Any, plan: Any, folder: Path) -> str:
    return write_plan(lake.root, plan, folder / "plan.html").read_text(encoding="utf-8")


def test_the_page_says_what_waits_and_for_whom(fresh, plan, tmp_path, monkeypatch):
    said = page(fresh, plan, tmp_path)
    assert "It waits: 0 of 2 approvals" in said
    assert "hate: 2 to apply and 0 in the last 24 hours pass the cap of 1" in said
    assert f"harmsweep approve {plan.plan_id}" in said
    monkeypatch.setattr("harmsweep.enforcement.circuit_breaker.approvals.operator", lambda: "ana")
    monkeypatch.setattr("harmsweep.operations.audit.operator", lambda: "ana")
    approve(fresh.root, plan.approval_request, "read it")
    assert "1 of 2 approvals (ana)" in page(fresh, plan, tmp_path)


def test_a_plan_inside_every_bound_says_so(fresh, tmp_path):
    fresh.decide()
    made = make_plan(fresh.root, [DAY], **fresh.pair())
    said = page(fresh, made, tmp_path)
    assert "Inside every bound" in said
    assert "no sweep acted on these days" in said


def test_the_page_names_both_states(held, tmp_path):
    held.decide(version=2, remove=0.995)
    made = make_plan(
        held.root,
        [DAY],
        **held.pair(version=2, remove=0.995),
    )
    said = page(held, made, tmp_path)
    sweep_id = held.ledger()[0]["sweep_id"]
    assert f"sweep {sweep_id}" in said
    assert f"actions_v1 {made.tables['actions_v1']}" in said


def test_texts_are_masked_and_markup_in_them_is_text(fresh, plan, tmp_path):
    said = page(fresh, plan, tmp_path)
    assert "<b>rude" not in said
    shown = re.sub(r"(?s)</summary>.*?</details>", "", said)
    assert "rude" not in shown and "w····" in shown


def test_the_page_needs_no_other_file(fresh, plan, tmp_path):
    said = page(fresh, plan, tmp_path)
    links = re.findall(r'(?:src|href)="([^"]+)"', said)
    assert links and all(link.startswith("#") for link in links)


def test_each_batch_stands_beside_its_bounds(fresh, plan):
    found = {
        (r["harm"], r["direction"]): (r["effects"], r["cap"])
        for r in batch_headroom(fresh.root, plan)
    }
    assert found == {("hate", "apply"): (2, 1), ("spam", "apply"): (1, 1)}


def test_what_waits_is_said_in_words(fresh, plan, tmp_path):
    said = page(fresh, plan, tmp_path)
    assert '<th scope="col">waits</th>' in said
    assert ">no</td>" in said and "False" not in said


def test_a_plan_whose_policy_changed_is_not_shown(fresh, plan, tmp_path):
    fresh.policy(version=3)
    with pytest.raises(DataRefused, match="the policy is trial-3"):
        page(fresh, plan, tmp_path)


def test_what_the_policy_changes_is_said_in_words(held, tmp_path):
    keep_policy(held.pair()["policy"], held.root)
    held.decide(version=2, remove=0.995)
    changed = make_plan(held.root, [DAY], **held.pair(version=2, remove=0.995))
    said = page(held, changed, tmp_path)
    assert "<li>hate, remove: from 0.995 up (was from 0.95 up)</li>" in said
    held.decide()
    same = make_plan(held.root, [DAY], **held.pair())
    assert "says the same as trial-1-" in page(held, same, tmp_path)


def test_a_policy_whose_file_is_not_kept_is_not_compared(held, tmp_path):
    held.decide(version=2)
    made = make_plan(held.root, [DAY], **held.pair(version=2))
    assert "The lake keeps no file of trial-1-" in page(held, made, tmp_path)


def test_without_a_sweep_before_it_no_policy_is_compared(fresh, plan, tmp_path):
    assert "No policy acted on these days before." in page(fresh, plan, tmp_path)


def test_two_policies_are_compared_where_one_is_imagined_first(fresh, tmp_path):
    keep_policy(fresh.pair(version=2, remove=0.995)["policy"], fresh.root)
    said = page(fresh, other(fresh), tmp_path)
    assert "<li>hate, remove: from 0.95 up (was from 0.995 up)</li>" in said


def test_effects_stand_beside_the_labels_of_their_posts(fresh, plan, tmp_path):
    labels = [labelled("removed", 0), labelled("demoted", 1), labelled("spam", 1, "hate")]
    write_rows(labels, LABELS, fresh.root, where={"day": DAY})
    said = re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", page(fresh, plan, tmp_path)))
    assert "hate apply demote 1 0 0 1" in said and "hate apply remove 0 1 0 1" in said
    # What it is labelled for is another harm.
    assert "spam apply remove 0 0 1 1" in said
    assert "not_harmful hate apply remove 0.990" in said


@pytest.fixture
def batch(fresh, text_of):
    """A batch of two removals for spam and hate that a cap held, about posts with texts."""
    names = ("removed", "demoted", "reviewed", "spam")
    fresh.put_features([text_of(name, "<b>rude</b> words") for name in names])
    with pytest.raises(Held):
        fresh.sweep(apply=1)
    return next(one for one in batches.waiting(fresh.root) if one.batch.harm == "hate")


def test_a_batch_is_read_like_a_plan(fresh, batch):
    hit = {
        name: sum(r["applied"] for r in rows) for name, rows in tables(fresh.root, batch).items()
    }
    assert set(hit.values()) == {2}
    assert {row["post"] for row in samples(fresh.root, batch)} == {"removed", "demoted"}


def test_the_page_of_a_batch_says_who_must_approve_and_masks_its_texts(fresh, batch, tmp_path):
    said = write_batch(fresh.root, batch, tmp_path / "batch.html").read_text(encoding="utf-8")
    assert "It waits: 0 of 2 approvals" in said
    assert f"harmsweep approve {batch.batch.name}" in said
    assert "<b>rude" not in said
    shown = re.sub(r"(?s)</summary>.*?</details>", "", said)
    assert "rude" not in shown and "w····" in shown


def test_what_was_let_go_or_refused_of_a_batch_is_no_part_of_it(fresh, batch):
    batches.discard(fresh.root, batch.batch.name, reason="a broken head")
    assert samples(fresh.root, batch) == []


def test_the_console_shows_a_batch_by_its_name(fresh, batch, tmp_path, capsys):
    show(batch.batch.name, page=tmp_path / "batch.html", lake=fresh.root)
    said = capsys.readouterr()
    assert said.out.splitlines()[-1].startswith(f"{batch.batch.name} (2): of m-1 under trial-1-")
    assert "w····" in said.out and "rude" not in said.out
    assert (tmp_path / "batch.html").exists()
