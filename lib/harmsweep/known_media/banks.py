"""The rules of the hash banks: who may add, confirm and remove, and when a hash counts.

A hash goes in as quarantined and counts for nothing until a second person confirms it. Severe
banks stand in a table of their own in the restricted folder; a bank's name is in one of the two.
What a person changes is in the audit; of a severe bank it has neither hash nor reason.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from harmsweep.errors import DataRefused
from harmsweep.harms import ALL_HARMS
from harmsweep.lake import delta, writes
from harmsweep.lake.locks import locked
from harmsweep.media.pdq import is_hash
from harmsweep.names import did_you_mean
from harmsweep.operations.audit import record
from harmsweep.plurals import counted
from harmsweep.tables.catalog import HASH_BANK, SEVERE_BANK
from harmsweep.tables.spec import Table

KNOWN_GOOD, SEVERE = "known_good", "severe"
# A hash that matches more posts a day than this is more often a bad hash than a wave of copies.
DEFAULT_BUDGET = 100
OVER_BUDGET = "over budget"
_NAME = re.compile(r"[\w.@-]{1,64}", re.ASCII)


class BankRefused(DataRefused):
    """A change of a bank is refused; nothing was written."""


@dataclass(frozen=True)
class BankEntry:
    """A hash in a bank; the fields are the columns of hash_bank."""

    bank: str
    hash: str
    kind: str
    status: str
    added_by: str
    added_at: datetime
    reason: str | None = None
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    removed_by: str | None = None
    removed_at: datetime | None = None
    expires_on: date | None = None
    match_budget: int | None = None
    contact: str | None = None

    def counts_on(self, day: date) -> bool:
        """Whether a match of the day is evidence: confirmed, not removed, not expired."""
        return self.status == "active" and not self.is_expired(day)

    def is_held_on(self, day: date) -> bool:
        """Whether the hash is in quarantine because it matched too many posts."""
        over = self.status == "quarantined" and (self.reason or "").startswith(OVER_BUDGET)
        return over and not self.is_expired(day)

    def is_expired(self, day: date) -> bool:
        """Whether the hash no longer counts on the day."""
        return self.expires_on is not None and self.expires_on <= day


Change = Callable[[dict[str, BankEntry]], Iterable[BankEntry]]


def entries(lake: Path, *, severe: bool = False) -> list[BankEntry]:
    """Every entry of the open banks, or of the severe ones, by bank and hash."""
    table = SEVERE_BANK if severe else HASH_BANK
    found = delta.query(lake, "SELECT * FROM bank", names={"bank": table.name}).to_pylist()
    return sorted((BankEntry(**row) for row in found), key=lambda entry: (entry.bank, entry.hash))


def add(
    lake: Path,
    hashes: Sequence[str],
    *,
    bank: str,
    kind: str,
    by: str,
    at: datetime,
    budget: int | None = None,
    expires: date | None = None,
    contact: str | None = None,
) -> int:
    """Put hashes into a bank, in quarantine; give how many are new. What is there stays as it is.

    A hash that was removed goes in anew. The budget is DEFAULT_BUDGET where none is given; a
    severe bank has none, a known-good one only where it is given.

    Raises:
        BankRefused: an unknown kind, a name or hash that is none, a bank of another kind, a severe
            bank without a contact, or a contact or budget that a kind does not take.
    """
    _check_name("bank", bank)
    _check_name("by", by)
    _check_kind(kind, budget, contact)
    for text in hashes:
        _check_hash(text)
    limit = budget or (None if kind in (SEVERE, KNOWN_GOOD) else DEFAULT_BUDGET)
    table = SEVERE_BANK if kind == SEVERE else HASH_BANK
    facts = {"expires_on": expires, "match_budget": limit, "contact": contact}
    new = partial(_new_entries, hashes=hashes, bank=bank, kind=kind, by=by, at=at, facts=facts)
    with locked(lake, [HASH_BANK.name, SEVERE_BANK.name]):
        other = HASH_BANK if kind == SEVERE else SEVERE_BANK
        if _of_bank(lake, other, bank):
            raise BankRefused(f"bank {bank} is of another kind than {kind}")
        return _change(lake, table, bank, new, act="bank_add", details={"kind": kind})


def _new_entries(
    known: dict[str, BankEntry],
    *,
    hashes: Sequence[str],
    bank: str,
    kind: str,
    by: str,
    at: datetime,
    facts: Mapping[str, Any],
) -> Iterator[BankEntry]:
    """Entries in quarantine for the hashes that the bank lacks or that were removed from it."""
    for entry in known.values():
        if entry.kind != kind:
            raise BankRefused(f"bank {bank} is of kind {entry.kind}, not {kind}")
    for text in dict.fromkeys(hashes):
        if text not in known or known[text].status == "removed":
            reason = "waits for a second person"
            yield BankEntry(bank, text, kind, "quarantined", by, at, reason=reason, **facts)


def confirm(
    lake: Path,
    hashes: Sequence[str],
    *,
    bank: str,
    by: str,
    at: datetime,
    budget: int | None = None,
) -> int:
    """Make hashes active as a second person; give how many were not. All or none.

    A budget replaces the one that they had, for a hash that rightly matches many posts.

    Raises:
        BankRefused: a hash is not in the bank, was removed, or was added by the same person; or a
            budget that the bank's kind does not take.
    """
    _check_name("by", by)

    def confirmed(known: dict[str, BankEntry]) -> Iterable[BankEntry]:
        for entry in (_known(known, bank, text) for text in hashes):
            _check_kind(entry.kind, budget, entry.contact)
            if entry.status == "removed":
                raise BankRefused(f"{entry.hash[:12]} was removed from {bank}; add it again first")
            if entry.added_by.casefold() == by.casefold():
                short = entry.hash[:12]
                raise BankRefused(f"{by} added {short} to {bank}: a second person must confirm")
            if entry.status != "active":
                limit = budget or entry.match_budget
                now = replace(entry, status="active", reason=None, match_budget=limit)
                yield replace(now, confirmed_by=by, confirmed_at=at)

    return _change(lake, _table_of(lake, bank), bank, confirmed, act="bank_confirm")


def remove(
    lake: Path, hashes: Sequence[str], *, bank: str, by: str, at: datetime, reason: str
) -> int:
    """Take hashes out of use, one person alone may; their rows stay. Gives how many were in use.

    Raises:
        BankRefused: a hash is not in the bank.
    """
    _check_name("by", by)

    def removed(known: dict[str, BankEntry]) -> Iterable[BankEntry]:
        for entry in (_known(known, bank, text) for text in hashes):
            if entry.status != "removed":
                yield replace(entry, status="removed", reason=reason, removed_by=by, removed_at=at)

    return _change(lake, _table_of(lake, bank), bank, removed, act="bank_remove", reason=reason)


def expire(lake: Path, hashes: Sequence[str], *, bank: str, on: date | None) -> int:
    """Set the day from which hashes no longer count, or none; give how many had another.

    Raises:
        BankRefused: a hash is not in the bank.
    """

    def expiring(known: dict[str, BankEntry]) -> Iterable[BankEntry]:
        for entry in (_known(known, bank, text) for text in hashes):
            if entry.expires_on != on:
                yield replace(entry, expires_on=on)

    details = {"expires_on": str(on or "")}
    return _change(lake, _table_of(lake, bank), bank, expiring, act="bank_expire", details=details)


def send_back(lake: Path, bank: str, posts_by_hash: dict[str, int], day: date) -> int:
    """Put hashes back into quarantine that matched more posts than their budget; give how many."""

    def quarantined(known: dict[str, BankEntry]) -> Iterable[BankEntry]:
        for text, posts in posts_by_hash.items():
            entry = known[text]
            on_day = f"{counted(posts, 'post')} on {day}"
            reason = f"{OVER_BUDGET}: {on_day}, budget {entry.match_budget}"
            if entry.status == "active":
                yield replace(
                    entry,
                    status="quarantined",
                    reason=reason,
                    confirmed_by=None,
                    confirmed_at=None,
                )

    return _change(lake, HASH_BANK, bank, quarantined)


def _change(
    lake: Path,
    table: Table,
    bank: str,
    change: Change,
    *,
    act: str = "",
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> int:
    """Replace a bank's rows by what `change` makes of them; nothing is written for no change.

    A person's act has a name. The audit has it first: once it is done, no repeat could add it.
    """
    with locked(lake, [table.name]):
        known = _of_bank(lake, table, bank)
        changed = {entry.hash: entry for entry in change(known)}
        if changed:
            if act:
                # Everybody may read the audit, and nobody but its owner a severe bank.
                severe = table is SEVERE_BANK
                said = {**(details or {}), "hashes": len(changed) if severe else [*changed]}
                record(lake, act, bank, reason="" if severe else reason, details=said)
            rows = [asdict(entry) for entry in (known | changed).values()]
            writes.write_rows(rows, table, lake, where={"bank": bank})
        return len(changed)


def _of_bank(lake: Path, table: Table, bank: str) -> dict[str, BankEntry]:
    where = delta.datafusion_where({"bank": bank})
    found = delta.query(lake, f"SELECT * FROM bank WHERE {where}", names={"bank": table.name})
    return {row["hash"]: BankEntry(**row) for row in found.to_pylist()}


def _table_of(lake: Path, bank: str) -> Table:
    _check_name("bank", bank)
    for table in (HASH_BANK, SEVERE_BANK):
        if _of_bank(lake, table, bank):
            return table
    names = {entry.bank for entry in entries(lake)}
    raise BankRefused(f"no bank {bank}{did_you_mean(bank, names)}")


def _known(known: dict[str, BankEntry], bank: str, text: str) -> BankEntry:
    _check_hash(text)
    if text not in known:
        raise BankRefused(f"{text[:12]} is not in bank {bank}")
    return known[text]


def _check_hash(text: str) -> None:
    if not is_hash(text):
        raise BankRefused(f"{text[:70]!r} is no PDQ hash: 64 hexadecimal digits in small letters")


def _check_name(what: str, text: str) -> None:
    if not _NAME.fullmatch(text):
        raise BankRefused(f"{what} {text[:70]!r}: give 1 to 64 letters, digits, or . _ @ -")


def _check_kind(kind: str, budget: int | None, contact: str | None) -> None:
    harms = [h.name for h in ALL_HARMS.values() if h.applies_to == "post" and not h.retired]
    if kind not in (*harms, KNOWN_GOOD, SEVERE):
        kinds = (*harms, KNOWN_GOOD, SEVERE)
        nearest = did_you_mean(kind, kinds)
        raise BankRefused(f"kind {kind[:70]!r} is not known; known are {', '.join(kinds)}{nearest}")
    if kind == SEVERE and not contact:
        raise BankRefused("a severe bank needs a contact: who is told of a match")
    if kind != SEVERE and contact:
        raise BankRefused(f"a bank of kind {kind} has no contact: its matches go to review")
    if kind == SEVERE and budget is not None:
        raise BankRefused("a severe bank has no match budget")
    if budget is not None and budget < 1:
        raise BankRefused(f"a match budget is 1 or more, not {budget}")
