"""Real users of the system, and an installation that others of them may act in only by sudo."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = ("ana", "ben", "eve")
NEEDED = ("fakeroot", "runuser", "sudo", "unshare", "useradd", "visudo")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Installation:
    """Where it lies, and the mark that the names of its users begin with."""

    home: Path
    mark: str

    @property
    def owner(self) -> str:
        """The account that owns the lake."""
        return f"{self.mark}-owner"

    @property
    def console(self) -> str:
        """The console for people."""
        return f"{self.home}/deploy/harmsweep"

    def name(self, person: str) -> str:
        """A person's account."""
        return f"{self.mark}-{person}"

    def number(self, person: str) -> str:
        """A person's number, as the system has it."""
        return _run("id", "-u", self.name(person)).stdout.strip()

    def folder(self, person: str) -> Path:
        """A person's own folder."""
        return self.home / "people" / person

    def run(self, person: str, *command: str, **variables: str) -> Done:
        """A command of a person's, with these variables."""
        given = [f"{name}={value}" for name, value in variables.items()]
        command = ("runuser", "-u", self.name(person), "--", "env", "-i", *given, *command)
        return _run(*command, cwd=self.folder(person))

    def sudo(self, person: str, *arguments: str, **variables: str) -> Done:
        """The console as a person gets it by sudo."""
        return self.run(person, *self.by_sudo(), *arguments, **{"PATH": PATH} | variables)

    def by_sudo(self, *options: str) -> tuple[str, ...]:
        """The console by sudo."""
        return ("sudo", "-n", "-u", self.owner, *options, self.console)

    def give(self, lake: Path) -> None:
        """Make a lake this installation's: its owner's, and for their group to read."""
        own = self.home / "lake"
        shutil.rmtree(own, ignore_errors=True)
        shutil.copytree(lake, own)
        _run("chown", "-R", f"{self.owner}:", str(own))
        _run("chmod", "-R", "go-w", str(own))
        own.chmod(0o750)


def why_not() -> str:
    """Why no users can be made here; empty where they can."""
    if os.geteuid() != 0:
        return "needs root: it makes users of the system"
    absent = [name for name in NEEDED if not shutil.which(name, path=PATH)]
    return f"needs {', '.join(absent)}" if absent else ""


@contextmanager
def installation(home: Path) -> Iterator[Installation]:
    """An installation as docs/security.md has it, with its own account and three reviewers."""
    made = Installation(home, f"hs{os.getpid()}")
    rules = Path("/etc/sudoers.d") / made.mark
    try:
        _users(made)
        for name in ("lib", "conf", "deploy"):
            shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
        _environment(home)
        _run("chmod", "-R", "go-w", str(home))
        home.chmod(0o755)
        for person in PEOPLE:
            made.folder(person).mkdir(parents=True)
            shutil.chown(made.folder(person), made.name(person))
        draft = home / "sudoers"
        draft.write_text(_rules(made), encoding="utf-8")
        _run("visudo", "-c", "-f", str(draft))
        rules.touch(mode=0o440)
        rules.write_text(draft.read_text(encoding="utf-8"), encoding="utf-8")
        yield made
    finally:
        rules.unlink(missing_ok=True)
        for name in (*map(made.name, PEOPLE), made.owner):
            with suppress(subprocess.CalledProcessError):
                _run("userdel", name)
        with suppress(subprocess.CalledProcessError):
            _run("groupdel", made.mark)


def _users(made: Installation) -> None:
    plain = ("--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/sh")
    _run("groupadd", made.mark)
    _run("useradd", *plain, "--user-group", made.owner)
    groups = f"{made.mark},{made.owner}"
    for person in PEOPLE:
        _run("useradd", *plain, "--user-group", "--groups", groups, made.name(person))


def _rules(made: Installation) -> str:
    """The file that ships, for these names, and without passwords, which these users lack."""
    text = (ROOT / "deploy" / "sudoers").read_text(encoding="utf-8")
    changes: Mapping[str, str] = {
        "/opt/harmsweep": str(made.home),
        "%harmsweep-reviewers": f"%{made.mark}",
        "(harmsweep)": f"({made.owner})",
        "HARMSWEEP": made.mark.upper(),
    }
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return f"{text}Defaults:%{made.mark} !authenticate\n"


def _environment(home: Path) -> None:
    """An environment that every user may read: its packages are those of the tests' own."""
    python = Path(sys.executable).resolve()
    if not _is_open(python):
        base = Path(sys.base_prefix)
        python = home / "python" / "bin" / python.name
        ignore = shutil.ignore_patterns("test", "site-packages", "__pycache__", "config-*")
        shutil.copytree(base / "lib", home / "python" / "lib", ignore=ignore, symlinks=True)
        python.parent.mkdir()
        shutil.copy(base / "bin" / python.name, python)
    packages = next(Path(entry) for entry in sys.path if entry.endswith("site-packages"))
    own = home / ".venv"
    inside = own / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    if _is_open(packages):
        inside.mkdir(parents=True)
        (inside / "packages.pth").write_text(f"{packages.resolve()}\n", encoding="utf-8")
    else:
        try:
            # Not what set-up links to this checkout: others may be kept out of that.
            ignore = shutil.ignore_patterns("spark-env.sh")
            shutil.copytree(packages, inside, copy_function=os.link, ignore=ignore)
        except shutil.Error:
            pytest.skip(f"other users may not read {packages}, nor can it be linked to {home}")
    (own / "bin").mkdir()
    (own / "bin" / "python").symlink_to(python)
    (own / "pyvenv.cfg").write_text(f"home = {python.parent}\n", encoding="utf-8")


def _is_open(path: Path) -> bool:
    """Whether every user may read what lies there."""
    whole = path.resolve()
    return all(place.stat().st_mode & 0o005 == 0o005 for place in (whole, *whole.parents))


def _run(*command: str, cwd: Path | None = None) -> Done:
    """A command; one of ours must succeed, a person's need not."""
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=cwd is None, timeout=120
    )
