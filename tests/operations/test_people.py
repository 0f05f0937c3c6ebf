"""Two people are two: one user of the system, by whatever trick, approves as nobody else.

The users are real, and so are sudo and the lake that is another's. Whoever may become root, or the
lake's owner, is out of question: see docs/security.md.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from planning import planned
from real_users import PATH, Installation, installation, why_not

from harmsweep.operations import audit

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(why_not()), reason=why_not())]
REASON = ("--reason", "read it")


@pytest.fixture(scope="module")
def house() -> Iterator[Installation]:
    """An installation whose bounds take no approval on trust."""
    # Beside no other test's folder: those are closed to other users.
    with (
        tempfile.TemporaryDirectory(prefix="harmsweep-", dir="/tmp") as folder,
        installation(Path(folder)) as made,
    ):
        bounds = made.home / "conf" / "enforcement.yaml"
        text = bounds.read_text(encoding="utf-8")
        assert "\napprovals: on_trust\n" in text
        text = text.replace("\napprovals: on_trust\n", "\napprovals: established\n")
        bounds.write_text(text, encoding="utf-8")
        yield made


@pytest.fixture
def plan(house: Installation, fresh: Any, user: Callable[[str], None]) -> str:
    """A plan of Ana's that needs two approvals, on the installation's lake."""
    user(house.name("ana"))
    made = planned(fresh, apply=0)
    assert made.approvers == 2
    house.give(fresh.root)
    return str(made.plan_id)


def approvals(house: Installation) -> list[tuple[str, bool]]:
    """Who approved, and whether that was established."""
    found = audit.operations(house.home / "lake", _plan_of(house))
    return [(o["operator"], o["established"]) for o in found if o["act"] == "approve"]


def _plan_of(house: Installation) -> str:
    (folder,) = (house.home / "lake" / "plans_v1").glob("plan_id=*")
    return folder.name.removeprefix("plan_id=")


def test_two_others_approve_by_sudo(house: Installation, plan: str) -> None:
    """What the first writes is the owner's to read, and nobody else's to write, whatever mask."""
    approve = (*house.by_sudo(), "approve", plan, *REASON)
    for n, (person, mask) in enumerate((("ben", "777"), ("eve", "000")), start=1):
        done = house.run(person, "sh", "-c", f'umask {mask}; exec "$@"', "sh", *approve, PATH=PATH)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"{plan}: {n} of 2 approvals")
    assert approvals(house) == [(house.name("ben"), True), (house.name("eve"), True)]


def test_who_only_reads_does_so_without_sudo(house: Installation, plan: str) -> None:
    assert house.sudo("ben", "approve", plan, *REASON).returncode == 0
    asked = "SELECT operator FROM operations WHERE act = 'approve'"
    done = house.run("ana", house.console, "query", asked, "--format", "csv")
    assert done.stdout.split() == ["operator", house.name("ben")], done.stderr


@pytest.mark.parametrize("command", ["approve PLAN", "stop"])
def test_who_may_not_write_the_lake_is_told_how(
    house: Installation, plan: str, command: str
) -> None:
    done = house.run("ben", house.console, *command.replace("PLAN", plan).split(), *REASON)
    assert (done.returncode != 0, done.stdout) == (True, "")
    assert f"say `sudo -u {house.owner} {house.console} …`" in done.stderr.splitlines()[-1]
    assert not (house.home / "lake" / "STOPPED").exists()


def test_nobody_approves_what_they_planned(house: Installation, plan: str) -> None:
    done = house.sudo("ana", "approve", plan, *REASON)
    assert done.returncode == 3
    assert f"was planned by {house.name('ana')}: another must approve it" in done.stderr
    assert approvals(house) == []


@pytest.mark.parametrize(
    "command",
    [
        "plan --from 2026-10-01 --model conf/model/manifest.json --policy SECRET",
        "plan --from 2026-10-01 --policy conf/policy/default.yaml --model SECRET",
        "plan --from 2026-10-01 --policy conf/policy/default.yaml --model champion@OWN",
        "bank add SECRET --bank b --kind hate",
        "show PLAN --page SECRET",
        "stop --reason x --lake OWN",
        "query SELECT",
        "bank import SECRET --bank b --kind hate",
    ],
)
def test_nothing_is_read_or_written_that_the_caller_names(
    house: Installation, plan: str, command: str
) -> None:
    secret = house.home / "secret"
    secret.write_text("password: 1234", encoding="utf-8")
    shutil.chown(secret, house.owner)
    secret.chmod(0o600)
    own = house.folder("ben")
    if not (own / "mlflow.db").is_symlink():
        (own / "mlflow.db").symlink_to(secret)
    names = {"SECRET": str(secret), "PLAN": plan, "OWN": str(own)}
    for name, value in names.items():
        command = command.replace(name, value)
    done = house.sudo("ben", *command.split())
    assert done.returncode
    assert "1234" not in done.stdout + done.stderr
    assert secret.read_text(encoding="utf-8") == "password: 1234"
    assert not (house.home / "lake" / "STOPPED").exists()


# What Python reads before all else: the process is Eve's, and the owner's, and nothing on trust.
SITE = """
import os
os.getuid = lambda: {eve}
os.geteuid = lambda: {owner}
os.environ["SUDO_UID"] = "{eve}"
import sys
sys.path.insert(0, "{home}/lib")
from harmsweep.operations import actor
actor.is_for_another = lambda: True
actor.why_on_trust = lambda lake: ""
"""
# The console by a Python that is not isolated, and so obeys its user's settings.
BARE = "import sys; sys.argv[0] = 'harmsweep'; from harmsweep.cli.main import main; main()"
# A row of the audit, by the libraries alone.
FORGED = """
import sys
sys.path.insert(0, "{home}/lib")
from datetime import UTC, datetime
from pathlib import Path
from harmsweep.lake import writes
from harmsweep.tables.catalog import OPERATIONS
now = datetime.now(UTC)
row = dict(day=now.date(), operation_id="x", at=now, operator="{eve_name}", act="approve")
row |= dict(object="{plan}", reason="", details="{{}}", established=True)
writes.write_rows([row], OPERATIONS, Path("{home}/lake"))
"""
(*_, FAKED) = ("", *map(str, Path("/usr/lib").glob("*/libfakeroot/libfakeroot-sysv.so")))


@pytest.fixture
def tricks(house: Installation, plan: str, tmp_path: Path) -> dict[str, Callable[[str], Any]]:
    """What somebody tries in order to approve as Eve, or as the lake's owner, by name."""
    eve, owner = house.number("eve"), house.number("owner")
    facts = {"eve": eve, "owner": owner, "home": house.home, "plan": plan}
    facts |= {"eve_name": house.name("eve")}
    approve = ("approve", plan, *REASON)
    python = f"{house.home}/.venv/bin/python"
    bare = (python, "-c", BARE, *approve)
    sudo, direct = (*house.by_sudo(), *approve), (house.console, *approve)

    def own(person: str, name: str) -> str:
        return str(house.folder(person) / name)

    def tried(*command: str, **variables: str) -> Callable[[str], Any]:
        def run(person: str) -> Any:
            mine = {k: v.replace("OWN", str(house.folder(person))) for k, v in variables.items()}
            words = [word.replace("OWN", str(house.folder(person))) for word in command]
            return house.run(person, *words, **{"PATH": PATH} | mine)

        return run

    for person in ("ana", "ben"):
        site, conf = Path(own(person, "site")), Path(own(person, "home")) / "conf"
        site.mkdir(exist_ok=True)
        (site / "sitecustomize.py").write_text(SITE.format(**facts), encoding="utf-8")
        shutil.rmtree(conf.parent, ignore_errors=True)
        shutil.copytree(house.home / "conf", conf)
        bounds = (conf / "enforcement.yaml").read_text(encoding="utf-8")
        bounds = bounds.replace("two_approvers_above: 0.01", "two_approvers_above: 1.0")
        bounds = bounds.replace("approvals: established", "approvals: on_trust")
        (conf / "enforcement.yaml").write_text(bounds, encoding="utf-8")
        link = Path(own(person, "lake"))
        link.unlink(missing_ok=True)
        link.symlink_to(house.home / "lake")
    code, home = {"PYTHONPATH": f"OWN/site:{house.home}/lib"}, {"HARMSWEEP_HOME": "OWN/home"}
    preloaded = {"LD_PRELOAD": FAKED, "FAKEROOTUID": eve, "FAKEROOTEUID": owner}
    lib = {"PYTHONPATH": f"{house.home}/lib", "HARMSWEEP_LAKE": f"{house.home}/lake"}
    return {
        "no sudo": tried(*direct),
        "fakeroot": tried("fakeroot", *direct),
        "fakeroot before sudo": tried("fakeroot", *sudo),
        "sudo before fakeroot": tried(*house.by_sudo()[:-1], "fakeroot", *direct),
        "a namespace's root": tried("unshare", "--user", "--map-root-user", *direct),
        "a namespace's Eve": tried("unshare", "--user", f"--map-user={eve}", *direct),
        "a namespace's owner": tried(
            "unshare", "--user", f"--map-user={owner}", *direct, SUDO_UID=eve
        ),
        "sudo in a namespace": tried("unshare", "--user", "--map-root-user", *sudo),
        "preloaded": tried(*bare, **preloaded | lib | {"SUDO_UID": eve}),
        "preloaded before sudo": tried(*sudo, **preloaded),
        "sitecustomize": tried(*bare, **code | {"HARMSWEEP_LAKE": f"{house.home}/lake"}),
        "sitecustomize before sudo": tried(*sudo, **code),
        "sitecustomize past sudo": tried(*house.by_sudo("PYTHONPATH=OWN/site"), *approve, **code),
        "own bounds": tried(*bare, **lib | home),
        "own bounds before sudo": tried(*sudo, **home),
        "own bounds past sudo": tried(*house.by_sudo("HARMSWEEP_HOME=OWN/home"), *approve),
        "all variables past sudo": tried(*house.by_sudo("-E"), *approve, **home | code),
        "a caller's number": tried(*direct, SUDO_UID=eve, SUDO_USER=house.name("eve")),
        "a caller's number before sudo": tried(*sudo, SUDO_UID=eve),
        "a caller's number past sudo": tried(*house.by_sudo(f"SUDO_UID={eve}"), *approve),
        "as Eve": tried("sudo", "-n", "-u", house.name("eve"), *direct),
        "by Eve": tried("sudo", "-n", "-u", house.name("eve"), *sudo),
        "another Python": tried("sudo", "-n", "-u", house.owner, *bare),
        "a shell": tried("sudo", "-n", "-u", house.owner, "sh", "-c", " ".join(direct)),
        "another lake's name": tried(*sudo, "--lake", "OWN/lake"),
        "a row": tried(python, "-c", FORGED.format(**facts)),
    }


# What reaches the console by sudo as whoever called it, all that came with it left behind.
CLEAN = {
    *("fakeroot before sudo", "preloaded before sudo", "sitecustomize before sudo"),
    *("own bounds before sudo", "a caller's number before sudo", "another lake's name"),
}


def test_no_trick_approves_as_somebody_else(
    house: Installation, plan: str, tricks: dict[str, Callable[[str], Any]]
) -> None:
    """Ana planned it and approves nothing; Ben's approvals are Ben's, where sudo took him in."""
    for name, trick in tricks.items():
        done = trick("ana")
        assert done.returncode, (name, done.stdout)
        assert approvals(house) == [], name
    # What is refused first: who has approved by then would be told so, and write nothing.
    for name in sorted(tricks, key=lambda name: name in CLEAN):
        done = tricks[name]("ben")
        assert (done.returncode == 0) == (name in CLEAN), (name, done.stderr)
        assert approvals(house) == [(house.name("ben"), True)] * (name in CLEAN), name
