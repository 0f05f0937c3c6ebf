"""What the console is told where it runs, by sudo, for somebody else: docs/security.md.

Its account reads and writes what the caller may not. So it reads no file that the caller names but
what everybody finds in the installation, writes none, and acts on no lake but the installation's.
"""

import os
import sys
from pathlib import Path
from typing import Any

from harmsweep.lake.locks import user
from harmsweep.operations.actor import OWN_LAKE, SET_UP, is_for_another, operator, why_on_trust
from harmsweep.paths import CONF, ROOT


def own_lake(_: Any, lake: Path | None) -> None:
    """Refuse by sudo another lake than the installation's.

    Raises:
        ValueError: it is another.
    """
    _check(lake, lake and lake.resolve() == OWN_LAKE.resolve(), f"{OWN_LAKE} is the only lake")


def of_conf(_: Any, path: Path | None) -> None:
    """Refuse by sudo a file that is none of the installation's conf.

    Raises:
        ValueError: it lies elsewhere.
    """
    _check(path, path and _is_in(CONF, path), f"only files of {CONF} are read")


def no_file(_: Any, path: Path | None) -> None:
    """Refuse by sudo any file.

    Raises:
        ValueError: one was named.
    """
    _check(path, False, "no such file is read or written")


def manifest_of(value: str) -> Path:
    """The manifest of a `--model`; by sudo one of conf, or a champion of the installation's.

    Raises:
        ValueError: it lies elsewhere.
    """
    from harmsweep.model.registry import CHAMPION, PREVIOUS, model_path

    alias, at, folder = value.partition("@")
    if at and alias in (CHAMPION, PREVIOUS):
        _check(value, _is_in(ROOT, Path(folder)), f"only registries of {ROOT} are read")
    else:
        of_conf(None, Path(value))
    return model_path(value)


def _is_in(folder: Path, path: Path) -> bool:
    """Whether a path is of a folder of the installation, whose links are its own."""
    is_plain = ".." not in path.parts and (Path.cwd() / path).is_relative_to(folder)
    return is_plain or path.resolve().is_relative_to(folder.resolve())


def _check(named: Path | str | None, allowed: object, rule: str) -> None:
    if named is not None and is_for_another() and not allowed:
        raise ValueError(f"{named}: by sudo {rule}")


def say_on_trust(lake: Path) -> None:
    """Say on stderr that it is on trust who does what counts people, where it is."""
    if why := why_on_trust(lake):
        print(f"on trust: {why}; see {SET_UP}", file=sys.stderr)


def advised(text: str) -> str:
    """What an error says; where this user may not read the lake or write there, how to do it."""
    try:
        owner = OWN_LAKE.stat().st_uid
    except OSError:  # there is none, or not for this user to see
        return text
    if is_for_another() or owner == os.geteuid():
        return text
    how = f"say `sudo -u {user(owner)} {ROOT}/deploy/harmsweep …`"
    if not os.access(OWN_LAKE, os.R_OK | os.X_OK):
        return f"{operator()} may not read {OWN_LAKE}: {how}"
    is_closed = "ermission denied" in text or SET_UP in text
    return f"{text}; {how}" if is_closed else text
