"""How long a sweep of many posts and its undoing take, and how many places a core judges.

Makes a lake with one day of literal posts, scores and decisions, every one of them a removal, and
times what `harmsweep` does with it: a sweep, a second one that changes nothing, an undo, a redo.
Prints a table and one line of JSON; seconds by wall clock, memory of the process at its peak.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa

from harmsweep.enforcement.circuit_breaker import day_share
from harmsweep.enforcement.conf import DayShare, load_bounds
from harmsweep.enforcement.state.decisions import version_pair
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.enforcement.sweep import sweep
from harmsweep.enforcement.undo import undo
from harmsweep.lake import delta
from harmsweep.policy.demonstration import mark_demonstration
from harmsweep.policy.file import load_policy
from harmsweep.tables.catalog import DECISIONS, POSTS, SCORES
from harmsweep.tables.spec import Table

DAY, NOON = date(2026, 10, 1), datetime(2026, 10, 1, 12, tzinfo=UTC)
MODEL = "m-1"
POLICY = """
name: benchmark
version: 1
mode: demonstration
approved_models: [m-1]
languages: [en]
review_only: []
near_margin: 0.1
rules:
  hate:
    - {surface: all, jurisdiction: all, ladder: [{action: remove, threshold: 0.9}]}
caps: {default: {apply: 100000000, release: 100000000}}
comments: {review: 0.9}
known_media: review
"""


def made(folder: Path, posts: int) -> tuple[Path, PolicyBinding]:
    """A lake of one day and a policy under which each of its posts is removed."""
    root = folder / "lake"
    mark_demonstration(root)
    lake = delta.open_lake(root)
    path = folder / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    binding = PolicyBinding(load_policy(path), MODEL)
    names = [f"p{n}" for n in range(posts)]
    common = {"day": DAY, "revision": 1, "author_id": "a1", "language": "en", "dataset": "live"}
    common |= {"surface": "feed", "country": "DE"}
    put(POSTS, lake, names, common | {
        "sequence": 1, "recorded_at": NOON, "recorded_day": DAY, "created_at": NOON,
        "status": "accepted", "author_origin": "native", "text": "words", "text_flags": [],
        "media": [], "split_group": "g", "event_id": "e",
    })  # fmt: skip
    scored = {"model_version": MODEL, "status": "scored", "inputs": ["text"], "trained_on": False}
    put(SCORES, lake, names, common | scored | {"hate": 0.99})
    put(DECISIONS, lake, names, common | version_pair(*binding.subject) | {
        "surface": "all", "jurisdiction": "all", "action": "remove", "policy_action": "remove",
        "harm": "hate", "score": 0.99, "threshold": 0.9, "reason": "threshold_met",
        "evidence": "{}",
    })  # fmt: skip
    return lake, binding


def put(table: Table, lake: Path, names: list[str], row: dict[str, Any]) -> None:
    """The same row for every post."""
    import deltalake

    stored = delta.stored(lake, table.name)
    schema = pa.schema(stored.schema().to_arrow())
    columns = {
        field.name: pa.array([row.get(field.name)] * len(names), field.type) for field in schema
    }
    columns["post_id"] = pa.array(names, schema.field("post_id").type)
    deltalake.write_deltalake(stored, pa.table(columns, schema=schema), mode="append")


def timed(what: Callable[[], object]) -> float:
    """Seconds that it took."""
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def main(posts: int) -> None:
    """Time all four, and print."""
    # Every post is removed: what holds a wrong model is not what is timed.
    whole = DayShare(share=1, without_history=1, least=0)
    bounds = load_bounds().model_copy(update={"harm_share": whole, "all_share": whole})
    free = patch.object(day_share, "load_bounds", lambda: bounds)
    with free, tempfile.TemporaryDirectory() as folder:
        lake, binding = made(Path(folder), posts)
        seconds = {"sweep": timed(lambda: sweep(lake, DAY, binding))}
        ids = delta.query(lake, "SELECT DISTINCT sweep_id FROM actions_v1").to_pylist()
        sweep_id = ids[0]["sweep_id"]
        seconds["again"] = timed(lambda: sweep(lake, DAY, binding))
        seconds["undo"] = timed(lambda: undo(lake, sweep_id=sweep_id))
        seconds["redo"] = timed(lambda: undo(lake, sweep_id=sweep_id, redo=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{'':8}{'seconds':>9}{'posts/s':>10}")
    for name, value in seconds.items():
        print(f"{name:8}{value:>9.2f}{posts / value:>10,.0f}")
    print(f"peak memory {peak:,.0f} MB")
    print(json.dumps({"posts": posts, "seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--posts", type=int, default=100_000, help="posts, each an effect")
    main(**vars(arguments.parse_args()))
