"""What tests of one scope share: literal decisions, and the entries that sweeps of them leave."""

from dataclasses import replace
from datetime import date
from typing import Any

from harmsweep.enforcement.rules.effects import Sweep
from harmsweep.enforcement.rules.guardrails import Decision, Guardrails, Post
from harmsweep.enforcement.rules.ledger import Entry, Scope
from harmsweep.enforcement.rules.reconcile import reconcile

DAY = date(2026, 10, 1)
SCOPE = Scope("post", "p1", "all", "all")
PAIR = ("m-1", "p-1")
OPEN = Guardrails(approved=True)
POST = Post(revision=1, author_id="a1")
EDITED = replace(POST, revision=2)
REMOVE = Decision(
    revision=1, language="en", action="remove", harm="hate", score=0.99, threshold=0.95
)
DEMOTE = replace(REMOVE, action="demote", score=0.9, threshold=0.85)
REVIEW = replace(REMOVE, action="review", score=0.6, threshold=0.5)


def sweep(n: int = 1, kind: str = "enforce", subject: tuple[str, ...] = PAIR) -> Sweep:
    """The nth sweep of the day."""
    return Sweep(DAY, kind, subject, f"s{n - 1}", n * 1_000_000, "tester")


def act(
    history: list[Entry], decision: Decision | None, n: int = 1, post: Post = POST, **more: Any
) -> Entry | None:
    """What the nth sweep adds to a chain."""
    options = {"sweep": sweep(n), "guardrails": OPEN} | more
    return reconcile(SCOPE, history, decision, post, **options)


def after(*decisions: Decision | None) -> list[Entry]:
    """The chain that sweeps of these decisions leave, one after another."""
    history: list[Entry] = []
    for n, decision in enumerate(decisions, start=1):
        effect = act(history, decision, n)
        history += [effect] if effect else []
    return history


HELD = {("hate", "apply"): 0.0}
SAMPLED = {("hate", "apply"): 1.0}


def held() -> Entry:
    """A removal that the first sweep held."""
    effect = act([], REMOVE, held=HELD)
    assert effect is not None
    return effect


A_WEEK = Guardrails(approved=True, days={("hate", "all", "all", "remove"): 7})
RESTRICT = replace(REMOVE, action="restrict")
STRIKE = replace(REMOVE, action="strike")


def released() -> tuple[list[Entry], Entry]:
    """A removal that holds, and its release, which waits."""
    history = after(REMOVE)
    effect = act(history, None, 2, held={("hate", "release"): 0.0})
    assert effect is not None and (effect.entry, effect.cause_kind) == ("held", "withdrawn")
    return history, effect
