"""A day of research posts through the line: what was done is replayed and undone exactly."""

import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from harmsweep.enforcement.replay import replay_day
from harmsweep.enforcement.undo import undo
from harmsweep.lake import delta
from harmsweep.model.manifest import load_manifest
from harmsweep.model.reference import load_model_ref
from harmsweep.paths import DEFAULT_MODEL
from harmsweep.pipeline.all_days import run_pipeline
from harmsweep.policy.demonstration import mark_demonstration
from harmsweep.policy.file import load_policy
from harmsweep.reports.lake_figures import accounts
from harmsweep.stages.decide.stage import decide_day
from harmsweep.stages.enforce import enforce_day
from harmsweep.tables.catalog import EVIDENCE, POST_VISIBILITY

pytestmark = [pytest.mark.spark, pytest.mark.torch, pytest.mark.slow, pytest.mark.nightly]
DAY = "2026-10-01"
# Of a collection with pictures or clips, which are slow, so many posts, by the hash of their ids.
TAKEN = {"mediaeval": 12, "harmeme": 12, "propaganda": 8, "fights": 1}


def lines(path: Path) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in path.read_bytes().splitlines())


def chosen(data: Path) -> list[dict[str, Any]]:
    """Posts of a day: of each collection as many as TAKEN says, of the others 100."""
    posts = [post for post in lines(data / "posts.jsonl") if post["created_at"].startswith(DAY)]
    posts.sort(key=lambda post: sha256(post["post_id"].encode()).hexdigest())
    names = {post["dataset"] for post in posts}
    return [
        post
        for name in sorted(names)
        for post in [p for p in posts if p["dataset"] == name][: TAKEN.get(name, 100)]
    ]


def landed(data: Path, folder: Path) -> Path:
    """A landing zone of the chosen posts, with their authors, labels and media."""
    posts = chosen(data)
    ids, authors = ({post[key] for post in posts} for key in ("post_id", "author_id"))
    kept = {
        "posts.jsonl": posts,
        "users.jsonl": [u for u in lines(data / "users.jsonl") if u["user_id"] in authors],
        "labels.jsonl": [r for r in lines(data / "labels.jsonl") if r["post_id"] in ids],
    }
    folder.mkdir()
    for name, rows in kept.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / name).write_text(text, encoding="utf-8")
    for medium in (medium for post in posts for medium in post["media"]):
        target = folder / medium["uri"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data / medium["uri"], target)
    return folder


@pytest.fixture(scope="module")
def research(
    spark: SparkSession, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Their lake after a run of the line, with the model that ships."""
    folder = tmp_path_factory.mktemp("research")
    mark_demonstration(folder / "lake")
    lake = delta.open_lake(folder / "lake")
    posts = landed(shared_data, folder / "posts")
    run_pipeline(
        lambda: spark,
        lake,
        posts=posts,
        model=load_model_ref(DEFAULT_MODEL),
        on_progress=lambda *_: None,
    )
    return lake


def visible(lake: Path) -> list[dict[str, Any]]:
    """What the platform reads, in order, without when it came in force."""
    rows = delta.rows(POST_VISIBILITY, lake).to_pylist()
    return sorted(({k: v for k, v in row.items() if k != "since"} for row in rows), key=repr)


def sweeps(lake: Path) -> list[str]:
    """The ids of the lake's sweeps, the oldest first."""
    sql = """SELECT sweep_id, min(recorded_at) AS first FROM actions_v1
        WHERE entry = 'intent' GROUP BY sweep_id ORDER BY first, sweep_id"""
    found: list[str] = delta.query(lake, sql).column("sweep_id").to_pylist()
    return found


def test_every_research_post_has_a_place(research: Path) -> None:
    counted = accounts(research, load_manifest(DEFAULT_MODEL).model_version)
    assert counted.balanced
    assert counted.landed > 250


def test_every_action_on_them_comes_out_the_same(research: Path) -> None:
    found = [
        r
        for day in delta.days(EVIDENCE, research)
        for r in replay_day(research, day, DEFAULT_MODEL)
    ]
    assert len(found) > 10
    assert {r.outcome for r in found} == {"same"}, [r.why for r in found if r.why]


def test_undoing_every_sweep_leaves_nothing_and_redoing_all_leaves_the_same(
    research: Path, tmp_path: Path
) -> None:
    lake = Path(shutil.copytree(research, tmp_path / "lake"))
    before, done = visible(lake), sweeps(lake)
    assert len(before) > 20
    for sweep_id in reversed(done):
        assert undo(lake, sweep_id=sweep_id).counts["left"] == 0
    assert visible(lake) == []
    for sweep_id in done:
        assert undo(lake, sweep_id=sweep_id, redo=True).counts["left"] == 0
    assert visible(lake) == before


def test_another_policys_sweep_is_undone_to_the_row(
    spark: SparkSession, research: Path, tmp_path: Path
) -> None:
    lake = Path(shutil.copytree(research, tmp_path / "lake"))
    before, done = visible(lake), sweeps(lake)
    path, model = lake / "policy.yaml", load_model_ref(DEFAULT_MODEL)
    text = (lake / "policy" / "demonstration.yaml").read_text(encoding="utf-8")
    milder = text.replace("remove, threshold: 0.85", "remove, threshold: 0.95")
    path.write_text(milder.replace("version: 1", "version: 2"), encoding="utf-8")
    policy = load_policy(path)
    for day in delta.days(POST_VISIBILITY, lake):
        decide_day(lambda: spark, lake, day, policy=policy, model=model)
        enforce_day(lake, day, policy=policy, model=model)
    assert visible(lake) != before
    for sweep_id in reversed(sweeps(lake)[len(done) :]):
        assert undo(lake, sweep_id=sweep_id).counts["left"] == 0
    assert visible(lake) == before
