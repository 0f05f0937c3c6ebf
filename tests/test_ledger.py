"""The state that follows from the ledger's entries, on literal rows."""

import hashlib
import json
from datetime import UTC, date, datetime

import pytest
from pyspark.sql import functions as F

from harmsweep.ledger import COUNTED, direction, effect_key, latest, open_intents, visibility
from harmsweep.tables import ACTIONS

pytestmark = pytest.mark.spark

# key, entry, minute, post, action, previous action, key whose state holds then
ENTRIES = [
    ("k1", "intent", 1, "undone", "demote", "none", "k1"),
    ("k1", "outcome", 2, "undone", "demote", "none", "k1"),
    ("k2", "intent", 3, "undone", "remove", "demote", "k2"),
    ("k2", "outcome", 4, "undone", "remove", "demote", "k2"),
    ("k3", "intent", 5, "undone", "demote", "remove", "k1"),  # an undo brings k1 back
    ("k4", "intent", 1, "released", "remove", "none", "k4"),
    ("k4", "outcome", 2, "released", "remove", "none", "k4"),
    ("k5", "intent", 3, "released", "none", "remove", "k5"),
    ("k5", "outcome", 4, "released", "none", "remove", "k5"),
    ("k6", "held", 1, "held", "remove", "none", "k6"),
    ("k7", "intent", 1, "reviewed", "review", "none", "k7"),
]


@pytest.fixture(scope="module")
def ledger(spark):
    rest = dict.fromkeys(ACTIONS.schema.names) | {
        "day": date(2026, 10, 1),
        "sweep_id": "s",
        "subject_kind": "post",
        "revision": 1,
        "surface": "all",
        "jurisdiction": "all",
        "cause_kind": "decision",
        "cause_id": "c",
        "operator": "tester",
    }
    names = ("effect_key", "entry", "minute", "subject_id", "action", "previous_action")
    severity = ("none", "review", "label", "demote", "remove")
    rows = []
    for entry in ENTRIES:
        row = rest | dict(zip((*names, "state_key"), entry, strict=True))
        milder = severity.index(row["action"]) < severity.index(row["previous_action"])
        row["direction"] = "release" if milder else "apply"
        row["recorded_at"] = datetime(2026, 10, 1, 12, row["minute"], tzinfo=UTC)
        rows.append([row[name] for name in ACTIONS.schema.names])
    return spark.createDataFrame(rows, ACTIONS.schema).localCheckpoint()


def test_the_state_is_that_of_the_last_effect_or_of_the_one_it_restores(ledger):
    found = {r["subject_id"]: (r["action"], r["effect_key"]) for r in visibility(ledger).collect()}
    assert found == {"undone": ("demote", "k1"), "reviewed": ("review", "k7")}


def test_the_last_effect_of_a_place_is_no_held_entry(ledger):
    found = {r["subject_id"]: r["effect_key"] for r in latest(ledger).collect()}
    assert found == {"undone": "k3", "released": "k5", "reviewed": "k7"}


def test_intents_without_an_outcome_are_open(ledger):
    assert {r["effect_key"] for r in open_intents(ledger).collect()} == {"k3", "k7"}


def test_caps_count_what_others_can_see_and_directions_follow_severity(ledger):
    intents = ledger.where((F.col("entry") == "intent") & F.expr(COUNTED))
    assert {r["effect_key"] for r in intents.collect()} == {"k1", "k2", "k3", "k4", "k5"}
    computed = direction(F.col("action"), F.col("previous_action"))
    assert ledger.where(computed != F.col("direction")).count() == 0


def test_a_key_is_the_hash_of_identity_and_cause(ledger):
    found = ledger.where(F.col("effect_key") == "k7").select(effect_key().alias("key")).collect()
    parts = ["post", "reviewed", "1", "review", "all", "all", "c"]
    text = json.dumps(parts, separators=(",", ":"))
    assert found[0]["key"] == hashlib.sha256(text.encode()).hexdigest()
