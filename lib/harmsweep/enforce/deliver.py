"""Effects posted to the platform's webhook, each at least once and told apart by its key."""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from harmsweep import lake as lakes
from harmsweep.enforce.books import entries
from harmsweep.enforce.bounds import Webhook, bounds
from harmsweep.failpoints import failpoint
from harmsweep.ledger import Entry
from harmsweep.locks import locked
from harmsweep.operations import check_running
from harmsweep.runs import Outcome
from harmsweep.tables import DELIVERIES

# Signs the body where it is set: the platform can tell whose the call is.
SECRET = "HARMSWEEP_WEBHOOK_SECRET"
# What the platform is told of an effect; the rest is the ledger's own.
TOLD = (
    *("effect_key", "sweep_id", "subject_kind", "subject_id", "revision", "surface"),
    *("jurisdiction", "lane", "action", "previous_action", "harm", "expires_at", "recorded_at"),
)
# Worth another try: the platform is busy or down. Any other refusal stays one.
AGAIN = (408, 425, 429, 500, 502, 503, 504)


def deliver_day(lake: Path, day: date, *, webhook: Webhook | None = None) -> Outcome:
    """Post the day's effects that nobody was told of yet, in their order, once each.

    After a kill at most one batch is posted again, with the same Idempotency-Key. What fails for
    good is a dead letter: it stays in deliveries with its reason, and is posted no more.

    Raises:
        Stopped: the switch is off; what was posted until then is kept as delivered.
    """
    started, hook = time.monotonic(), webhook or bounds().webhook
    counts = {"delivered": 0, "dead": 0}
    if hook.url:
        with locked(lake, [DELIVERIES.name]), _session(hook) as session:
            found = pending(lake, day)
            for first in range(0, len(found), hook.batch):
                for status in _batch(lake, session, hook, found[first : first + hook.batch]):
                    counts[status] += 1
    items = sum(counts.values())
    return Outcome("deliver", day, items, time.monotonic() - started, counts=counts)


def pending(lake: Path, day: date) -> list[Entry]:
    """The day's effects that are in force and were not posted, in the order of their booking."""
    known = lakes.rows(DELIVERIES, lake, day=day).column("effect_key").to_pylist()
    done = set(known)
    every = [entry for entry in entries(lake, day) if entry.effect_key not in done]
    outcomes = {entry.effect_key for entry in every if entry.entry == "outcome"}
    found = [e for e in every if e.entry == "intent" and e.effect_key in outcomes]
    return sorted(found, key=lambda e: (e.recorded_at, e.subject_id, e.effect_key))


def _batch(
    lake: Path, session: requests.Session, hook: Webhook, effects: Sequence[Entry]
) -> Iterator[str]:
    """Post some effects and keep what became of them, also where one stops the rest."""
    rows = []
    try:
        for entry in effects:
            check_running(lake)
            reason = _post(session, hook, entry)
            failpoint("webhook:after-post")
            rows.append(_row(entry, reason))
            yield rows[-1]["status"]
    finally:
        if rows:
            lakes.put_rows(rows, DELIVERIES, lake)


def _row(entry: Entry, reason: str | None) -> dict[str, Any]:
    status = "dead" if reason else "delivered"
    known = {"day": entry.day, "effect_key": entry.effect_key, "status": status}
    return known | {"at": datetime.now(UTC), "reason": reason}


def _post(session: requests.Session, hook: Webhook, entry: Entry) -> str | None:
    """Post an effect; why it failed for good, or None."""
    told = {name: getattr(entry, name) for name in TOLD}
    body = json.dumps(told, default=lambda time: time.isoformat()).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": entry.effect_key}
    if secret := os.environ.get(SECRET):
        signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers["X-Harmsweep-Signature"] = f"sha256={signed}"
    options: dict[str, Any] = {"timeout": hook.timeout_seconds, "allow_redirects": False}
    try:
        answer = session.post(hook.url, data=body, headers=headers, **options)
    except requests.RequestException as error:
        return type(error).__name__
    return None if answer.ok and answer.status_code < 300 else f"status {answer.status_code}"


def _session(hook: Webhook) -> requests.Session:
    retry = Retry(
        total=hook.attempts - 1,
        backoff_factor=hook.backoff_seconds,
        status_forcelist=AGAIN,
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
