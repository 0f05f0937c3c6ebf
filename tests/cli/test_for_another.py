"""By sudo the console reads and writes no file of the caller's, and acts on one lake."""

import inspect
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App, Parameter

from harmsweep.cli import for_another
from harmsweep.cli.main import app
from harmsweep.cli.options import as_manifest
from harmsweep.errors import REFUSED, USAGE
from harmsweep.operations import audit
from harmsweep.operations.actor import SET_UP
from harmsweep.paths import CONF, DEFAULT_MODEL, ROOT

Call = Callable[..., tuple[int, str, str]]
Come = Callable[[Path], str]
POLICY = CONF / "policy" / "default.yaml"
CHECKS = {for_another.own_lake, for_another.of_conf, for_another.no_file, as_manifest}


def commands(of: App) -> Iterator[tuple[str, Any]]:
    """Every command of the console, with its function."""
    for name in of:
        if name.startswith("-"):
            continue
        one = of[name]
        if one.default_command:
            yield " ".join([*of.name, name]), one.default_command
        yield from commands(one)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that is no policy, model or picture."""
    path = tmp_path / "secret"
    path.write_text("password: 1234", encoding="utf-8")
    return path


@pytest.fixture
def ours(lake: Path, by_sudo: Come) -> Path:
    """The installation's lake, as somebody comes to it by sudo."""
    by_sudo(lake)
    return lake


def test_every_path_that_a_command_takes_is_checked() -> None:
    found = dict(commands(app))
    assert {"harmsweep plan", "appeal decide", "bank import"} <= found.keys()
    for name, function in found.items():
        hints = typing.get_type_hints(function, include_extras=True)
        for argument in inspect.signature(function).parameters:
            hint = hints[argument]
            if "pathlib" not in repr(hint):
                continue
            (said,) = [p for p in typing.get_args(hint) if isinstance(p, Parameter)]
            checks = {said.converter, *(said.validator or ())}
            assert checks & CHECKS, (name, argument)


def test_the_installations_lake_is_acted_on_by_any_of_its_names(
    call: Call, lake: Path, by_sudo: Come, tmp_path: Path
) -> None:
    lake.chmod(0o700)
    name = by_sudo(lake)
    (tmp_path / "link").symlink_to(lake)
    code, _, err = call("stop", "--reason", "x", "--lake", tmp_path / "link")
    assert (code, err) == (0, "")
    (row,) = audit.operations(lake, "lake")
    assert (row["operator"], row["act"]) == (name, "stop")


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("stop --reason x --lake OTHER", "is the only lake"),
        ("plan --from 2026-10-01 --model MODEL --policy SECRET", "only files of"),
        ("plan --from 2026-10-01 --model SECRET --policy POLICY", "only files of"),
        ("plan --from 2026-10-01 --model champion@OTHER --policy POLICY", "only registries of"),
        ("plan --from 2026-10-01 --model OTHER@conf/m.json --policy POLICY", "only files of"),
        ("plan --from 2026-10-01 --model champion --policy POLICY", "only f"),
        ("plan --from 2026-10-01 --model MODEL --policy POLICY --against-policy SECRET", "only f"),
        ("show plan-1 --page SECRET", "no such file is read or written"),
        ("bank import SECRET --bank b --kind hate", "no such file is read or written"),
    ],
)
def test_no_path_of_the_callers_is_taken(
    call: Call, ours: Path, secret: Path, command: str, rule: str
) -> None:
    places = {"OTHER": secret.parent, "SECRET": secret, "MODEL": DEFAULT_MODEL, "POLICY": POLICY}
    words = [
        next((w.replace(k, str(v)) for k, v in places.items() if k in w), w)
        for w in command.split()
    ]
    code, out, err = call(*words)
    assert (code, out) == (USAGE, "")
    assert rule in " ".join(err.replace("│", " ").split())
    assert "1234" not in err
    assert secret.read_text(encoding="utf-8") == "password: 1234"


@pytest.mark.usefixtures("ours")
def test_what_everybody_finds_in_the_installation_is_read() -> None:
    for_another._check("x", for_another._is_in(ROOT, ROOT / "build" / "mlflow"), "")
    for_another.of_conf(None, POLICY)
    for_another.of_conf(None, None)
    with pytest.raises(ValueError, match="by sudo only files of"):
        for_another.of_conf(None, CONF / ".." / "setup.cfg")


def test_a_picture_is_hashed_by_whoever_may_read_it(call: Call, ours: Path, secret: Path) -> None:
    code, _, err = call("bank", "add", secret, "--bank", "b", "--kind", "hate", "--lake", ours)
    assert (code, "neither a picture file nor a hash" in err) == (REFUSED, True)


def test_without_sudo_every_path_is_taken(call: Call, lake: Path, secret: Path) -> None:
    code, _, err = call("policy", secret, "--lake", lake)
    assert (code, f"{secret}:1: " in err) == (REFUSED, True)


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        ("no such post", 0o755, "no such post"),
        (
            "Permission denied (os error 13)",
            0o755,
            "Permission denied (os error 13); say `sudo -u ",
        ),
        (f"on trust; see {SET_UP}", 0o755, f"{SET_UP}; say `sudo -u "),
        ("damaged", 0o000, " may not read "),
    ],
)
def test_whoever_may_not_is_told_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, mode: int, said: str
) -> None:
    own = tmp_path / "lake"
    own.mkdir()
    monkeypatch.setattr(for_another, "OWN_LAKE", own)
    assert for_another.advised(text) == text
    monkeypatch.setattr("os.geteuid", lambda: own.stat().st_uid + 1)
    # Root may read everything: what the kernel would say to others, by the modes.
    monkeypatch.setattr("os.access", lambda path, _: bool(mode))
    told = for_another.advised(text)
    assert said in told
    assert ("deploy/harmsweep" in told) == (told != text)


def test_nobody_is_told_of_a_lake_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(for_another, "OWN_LAKE", tmp_path / "nowhere")
    assert for_another.advised("Permission denied") == "Permission denied"
