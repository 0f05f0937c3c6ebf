"""A small real lake in which every command has something to do, and what it holds afterwards."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from builders import DAY, features, post, row, rule, rung, scored, trial_policy
from enforcement_lake import Lake, model_ref
from killing import spread

from harmsweep.cli import bank, certify_acts, learn_acts, plan_acts, review_acts
from harmsweep.enforcement.circuit_breaker import approvals, batches
from harmsweep.enforcement.plans.apply import apply_plan
from harmsweep.enforcement.plans.make import make_plan
from harmsweep.enforcement.state.day_state import exemptions
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.enforcement.undo import undo
from harmsweep.errors import Held
from harmsweep.known_media.banks import entries
from harmsweep.lake import delta, writes
from harmsweep.lake.seal_lines import Damaged
from harmsweep.maintenance.repair import repair
from harmsweep.maintenance.tables import maintain
from harmsweep.model.manifest import load_manifest
from harmsweep.model.reference import load_model_ref
from harmsweep.operations import ramps, switch
from harmsweep.paths import DEFAULT_MODEL
from harmsweep.policy.certificates import FOLDER
from harmsweep.policy.file import load_policy
from harmsweep.release.conf import load_release
from harmsweep.release.sample_plan import SampleRequest, plan_sample
from harmsweep.release.watch import draw_audits
from harmsweep.stages.enforce import enforce_day
from harmsweep.stages.measure.stage import measure_day
from harmsweep.tables.catalog import (
    ACTIONS,
    APPEALS,
    DELIVERIES,
    EXEMPTIONS,
    EXPLANATIONS,
    LABEL_TASKS,
    METRICS,
    OPERATIONS,
    ORDERS,
    PLANS,
    POST_VISIBILITY,
    VERDICTS,
)
from harmsweep.tables.spec import Table

Command = Callable[..., object]  # takes the lake's folder as `lake`
TEXT = "one two three four five"
SCORES = {"removed": 0.99, "copy": 0.99, "struck": 0.98, "demoted": 0.9, "clean": 0.1, "fine": 0.1}
STRIKES = (
    "\naccounts: {decay_days: 3650, ladder: [{strikes: 4, days: 7}, {strikes: 6, days: 30}]}\n"
)
HASHES = [f"{n:x}0" * 32 for n in range(1, 6)]
TO_CERTIFY = (rung("remove", precision=0.6, confidence=0.9), rung("review", 0.5))
ORDER = {"kind": "order", "authority": "a court", "reference": "1 A 2/26", "action": "remove",
         "jurisdiction": "DE", "reason": "by post"}  # fmt: skip


@dataclass
class BusyLake:
    """A lake, its commands by name, and what makes a copy of it ready for some."""

    lake: Lake
    commands: dict[str, Command]
    ready: dict[str, Command] = field(default_factory=dict)

    def copy(self, folder: Path, command: str = "") -> Lake:
        """The same lake elsewhere; what Delta never changes is shared with this one."""
        shutil.copytree(self.lake.root, folder, copy_function=_linked)
        self.ready.get(command, lambda lake: None)(lake=folder)
        return Lake(folder)


def _linked(source: str, target: str) -> None:
    path = Path(source)
    if "_delta_log" in path.parts or path.suffix == ".parquet":
        Path(target).hardlink_to(source)
    else:
        shutil.copy2(source, target)


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Another user of the system does what follows."""
    with patch("harmsweep.operations.actor.user", lambda *_: name):
        yield


def busy_lake(lake: Lake, folder: Path) -> BusyLake:
    """Make one of five days of a lake that has one.

    Of the first batches wait; the next two are swept, with strikes, an appeal, orders and an
    exemption; of the fourth there is a plan; the fifth is to be swept.
    """
    lake.put_posts([post(name) for name in SCORES])
    lake.put_scores([scored(name, hate=score, spam=0.1) for name, score in SCORES.items()])
    texts = {"removed": TEXT, "copy": TEXT}
    lake.put_features([features(n, texts.get(n, n), views=30, followers=5) for n in SCORES])
    policies = [_policy(lake, folder / "capped.yaml", version=3, apply=0)]
    policies.append(_policy(lake, folder / "strict.yaml"))
    for policy in policies:
        lake.policy = partial(_same, policy)  # type: ignore[method-assign]
        lake.decide()
    days = spread(lake, 5)
    capped, strict = map(_pair, policies)
    with acting_as("planner"):
        with suppress(Held):
            enforce_day(lake.root, days[0], **capped)
        for day in days[1:3]:
            enforce_day(lake.root, day, **strict)
        plan = make_plan(lake.root, [days[3]], **strict).plan_id
        bank.add(HASHES[:2], bank="flags", kind="hate", lake=lake.root)
    for name in ("one", "two"):
        with acting_as(name):
            _approve_all(lake.root)
            bank.confirm(HASHES[1:2], bank="flags", lake=lake.root)
    review_acts.file_("removed-02", author="a1", statement="it is a quote", lake=lake.root)
    review_acts.receive("fine-02", **ORDER, lake=lake.root)
    review_acts.exempt("fine-03", kind="newsworthy", reason="a report", lake=lake.root)
    review_acts.verdict("demoted-02", "harmful", rationale="seen", lake=lake.root)
    bank.add(HASHES[4:], bank="grave", kind="severe", contact="a desk", lake=lake.root)
    for table in (EXPLANATIONS, DELIVERIES):
        writes.write_rows([row(table, day=day) for day in days], table, lake.root)
    commands, ready = _commands(lake, days, policies, plan, folder)
    certify, certified = _certify_commands(lake, folder)
    return BusyLake(lake, commands | certify, ready | certified)


def _policy(lake: Lake, path: Path, **changes: Any) -> Path:
    text = Lake.policy(lake, **changes).read_text(encoding="utf-8")
    path.write_text(text.replace("action: remove", "action: strike") + STRIKES, encoding="utf-8")
    return path


def _same(policy: Path, **_: Any) -> Path:
    return policy


def _pair(policy: Path) -> dict[str, Any]:
    return {"policy": load_policy(policy), "model": model_ref("m-1")}


def _approve_all(lake: Path) -> None:
    for batch in batches.waiting(lake):
        approvals.approve(lake, batches.approval_request(lake, batch), "read it")


def _commands(
    lake: Lake, days: list[date], policies: list[Path], plan: str, folder: Path
) -> tuple[dict[str, Command], dict[str, Command]]:
    """Every command of the console that writes, and stages without Spark; what some need first."""
    capped, strict = policies
    root = lake.root
    batch = batches.waiting(root)[0].batch.name
    ((appeal,),) = column(root, APPEALS, "appeal_id")
    ((order,),) = column(root, ORDERS, "order_id")
    swept = next(e["sweep_id"] for e in lake.ledger() if e["day"] == days[1])
    binding = PolicyBinding(load_policy(capped), "m-1")
    hashes = folder / "hashes.csv"
    hashes.write_text("hash\n" + "\n".join(HASHES[2:]) + "\n", encoding="utf-8")
    flags = {"bank": "flags"}
    ramp = {"pair": "m-1/p-1", "share": 0.2, "instead_of": "", "reason": "try it"}
    console: dict[str, Command] = {
        "bank add": partial(bank.add, HASHES[2:4], kind="hate", **flags),
        "bank import": partial(bank.import_, hashes, kind="hate", **flags),
        "bank confirm": partial(bank.confirm, HASHES[:1], **flags),
        "bank remove": partial(bank.remove, HASHES[:2], reason="wrong", **flags),
        "bank expire": partial(bank.expire, HASHES[:2], on=date(2027, 1, 1), **flags),
        "plan": partial(make_plan, days=days[4:], **_pair(strict)),
        "approve": partial(_approve, name=plan),
        "apply": partial(apply_plan, plan_id=plan),
        "undo": partial(undo, sweep_id=swept),
        "hold resume": partial(batches.resume, name=batch, binding=binding),
        "hold discard": partial(batches.discard, name=batch, reason="a broken head"),
        "ramp": partial(ramps.ramp, **ramp),
        "stop": partial(switch.stop, reason="a wrong model"),
        "start": partial(switch.start, reason="mended"),
        "verdict": partial(review_acts.verdict, "struck-02", "benign", rationale="seen"),
        "order receive": partial(review_acts.receive, "clean-02", **ORDER),
        "order withdraw": partial(review_acts.withdraw, order, reason="lifted"),
        "exempt": partial(review_acts.exempt, "struck-03", kind="newsworthy", reason="a report"),
        "appeal file": partial(review_acts.file_, "struck-02", author="a1", statement="no"),
        "appeal decide": partial(
            review_acts.decide, appeal, "overturned", policy=strict, rationale="it is one"
        ),
    }
    console["doctor"] = partial(repair, name=POST_VISIBILITY.name)
    stages: dict[str, Command] = {
        "stage enforce": partial(enforce_day, day=days[4], **_pair(strict)),
        "stage measure": partial(_measure, day=days[1], policy=strict),
        "stage maintain": _maintain,
    }
    ready: dict[str, Command] = {"start": partial(switch.stop, reason="a wrong model")}
    return console | stages, ready | {"doctor": _damage_visibility}


def _certify_commands(lake: Lake, folder: Path) -> tuple[dict[str, Command], dict[str, Command]]:
    """What certifies from samples of posts of another model, and watches; what some need first.

    Of one sample all is judged.
    """
    shutil.copytree(DEFAULT_MODEL.parent, lake.root / "model")
    version, names = load_manifest(DEFAULT_MODEL).model_version, [f"flagged-{n}" for n in range(60)]
    lake.put_posts([post(name) for name in names])
    lake.put_scores([scored(n, model_version=version, hate=0.9, spam=0.9) for n in names])
    rules = {h: [rule(*TO_CERTIFY, prevalence=0.02)] for h in ("hate", "spam")}
    policy = folder / "certified.yaml"
    settings = {"mode": "production", "approved_models": [version]}
    policy.write_text(trial_policy(rules, **settings), encoding="utf-8")
    of_hate, of_spam = (
        SampleRequest(harm, "en", "all", 0.8, DAY, DAY, len(names)) for harm in ("hate", "spam")
    )
    plan = partial(plan_sample, policy=load_policy(policy), model_version=version)
    made = plan(lake.root, asked=of_hate, reason="a first").plan_id
    judged = [
        row(VERDICTS, post_id=name, revision=1, day=DAY, verdict_id=name, verdict="harmful",
            harm="hate", reviewer="ann", action=None)
        for name in names
    ]  # fmt: skip
    writes.write_rows(judged, VERDICTS, lake.root)
    finish = partial(_finish, plan_id=made, policy=policy)
    suspend = partial(_of_claim, certify_acts.suspend, policy=policy)
    commands: dict[str, Command] = {
        "certify plan": partial(plan, asked=of_spam, reason="more"),
        "certify finish": finish,
        "certify suspend": suspend,
        "certify resume": partial(_of_claim, certify_acts.resume, policy=policy),
        "job watch": partial(_draw, policy=policy),
        "learn plan": partial(_learn, policy=policy),
    }
    suspended = partial(_one_after_the_other, finish, suspend)
    ready: dict[str, Command] = {"certify suspend": finish, "job watch": finish}
    return commands, ready | {"certify resume": suspended}


def _one_after_the_other(*commands: Command, lake: Path) -> None:
    for command in commands:
        command(lake=lake)


def _finish(lake: Path, plan_id: str, policy: Path) -> None:
    certify_acts.finish(plan_id, model=_model(lake), policy=policy, lake=lake)


def _of_claim(act: Command, lake: Path, policy: Path) -> None:
    pair = {"model": _model(lake), "policy": policy}
    act("hate/en/all/0.6/0.9/0.02", **pair, reason="a new campaign", lake=lake)


def _draw(lake: Path, policy: Path) -> None:
    pair = load_model_ref(_model(lake)), load_policy(policy)
    draw_audits(lake, DAY, *pair, load_release().watch)


def _learn(lake: Path, policy: Path) -> None:
    learn_acts.plan(model=_model(lake), policy=policy, first=DAY, reason="to learn", lake=lake)


def _model(lake: Path) -> Path:
    return lake / "model" / DEFAULT_MODEL.name


def _damage_visibility(lake: Path) -> None:
    next((lake / POST_VISIBILITY.name).glob("day=*/*.parquet")).unlink()


def _approve(lake: Path, name: str) -> None:
    plan_acts.approve(name, reason="read it", lake=lake)


def _measure(lake: Path, day: date, policy: Path) -> None:
    versions = {"model_version": "m-1", "policy_version": load_policy(policy).policy_version}
    measure_day(lake, day, **versions)


def _maintain(lake: Path) -> None:
    assert list(maintain(lake, datetime.now(UTC).date(), keep_days=30, dry_run=False))


def column(lake: Path, table: Table, *names: str) -> list[tuple[Any, ...]]:
    """Some columns of a table's rows, without repetition and in order."""
    rows = delta.rows(table, lake).to_pylist()
    return sorted({tuple(row[name] for name in names) for row in rows}, key=repr)


PLACE = ("day", "subject_kind", "subject_id", "surface", "jurisdiction", "lane")
_EFFECT = ("entry", *PLACE, "action", "previous_action", "harm", "cause_kind")
# Tables to which is only added, by what tells their rows but for times and random names.
ADDED: list[tuple[Table, tuple[str, ...]]] = [
    (OPERATIONS, ("act", "object")),
    (ORDERS, ("order_id", "status")),
    (APPEALS, ("appeal_id", "status")),
    (VERDICTS, ("post_id", "verdict")),
    (EXEMPTIONS, ("subject_id", "kind")),
    (PLANS, ("plan_id", "effect_key", "entry")),
    (LABEL_TASKS, ("plan_id", "post_id")),
]


def said(lake: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What people said and planned, however often."""
    return {table.name: column(lake, table, *names) for table, names in ADDED}


def _ledger(lake: Path) -> Any:
    """Every entry, as often as it is there."""
    rows = delta.rows(ACTIONS, lake).to_pylist()
    return Counter(tuple(row[name] for name in _EFFECT) for row in rows)


_FACTS: dict[str, Callable[[Path], Any]] = {
    "ledger": _ledger,
    "shown": lambda lake: column(lake, POST_VISIBILITY, *PLACE, "action"),
    "exempt": lambda lake: exemptions(lake, datetime.now(UTC)),
    "ramp": lambda lake: ramps.share_of(lake, "m-1/p-1"),
    "banks": lambda lake: [(e.hash, e.status, e.expires_on) for e in entries(lake)],
    "metrics": lambda lake: column(lake, METRICS, *METRICS.key, "value"),
    "stopped": switch.is_stopped,
    "certified": lambda lake: [
        path.read_text(encoding="utf-8") for path in _model(lake).parent.glob(f"{FOLDER}/*.json")
    ],
}


def state(lake: Path) -> dict[str, Any]:
    """What a lake holds, but for times and random names; of what is refused, nothing."""
    found = dict[str, Any]()
    for name, fact in _FACTS.items():
        with suppress(Damaged):
            found[name] = fact(lake)
    for table, names in ADDED:
        with suppress(Damaged):
            found[table.name] = column(lake, table, *names)
    return found
