"""Every command of the runbook does what the runbook says, each section on a lake of its own.

The console and the jobs run in this process; the words in capitals come from the lake's own state.
"""

import importlib.util
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from certify_site import Site
from enforcement_lake import model_ref

from harmsweep.cli.main import app, main
from harmsweep.enforcement.circuit_breaker import batches
from harmsweep.enforcement.plans.make import make_plan
from harmsweep.errors import Held
from harmsweep.lake import delta, writes
from harmsweep.lake.locks import locked
from harmsweep.model.manifest import load_manifest
from harmsweep.model.reference import load_model_ref
from harmsweep.operations import switch
from harmsweep.paths import DEFAULT_MODEL, ROOT
from harmsweep.policy.demonstration import mark_demonstration
from harmsweep.policy.file import load_policy
from harmsweep.release.conf import WatchConfig
from harmsweep.release.watch import draw_audits, suspend_failed
from harmsweep.review import appeals
from harmsweep.tables.catalog import DELIVERIES, POST_VISIBILITY

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
MODEL = load_manifest(DEFAULT_MODEL).model_version
# The anchors that alerts point to.
ALERTS = ("held", "refused", "options", "failed", "late", "missing", "suspended")
# What only looks, and runs as it stands.
LOOKS = ("cat", "df", "du", "ps", "tail")
SPARK = ("refused", "failed")
# Commands that end with another code than 0, on the lakes here, as the runbook says.
CODES = {"harmsweep doctor": (0, 1), "harmsweep replay": (0, 1)}


def fixtures(of: str) -> ModuleType:
    """A copy of another folder's fixtures, for this module alone."""
    path = Path(__file__).parent / of
    spec = importlib.util.spec_from_file_location(f"runbook_{path.parent.name}_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ENFORCE = fixtures("enforcement_lake.py")
ENFORCE.APPROVED = [MODEL]
RELEASE = fixtures("release/conftest.py")
make_model, snapshot, hatecheck = RELEASE.make_model, RELEASE.snapshot, RELEASE.hatecheck
DAY = ENFORCE.DAY
# A cap holds a harm of these posts at 0, and one person may let it go: they are 1 % of the day's.
HARMFUL = {"h1": "hate", "h2": "hate", "s1": "spam", "s2": "spam"}
POSTS = 400


def sections() -> dict[str, str]:
    """The runbook's parts by anchor; what comes before the first is `start`."""
    heading, *rest = re.split(r"^### (.+)$", RUNBOOK, flags=re.MULTILINE)
    anchors = (title.lower().replace(" ", "-") for title in rest[::2])
    return {"start": heading} | dict(zip(anchors, rest[1::2], strict=True))


def commands(text: str) -> list[str]:
    """The commands of a part's console blocks, in order."""
    blocks = re.findall(r"^```console\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert all(line.startswith("$ ") for line in lines), lines
    return [line.removeprefix("$ ") for line in lines]


SECTIONS = sections()


class Shift:
    """A lake in trouble, and the person on call who reads the runbook there."""

    def __init__(self, root: Path, tmp_path: Path) -> None:
        self.tmp_path, self.words = tmp_path, {"DAY": str(DAY)}
        self.lake, self.held = ENFORCE.Lake(root), ExitStack()
        self.environment = {
            "HARMSWEEP_LAKE": str(root),
            "HARMSWEEP_LANDING": str(tmp_path / "landing"),
            "HARMSWEEP_TRACKING": str(tmp_path / "mlflow"),
            "HARMSWEEP_MODEL": str(DEFAULT_MODEL),
            "HARMSWEEP_POLICY": str(root / "policy.yaml"),
        }

    def run(self, command: str) -> str:
        """Run a line of the runbook; what it printed. A line of a form not known here fails."""
        text = re.sub(r"\b[A-Z_]+\b", lambda w: self.words.get(w[0], w[0]), command)
        words = shlex.split(os.path.expandvars(text))
        while re.fullmatch(r"[A-Z_]+=\w+", words[0]):
            words = words[1:]
        match words:
            case ["harmsweep", *rest]:
                # HARMSWEEP_LAKE is read at import, which was long ago here.
                code = exit_code(main, ["harmsweep", *rest, "--lake", str(self.lake.root)])
            case ["python" | "spark-submit", job, *rest] if (ROOT / job).parent == ROOT / "jobs":
                path = str(ROOT / job)
                code = exit_code(lambda: runpy.run_path(path, run_name="__main__"), [path, *rest])
            case [tool, *_] if tool in LOOKS:
                line = os.path.expandvars(text)
                code = subprocess.run(["bash", "-c", line], check=False).returncode
            case _:
                pytest.fail(f"the runbook has a command that nothing here runs: {command}")
        allowed = CODES.get(" ".join(words[:2]), (0,))
        assert code in allowed, f"exit code {code}: {command}"
        return command


def exit_code(call: Callable[[], object], words: list[str]) -> int:
    """The code with which a program that was called with these words ends."""
    before, sys.argv = sys.argv, words
    try:
        call()
    except SystemExit as left:
        return int(left.code or 0)
    finally:
        sys.argv = before
    return 0


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A day of posts, of which some are hateful or spam by the model that ships."""
    root = tmp_path_factory.mktemp("runbook") / "lake"
    mark_demonstration(root)
    lake = ENFORCE.Lake(delta.open_lake(root))
    names = [*HARMFUL, *(f"p{n}" for n in range(POSTS - len(HARMFUL)))]
    lake.put_posts([ENFORCE.post(name) for name in names])
    high = {name: {HARMFUL[name]: 0.99} for name in HARMFUL}
    lake.put_scores(
        [ENFORCE.scored(n, model_version=MODEL, **high.get(n, {"hate": 0.1})) for n in names]
    )
    lake.decide(MODEL)
    return lake


@pytest.fixture
def be(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Act as a user of the system from now on."""

    def switch(name: str) -> None:
        for module in [m for n, m in sys.modules.items() if n.startswith("harmsweep")]:
            if hasattr(module, "operator") and callable(module.operator):
                monkeypatch.setattr(module, "operator", lambda: name)

    return switch


@pytest.fixture
def shift(
    scored: Any, tmp_path: Path, be: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shift]:
    """A copy of the lake after the schedule's sweep, by whoever runs the schedule."""
    made = Shift(scored.copy(tmp_path / "lake").root, tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    be("airflow")
    made.lake.policy()
    with made.held:
        yield made


def swept(shift: Shift) -> None:
    shift.lake.sweep(MODEL)
    shift.words |= {"SWEEP_ID": shift.lake.ledger()[-1]["sweep_id"], "POST": "h1"}


def held(shift: Shift) -> None:
    with pytest.raises(Held):
        shift.lake.sweep(MODEL, apply=0)
    first, second = (b.batch.name for b in batches.waiting(shift.lake.root))
    shift.words |= {"BATCH": first, "OTHER_BATCH": second}


def landed(shift: Shift) -> None:
    folder = Path(shift.environment["HARMSWEEP_LANDING"])
    folder.mkdir()
    post = {"post_id": "n1", "author_id": "a1", "created_at": f"{DAY}T10:00:00Z", "text": "words"}
    (folder / "posts.jsonl").write_text(json.dumps(post) + "\n", encoding="utf-8")


def wrong(shift: Shift) -> None:
    """Something was removed that should not have been, and an author of another post appealed."""
    swept(shift)
    row = appeals.file_appeal(shift.lake.root, "h2", author_id="a1", statement="a quote")
    shift.words["APPEAL_ID"] = row["appeal_id"]


def planned(shift: Shift) -> None:
    policy = shift.lake.policy(apply=0)
    shift.lake.decide(MODEL, apply=0)
    made = make_plan(shift.lake.root, [DAY], policy=load_policy(policy), model=model_ref(MODEL))
    assert made.approvers == 1
    shift.words["PLAN_ID"] = made.plan_id


def locked_by_us(shift: Shift) -> None:
    shift.held.enter_context(locked(shift.lake.root, ["posts_v1"]))
    shift.words["PID"] = str(os.getpid())


def dead(shift: Shift) -> None:
    swept(shift)
    letter = {"day": DAY, "status": "dead", "at": datetime.now(UTC), "reason": "status 404"}
    keys = [row["effect_key"] for row in shift.lake.ledger()]
    writes.write_rows([letter | {"effect_key": key} for key in keys], DELIVERIES, shift.lake.root)


def damaged(shift: Shift) -> None:
    swept(shift)
    next((shift.lake.root / POST_VISIBILITY.name).glob("day=*/*.parquet")).unlink()


def suspended(shift: Shift) -> None:
    """People found most posts harmless that a certified threshold flags."""
    shift.lake = ENFORCE.Lake(delta.open_lake(shift.tmp_path / "watched"))

    def call(*words: Any) -> tuple[int, str, str]:
        return exit_code(main, ["harmsweep", *map(str, words)]), "", ""

    site = Site(shift.lake.root, call, shift.tmp_path / "site")
    site.plan()
    site.judge(site.drawn())
    site.finish()
    model, policy = load_model_ref(site.model), load_policy(site.policy)
    config = WatchConfig(labels_per_day=40, error=0.05, drop=0.1)
    draw_audits(site.lake, DAY, model, policy, config)
    later = ENFORCE.post("x")["created_at"].replace(hour=20)
    site.judge([f"p{n}" for n in range(90)], "benign", decided_at=later)
    (failed,) = suspend_failed(site.lake, model, policy, config)
    os.environ |= {"HARMSWEEP_MODEL": str(site.model), "HARMSWEEP_POLICY": str(site.policy)}
    shift.words |= {"CLAIM": failed.claim.name}


# What went wrong before the person on call opens a section.
TROUBLE: dict[str, Callable[[Shift], None]] = {
    "start": swept,
    "held": held,
    "stopped": swept,
    "refused": landed,
    "options": swept,
    "failed": landed,
    "late": locked_by_us,
    "undo": swept,
    "appeal": wrong,
    "plan": planned,
    "locked": locked_by_us,
    "disk": swept,
    "damaged": damaged,
    "rejects": swept,
    "missing": swept,
    "suspended": suspended,
    "webhook": dead,
    "a-range-of-days": swept,
}
# What is so once a section was followed to its end.
CALM: dict[str, Callable[[Shift], bool]] = {
    "held": lambda shift: (
        not batches.waiting(shift.lake.root)
        and shift.lake.states() == {"h1": "remove", "h2": "remove"}
    ),
    "stopped": lambda shift: not (shift.lake.root / switch.SWITCH).exists(),
    "undo": lambda shift: set(shift.lake.states()) == set(HARMFUL),
    "appeal": lambda shift: set(shift.lake.states()) == {"s1", "s2"},
    "plan": lambda shift: set(shift.lake.states()) == set(HARMFUL),
    "damaged": lambda shift: set(shift.lake.states()) == set(HARMFUL),
}


def test_the_anchors_of_the_alerts_are_there() -> None:
    assert set(ALERTS) <= SECTIONS.keys()
    assert SECTIONS.keys() - {"start", "model"} == TROUBLE.keys() - {"start"}


def test_every_link_within_the_page_leads_to_a_section() -> None:
    assert set(re.findall(r"\]\(#([\w-]+)\)", RUNBOOK)) <= SECTIONS.keys()


def test_every_section_says_what_it_means_and_what_to_do() -> None:
    lacking = [
        (name, part)
        for name, text in SECTIONS.items()
        for part in ("Means", "Look", "Do", "Undo")
        if name not in ("start", "a-range-of-days") and f"**{part}**" not in text
    ]
    assert lacking == [("stopped", "Look")]


def test_the_first_lines_set_what_the_schedule_reads(shift: Shift) -> None:
    (block,) = re.findall(r"^```sh\n(.*?)^```$", RUNBOOK, flags=re.MULTILINE | re.DOTALL)
    known = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "dags").rglob("*.py"))
    names = re.findall(r"(HARMSWEEP_\w+)=", block)
    assert names and [name for name in names if name not in known] == []
    swept(shift)
    script = block.replace("/data/lake", str(shift.lake.root)) + "harmsweep days --format json"
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)[0]["day"] == str(DAY)


def test_every_command_named_in_a_sentence_exists() -> None:
    named = re.findall(r"`harmsweep (\w+)", RUNBOOK)
    assert {name for name in named if name not in {*app}} == set()
    files = re.findall(r"\b((?:jobs|conf|lib|scripts)/[\w/.-]+\w)", RUNBOOK)
    assert [name for name in files if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    "section",
    [
        pytest.param(name, marks=[pytest.mark.spark, pytest.mark.slow] if name in SPARK else [])
        for name in SECTIONS
        if name != "model"
    ],
)
def test_every_command_of_a_section_runs(
    section: str, shift: Shift, be: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    if section in SPARK:
        request.getfixturevalue("spark")
    TROUBLE[section](shift)
    be("on-call")
    for command in commands(SECTIONS[section]):
        shift.run(command)
    assert section not in CALM or CALM[section](shift)


@pytest.mark.torch
@pytest.mark.slow
def test_every_command_about_a_model_runs(
    shift: Shift, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harmsweep.model.registry import CHAMPION, manifest_of, set_champion

    make = request.getfixturevalue("make_model")
    tracking = tmp_path / "mlflow"
    former, bad = (make(tmp_path / n, sense=s) for n, s in (("former", 1.0), ("bad", 1.5)))
    for path in (former, bad):
        set_champion(path, tracking)
    (bad.parent / "card.md").write_text("REFUSED")
    monkeypatch.setenv("HARMSWEEP_MODEL", f"champion@{tracking}")
    shift.words |= {"CANDIDATE": str(bad.parent)}
    shift.words |= {"SNAPSHOT": str(request.getfixturevalue("snapshot"))}
    shift.words |= {"CASES": str(request.getfixturevalue("hatecheck"))}
    for command in commands(SECTIONS["model"]):
        shift.run(command)
    assert manifest_of(CHAMPION, tracking) == former


def test_a_command_of_an_unknown_form_fails(shift: Shift) -> None:
    for line in ("rm -rf $HARMSWEEP_LAKE", "python scripts/lock", "airflow tasks clear x"):
        with pytest.raises(pytest.fail.Exception, match="nothing here runs"):
            shift.run(line)


def test_a_command_that_ends_with_another_code_fails(shift: Shift) -> None:
    with pytest.raises(AssertionError, match="exit code 3"):
        shift.run("harmsweep apply plan-1")
