"""A seeded simulator: schedules of events over a few posts, run by the sweep's own pure functions.

A schedule is a list of events: scores, edits, deletions, policies, verdicts with what they ask for,
appeals, orders, sweeps, undo and redo, all killed between any two commits, and people who let held
batches go or refuse them. `World` runs it in one process; what it keeps is what Delta would. After
every event the invariants are checked.
"""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from builders import rule, rung, trial_policy

from harmsweep.enforcement.circuit_breaker.caps import cap_breaches, visible_counts
from harmsweep.enforcement.rules.effects import EPOCH, Batch, Sweep
from harmsweep.enforcement.rules.guardrails import Decision, Post, is_probability
from harmsweep.enforcement.rules.held import HeldBatch, Stale, is_resolved, refused, resume_held
from harmsweep.enforcement.rules.lanes import Instruction, lane_change, lifted, severest
from harmsweep.enforcement.rules.ledger import (
    ORDER,
    POLICY,
    REVIEW,
    Entry,
    Scope,
    holding,
    latest,
    open_intents,
)
from harmsweep.enforcement.rules.reversal import redo_effect, undo_effect
from harmsweep.enforcement.state.policy_binding import PolicyBinding, sweep_of
from harmsweep.enforcement.state.scope_states import ScopeState, changes
from harmsweep.policy.actions import VISIBLE
from harmsweep.policy.file import Policy, load_policy

DAY = date(2026, 10, 1)
START = 1_800_000_000_000_000
HOUR = 3600 * 1_000_000
POSTS = tuple(f"p{n}" for n in range(6))
MODELS = ("m-1", "m-2")
# Where policies act; what people ask for holds everywhere.
EVERYWHERE = ("all", "all")
PLACES = (EVERYWHERE, ("feed", "all"), ("all", "FR"), ("feed", "DE"))
ASKED = (None, "label", "remove")
Event = tuple[Any, ...]


def write_policies(folder: Path) -> list[Policy]:
    """Policies for all readers, for a surface and for countries; some approve the other model too.

    Their caps are so small that six posts pass them all the time.
    """
    made = []
    both = ["m-1", "m-2"]
    for version, remove, cap, models, places in [
        (1, 0.95, 3, ["m-1"], [EVERYWHERE]),
        (2, 0.98, 1, ["m-1"], [EVERYWHERE]),
        (3, 0.9, 2, both, [EVERYWHERE]),
        (4, 0.9, 3, both, [("feed", "all")]),
        (5, 0.95, 4, ["m-1"], [("feed", "DE"), ("all", "FR")]),
    ]:
        path = folder / f"{version}.yaml"
        ladder = [rung("remove", remove), rung("demote", 0.85, days=7), rung("review", 0.5)]
        caps = {"default": {"apply": cap, "release": cap}}
        options = {"version": version, "approved_models": models, "caps": caps}
        rules = [rule(*ladder, surface=s, jurisdiction=j) for s, j in places]
        text = trial_policy({"hate": rules}, **options)
        path.write_text(text, encoding="utf-8")
        made.append(load_policy(path))
    return made


class Violation(AssertionError):
    """An invariant does not hold after an event."""


def schedule(seed: int, length: int = 25) -> list[Event]:
    """The events of a seed."""
    rng = random.Random(seed)
    made: list[Event] = [("score", post, _score(rng)) for post in POSTS]
    made += [_event(rng) for _ in range(length)]
    return made


def _event(rng: random.Random) -> Event:
    post = rng.choice(POSTS)
    weighted: list[tuple[int, Event]] = [
        (5, ("score", post, _score(rng))),
        (2, ("edit", post)),
        (1, ("delete", post)),
        (2, ("verdict", post, "benign", None, rng.choice([None, None, 0, 1, 2]))),
        (2, ("verdict", post, "harmful", rng.choice(ASKED), rng.choice([None, None, 0, 1, 2]))),
        (
            2,
            (
                "appeal",
                post,
                rng.choice(["overturned", "upheld"]),
                rng.choice([None, None, 0, 1, 2]),
            ),
        ),
        (
            1,
            (
                "order",
                post,
                rng.choice(["demote", "remove"]),
                rng.choice([None, 20]),
                rng.choice([None, 0, 1, 2]),
            ),
        ),
        (1, ("withdraw", rng.randrange(100), rng.choice([None, 0, 1, 2]))),
        (1, ("exempt", post, rng.choice(["newsworthy", None]))),
        (8, ("sweep", rng.choice(MODELS), rng.randrange(5), rng.choice([None, None, 0, 1, 2]))),
        (3, ("undo", rng.randrange(100), rng.choice([None, 0, 1, 2]))),
        (2, ("redo", rng.randrange(100), rng.choice([None, 0, 1, 2]))),
        (2, ("resume", rng.randrange(100))),
        (1, ("discard", rng.randrange(100))),
        (2, ("wait", rng.choice([1, 12, 25, 200]))),
    ]
    weights, events = zip(*weighted, strict=True)
    return rng.choices(events, weights)[0]


def _score(rng: random.Random) -> float:
    return rng.choice([0.1, 0.6, 0.87, 0.9, 0.96, 0.99, 1.0, float("nan"), -0.5, 1.5])


@dataclass
class World:
    """Posts, the ledger, and what the platform reads; `policies` are what sweeps choose from."""

    policies: list[Policy]
    posts: dict[str, Post] = field(default_factory=dict)
    scores: dict[str, tuple[int, float]] = field(default_factory=dict)
    # The scores as the last sweep of a model, and of a pair, found them: what was decided since.
    found: dict[tuple[str, ...], dict[str, tuple[int, float]]] = field(default_factory=dict)
    instructions: dict[str, Instruction] = field(default_factory=dict)
    orders: dict[str, tuple[str, Instruction]] = field(default_factory=dict)
    said: int = 0
    ledger: list[Entry] = field(default_factory=list)
    visible: dict[Scope, Entry] = field(default_factory=dict)
    now: int = START
    sample: float = 0.3
    # Before the event: what waited, and the posts that people read to know a batch.
    waited: list[Entry] = field(default_factory=list)
    read: list[Entry] = field(default_factory=list)
    # The ledger by scope, as far as it was sorted into it.
    _histories: dict[Scope, list[Entry]] = field(
        init=False, default_factory=lambda: defaultdict(list)
    )
    _sorted: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.posts = {name: Post(1, "a1") for name in POSTS}

    def run(self, events: list[Event]) -> "World":
        """Run a schedule, and check after each of its events."""
        for event in events:
            self.now += 60 * 1_000_000
            before, self.waited, self.read = len(self.ledger), self._waiting(), self._read()
            getattr(self, f"do_{event[0]}")(*event[1:])
            self.check(event, self.ledger[before:])
        return self

    # What happens to posts.

    def do_score(self, post: str, score: float) -> None:
        """A score that is no probability never reaches the scores: the post has none then."""
        if post in self.posts and is_probability(score):
            self.scores[post] = (self.posts[post].revision, score)
        elif post in self.posts:
            self.scores.pop(post, None)

    def do_edit(self, post: str) -> None:
        if post in self.posts:
            before = self.posts[post]
            self.posts[post] = replace(before, revision=before.revision + 1, verdict=None)

    def do_delete(self, post: str) -> None:
        self.posts.pop(post, None)

    def do_exempt(self, post: str, kind: str | None) -> None:
        if post in self.posts:
            self.posts[post] = replace(self.posts[post], exempt=kind)

    def do_wait(self, hours: int) -> None:
        self.now += hours * HOUR

    # What sweeps and people do.

    def do_sweep(self, model: str, policy: int, killed: int | None) -> None:
        self._carry_out(self._swept(model, policy), killed)

    def _swept(self, model: str, policy: int) -> list[Entry]:
        binding = PolicyBinding(self.policies[policy], model)
        options: dict[str, Any] = {
            "sweep": self._sweep(binding, "enforce"),
            "guardrails": binding.guardrails,
        }
        self.found[model,] = self.found[binding.subject] = dict(self.scores)
        found = [ScopeState(scope, *self._at(scope, binding)) for scope in self._scopes()]
        made = changes(found, **options)
        over = [
            e.batch for e in cap_breaches(visible_counts(made), self._used_in_24h(), binding.policy)
        ]
        over += self._stuck(made)
        return changes(found, **options, held=dict.fromkeys(over, self.sample)) if over else made

    def _stuck(self, made: list[Entry]) -> list[Batch]:
        """The batches of which a part waits, under the same pair."""
        waits = {_of_batch(e) for e in self._waiting()}
        return sorted({(e.harm or "", e.direction) for e in made if _of_batch(e) in waits})

    def _waiting(self) -> list[Entry]:
        held = (e for e in self.ledger if e.entry == "held")
        return [e for e in held if not is_resolved(e, self._history_of(e))]

    def _read(self) -> list[Entry]:
        return [e for e in self.ledger if e.entry == "intent" and e.cause_kind == "sample"]

    def do_verdict(self, post: str, found: str, action: str | None, killed: int | None) -> None:
        """What a reviewer finds is carried out at once."""
        if post not in self.posts:
            return
        self.said += 1
        name = f"v{self.said}"
        self.posts[post] = replace(self.posts[post], verdict=found)
        self.instructions.pop(post, None)
        if action:
            self.instructions[post] = Instruction(action, "hate", "verdict", name)
        self._settle("verdict", name, killed)

    def do_appeal(self, post: str, outcome: str, killed: int | None) -> None:
        """Another reviewer decides about what holds: overturned is benign, upheld asks the same."""
        if post not in self.posts or not self._appealable(post):
            return
        self.said += 1
        name = f"a{self.said}"
        found = "benign" if outcome == "overturned" else "harmful"
        self.posts[post] = replace(self.posts[post], verdict=found)
        instruction = self.instructions.pop(post, None)
        if instruction and found == "harmful":
            self.instructions[post] = replace(instruction, source_id=name)
        self._settle("appeal", name, killed)

    def _appealable(self, post: str) -> bool:
        at = EPOCH + timedelta(microseconds=self._clock())
        scopes = [s for s in self._scopes() if s.subject_id == post and s.lane != ORDER]
        shown = [self.visible[scope] for scope in scopes if scope in self.visible]
        return any(e.action in VISIBLE and not e.has_expired(at) for e in shown)

    def do_order(self, post: str, action: str, hours: int | None, killed: int | None) -> None:
        """An authority's order acts at once, until it ends or is withdrawn."""
        if post not in self.posts:
            return
        self.said += 1
        name = f"o{self.said}"
        until = EPOCH + timedelta(microseconds=self.now + hours * HOUR) if hours else None
        self.orders[name] = (post, Instruction(action, "hate", "order", name, until))
        self._settle("order", name, killed)

    def do_withdraw(self, nth: int, killed: int | None) -> None:
        if self.orders:
            name = sorted(self.orders)[nth % len(self.orders)]
            del self.orders[name]
            self._settle("order", name, killed)

    def ordered(self, post: str) -> Instruction | None:
        """What orders ask for a post."""
        at = EPOCH + timedelta(microseconds=self._clock())
        instruction = [instruction for name, instruction in self.orders.values() if name == post]
        return severest(
            [instruction for instruction in instruction if not instruction.has_expired(at)]
        )

    def _settle(self, kind: str, source_id: str, killed: int | None) -> None:
        plan = Sweep(DAY, kind, (source_id,), self._last(), self._clock(), "tester")
        made = [self._settled(scope, plan) for scope in self._scopes()]
        self._carry_out([entry for entry in made if entry], killed)

    def _settled(self, scope: Scope, plan: Sweep) -> Entry | None:
        history, post = self._history(scope), self.posts.get(scope.subject_id)
        if post is None:
            return None
        if scope.lane != POLICY:
            return lane_change(scope, history, self._instruction(scope), post.revision, sweep=plan)
        if post.verdict != "benign":
            return None
        return lifted(scope, history, sweep=plan, source_id=plan.subject[0])

    def _instruction(self, scope: Scope) -> Instruction | None:
        name = scope.subject_id
        return self.instructions.get(name) if scope.lane == REVIEW else self.ordered(name)

    def do_undo(self, nth: int, killed: int | None) -> None:
        self._restore(nth, "undo", killed)

    def do_redo(self, nth: int, killed: int | None) -> None:
        self._restore(nth, "redo", killed)

    def _restore(self, nth: int, kind: str, killed: int | None) -> None:
        sweeps = sorted({e.sweep_id for e in self.ledger if e.entry == "intent"})
        if not sweeps:
            return
        sweep_id = sweeps[nth % len(sweeps)]
        plan = Sweep(DAY, kind, (sweep_id,), self._last(), self._clock(), "tester")
        made = []
        for scope in self._scopes():
            restored = undo_effect if kind == "undo" else redo_effect
            post = self.posts.get(scope.subject_id)
            found = restored(scope, self._history(scope), post, sweep=plan)
            made += [found] if found else []
        self._carry_out(made, killed)

    def do_resume(self, nth: int) -> None:
        batch = self._batch(nth)
        if batch is None:
            return
        held = next(e for e in self.ledger if batch.has(e) and e.entry == "held")
        policies = {p.policy_version: p for p in self.policies}
        binding = PolicyBinding(policies[held.policy_version or ""], held.model_version or "")
        plan, made = self._sweep(binding, "resume"), []
        for scope in self._scopes():
            history, decision, post = self._at(scope, binding)
            for held_effect in [e for e in history if batch.has(e) and not is_resolved(e, history)]:
                options: dict[str, Any] = {"sweep": plan, "guardrails": binding.guardrails}
                try:
                    found = resume_held(
                        scope, history, decision, post, held_effect=held_effect, **options
                    )
                except Stale:
                    found = (
                        refused(held_effect, sweep=plan) if held_effect.entry == "held" else None
                    )
                made += [found] if found else []
        self._carry_out(made, None)

    def do_discard(self, nth: int) -> None:
        batch = self._batch(nth)
        if batch is None:
            return
        plan = Sweep(DAY, "discard", (), self._last(), self._clock(), "tester")
        for scope in self._scopes():
            history = self._history(scope)
            waits = [e for e in history if batch.has(e) and not is_resolved(e, history)]
            self.ledger += [refused(e, sweep=plan) for e in waits if e.entry == "held"]

    # The ledger.

    def _carry_out(self, made: list[Entry], killed: int | None) -> None:
        """The commits of a sweep: entries, what the platform reads, outcomes; killed after some.

        One that books nothing finishes what others left open: the ledger's first commit is of
        outcomes then.
        """
        if made and killed == 0:
            return
        self.ledger += made
        if made and killed == 1:
            return
        unfinished = [e for scope in self._scopes() for e in open_intents(self._history(scope))]
        if not unfinished:
            return
        self.visible = self._shown()
        if killed in (0, 2):
            return
        at = EPOCH + timedelta(microseconds=self._clock())
        self.ledger += [replace(e, entry="outcome", recorded_at=at) for e in unfinished]

    def _shown(self) -> dict[Scope, Entry]:
        found = {scope: holding(self._history(scope)) for scope in self._scopes()}
        return {scope: entry for scope, entry in found.items() if entry}

    def _scopes(self) -> list[Scope]:
        at = [*((*place, POLICY) for place in PLACES), *((*EVERYWHERE, n) for n in (REVIEW, ORDER))]
        return [Scope("post", name, *where) for name in POSTS for where in at]

    def _history(self, scope: Scope) -> list[Entry]:
        for entry in self.ledger[self._sorted :]:  # nothing but appends changes a ledger
            self._histories[entry.scope].append(entry)
        self._sorted = len(self.ledger)
        return self._histories[scope]

    def _at(
        self, scope: Scope, binding: PolicyBinding
    ) -> tuple[list[Entry], Decision | Instruction | None, Post | None]:
        post = self.posts.get(scope.subject_id)
        if scope.lane != POLICY:
            return self._history(scope), self._instruction(scope), post
        scored = self.found[binding.model_version,].get(scope.subject_id)
        if post is None or scored is None or scored[0] != post.revision:
            return self._history(scope), None, None
        decided = self.found[binding.subject].get(scope.subject_id)
        stands = decided is not None and decided[0] == post.revision
        wanted = self._decided(decided, binding.policy, scope) if decided and stands else None
        return self._history(scope), wanted, post

    def _decided(self, scored: tuple[int, float], policy: Policy, scope: Scope) -> Decision | None:
        revision, score = scored
        place = (scope.surface, scope.jurisdiction)
        rules = [r for r in policy.rules["hate"] if (r.surface, r.jurisdiction) == place]
        ladder = [rung for rule in rules for rung in rule.ladder]
        reached = [rung for rung in ladder if score >= (rung.threshold or 2)]
        if not reached:
            return None
        best = max(reached, key=lambda rung: rung.threshold or 0)
        return Decision(revision, "en", best.action, "hate", score, best.threshold)

    def _sweep(self, binding: PolicyBinding, kind: str) -> Sweep:
        return sweep_of(DAY, kind, binding, after=self._last(), at=self._clock())

    def _last(self) -> str:
        intents = [e for e in self.ledger if e.entry == "intent"]
        return max(intents, key=lambda e: e.recorded_at).sweep_id if intents else ""

    def _clock(self) -> int:
        last = max((e.recorded_at for e in self.ledger), default=EPOCH)
        return max(self.now, (last - EPOCH) // timedelta(microseconds=1) + 1)

    def _used_in_24h(self) -> dict[tuple[str, str], int]:
        since = EPOCH + timedelta(microseconds=self._clock() - 24 * HOUR)
        automatic = ("decision", "withdrawn")
        recent = [e for e in self.ledger if e.recorded_at > since and e.cause_kind in automatic]
        return visible_counts(recent)

    def _batch(self, nth: int) -> HeldBatch | None:
        """One of the batches that wait."""
        names = sorted({(e.sweep_id, e.harm or "", e.direction) for e in self._waiting()})
        return HeldBatch(*names[nth % len(names)]) if names else None

    def _history_of(self, entry: Entry) -> list[Entry]:
        return self._history(entry.scope)

    # What must always hold.

    def check(self, event: Event, new: list[Entry]) -> None:
        """Raise where an invariant is broken."""
        kinds = Counter((e.effect_key, e.entry) for e in self.ledger)
        self._must(max(kinds.values(), default=1) == 1, event, "an effect was booked twice")
        intents = {e.effect_key for e in self.ledger if e.entry == "intent"}
        outcomes = {e.effect_key for e in self.ledger if e.entry == "outcome"}
        self._must(outcomes <= intents, event, "an outcome has no intent")
        for entry in new:
            self._check_new(entry, event)
        for scope in self._scopes():
            keys = [e.previous_key for e in self._history(scope) if e.entry == "intent"]
            self._must(len(keys) == len(set(keys)), event, "a history branches")
        if intents == outcomes:
            self._must(self.visible == self._shown(), event, "the platform reads something else")
        if event[0] == "sweep":
            done = [e for e in new if _is_automatic(e)]
            self._check_cap(done, self.policies[event[2]], event)
            self._check_waiting(done, event)
        # A word about a post that is gone, or an appeal against nothing, carries nothing out.
        carried = event[0] == "sweep" or (event[0] in ("verdict", "appeal", "order") and new)
        if carried and event[-1] is None:
            self._check_people(event)
        if event[0] == "sweep" and event[-1] is None:
            again = self._swept(*event[1:-1])
            self._must(again == [], event, "the same sweep again does something")

    def _check_new(self, entry: Entry, event: Event) -> None:
        if entry.entry != "intent" or entry.cause_kind not in ("decision", "sample"):
            return
        post = self.posts.get(entry.subject_id)
        self._must(post is not None, event, "a post that is gone was acted on")
        assert post is not None
        self._must(entry.revision == post.revision, event, "another revision was acted on")
        self._must(post.verdict != "benign", event, "a person's benign was overruled")
        if entry.action != "review":
            sound = is_probability(entry.score) and entry.threshold is not None
            self._must(sound, event, "an action has no score")
            assert entry.score is not None
            assert entry.threshold is not None
            self._must(entry.score >= entry.threshold, event, "an action is below its threshold")
            self._must(post.exempt is None, event, "an exempt post was acted on")

    def _check_people(self, event: Event) -> None:
        """What people ask for holds, and what they found benign is free, unless it was undone."""
        for name in self.posts:
            for lane in (REVIEW, ORDER):
                self._check_lane(Scope("post", name, "all", "all", lane), event)
        post = self.posts.get(event[1]) if event[0] in ("verdict", "appeal") else None
        if post is not None and post.verdict == "benign":
            at = EPOCH + timedelta(microseconds=self._clock())
            own = [s for s in self._scopes() if s.subject_id == event[1] and s.lane == POLICY]
            states = [state for scope in own if (state := holding(self._history(scope)))]
            over = all(state.has_expired(at) for state in states)
            self._must(over, event, "a post that was found benign is not free")

    def _check_lane(self, scope: Scope, event: Event) -> None:
        history, instruction = self._history(scope), self._instruction(scope)
        at = EPOCH + timedelta(microseconds=self._clock())
        last, state = latest(history), holding(history)
        undone = last is not None and last.cause_kind in ("undo", "reapply")
        held = state.action if state and not state.has_expired(at) else None
        wanted = instruction.action if instruction else None
        self._must(undone or held == wanted, event, f"what {scope.lane} asks for does not hold")

    def _check_cap(self, done: list[Entry], policy: Policy, event: Event) -> None:
        """With what a sweep did, 24 hours had no more automatic effects than its policy's cap.

        What people let go is counted: it leaves the less to sweeps.
        """
        for way in {e.direction for e in done}:
            since = done[0].recorded_at - timedelta(hours=24)
            had = [e for e in self.ledger if _is_automatic(e) and e.recorded_at > since]
            n, cap = sum(e.direction == way for e in had), getattr(policy.caps["default"], way)
            self._must(n <= cap, event, f"{n} effects pass the cap of {cap}")

    def _check_waiting(self, done: list[Entry], event: Event) -> None:
        """No sweep does what waits for a person, at any place of the same readers.

        Nor more of what its pair had held. But it lifts what a person found benign since.
        """
        every = [*self.waited, *self._waiting()]
        for entry in done:
            waits = [e for e in every if e.direction == entry.direction]
            same = [e for e in waits if _are_near(e, entry) and e.action == entry.action]
            post = self.posts.get(entry.subject_id)
            freed = entry.direction == "release" and post is not None and post.is_spared
            self._must(freed or not same, event, "an effect that waits was carried out")
            of_batch = _of_batch(entry) in map(_of_batch, waits)
            self._must(not of_batch, event, "more of a batch that waits was carried out")
            of_waiting = [(e.sweep_id, e.harm) for e in waits]
            read = [e for e in self.read if (e.sweep_id, e.harm) in of_waiting]
            # Samples are of what applies; a release of such a post brings nothing upon it.
            applies = entry.direction == "apply"
            is_read = applies and any(_are_near(e, entry) for e in read)
            self._must(not is_read, event, "a sampled post was acted on while its batch waits")

    def _must(self, holds: bool, event: Event, what: str) -> None:
        if not holds:
            raise Violation(f"after {event}: {what}")


def _is_automatic(entry: Entry) -> bool:
    """Whether caps are about it, in this module's own words."""
    seen = entry.action if entry.direction == "apply" else entry.previous_action
    by_itself = entry.entry == "intent" and entry.cause_kind in ("decision", "withdrawn")
    return by_itself and seen in ("label", "demote", "interstitial", "remove")


def _are_near(one: Entry, other: Entry) -> bool:
    """Whether entries are about a revision of a post for the same readers, in own words."""
    if (one.subject_id, one.revision) != (other.subject_id, other.revision):
        return False
    sides = [(one.surface, other.surface), (one.jurisdiction, other.jurisdiction)]
    return all(a == b or "all" in (a, b) for a, b in sides)


def _of_batch(entry: Entry) -> tuple[str | None, ...]:
    return entry.model_version, entry.policy_version, entry.harm, entry.direction


def state(world: World) -> dict[tuple[str, ...], str]:
    """What holds for each post in each lane, at each place."""
    return {
        (p.subject_id, p.lane, p.surface, p.jurisdiction): entry.action
        for p, entry in world.visible.items()
    }


def ends(world: World) -> dict[Scope, str | None]:
    """The last effect of each scope, by its key."""
    lasts = {scope: latest(world._history(scope)) for scope in world._scopes()}
    return {scope: entry.effect_key if entry else None for scope, entry in lasts.items()}
