"""The job: which clips it takes, what it writes, and that scoring can load it."""

import json
import runpy
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harmsweep.encoders import video
from harmsweep.encoders.conf import Encoder
from harmsweep.paths import JOBS

pytestmark = pytest.mark.torch

OPTIONS = ["--epochs", "2", "--batch", "2", "--frames", "4", "--size", "16", "--queue", "4"]


def run_job(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["pretrain_video.py", *arguments])
    runpy.run_path(str(JOBS / "pretrain_video.py"), run_name="__main__")


@pytest.mark.slow
def test_a_folder_of_clips_becomes_weights_that_scoring_loads(
    tmp_path: Path,
    write_clip: Callable[[Path, int], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clips, out = tmp_path / "clips", tmp_path / "out"
    clips.mkdir()
    for number in range(4):
        write_clip(clips / f"{number}.mp4", number)
    (clips / "again.mp4").write_bytes((clips / "0.mp4").read_bytes())
    (clips / "notes.txt").write_text("no clip")
    run_job(monkeypatch, "--clips", str(clips), "--out", str(out), *OPTIONS)
    printed = json.loads(capsys.readouterr().out)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["weights"] == {"name": "model.safetensors", "sha256": printed["sha256"]}
    assert (manifest["clips"]["given"], manifest["clips"]["used"]) == (5, 4)
    assert len(manifest["losses"]) == 2
    assert {path.name for path in out.iterdir()} == {
        "model.safetensors",
        "manifest.json",
        "tracking",
    }
    assert logged_epochs(out / "tracking" / "mlflow.db") == 2
    assert embedded_width(out, printed["sha256"], clips / "0.mp4") == (1, 512)


def logged_epochs(database: Path) -> int:
    with sqlite3.connect(database) as store:
        rows = store.execute("SELECT COUNT(*) FROM metrics WHERE key = 'contrast'").fetchone()
    return int(rows[0])


def embedded_width(folder: Path, digest: str, clip: Path) -> tuple[int, ...]:
    encoder = Encoder(
        name="trained",
        modality="video",
        kind="videomoco",
        path=str(folder),
        files={"model.safetensors": digest},
        width=512,
        preprocessing={
            "frames": 4,
            "windows": 1,
            "limit": 8,
            "size": 16,
            "mean": (123.675, 116.28, 103.53),
            "std": (58.395, 57.12, 57.375),
        },
    )
    model = video.load(encoder, "cpu")
    return video.embed(model, [video.prepare(encoder, clip)]).vectors.shape


def test_a_file_of_another_layout_ends_the_job_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.pth.tar").write_bytes(b"no weights")
    published = ["--published", str(tmp_path / "x.pth.tar"), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as ended:
        run_job(monkeypatch, *published)
    assert ended.value.code == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("pretrain_video.py: VideoMocoRefused: x.pth.tar: not a file of weights")
