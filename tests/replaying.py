"""A lake of five posts whose scores can be told from their numbers, for tests of replay."""

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from harmsweep.enforcement.replay import replay
from harmsweep.lake import delta, writes
from harmsweep.model.fusion import Feature
from harmsweep.tables.catalog import ACTIONS, DECISIONS, POST_FEATURES, RUNS

DAY = date(2026, 10, 1)
# By post, hate and spam in hundredths: the numbers that the model makes its scores of.
SEEN = {"removed": (99, 10), "demoted": (90, 10), "reviewed": (60, 10), "clean": (10, 10),
        "spam": (10, 97)}  # fmt: skip


def plain_model(monkeypatch: Any) -> Any:
    """Load a model with two heads, each a number of the post in hundredths, and `more` on both."""
    from harmsweep.model import network

    manifest = SimpleNamespace(
        windows=None,
        model_version="m-1", harms=("hate", "spam"), inputs=[],
        features=[Feature(name=name, transform="none") for name in ("views", "likes")],
    )  # fmt: skip
    made = SimpleNamespace(manifest=manifest, more=0.0)

    def scores(_manifest: Any, _heads: Any, columns: Any) -> Any:
        return np.array([[columns[n][0] / 100 + made.more for n in ("views", "likes")]])

    monkeypatch.setattr(network, "load_heads", lambda _: (manifest, None))
    monkeypatch.setattr(network, "score_columns", scores)
    return made


def with_numbers(lake: Any, text_of: Any, folder: Path) -> Any:
    """Give a decided lake the numbers of its scores, a folder of policies and a model's path."""
    rows = [
        text_of(name, name, views=views, likes=likes, author_origin="native")
        for name, (views, likes) in SEEN.items()
    ]
    lake.put_features(rows)
    lake.model = folder / "m" / "manifest.json"
    (lake.root / "policy").mkdir()
    return lake


def keep_policy(lake: Any, **changes: Any) -> Path:
    """Put the policy's file where a lake keeps them."""
    text = lake.policy(**changes).read_text(encoding="utf-8")
    path: Path = lake.root / "policy" / "trial.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def outcome(lake: Any, post: str = "removed", **options: Any) -> tuple[str, str]:
    """The outcome and the reason of a post's last effect."""
    found = replay(lake.root, post, lake.model, **options)[-1]
    return found.outcome, found.why


def rewrite_ledger(lake: Any, post: str, **changes: Any) -> None:
    """Make the ledger say something else of a post, as nothing but a bug or a person's hand can."""
    rows = delta.rows(ACTIONS, lake.root).to_pylist()
    changed = [row | changes if row["subject_id"] == post else row for row in rows]
    delta.stored(lake.root, ACTIONS.name).alter.set_table_properties({"delta.appendOnly": "false"})
    writes.write_rows(changed, ACTIONS, lake.root, where={"day": DAY})


def rewrite_decisions(lake: Any, **changes: Any) -> None:
    """Make all of the day's decisions say something else."""
    rows = [row | changes for row in delta.rows(DECISIONS, lake.root).to_pylist()]
    writes.write_rows(rows, DECISIONS, lake.root, where={"day": DAY})


def change_inputs(lake: Any, post: str, **numbers: int) -> None:
    """Write the features anew after a late row of one post."""
    rows = delta.rows(POST_FEATURES, lake.root).to_pylist()
    lake.put_features([row | numbers if row["post_id"] == post else row for row in rows])


def ran(lake: Any, stage: str, hour: int, variant: str = "") -> None:
    """The record of a stage that ended at an hour of the day."""
    at = datetime(2026, 10, 1, hour, tzinfo=UTC)
    row = {"day": DAY, "stage": stage, "variant": variant, "digest": "d", "posts": 5,
           "counts": "{}", "seconds": 1.0, "finished_at": at, "code_version": "c"}  # fmt: skip
    where = {"day": DAY, "stage": stage, "variant": variant}
    writes.write_rows([row], RUNS, lake.root, where=where)
