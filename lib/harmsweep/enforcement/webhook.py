"""Effects posted to the platform's webhook, each at least once and told apart by its key."""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from harmsweep.enforcement.conf import Webhook, load_bounds
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.state.day_ledger import entries
from harmsweep.lake import delta, table_log, writes
from harmsweep.lake.failpoints import failpoint
from harmsweep.lake.locks import locked
from harmsweep.lake.runs import Outcome
from harmsweep.operations.switch import check_running
from harmsweep.plurals import counted
from harmsweep.tables.catalog import ACTIONS, DELIVERIES

Row = dict[str, Any]
# Signs the body where it is set: the platform can tell whose the call is.
SECRET = "HARMSWEEP_WEBHOOK_SECRET"
# What the platform is told of an effect; the rest is the ledger's own.
PAYLOAD_FIELDS = (
    *("effect_key", "sweep_id", "subject_kind", "subject_id", "revision", "surface"),
    *("jurisdiction", "lane", "action", "previous_action", "harm", "expires_at", "recorded_at"),
)
# Worth another try: the platform is busy or down. Any other refusal stays one.
RETRY_STATUSES = (408, 425, 429, 500, 502, 503, 504)
# What stands before the platform says this where nothing behind it answers.
UNAVAILABLE_STATUSES = (429, 502, 503, 504)
# So many effects in a row without an answer, each tried several times, are the platform's fault.
MAX_UNANSWERED = 5
# How far back what nobody was told of is looked for, by when it came in force.
BACK_DAYS = 30
# One delivery at a time, so that none is posted twice; nothing else waits for it.
_TURN = "deliver"


class Unreachable(RuntimeError):
    """The platform does not answer: what it was not told is posted by the next run."""


def deliver_day(
    lake: Path, day: date, *, dead: bool = False, webhook: Webhook | None = None
) -> Outcome:
    """Post the day's effects that nobody was told of yet; see `deliver`."""
    return deliver(lake, day, lambda: pending(lake, [day], dead=dead), webhook=webhook)


def deliver_new(
    lake: Path,
    now: datetime,
    *,
    back_days: int = BACK_DAYS,
    dead: bool = False,
    webhook: Webhook | None = None,
) -> Outcome:
    """Post what came in force in the last days and nobody was told of, on whatever day's posts.

    So it has what people did to older posts, and what happened to accounts, which have no day; see
    `deliver`.
    """
    since = now - timedelta(days=back_days)

    def find() -> list[Entry]:
        return pending(lake, _days(lake, since, dead), since=since, dead=dead)

    return deliver(lake, now.date(), find, webhook=webhook)


def deliver(
    lake: Path, day: date, find: Callable[[], list[Entry]], *, webhook: Webhook | None
) -> Outcome:
    """Post the effects that `find` gives, in their order, once each.

    After a kill at most one batch is posted again, with the same Idempotency-Key. What is refused
    for good is a dead letter: it stays in deliveries with its reason, and is posted again only
    where that is asked for. So is what gets no answer, if a later effect gets one.

    Raises:
        Unreachable: too many effects in a row got no answer, or the last ones; they are pending.
        Stopped: the switch is off; what was posted until then is kept as delivered.
    """
    started, hook = time.monotonic(), webhook or load_bounds().webhook
    counts = {"delivered": 0, "dead": 0}
    if hook.url:
        with locked(lake, [_TURN]), _session(hook) as session:
            effects, unanswered = find(), list[Row]()
            for first in range(0, len(effects), hook.batch):
                batch = effects[first : first + hook.batch]
                for status in _batch(lake, session, hook, batch, unanswered):
                    counts[status] += 1
            if unanswered:
                raise _unreachable(unanswered)
    items = sum(counts.values())
    return Outcome("deliver", day, items, time.monotonic() - started, counts=counts)


def pending(
    lake: Path, days: Iterable[date], *, since: datetime | None = None, dead: bool = False
) -> list[Entry]:
    """Effects on the days' subjects that are in force and were not posted, by their booking.

    With `since`, those that came in force from then on. With `dead`, dead letters too: of those at
    one scope the newest alone, and only where nothing came after it, since the platform takes what
    it is told last.
    """
    return sorted(
        (entry for day in days for entry in _pending(lake, day, since, dead)), key=_booking
    )


def _pending(lake: Path, day: date, since: datetime | None, dead: bool) -> Iterator[Entry]:
    known = delta.rows(DELIVERIES, lake, day=day).to_pylist()
    done = {row["effect_key"] for row in known if row["status"] == "delivered"}
    letters = {row["effect_key"] for row in known} - done
    every = entries(lake, day)
    outcomes = {e.effect_key: e.recorded_at for e in every if e.entry == "outcome"}
    booked = [e for e in every if e.entry == "intent" and e.effect_key in outcomes]
    newest = {e.scope: e.effect_key for e in sorted(booked, key=_booking)}
    for entry in booked:
        key = entry.effect_key
        again = key not in letters or (dead and newest[entry.scope] == key)
        if key not in done and again and (since is None or outcomes[key] >= since):
            yield entry


def _booking(entry: Entry) -> tuple[datetime, str, str]:
    return entry.recorded_at, entry.subject_id, entry.effect_key


def _days(lake: Path, since: datetime, dead: bool) -> list[date]:
    """The days on whose subjects something came in force since then that is to be posted."""
    days = table_log.days_since(ACTIONS, lake, "recorded_at", since)
    known = "AND d.status = 'delivered'" if dead else ""
    sql = f"""SELECT DISTINCT day FROM actions_v1 a WHERE {delta.datafusion_where({"day": days})}
        AND entry = 'outcome' AND recorded_at >= TIMESTAMP '{since.isoformat()}'
        AND NOT EXISTS (SELECT 1 FROM deliveries_v1 d
            WHERE {delta.datafusion_where({"d.day": days})} AND d.effect_key = a.effect_key {known})
        ORDER BY day"""
    return list(delta.query(lake, sql, days=days).column("day").to_pylist())


def _batch(
    lake: Path,
    session: requests.Session,
    hook: Webhook,
    effects: Sequence[Entry],
    unanswered: list[Row],
) -> Iterator[str]:
    """Post some effects and keep what became of them, also where one stops the rest.

    What gets no answer is added to `unanswered`, and kept once the platform answers anew.
    """
    rows = list[Row]()
    try:
        for entry in effects:
            check_running(lake)
            reason, answered = _post(session, hook, entry)
            failpoint("webhook:after-post")
            if not answered:
                unanswered.append(_row(entry, reason))
                if len(unanswered) == MAX_UNANSWERED:
                    raise _unreachable(unanswered)
                continue
            answered_rows = [*unanswered, _row(entry, reason)]
            unanswered.clear()
            rows += answered_rows
            yield from (row["status"] for row in answered_rows)
    finally:
        if rows:
            writes.write_rows(rows, DELIVERIES, lake)


def _unreachable(rows: Sequence[Row]) -> Unreachable:
    last = rows[-1]["reason"]
    return Unreachable(
        f"the webhook gave no answer to {counted(len(rows), 'effect')} in a row ({last}): run it"
        " again later"
    )


def _row(entry: Entry, reason: str | None) -> Row:
    status = "dead" if reason else "delivered"
    known = {"day": entry.day, "effect_key": entry.effect_key, "status": status}
    return known | {"at": datetime.now(UTC), "reason": reason}


def _post(session: requests.Session, hook: Webhook, entry: Entry) -> tuple[str | None, bool]:
    """Post an effect; why it failed or None, and whether the platform itself answered."""
    payload = {name: getattr(entry, name) for name in PAYLOAD_FIELDS}
    body = json.dumps(payload, default=lambda time: time.isoformat()).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": entry.effect_key}
    if secret := os.environ.get(SECRET):
        signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers["X-Harmsweep-Signature"] = f"sha256={signed}"
    options: dict[str, Any] = {"timeout": hook.timeout_seconds, "allow_redirects": False}
    try:
        answer = session.post(hook.url, data=body, headers=headers, **options)
    except requests.RequestException as error:
        return type(error).__name__, False
    status = answer.status_code
    return (
        None if answer.ok and status < 300 else f"status {status}",
        status not in UNAVAILABLE_STATUSES,
    )


def _session(hook: Webhook) -> requests.Session:
    retry = Retry(
        total=hook.attempts - 1,
        backoff_factor=hook.backoff_seconds,
        status_forcelist=RETRY_STATUSES,
        allowed_methods=None,
        redirect=0,
        raise_on_status=False,
    )
    session = requests.Session()
    # The platform's address is in conf: no proxy or netrc of the machine has a say in it.
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session
