"""Effects reach a real HTTP server once each, whatever it answers."""

import hashlib
import hmac
import json
import runpy
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from killing import kills

from harmsweep.enforcement.conf import Webhook, load_bounds
from harmsweep.enforcement.rules.effects import Sweep, new_effect
from harmsweep.enforcement.rules.ledger import ACCOUNTS_DAY, Entry, Scope
from harmsweep.enforcement.state.day_ledger import append, micros
from harmsweep.enforcement.undo import undo
from harmsweep.enforcement.webhook import SECRET, Unreachable, deliver_day, deliver_new, pending
from harmsweep.lake import delta
from harmsweep.operations import switch
from harmsweep.operations.switch import Stopped
from harmsweep.paths import ROOT
from harmsweep.tables.catalog import DELIVERIES

DAY = date(2026, 10, 1)


class Platform(ThreadingHTTPServer):
    """A platform that answers with the next status of its plan, or 200."""

    def __init__(self) -> None:
        self.plan: list[int] = []
        self.calls: list[tuple[dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    def hook(self, **more: Any) -> Webhook:
        """The webhook that posts here."""
        url = f"http://127.0.0.1:{self.server_port}/effects"
        fields = {"attempts": 3, "backoff_seconds": 0.0, "timeout_seconds": 5.0, "batch": 2}
        return Webhook.model_validate({"url": url} | fields | more)

    def keys(self) -> list[str]:
        """The idempotency keys in the order of the calls."""
        return [headers["Idempotency-Key"] for headers, _ in self.calls]


class Handler(BaseHTTPRequestHandler):
    """Keeps each call."""

    server: Platform

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((dict(self.headers), body))
        status = self.server.plan.pop(0) if self.server.plan else 200
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def platform() -> Iterator[Platform]:
    server = Platform()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def outcome(intent: Entry) -> Entry:
    """That an effect came in force."""
    return replace(intent, entry="outcome", recorded_at=intent.recorded_at + timedelta(seconds=1))


@pytest.fixture
def entry_of() -> Callable[..., Entry]:
    """What makes an intent to remove a post, or to restrict an account."""

    def made(subject: str, *, at: datetime, day: date = DAY, kind: str = "post") -> Entry:
        sweep = Sweep(day, "verdict", (subject,), "", micros(at), "ana")
        action = "remove" if kind == "post" else "restrict"
        about = {"previous": None, "revision": 1, "cause_kind": "verdict", "harm": "hate"}
        return new_effect(Scope(kind, subject, "all", "all"), sweep, action=action, **about)

    return made


def letters(lake: Any) -> dict[str, str | None]:
    """What became of each effect: None where it was delivered, or why it is dead."""
    rows = delta.rows(DELIVERIES, lake.root).to_pylist()
    return {row["effect_key"]: row["reason"] for row in rows}


def test_every_effect_is_posted_once(held, platform):
    assert deliver_day(held.root, DAY, webhook=platform.hook()).counts == {
        "delivered": 4, "dead": 0,
    }  # fmt: skip
    keys = [row["effect_key"] for row in held.ledger()]
    assert sorted(platform.keys()) == sorted(keys)
    assert deliver_day(held.root, DAY, webhook=platform.hook()).items == 0
    assert len(platform.calls) == 4
    told = json.loads(next(body for headers, body in platform.calls if b'"removed"' in body))
    assert (told["action"], told["previous_action"], told["harm"]) == ("remove", "none", "hate")
    assert "score" not in told


def test_an_undo_is_posted_after_what_it_undoes(held, platform):
    deliver_day(held.root, DAY, webhook=platform.hook())
    undo(held.root, sweep_id=held.ledger()[-1]["sweep_id"])
    assert deliver_day(held.root, DAY, webhook=platform.hook()).counts["delivered"] == 4
    assert {json.loads(body)["action"] for _, body in platform.calls[4:]} == {"none"}


def test_a_busy_platform_is_asked_again_with_the_same_key(held, platform):
    platform.plan = [503, 429]
    deliver_day(held.root, DAY, webhook=platform.hook())
    assert len(platform.calls) == 6
    assert len(set(platform.keys()[:3])) == 1
    assert set(letters(held).values()) == {None}


@pytest.mark.parametrize(
    ("plan", "reason", "calls"),
    [([500, 500, 500], "status 500", 6), ([400], "status 400", 4), ([302], "status 302", 4)],
)
def test_what_fails_for_good_is_a_dead_letter(held, platform, plan, reason, calls):
    platform.plan = list(plan)
    counts = deliver_day(held.root, DAY, webhook=platform.hook()).counts
    assert counts == {"delivered": 3, "dead": 1}
    assert sorted(letters(held).values(), key=str) == [None, None, None, reason]
    assert len(platform.calls) == calls
    assert pending(held.root, [DAY]) == []


NOWHERE = Webhook(url="http://127.0.0.1:1/", attempts=1, backoff_seconds=0.0,
                  timeout_seconds=1.0, batch=10)  # fmt: skip


def test_a_platform_that_is_not_there_leaves_everything_pending(held, platform):
    with pytest.raises(Unreachable, match=r"no answer to 4 effects in a row \(ConnectionError\)"):
        deliver_day(held.root, DAY, webhook=NOWHERE)
    assert letters(held) == {}
    assert deliver_day(held.root, DAY, webhook=platform.hook()).counts["delivered"] == 4


def test_a_run_ends_after_five_effects_without_an_answer(fresh, rows, platform):
    post, scored = rows
    names = [f"p{n}" for n in range(8)]
    fresh.put_posts([post(name) for name in names])
    fresh.put_scores([scored(name, hate=0.99) for name in names])
    fresh.sweep()
    platform.plan = [200, *[503] * 50]
    with pytest.raises(Unreachable, match=r"5 effects in a row \(status 503\)"):
        deliver_day(fresh.root, DAY, webhook=platform.hook(attempts=1))
    assert len(platform.calls) == 6
    assert list(letters(fresh).values()) == [None]
    platform.plan = []
    assert deliver_day(fresh.root, DAY, webhook=platform.hook()).counts["delivered"] == 7


def test_an_effect_without_an_answer_is_a_dead_letter_once_the_platform_answers(held, platform):
    platform.plan = [503, 503, 200]
    counts = deliver_day(held.root, DAY, webhook=platform.hook(attempts=1)).counts
    assert counts == {"delivered": 2, "dead": 2}
    assert sorted(letters(held).values(), key=str) == [None, None, "status 503", "status 503"]


def test_dead_letters_are_posted_again_where_that_is_asked_for(held, platform):
    platform.plan = [400, 400]
    deliver_day(held.root, DAY, webhook=platform.hook())
    assert deliver_day(held.root, DAY, webhook=platform.hook()).items == 0
    again = partial(deliver_day, held.root, DAY, dead=True, webhook=platform.hook())
    assert again().counts == {"delivered": 2, "dead": 0}
    assert platform.keys()[4:] == platform.keys()[:2]
    assert again().items == 0


def test_a_dead_letter_is_not_posted_after_what_came_later_at_its_place(held, platform):
    platform.plan = [400] * 4
    deliver_day(held.root, DAY, webhook=platform.hook())
    undo(held.root, sweep_id=held.ledger()[-1]["sweep_id"])
    deliver_day(held.root, DAY, webhook=platform.hook())
    assert pending(held.root, [DAY], dead=True) == []


NOW = datetime.now(UTC)


def test_what_nobody_was_told_of_is_posted_of_every_day_in_the_order_of_its_booking(
    held, platform, entry_of
):
    after = NOW + timedelta(hours=1)
    effects = [
        entry_of("old", day=date(2026, 3, 1), at=after),
        entry_of("a1", day=ACCOUNTS_DAY, at=after, kind="account"),
    ]
    append(held.root, [e for intent in effects for e in (intent, outcome(intent))])
    assert deliver_new(held.root, NOW, webhook=platform.hook()).counts["delivered"] == 6
    told = [json.loads(body)["subject_id"] for _, body in platform.calls]
    assert told[-2:] == ["a1", "old"]
    assert deliver_new(held.root, NOW, webhook=platform.hook()).items == 0


def test_what_came_in_force_before_the_days_looked_back_is_left(held, platform, entry_of):
    late = NOW - timedelta(days=40)
    begun = [entry_of("before", at=late), entry_of("since", at=late)]
    append(held.root, [*begun, outcome(begun[0]), replace(outcome(begun[1]), recorded_at=NOW)])
    found = pending(held.root, [DAY], since=NOW - timedelta(days=30))
    assert "since" in {entry.subject_id for entry in found}
    assert "before" not in {entry.subject_id for entry in found}
    assert deliver_new(held.root, NOW, webhook=platform.hook()).counts["delivered"] == 5
    assert deliver_new(held.root, NOW, back_days=50, webhook=platform.hook()).items == 1


def test_a_new_run_takes_dead_letters_of_every_day_too(held, platform):
    platform.plan = [400] * 4
    deliver_new(held.root, NOW, webhook=platform.hook())
    assert deliver_new(held.root, NOW, webhook=platform.hook()).items == 0
    done = deliver_new(held.root, NOW, dead=True, webhook=platform.hook())
    assert done.counts == {"delivered": 4, "dead": 0}


def job(monkeypatch, lake: Any, *words: str) -> Any:
    """The exit code of the job, 0 where it comes to its end."""
    monkeypatch.setattr("sys.argv", ["deliver.py", "--lake", str(lake.root), *words])
    try:
        runpy.run_path(str(ROOT / "jobs" / "deliver.py"), run_name="__main__")
    except SystemExit as left:
        return left.code
    return 0


def test_the_job_takes_all_that_is_new_a_day_or_dead_letters(held, platform, monkeypatch):
    conf = load_bounds().model_copy(update={"webhook": platform.hook()})
    monkeypatch.setattr("harmsweep.enforcement.webhook.load_bounds", lambda: conf)
    platform.plan = [400]
    assert job(monkeypatch, held, "--day", "2026-09-30") == 0
    assert platform.calls == []
    assert job(monkeypatch, held) == 0
    assert len(platform.calls) == 4
    assert job(monkeypatch, held, "--dead", "--back-days", "7") == 0
    assert len(platform.calls) == 5


def test_the_job_fails_where_nobody_answers(held, monkeypatch, capsys):
    conf = load_bounds().model_copy(update={"webhook": NOWHERE})
    monkeypatch.setattr("harmsweep.enforcement.webhook.load_bounds", lambda: conf)
    assert job(monkeypatch, held) == 1
    assert capsys.readouterr().err.startswith("deliver.py: Unreachable: the webhook gave no answer")


@pytest.mark.parametrize("days", ["0", "4000", "x"])
def test_the_job_looks_back_over_whole_days(held, monkeypatch, days):
    assert job(monkeypatch, held, "--back-days", days) == 2


def test_the_switch_stops_between_one_effect_and_the_next(held, platform, monkeypatch):
    calls = []

    def at_the_third(lake: Any) -> None:
        calls.append(lake)
        if len(calls) == 3:
            switch.stop(lake, "wrong")
        switch.check_running(lake)

    monkeypatch.setattr("harmsweep.enforcement.webhook.check_running", at_the_third)
    with pytest.raises(Stopped):
        deliver_day(held.root, DAY, webhook=platform.hook())
    assert len(platform.calls) == len(letters(held)) == 2
    switch.start(held.root, "right")
    deliver_day(held.root, DAY, webhook=platform.hook())
    assert len(platform.keys()) == len(set(platform.keys())) == 4


def test_after_a_kill_a_batch_is_posted_again_with_the_same_keys(held, platform, crash_at):
    crash_at("deliveries_v1:before-commit", 2)
    with pytest.raises(KeyboardInterrupt):
        deliver_day(held.root, DAY, webhook=platform.hook())
    deliver_day(held.root, DAY, webhook=platform.hook())
    keys = platform.keys()
    assert (len(keys), len(set(keys))) == (6, 4)
    assert len(letters(held)) == 4


@pytest.mark.slow
@pytest.mark.usefixtures("kill_points")
def test_wherever_it_is_killed_at_most_a_batch_is_posted_again(fresh, rows, platform, tmp_path):
    post, scored = rows
    names = [f"p{n}" for n in range(6)]
    fresh.put_posts([post(name) for name in names])
    fresh.put_scores([scored(name, hate=0.99) for name in names])
    fresh.sweep()
    deliver, told = partial(deliver_day, day=DAY, webhook=platform.hook()), 6
    last = ("webhook:after-post#6", "deliveries_v1:before-commit#3", "deliveries_v1:after-commit#3")
    options: Any = {"passing": last, "outside": lambda: len(platform.calls)}
    for point, killed, _ in kills(fresh, deliver, tmp_path, **options):
        deliver(lake=killed.root)
        keys = Counter(platform.keys()[told:])
        assert set(keys) == {row["effect_key"] for row in fresh.ledger()}, point
        again = keys.total() - len(keys)
        assert again <= 2 and max(keys.values()) <= 2, point
        assert again == (0 if "after-commit" in point else 2) or "post" in point, point
        assert delta.rows(DELIVERIES, killed.root).num_rows == len(letters(killed)) == 6, point
        told = len(platform.calls)
    assert len({body for _, body in platform.calls}) == 6


def test_what_is_open_or_held_is_not_posted(fresh, platform, crash_at):
    crash_at("actions_v1:after-commit", 1)
    with pytest.raises(KeyboardInterrupt):
        fresh.sweep()
    assert deliver_day(fresh.root, DAY, webhook=platform.hook()).items == 0
    assert platform.calls == []


def test_a_body_is_signed_where_there_is_a_secret(held, platform, monkeypatch):
    monkeypatch.setenv(SECRET, "s3cret")
    deliver_day(held.root, DAY, webhook=platform.hook())
    for headers, body in platform.calls:
        signed = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
        assert headers["X-Harmsweep-Signature"] == f"sha256={signed}"


def test_without_a_url_there_is_no_webhook(held):
    assert deliver_day(held.root, DAY).items == 0


@pytest.mark.parametrize("url", ["http://example.org/", "ftp://example.org", "file:///etc", "x"])
def test_no_other_address_is_accepted(platform, url):
    with pytest.raises(ValueError, match="url"):
        platform.hook(url=url)
