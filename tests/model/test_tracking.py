"""A training run in MLflow: its own times, its data set, its model; and a page to see it on."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from harmsweep.model.manifest import load_manifest
from harmsweep.model.registry import CHAMPION, MODEL, set_champion
from harmsweep.model.tracking import MODEL_FOLDER, Epoch, client, log_run, newest_run
from harmsweep.paths import DEFAULT_MODEL, ROOT

pytestmark = pytest.mark.slow
VERSION = load_manifest(DEFAULT_MODEL).model_version
SCRIPT = ROOT / "scripts" / "mlflow"


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run of an hour, of the model that ships, which is the champion."""
    folder = tmp_path_factory.mktemp("mlflow")
    epochs = [Epoch(2.0, 1.5, 1_000.0), Epoch(1.0, float("nan"), 1_060.0)]
    snapshot = folder / "snapshots" / "s1"
    run = log_run(
        DEFAULT_MODEL,
        load_manifest(DEFAULT_MODEL),
        epochs,
        tracking=folder,
        snapshot=snapshot,
        started=940.0,
    )
    assert run == newest_run(VERSION, folder)
    set_champion(DEFAULT_MODEL, folder)
    return folder


def test_a_run_and_its_losses_have_the_times_of_the_training(tracking: Path) -> None:
    store, run = client(tracking), str(newest_run(VERSION, tracking))
    info = store.get_run(run).info
    assert info.start_time == 940_000 and info.end_time > 1_060_000
    history = store.get_metric_history(run, "loss")
    assert [(m.step, m.value, m.timestamp) for m in history] == [
        (0, 2.0, 1_000_000),
        (1, 1.0, 1_060_000),
    ]
    assert len(store.get_metric_history(run, "validation_loss")) == 1


def test_a_run_names_its_data_set_and_its_model(tracking: Path) -> None:
    run = client(tracking).get_run(newest_run(VERSION, tracking))
    (given,) = run.inputs.dataset_inputs
    assert given.dataset.name == load_manifest(DEFAULT_MODEL).snapshot.id
    assert given.dataset.source.endswith('/snapshots/s1"}')
    assert run.data.tags[MODEL_FOLDER] == DEFAULT_MODEL.parent.as_uri()


def test_a_registered_model_names_its_run(tracking: Path) -> None:
    version = client(tracking).get_model_version_by_alias(MODEL, CHAMPION)
    assert version.run_id == newest_run(VERSION, tracking)


def test_a_model_of_another_store_is_registered_without_a_run(tmp_path: Path) -> None:
    set_champion(DEFAULT_MODEL, tmp_path)
    assert not client(tmp_path).get_model_version_by_alias(MODEL, CHAMPION).run_id


def test_a_folder_without_runs_opens_nothing(tmp_path: Path) -> None:
    done = subprocess.run([SCRIPT, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert (
        done.stderr == f"mlflow: no mlflow.db in {tmp_path}; jobs/train.py --tracking makes one\n"
    )


@pytest.mark.nightly
def test_the_page_opens_on_the_runs_of_a_folder(tracking: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free_port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{free_port}"
    with subprocess.Popen(
        [SCRIPT, tracking, "--port", str(free_port)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                try:
                    page = urllib.request.urlopen(address, timeout=5).read()
                    break
                except OSError:
                    time.sleep(0.5)
            assert b"<title>MLflow</title>" in page
        finally:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does at Ctrl-C
        _, said = process.communicate(timeout=60)
    assert (process.returncode in (0, 130), "Traceback" in said) == (True, False), said
