"""Every action on the sample comes out the same from what was kept of it."""

import shutil
from pathlib import Path

import pytest

from harmsweep.cli.main import app
from harmsweep.enforcement.replay import replay, replay_day
from harmsweep.errors import DataRefused
from harmsweep.lake import delta
from harmsweep.paths import DEFAULT_MODEL
from harmsweep.pipeline.all_days import PipelineRun
from harmsweep.tables.catalog import EVIDENCE

pytestmark = [pytest.mark.spark, pytest.mark.torch, pytest.mark.slow, pytest.mark.nightly]
Finished = tuple[Path, PipelineRun]


def acted_on(lake: Path) -> list[str]:
    sql = "SELECT DISTINCT subject_id FROM actions_v1 WHERE evidence IS NOT NULL"
    return sorted(delta.query(lake, sql).column(0).to_pylist())


def test_every_action_on_the_sample_comes_out_the_same(finished: Finished) -> None:
    lake, posts = finished[0], acted_on(finished[0])
    found = [r for post in posts for r in replay(lake, post, DEFAULT_MODEL)]
    assert len(found) >= len(posts) > 20
    assert {(r.outcome, r.why) for r in found} == {("same", "")}
    sql = "SELECT count(*) AS n FROM post_visibility_v1 WHERE action <> 'review'"
    assert delta.query(lake, sql).to_pylist() == [{"n": len(posts)}]


def test_a_days_replay_is_that_of_each_of_its_posts(finished: Finished) -> None:
    lake, posts = finished[0], acted_on(finished[0])
    days = delta.days(EVIDENCE, lake)
    by_day = [r.entry.effect_key for day in days for r in replay_day(lake, day, DEFAULT_MODEL)]
    by_post = [r.entry.effect_key for post in posts for r in replay(lake, post, DEFAULT_MODEL)]
    assert sorted(by_day) == sorted(by_post)


def test_what_was_changed_lost_or_another_models_says_so(
    copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    post = acted_on(copied)[0]
    table = delta.stored(copied, EVIDENCE.name)
    table.update(predicate=f"post_id = '{post}'", updates={"numbers": "'{}'"})
    (found,) = replay(copied, post, DEFAULT_MODEL)
    assert (found.outcome, found.why) == (
        "differs", "the evidence is not what the ledger names",
    )  # fmt: skip
    options = ["--model", str(DEFAULT_MODEL), "--lake", str(copied)]
    day = str(found.entry.day)
    for words in ([post], ["--from", day], ["--from", "2026-09-30", "--to", day]):
        with pytest.raises(SystemExit, match="1"):
            app(["replay", *words, *options])
        said = capsys.readouterr().out
        assert post in said and "1 differs" in said
    with pytest.raises(SystemExit, match="0"):
        app(["replay", "--from", "2026-09-30", *options])
    assert capsys.readouterr().out == "\n"
    delta.stored(copied, EVIDENCE.name).delete(f"post_id = '{post}'")
    assert replay(copied, post, DEFAULT_MODEL)[0].outcome == "missing"
    shutil.copytree(DEFAULT_MODEL.parent, tmp_path / "m")
    with pytest.raises(DataRefused, match="no model's decision"):
        replay(copied, "hostile-edited", DEFAULT_MODEL)
