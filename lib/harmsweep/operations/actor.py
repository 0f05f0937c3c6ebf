"""Who acts, and whether that is established.

What a process says of itself proves nothing: whoever may write the lake may write any name there.
Who acts is established of somebody who may not, and who came by sudo to the account that alone may
(deploy/harmsweep): sudo says who they are, and neither it nor what it starts is the actor's.
"""

import os
import stat
import sys
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path

from harmsweep.lake.locks import user
from harmsweep.paths import CONF, ROOT

# The lake of this installation, or a link to it: the only one on which anybody acts by sudo.
OWN_LAKE = ROOT / "lake"
SET_UP = "docs/security.md#who-acts"
# What a caller's environment could change: bounds, conf, code.
_SETTINGS = ("HARMSWEEP_", "LD_", "PYTHON")


def is_for_another() -> bool:
    """Whether this process runs for whoever called sudo: deploy/harmsweep isolates its Python."""
    return bool(sys.flags.isolated) and "SUDO_UID" in os.environ


def operator() -> str:
    """The user of the system who acts: who came by sudo to the lake's owner, or the process's own.

    As the kernel and sudo know them: nothing that they set or type changes it.
    """
    return user(_by_sudo())


def _by_sudo() -> int | None:
    """The number of whoever came by sudo to the lake's owner; None of anybody else.

    Whoever is not the owner may set SUDO_UID to any number.
    """
    if not is_for_another() or not OWN_LAKE.exists() or _owner(OWN_LAKE) != os.geteuid():
        return None
    return int(os.environ["SUDO_UID"])


def why_on_trust(lake: Path) -> str:
    """Why it is on trust who acts on a lake, in words; empty where it is established."""
    number = _by_sudo()
    if number is None:
        return f"{operator()} did not come by sudo to the owner of the lake"
    if lake.resolve() != OWN_LAKE.resolve():
        return f"{lake} is not the lake of this installation"
    if number in (0, os.geteuid()) or user(number) == str(number):
        return f"{user(number)} is no account of one person"
    if taken := sorted(name for name in os.environ if name.startswith(_SETTINGS)):
        return f"{taken[0]} came along with the caller"
    return why_open(lake) or _why_code_is_open(_owner(lake))


def why_open(lake: Path) -> str:
    """What of a lake others than its owner and root may write, in words; empty of nothing."""
    return _say(_open_to_others([lake], {0, _owner(lake)}))


@cache
def _why_code_is_open(owner: int) -> str:
    """The same of all that this process runs and reads its bounds from."""
    return _say(_open_to_others([CONF, Path(sys.executable), *map(Path, sys.path)], {0, owner}))


def _say(found: Iterator[Path]) -> str:
    first = next(found, None)
    return "" if first is None else f"others than the lake's owner may write {first}"


def _owner(lake: Path) -> int:
    return lake.stat().st_uid


def _open_to_others(places: Iterable[Path], owners: Collection[int]) -> Iterator[Path]:
    """What at, above or beneath places others than `owners` may write, or put another thing for.

    A link counts as what it leads to. Above, a folder may be as /tmp is (sticky): nobody exchanges
    there what is another's.
    """
    waiting, seen = [place.resolve() for place in places], set[Path]()
    while waiting:
        top = waiting.pop()
        if any(top.is_relative_to(place) for place in seen):
            continue
        seen.add(top)
        for above in top.parents:
            if _is_open(above, owners) and not above.stat().st_mode & stat.S_ISVTX:
                yield above
        for entry in _tree(top):
            if entry.is_symlink():
                waiting.append(Path(entry).resolve())
            elif _is_open(entry, owners):
                yield Path(entry)


def _tree(top: Path | os.DirEntry[str]) -> Iterator[Path | os.DirEntry[str]]:
    """A file or folder and all beneath it, as far as it is there and open to us."""
    yield top
    try:
        entries = [*os.scandir(top)]
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _tree(entry)
        else:
            yield entry


def _is_open(entry: Path | os.DirEntry[str], owners: Collection[int]) -> bool:
    try:
        facts = entry.stat()
    except FileNotFoundError:  # what is not there, or a writer's file that is gone by now
        return False
    return facts.st_uid not in owners or bool(facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
