"""Verdicts and the allow-list bind every sweep that follows: small lakes."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from harmsweep.enforcement.state.day_ledger import now_micros
from harmsweep.errors import DataRefused
from harmsweep.lake import delta
from harmsweep.review import allow_list, verdicts
from harmsweep.review.apply_now import apply_now
from harmsweep.stages.enforce import enforce_day
from harmsweep.tables.catalog import EXEMPTIONS, VERDICTS

DAY = date(2026, 10, 1)
FIRST = {"removed": "remove", "demoted": "demote", "reviewed": "review", "spam": "remove"}


def test_a_benign_verdict_lifts_what_holds_until_the_post_is_edited(held, rows):
    post, scored = rows
    said = verdicts.decide(held.root, "removed", "benign", rationale="a quote")
    assert (said["post_id"], said["revision"], said["verdict"]) == ("removed", 1, "benign")
    assert held.sweep()["released"] == 1
    assert "removed" not in held.states()
    assert held.sweep(version=2) == {"decisions": 4, "finished": 0}
    names = ("demoted", "reviewed", "clean", "spam")
    held.put_posts([*map(post, names), post("removed", 1, "superseded"), post("removed", 2)])
    held.put_scores(
        [scored("removed", 2, hate=0.99), scored("demoted", hate=0.9),
         scored("reviewed", hate=0.6), scored("spam", spam=0.97)]
    )  # fmt: skip
    held.sweep()
    assert held.states()["removed"] == "remove"


def test_a_persons_word_on_one_post_leaves_what_held_for_a_deleted_one(held, rows):
    post, _ = rows
    names = ("removed", "reviewed", "clean", "spam")
    gone = [post("demoted", 1, "superseded"), post("demoted", 2, "deleted")]
    held.put_posts([*map(post, names), *gone])
    said = verdicts.decide(held.root, "removed", "benign", rationale="a quote")
    options = {"kind": "verdict", "source_id": said["verdict_id"], "clock": now_micros}
    (lifted,) = apply_now(held.root, said["day"], **options)
    assert (lifted.subject_id, lifted.action) == ("removed", "none")
    assert held.states() == {"demoted": "demote", "reviewed": "review", "spam": "remove"}


def test_the_newest_verdict_stands(held):
    for found in ("benign", "harmful"):
        verdicts.decide(held.root, "removed", found, harm=None, rationale="looked again")
    assert held.sweep() == {"decisions": 4, "finished": 0}
    kept = delta.rows(VERDICTS, held.root).to_pylist()
    assert {(r["verdict"], r["revision"]) for r in kept} == {("benign", 1), ("harmful", 1)}


def test_a_verdict_on_no_post_is_refused(held):
    for name in ("nobody", "x' OR '1'='1"):
        with pytest.raises(DataRefused):
            verdicts.decide(held.root, name, "benign", harm=None, rationale="")


@pytest.mark.parametrize("kind", ["post", "account"])
def test_an_exempt_subject_gets_reviews_until_it_ends(fresh, kind: str):
    subject = {"post": "removed", "account": "a1"}[kind]
    later = datetime.now(UTC) + timedelta(days=1)
    allow_list.exempt(fresh.root, kind, subject, kind="newsworthy", until=later, reason="a report")
    fresh.sweep()
    assert fresh.states()["removed"] == "review"
    assert fresh.states()["spam"] == ("remove" if kind == "post" else "review")
    allow_list.exempt(fresh.root, kind, subject, kind="none", until=None, reason="over")
    fresh.sweep()
    assert fresh.states() == FIRST


def test_a_day_is_swept_again_when_an_exemption_ended(fresh, monkeypatch):
    soon = datetime.now(UTC) + timedelta(seconds=5)
    allow_list.exempt(
        fresh.root, "post", "removed", kind="newsworthy", until=soon, reason="a report"
    )
    sweep = partial(enforce_day, fresh.root, DAY, **fresh.pair())
    sweep()
    assert sweep().skipped
    assert fresh.states()["removed"] == "review"
    later = int(soon.timestamp() * 1e6)
    monkeypatch.setattr("harmsweep.stages.enforce.now_micros", lambda: later)
    assert not sweep().skipped


def test_an_exemption_whose_time_is_over_exempts_nothing(fresh):
    before = datetime(2026, 1, 1, tzinfo=UTC)
    allow_list.exempt(fresh.root, "post", "removed", kind="newsworthy", until=before, reason="")
    fresh.sweep()
    assert fresh.states() == FIRST


@pytest.mark.parametrize("harm", ["hatred", "phishing"])
def test_a_verdict_of_no_harm_of_posts_is_refused(held, harm: str):
    with pytest.raises(DataRefused, match=f"'{harm}' is .*; known are hate"):
        verdicts.decide(held.root, "clean", "harmful", harm=harm, rationale="")


@pytest.mark.parametrize(("kind", "name"), [("post", "removde"), ("account", "a11"), ("post", "")])
def test_nobody_is_exempt_whom_the_lake_does_not_know(held, kind: str, name: str):
    with pytest.raises(DataRefused, match="there is no"):
        allow_list.exempt(held.root, kind, name, kind="satire", until=None, reason="")
    assert delta.rows(EXEMPTIONS, held.root).num_rows == 0
