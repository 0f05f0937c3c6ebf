"""Small lakes for sweeps: literal posts and scores, decided without Spark, copied for each test."""

import os
import pwd
import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from builders import DAY, features, post, rule, rung, scored, trial_policy

from harmsweep.cli import for_another
from harmsweep.enforcement.circuit_breaker import approvals, batches, day_share
from harmsweep.enforcement.conf import DayShare, load_bounds
from harmsweep.enforcement.state import policy_binding
from harmsweep.enforcement.state.decisions import DECIDE, version_pair
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.lake import delta, writes
from harmsweep.lake.runs import run_stage
from harmsweep.model.reference import ModelRef
from harmsweep.operations import actor, audit, switch
from harmsweep.policy.actions import SEVERITY
from harmsweep.policy.demonstration import mark_demonstration
from harmsweep.policy.file import Policy, load_policy
from harmsweep.review import allow_list, appeals, apply_now, orders, verdicts
from harmsweep.stages.enforce import enforce_day
from harmsweep.tables.catalog import (
    ACTIONS,
    DECISIONS,
    POST_FEATURES,
    POST_VISIBILITY,
    POSTS,
    SCORES,
)

Rows = list[dict[str, Any]]

APPROVED = ["m-1", "m-2"]


def policy_text(
    *,
    version: int = 1,
    remove: float = 0.95,
    demote: float = 0.85,
    apply: int = 1000,
    release: int = 1000,
    approvals: str | None = None,
    **place: str,
) -> str:
    """A trial policy of two harms, with caps that a test's few posts do not pass.

    `place` is the surface and the jurisdiction of its rules.
    """
    ladder = [rung("remove", remove), rung("demote", demote), rung("review", 0.5)]
    rules = {"hate": [rule(*ladder, **place)], "spam": [rule(rung("remove", 0.95), **place)]}
    settings = {"caps": {"default": {"apply": apply, "release": release}}}
    settings |= {"approvals": approvals} if approvals else {}
    return trial_policy(rules, version=version, approved_models=APPROVED, **settings)


def decided_rows(scores: Rows, policy: Policy) -> Rows:
    """What a policy decides about scores: at each place the most severe rung that one reaches."""
    found = []
    for row, (surface, jurisdiction) in product(scores, policy.scopes()):
        reached = [
            (SEVERITY[rung.action], row[harm] - rung.threshold, harm, rung)
            for harm, rules in policy.rules.items()
            for rule in rules
            if (rule.surface, rule.jurisdiction) == (surface, jurisdiction)
            for rung in rule.ladder
            if row[harm] is not None and rung.threshold and row[harm] >= rung.threshold
        ]
        if not reached:
            continue
        _, _, harm, rung = max(reached, key=lambda found: found[:2])
        kept = ("day", "post_id", "revision", "model_version", "author_id", "language")
        found.append(
            {name: row[name] for name in kept}
            | {"policy_version": policy.policy_version}
            | {"surface": surface, "jurisdiction": jurisdiction}
            | {"action": rung.action, "policy_action": rung.action, "harm": harm}
            | {"score": row[harm], "threshold": rung.threshold}
            | {"reason": "threshold_met", "evidence": "{}"}
        )
    return found


def model_ref(model_version: str) -> ModelRef:
    """A model by its version; no sweep reads its files."""
    return ModelRef(model_version, Path("no-model/manifest.json"))


class Lake:
    """A lake for one test, with what a test does to it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def policy(self, **changes: Any) -> Path:
        """A policy file; `changes` go into its text."""
        path = self.root / "policy.yaml"
        path.write_text(policy_text(**changes), encoding="utf-8")
        return path

    def pair(self, model_version: str = "m-1", **changes: Any) -> dict[str, Any]:
        """The policy of a file and a model, as sweeps and plans take them."""
        return {"policy": load_policy(self.policy(**changes)), "model": model_ref(model_version)}

    def binding(self, model_version: str = "m-1", **changes: Any) -> PolicyBinding:
        """What a sweep of the pair acts under."""
        policy = load_policy(self.policy(**changes))
        return policy_binding.load_policy_binding(self.root, policy, model_version, None)

    def put_posts(self, rows: Rows) -> None:
        """Make these the day's posts."""
        writes.write_rows(rows, POSTS, self.root, where={"day": DAY})

    def put_features(self, rows: Rows) -> None:
        """Make these the features of the first row's day."""
        writes.write_rows(rows, POST_FEATURES, self.root, where={"day": rows[0]["day"]})

    def put_scores(self, rows: Rows) -> None:
        """Make these the day's scores by the model of the first row."""
        where = {"day": DAY, "model_version": rows[0]["model_version"]}
        writes.write_rows(rows, SCORES, self.root, where=where)

    def decide(self, model_version: str = "m-1", **changes: Any) -> None:
        """Decide about the day's current revisions; decisions that the ledger cites stay."""
        policy = load_policy(self.policy(**changes))
        versions = version_pair(model_version, policy.policy_version)

        def of_pair(rows: Rows) -> Rows:
            return [row for row in rows if versions.items() <= row.items()]

        def work() -> dict[str, int]:
            posts = delta.rows(POSTS, self.root, day=DAY).to_pylist()
            current = {(p["post_id"], p["revision"]) for p in posts if p["status"] == "accepted"}
            scores = delta.rows(SCORES, self.root, day=DAY).to_pylist()
            of_model = [row for row in scores if row["model_version"] == model_version]
            judged = [row for row in of_model if (row["post_id"], row["revision"]) in current]
            made = decided_rows(judged, policy)
            if of_pair(self.ledger()):
                known = of_pair(delta.rows(DECISIONS, self.root, day=DAY).to_pylist())
                keys = {(row["post_id"], row["revision"]) for row in known}
                new = [row for row in made if (row["post_id"], row["revision"]) not in keys]
                made = known + new
            writes.write_rows(made, DECISIONS, self.root, where={"day": DAY, **versions})
            return {"posts": len(judged)}

        run_stage(DECIDE, self.root, DAY, work, versions=versions)

    def put_decisions(self, scores: Rows, policy: Policy, model_version: str) -> None:
        """Make what a policy decides about these scores the pair's decisions of the day."""
        where = {"day": DAY, **version_pair(model_version, policy.policy_version)}
        writes.write_rows(decided_rows(scores, policy), DECISIONS, self.root, where=where)

    def sweep(self, model_version: str = "m-1", **changes: Any) -> dict[str, int]:
        """Decide about the day, sweep it, and give the sweep's counts."""
        self.decide(model_version, **changes)
        done = enforce_day(self.root, DAY, **self.pair(model_version, **changes))
        return dict(done.counts)

    def ledger(self, entry: str = "intent") -> Rows:
        """The ledger's entries of a kind, in the order of their writing."""
        found = delta.rows(ACTIONS, self.root).to_pylist()
        kept = [row for row in found if row["entry"] == entry]
        return sorted(kept, key=lambda r: (r["recorded_at"], r["subject_id"]))

    def content(self) -> tuple[Rows, Rows]:
        """All rows of the ledger and of post_visibility without their times."""
        return (
            _without(delta.rows(ACTIONS, self.root).to_pylist(), "recorded_at"),
            _without(self.visible(), "since"),
        )

    def visible(self) -> Rows:
        """What the platform reads, by post."""
        found = delta.rows(POST_VISIBILITY, self.root).to_pylist()
        return sorted(found, key=lambda r: r["subject_id"])

    def states(self) -> dict[str, str]:
        """What holds for each post."""
        return {row["subject_id"]: row["action"] for row in self.visible()}

    def copy(self, root: Path) -> "Lake":
        """The same lake elsewhere."""
        shutil.copytree(self.root, root)
        return Lake(root)


def _without(rows: Rows, name: str) -> Rows:
    return sorted(({k: v for k, v in r.items() if k != name} for r in rows), key=repr)


SCORED = {
    "removed": scored("removed", hate=0.99, spam=0.1),
    "demoted": scored("demoted", hate=0.9, spam=0.1),
    "reviewed": scored("reviewed", hate=0.6, spam=0.1),
    "clean": scored("clean", hate=0.1, spam=0.1),
    "spam": scored("spam", hate=0.1, spam=0.97),
}


@pytest.fixture(scope="session")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Five posts, scored by m-1 and decided: to be copied, not changed."""
    root = tmp_path_factory.mktemp("decided") / "lake"
    mark_demonstration(root)
    made = Lake(delta.open_lake(root))
    made.put_posts([post(name) for name in SCORED])
    made.put_scores(list(SCORED.values()))
    made.decide()
    return made


@pytest.fixture(scope="session")
def swept(decided: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The same after a sweep: to be copied, not changed."""
    made = decided.copy(tmp_path_factory.mktemp("swept") / "lake")
    made.sweep()
    return made


@pytest.fixture
def fresh(decided: Lake, tmp_path: Path) -> Lake:
    """A decided lake of the test's own."""
    return decided.copy(tmp_path / "fresh")


@pytest.fixture
def held(swept: Lake, tmp_path: Path) -> Lake:
    """A swept lake of the test's own, in which removals, a demotion and a review hold."""
    return swept.copy(tmp_path / "held")


@pytest.fixture
def rows() -> tuple[Callable[..., dict[str, Any]], Callable[..., dict[str, Any]]]:
    """What makes rows of posts and of scores."""
    return post, scored


@pytest.fixture
def text_of() -> Callable[..., dict[str, Any]]:
    """What makes rows of post_features."""
    return features


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make another user of the system do what follows."""

    def become(name: str) -> None:
        modules = (verdicts, audit, appeals, apply_now, orders, approvals, batches)
        modules += (policy_binding, allow_list, switch)
        for module in modules:
            monkeypatch.setattr(module, "operator", lambda: name, raising=False)

    return become


@pytest.fixture
def by_sudo(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], str]:
    """Let what follows be as deploy/harmsweep runs it for another user on a lake; give their name.

    tests/operations/test_people.py does the same by sudo itself.
    """

    def come(lake: Path) -> str:
        person = next(p for p in pwd.getpwall() if p.pw_uid not in (0, os.geteuid()))
        flags = {n: getattr(sys.flags, n) for n in dir(sys.flags) if not n.startswith("_")}
        monkeypatch.setattr(sys, "flags", SimpleNamespace(**flags | {"isolated": 1}))
        for module in (actor, for_another):
            monkeypatch.setattr(module, "OWN_LAKE", lake)
        for name in [n for n in os.environ if n.startswith(("HARMSWEEP_", "LD_", "PYTHON"))]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("SUDO_UID", str(person.pw_uid))
        monkeypatch.setattr(actor, "_why_code_is_open", lambda _: "")
        return person.pw_name

    return come


@pytest.fixture
def any_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let effects be any share of a day's posts: what a test is not about."""
    whole = DayShare(share=1, without_history=1, least=0)
    bounds = load_bounds().model_copy(update={"harm_share": whole, "all_share": whole})
    monkeypatch.setattr(day_share, "load_bounds", lambda: bounds)


@pytest.fixture
def crash_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, int], None]]:
    """Raise instead of the kill at the nth passage of a failpoint."""
    passed: list[str] = []

    def arm(name: str, passage: int) -> None:
        passed.clear()

        def point(reached: str) -> None:
            passed.append(reached)
            if reached == name and passed.count(name) == passage:
                raise KeyboardInterrupt(name)

        monkeypatch.setattr(writes, "failpoint", point)

    yield arm


@pytest.fixture(
    params=[
        pytest.param(6, id="some points"),
        pytest.param(None, id="every point", marks=pytest.mark.nightly),
    ]
)
def kill_points(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """At how many of its points a command is killed: the gate tries some, the night every one."""
    monkeypatch.setattr("killing.AT_MOST", request.param)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A model whose heads are numbers of the post: what it says can be read off the rows."""
    from replaying import plain_model

    return plain_model(monkeypatch)


@pytest.fixture
def known(fresh: Lake, model: Any, text_of: Any, tmp_path: Path) -> Any:
    """A decided lake of the test's own that has the numbers of its scores, and a model's path."""
    from replaying import with_numbers

    return with_numbers(fresh, text_of, tmp_path)
