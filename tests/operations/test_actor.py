"""Who acts is established of whom sudo names, on a lake that nobody but its owner may write."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harmsweep.lake.locks import user
from harmsweep.operations import actor
from harmsweep.operations.actor import operator, why_on_trust, why_open

Come = Callable[[Path], str]
NOBODYS = 2**31 - 7  # no passwd entry has it


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A lake of this user's, closed to all others."""
    folder = tmp_path / "own" / "lake"
    (folder / "operations_v1").mkdir(parents=True)
    (folder / "operations_v1" / "part").write_text("rows", encoding="utf-8")
    for path in (tmp_path / "own", folder, *folder.rglob("*")):
        path.chmod(0o755)
    return folder


def test_who_comes_by_sudo_acts_and_is_established(own: Path, by_sudo: Come) -> None:
    name = by_sudo(own)
    assert (operator(), why_on_trust(own)) == (name, "")


def test_who_starts_the_process_acts_on_trust(own: Path) -> None:
    assert operator() == user()
    assert why_on_trust(own) == f"{user()} did not come by sudo to the owner of the lake"


@pytest.mark.parametrize("missing", ["number", "isolation", "lake"])
def test_a_number_alone_makes_nobody(
    own: Path, by_sudo: Come, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    by_sudo(own)
    if missing == "number":
        monkeypatch.delenv("SUDO_UID")
    if missing == "isolation":
        monkeypatch.setattr(sys.flags, "isolated", 0)
    if missing == "lake":
        monkeypatch.setattr(actor, "OWN_LAKE", own / "nowhere")
    assert operator() == user()
    assert why_on_trust(own).startswith(f"{user()} did not come by sudo")


def test_who_may_not_write_the_lake_is_none_but_themselves(
    own: Path, by_sudo: Come, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may set SUDO_UID, and isolate their Python."""
    by_sudo(own)
    monkeypatch.setattr("os.geteuid", lambda: NOBODYS)
    assert operator() == user()
    assert why_on_trust(own).startswith(f"{user()} did not come by sudo")


@pytest.mark.parametrize("number", [0, os.geteuid(), NOBODYS])
def test_no_account_of_one_person_is_established(
    own: Path, by_sudo: Come, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    by_sudo(own)
    monkeypatch.setenv("SUDO_UID", str(number))
    assert operator() == user(number)
    assert why_on_trust(own) == f"{user(number)} is no account of one person"


@pytest.mark.parametrize("name", ["HARMSWEEP_HOME", "LD_PRELOAD", "PYTHONPATH"])
def test_what_came_along_with_the_caller_establishes_nobody(
    own: Path, by_sudo: Come, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    by_sudo(own)
    monkeypatch.setenv(name, "/home/ana")
    assert why_on_trust(own) == f"{name} came along with the caller"


def test_nobody_is_established_on_another_lake(own: Path, by_sudo: Come, tmp_path: Path) -> None:
    by_sudo(own)
    other = tmp_path / "other"
    other.mkdir()
    assert why_on_trust(other) == f"{other} is not the lake of this installation"
    (tmp_path / "link").symlink_to(own)
    assert why_on_trust(tmp_path / "link") == ""


@pytest.mark.parametrize("place", [".", "..", "operations_v1", "operations_v1/part"])
@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_nobody_is_established_where_others_may_write(
    own: Path, by_sudo: Come, place: str, mode: int
) -> None:
    by_sudo(own)
    path = (own / place).resolve()
    path.chmod(mode)
    assert why_on_trust(own) == f"others than the lake's owner may write {path}"


def test_what_belongs_to_another_is_written_by_another(own: Path) -> None:
    found = actor._open_to_others([own], {NOBODYS})
    assert next(found) == own.parent


def test_in_a_folder_as_tmp_is_nobody_exchanges_what_is_anothers(own: Path) -> None:
    own.parent.chmod(0o1777)
    assert why_open(own) == ""


def test_a_link_counts_as_what_it_leads_to(own: Path, tmp_path: Path) -> None:
    (own / "inside").symlink_to(own / "operations_v1")
    (own / "around").symlink_to(own)
    assert why_open(own) == ""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside").chmod(0o777)
    (own / "leads out").symlink_to(tmp_path / "outside")
    assert why_open(own) == f"others than the lake's owner may write {tmp_path / 'outside'}"


def test_what_runs_and_what_bounds_it_is_looked_at_too(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, conf = tmp_path / "code", tmp_path / "conf"
    for path in (code, conf):
        path.mkdir()
        path.chmod(0o755)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "absent.zip"), str(code)])
    monkeypatch.setattr(sys, "executable", str(own / "operations_v1" / "part"))
    monkeypatch.setattr(actor, "CONF", conf)
    look = actor._why_code_is_open.__wrapped__
    assert look(os.geteuid()) == ""
    for path in (code, conf):
        path.chmod(0o777)
        assert look(os.geteuid()) == f"others than the lake's owner may write {path}"
        path.chmod(0o755)
