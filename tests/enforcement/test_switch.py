"""The switch stops all that is automatic, and nothing that a person asks for by name."""

from datetime import date

import pytest

from harmsweep.enforcement.state.day_ledger import now_micros
from harmsweep.enforcement.undo import Part, undo
from harmsweep.operations import switch
from harmsweep.operations.switch import Stopped
from harmsweep.review import verdicts
from harmsweep.review.apply_now import apply_now

DAY = date(2026, 10, 1)
BOOKED = "actions_v1:after-commit"


@pytest.fixture
def cut(fresh, crash_at):
    """A lake whose first sweep was stopped when its intents were booked and nothing was shown."""
    crash_at(BOOKED, 1)
    with pytest.raises(KeyboardInterrupt):
        fresh.sweep()
    crash_at("none", 1)
    switch.stop(fresh.root, "a wrong model")
    assert (fresh.visible(), len(fresh.ledger())) == ([], 4)
    return fresh


def say(lake, post, found, **more):
    row = verdicts.decide(lake.root, post, found, rationale="seen", **more)
    return apply_now(lake.root, DAY, kind="verdict", source_id=row["verdict_id"], clock=now_micros)


def test_what_a_person_does_while_it_is_off_finishes_nothing_that_it_cut_short(cut):
    assert len(say(cut, "clean", "harmful", harm="hate", action="remove")) == 1
    assert cut.states() == {"clean": "remove"}
    assert [e["subject_id"] for e in cut.ledger("outcome")] == ["clean"]
    switch.start(cut.root, "mended")
    assert cut.sweep()["finished"] == 4
    assert cut.states().keys() == {"clean", "removed", "demoted", "reviewed", "spam"}


def test_what_a_person_lifts_while_it_is_off_never_comes(cut):
    assert len(say(cut, "removed", "benign")) == 1
    assert cut.states() == {}
    switch.start(cut.root, "mended")
    cut.sweep()
    assert "removed" not in cut.states()


def test_a_part_that_is_undone_while_it_is_off_shows_no_other_part(cut):
    part = Part(harm="spam")
    assert undo(cut.root, sweep_id=cut.ledger()[0]["sweep_id"], part=part).counts["effects"] == 1
    assert cut.states() == {}


def test_a_stop_that_comes_while_it_is_started_stays(fresh, monkeypatch):
    switch.stop(fresh.root, "the first")
    kept = switch.record

    def meanwhile(lake, act, *words, **options):
        kept(lake, act, *words, **options)
        if act == "start":
            switch.stop(lake, "the second")

    monkeypatch.setattr(switch, "record", meanwhile)
    with pytest.raises(Stopped, match="the second"):
        switch.start(fresh.root, "the first is mended")
    with pytest.raises(Stopped, match="the second"):
        switch.check_running(fresh.root)


def test_the_switch_holds_no_text_that_a_terminal_obeys(fresh):
    switch.stop(fresh.root, "a\x1b[2Jwrong\nmodel")
    said = (fresh.root / switch.SWITCH).read_text(encoding="utf-8")
    assert said.count("\n") == 1 and "\x1b" not in said
    assert r"a\u001b[2Jwrong\u000amodel" in said
