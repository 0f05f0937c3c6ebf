"""The simulator's schedules through the sweep itself, on Delta tables: the same comes out."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from simulator import DAY, START, World, schedule, state, write_policies
from simulator import POSTS as NAMES

from harmsweep.enforcement.circuit_breaker import batches
from harmsweep.enforcement.conf import Bounds
from harmsweep.enforcement.rules.effects import EPOCH
from harmsweep.enforcement.rules.ledger import ORDER
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.enforcement.sweep import sweep
from harmsweep.enforcement.undo import undo
from harmsweep.errors import DataRefused, Held
from harmsweep.lake import delta, writes
from harmsweep.policy.actions import VISIBLE
from harmsweep.policy.file import Policy
from harmsweep.review import allow_list, verdicts
from harmsweep.review.apply_now import apply_now
from harmsweep.tables.catalog import DECISIONS, ORDERS, SCORES, VERDICTS

pytestmark = pytest.mark.slow
HOUR = 3600 * 1_000_000
SCHEDULES, FEW, LENGTH = 20, 4, 16
POINTS = ["actions_v1:before-commit", "actions_v1:after-commit", "post_visibility_v1:after-commit"]


class Killed(BaseException):
    """The process ends here."""


class Delta:
    """Runs a schedule's events on a lake."""

    def __init__(self, lake: Any, policies: list[Policy], rows: Any, patch: Any) -> None:
        self.lake, self.policies, self.patch = lake, policies, patch
        self.post, self.scored = rows
        self.posts: dict[str, tuple[int, str]] = dict.fromkeys(NAMES, (1, "accepted"))
        self.scores: dict[str, tuple[int, float]] = {}
        self.now, self.said = START, 0
        self.orders: list[dict[str, Any]] = []
        self.put_posts()

    def put_posts(self) -> None:
        rows = []
        for name, (revision, status) in self.posts.items():
            rows += [self.post(name, n, "superseded") for n in range(1, revision)]
            rows.append(self.post(name, revision, status))
        self.lake.put_posts(rows)

    def run(self, events: list[tuple[Any, ...]]) -> None:
        for event in events:
            self.now += 60 * 1_000_000
            getattr(self, f"do_{event[0]}")(*event[1:])

    def exists(self, post: str) -> bool:
        return self.posts[post][1] == "accepted"

    def do_score(self, post: str, score: float) -> None:
        if self.exists(post):
            self.scores.pop(post, None)
            if 0 <= score <= 1:
                self.scores[post] = (self.posts[post][0], score)

    def do_edit(self, post: str) -> None:
        if self.exists(post):
            self.posts[post] = (self.posts[post][0] + 1, "accepted")
            self.put_posts()

    def do_delete(self, post: str) -> None:
        if self.exists(post):
            self.posts[post] = (self.posts[post][0] + 1, "deleted")
            self.put_posts()

    def do_verdict(self, post: str, found: str, action: str | None, killed: int | None) -> None:
        if not self.exists(post):
            return
        self.said += 1
        name = f"v{self.said}"
        scope = {"day": DAY, "post_id": post, "revision": self.posts[post][0]}
        row = verdicts.verdict_row(self.lake.root, scope, found, "hate" if action else None, "")
        row |= {"verdict_id": name, "action": action}
        writes.write_rows([row], VERDICTS, self.lake.root)
        options = {"kind": "verdict", "source_id": name, "clock": lambda: self.now}
        self._killed(killed, partial(apply_now, self.lake.root, DAY, **options))

    def do_appeal(self, post: str, outcome: str, killed: int | None) -> None:
        at = EPOCH + timedelta(microseconds=self.now)
        shown = [
            row
            for row in self.lake.visible()
            if row["subject_id"] == post and row["lane"] != ORDER and row["action"] in VISIBLE
        ]
        if not self.exists(post) or all(r["expires_at"] and r["expires_at"] <= at for r in shown):
            return
        self.said += 1
        name = f"a{self.said}"
        scope = {"day": DAY, "post_id": post, "revision": self.posts[post][0]}
        said = delta.rows(VERDICTS, self.lake.root, day=DAY).to_pylist()
        found, action = ("benign", None), None
        if outcome == "upheld":
            of_post = [v for v in said if v["post_id"] == post]
            newest = max(of_post, key=lambda v: v["decided_at"], default=None)
            # An edit lifts nothing that a reviewer asked for: upheld asks for it again.
            action = newest["action"] if newest and newest["verdict"] == "harmful" else None
            found = ("harmful", "hate" if action else None)
        row = verdicts.verdict_row(self.lake.root, scope, *found, "")
        row |= {"verdict_id": name, "action": action}
        writes.write_rows([row], VERDICTS, self.lake.root)
        options = {"kind": "appeal", "source_id": name, "clock": lambda: self.now}
        self._killed(killed, partial(apply_now, self.lake.root, DAY, **options))

    def do_order(self, post: str, action: str, hours: int | None, killed: int | None) -> None:
        if not self.exists(post):
            return
        self.said += 1
        at = EPOCH + timedelta(microseconds=self.now)
        row = {
            "day": DAY, "order_id": f"o{self.said}", "status": "received", "at": at,
            "kind": "order", "post_id": post, "authority": "a court", "reference": "1",
            "action": action, "harm": "hate", "jurisdiction": "all", "due_at": at, "reason": "",
            "operator": "tester", "until": at + timedelta(hours=hours) if hours else None,
        }  # fmt: skip
        self.orders.append(row)
        self._order(row, killed)

    def do_withdraw(self, nth: int, killed: int | None) -> None:
        if self.orders:
            self.orders.sort(key=lambda row: row["order_id"])
            row = self.orders.pop(nth % len(self.orders))
            self._order(row | {"status": "withdrawn"}, killed)

    def _order(self, row: dict[str, Any], killed: int | None) -> None:
        writes.write_rows([row], ORDERS, self.lake.root)
        options = {"kind": "order", "source_id": row["order_id"], "clock": lambda: self.now}
        self._killed(killed, partial(apply_now, self.lake.root, DAY, **options))

    def do_exempt(self, post: str, kind: str | None) -> None:
        if self.exists(post):
            options = {"kind": kind or "none", "until": None, "reason": ""}
            allow_list.exempt(self.lake.root, "post", post, **options)

    def do_wait(self, hours: int) -> None:
        self.now += hours * HOUR

    def do_sweep(self, model: str, policy: int, killed: int | None) -> None:
        binding = PolicyBinding(self.policies[policy], model)
        rows = [
            self.scored(post, revision, model_version=model, hate=score)
            for post, (revision, score) in self.scores.items()
        ]
        where = {"day": DAY, "model_version": model}
        writes.write_rows(rows, SCORES, self.lake.root, where=where)
        self.lake.put_decisions(rows, binding.policy, model)
        self._killed(killed, partial(sweep, self.lake.root, DAY, binding, clock=lambda: self.now))

    def do_undo(self, nth: int, killed: int | None, redo: bool = False) -> None:
        ids = sorted({row["sweep_id"] for row in self.lake.ledger()})
        if ids:
            options = {"sweep_id": ids[nth % len(ids)], "redo": redo, "clock": lambda: self.now}
            self._killed(killed, partial(undo, self.lake.root, **options))

    def do_redo(self, nth: int, killed: int | None) -> None:
        self.do_undo(nth, killed, redo=True)

    def do_resume(self, nth: int) -> None:
        waiting = batches.waiting(self.lake.root)
        if waiting:
            batch = waiting[nth % len(waiting)]
            policy = next(p for p in self.policies if p.policy_version == batch.policy_version)
            binding = PolicyBinding(policy, batch.model_version)
            batches.resume(self.lake.root, batch.batch.name, binding, clock=lambda: self.now)

    def do_discard(self, nth: int) -> None:
        waiting = batches.waiting(self.lake.root)
        if waiting:
            name = waiting[nth % len(waiting)].batch.name
            batches.discard(self.lake.root, name, reason="", clock=lambda: self.now)

    def _killed(self, at: int | None, work: Callable[[], object]) -> None:
        def point(reached: str) -> None:
            if at is not None and reached == POINTS[at]:
                raise Killed

        with self.patch.context() as patched:
            patched.setattr(writes, "failpoint", point)
            with suppress(Killed, Held, DataRefused):
                work()


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> list[Policy]:
    """What the sweeps of schedules choose from."""
    return write_policies(tmp_path_factory.mktemp("policies"))


@pytest.fixture
def in_delta(
    decided: Any,
    tmp_path: Path,
    policies: list[Policy],
    rows: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> "Delta":
    """An empty day, of which the simulator's posts are; people's approvals are not asked for."""
    monkeypatch.setattr(Bounds, "sample", lambda *_: World.sample)
    monkeypatch.setattr(
        "harmsweep.enforcement.circuit_breaker.batches.check_approved", lambda *_: None
    )
    lake = decided.copy(tmp_path / "lake")
    for table in (SCORES, DECISIONS):
        writes.write_rows([], table, lake.root, where={"day": DAY})
    return Delta(lake, policies, rows, monkeypatch)


@pytest.mark.parametrize(
    "seed",
    [*range(FEW), *(pytest.param(n, marks=pytest.mark.nightly) for n in range(FEW, SCHEDULES))],
)
def test_a_schedule_comes_out_the_same(in_delta: Delta, policies: list[Policy], seed: int) -> None:
    events = [*schedule(seed, LENGTH), ("sweep", "m-1", 2, None)]
    world = World(policies).run(events)
    in_delta.run(events)
    place = ("subject_id", "lane", "surface", "jurisdiction")
    shown = {tuple(v[name] for name in place): v["action"] for v in in_delta.lake.visible()}
    assert shown == state(world)
    for kind in ("intent", "held", "discarded"):
        expected = {entry.effect_key for entry in world.ledger if entry.entry == kind}
        assert {row["effect_key"] for row in in_delta.lake.ledger(kind)} == expected
