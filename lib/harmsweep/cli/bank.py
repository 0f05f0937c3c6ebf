"""`harmsweep bank`: put hashes of known media into banks, confirm, remove, list.

Who does it is the user of the system, as the kernel knows them.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from harmsweep.cli.for_another import no_file, say_on_trust
from harmsweep.cli.options import DEFAULT_LAKE, Lake
from harmsweep.cli.output import cell, print_grid
from harmsweep.known_media import banks
from harmsweep.known_media.banks import BankEntry, BankRefused, entries
from harmsweep.media.pdq import MIN_QUALITY, is_hash
from harmsweep.names import did_you_mean
from harmsweep.operations.actor import is_for_another, operator

Items = Annotated[
    list[str], Parameter(help="Picture files, or PDQ hashes of 64 hexadecimal digits.")
]
Bank = Annotated[str, Parameter(help="The bank's name.")]
Kind = Annotated[str, Parameter(help="A harm's name, known_good, or severe.")]
Budget = Annotated[int | None, Parameter(help="Posts a day that a hash may match; default 100.")]
Expires = Annotated[
    date | None, Parameter(help="First UTC day on which the hash no longer counts.")
]
Contact = Annotated[
    str | None, Parameter(help="Who is told of a match; for a severe bank, and only there.")
]
bank = App(name="bank", help="Banks of known media: add, confirm, remove, expire, list, import.")


@bank.command
def add(
    items: Items,
    *,
    bank: Bank,
    kind: Kind,
    budget: Budget = None,
    expires: Expires = None,
    contact: Contact = None,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Put hashes into a bank; each counts once a second person confirmed it."""
    hashes = [hash_of(item) for item in items]
    new = banks.add(
        lake,
        hashes,
        bank=bank,
        kind=kind,
        by=operator(),
        at=_now(),
        budget=budget,
        expires=expires,
        contact=contact,
    )
    print(f"{bank}: {new} added in quarantine, {len(set(hashes)) - new} there before")
    say_on_trust(lake)


@bank.command(name="import")
def import_(
    file: Annotated[Path, Parameter(validator=no_file)],
    *,
    bank: Bank,
    kind: Kind,
    budget: Budget = None,
    expires: Expires = None,
    contact: Contact = None,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Put the hashes of a CSV file into a bank, all or none.

    Parameters
    ----------
    file
        CSV with a column `hash`; other columns are not read.
    """
    hashes = list(hashes_in(file))
    new = banks.add(
        lake,
        hashes,
        bank=bank,
        kind=kind,
        by=operator(),
        at=_now(),
        budget=budget,
        expires=expires,
        contact=contact,
    )
    print(f"{bank}: {new} added in quarantine, {len(set(hashes)) - new} there before")
    say_on_trust(lake)


@bank.command
def confirm(items: Items, *, bank: Bank, budget: Budget = None, lake: Lake = DEFAULT_LAKE) -> None:
    """Make hashes count, as a second person."""
    hashes = [hash_of(item) for item in items]
    changed = banks.confirm(lake, hashes, bank=bank, by=operator(), at=_now(), budget=budget)
    print(f"{bank}: {changed} confirmed, {len(set(hashes)) - changed} active before")
    say_on_trust(lake)


@bank.command
def remove(items: Items, *, bank: Bank, reason: str, lake: Lake = DEFAULT_LAKE) -> None:
    """Take hashes out of use; their rows stay, with who removed them and why."""
    hashes = [hash_of(item) for item in items]
    changed = banks.remove(lake, hashes, bank=bank, by=operator(), at=_now(), reason=reason)
    print(f"{bank}: {changed} removed, {len(set(hashes)) - changed} removed before")


@bank.command
def expire(items: Items, *, bank: Bank, on: Expires = None, lake: Lake = DEFAULT_LAKE) -> None:
    """Set the day from which hashes no longer count; without --on, they count for ever."""
    hashes = [hash_of(item) for item in items]
    changed = banks.expire(lake, hashes, bank=bank, on=on)
    print(f"{bank}: {changed} changed, {len(set(hashes)) - changed} as before")


@bank.command(name="list")
def list_(
    *,
    bank: str | None = None,
    status: Literal["quarantined", "active", "removed"] | None = None,
    severe: Annotated[bool, Parameter(negative=())] = False,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """List the banks' hashes with who added, confirmed and removed each.

    Parameters
    ----------
    severe
        The severe banks instead, for who may open the restricted folder.
    """
    every = [*entries(lake, severe=severe)]
    known = {entry.bank for entry in every}
    if bank and bank not in known:
        raise BankRefused(f"no bank {bank}{did_you_mean(bank, known)}")
    found = [e for e in every if bank in (None, e.bank) and status in (None, e.status)]
    names = ("bank", "kind", "hash", "status", "reason", "by", "budget", "expires")
    print_grid(names, [_line(entry) for entry in found], right={"budget"}, fold=True)


def hash_of(item: str) -> str:
    """The PDQ hash that an item is, or that a picture file has.

    Raises:
        BankRefused: neither a hash nor a picture, or a picture too plain to be told from others.
    """
    if is_hash(item.lower()):
        return item.lower()
    path = Path(item)
    if is_for_another() or not path.is_file():
        raise BankRefused(f"{item[:70]}: neither a picture file nor a hash of 64 hex digits")
    from harmsweep.media.bounded import run_bounded
    from harmsweep.media.facts import picture_facts
    from harmsweep.media.problem import MediaProblem

    try:
        facts = run_bounded(picture_facts, path.resolve())
    except MediaProblem as problem:
        raise BankRefused(f"{item[:70]}: {problem.status}: {problem.reason}") from None
    if not facts.pdq or (facts.pdq_quality or 0) < MIN_QUALITY:
        quality = f"its hash has quality {facts.pdq_quality} of 100, below {MIN_QUALITY}"
        raise BankRefused(f"{item[:70]}: too plain to be known again: {quality}")
    return facts.pdq[0]


def hashes_in(file: Path) -> Iterator[str]:
    """The hashes of a CSV file's column `hash`.

    Raises:
        BankRefused: no such column, or a row that holds no hash; the line is named.
    """
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = csv.DictReader(opened)
        if "hash" not in (rows.fieldnames or []):
            raise BankRefused(f"{file}: no column hash")
        for row in rows:
            text = (row["hash"] or "").strip().lower()
            if not is_hash(text):
                raise BankRefused(f"{file}:{rows.line_num}: {text[:70]!r} is no PDQ hash")
            yield text


def _line(entry: BankEntry) -> tuple[str, ...]:
    people = [("added", entry.added_by), ("confirmed", entry.confirmed_by)]
    people.append(("removed", entry.removed_by))
    return (
        entry.bank,
        entry.kind,
        entry.hash,
        entry.status,
        cell(entry.reason or ""),
        ", ".join(f"{done} {name}" for done, name in people if name),
        str(entry.match_budget or ""),
        str(entry.expires_on or ""),
    )


def _now() -> datetime:
    return datetime.now(UTC)
