"""The decoding child: what ends, fills or hangs it is a reason, and the next call works."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# The child gets this process's path, and finds the functions there.
from media_calls import (
    act,
    ask,
    crash,
    die,
    double,
    environment,
    fill,
    keep,
    open_socket,
    refuse,
    sleep,
    spin,
    torch_is_loaded,
)
from media_files import wrong_tags
from PIL import Image

from harmsweep.media import bounded
from harmsweep.media.bounded import run_bounded, run_bounded_each
from harmsweep.media.conf import ChildLimits, Limits, Seconds, load_limits
from harmsweep.media.facts import inspect_media
from harmsweep.media.images import decode_image
from harmsweep.media.problem import MediaProblem

pytestmark = pytest.mark.slow


def test_a_result_and_a_problem_come_back() -> None:
    assert run_bounded(double, 21) == 42
    with pytest.raises(MediaProblem) as caught:
        run_bounded(refuse)
    assert (caught.value.status, caught.value.reason) == ("refused", "for a reason")


def test_the_child_is_kept_between_calls_and_loads_no_torch() -> None:
    assert run_bounded(os.getpid) == run_bounded(os.getpid) != os.getpid()
    assert run_bounded(torch_is_loaded) is False


@pytest.mark.parametrize(
    ("function", "status", "reason"),
    [
        (die, "undecodable", "decoding ended its process"),
        (crash, "undecodable", "decoding ended its process"),
        (fill, "refused", "decoding took over 256 MB"),
    ],
)
def test_what_ends_or_fills_the_child_is_a_reason_and_the_next_call_works(
    function: object, status: str, reason: str
) -> None:
    with pytest.raises(MediaProblem) as caught:
        run_bounded(function)  # type: ignore[arg-type]
    assert caught.value.status == status
    assert caught.value.reason.startswith(reason)
    assert run_bounded(double, 21) == 42


def test_of_several_items_only_what_is_at_fault_has_a_reason() -> None:
    found = run_bounded_each(act, ["double", "die", "double", "refuse", "fill"])
    reasons = [str(f) if isinstance(f, MediaProblem) else f for f in found]
    assert reasons == [
        42,
        "decoding ended its process (code -9)",
        42,
        "for a reason",
        "decoding took over 256 MB",
    ]
    assert run_bounded_each(act, []) == []


@pytest.mark.parametrize("function", [spin, sleep])
def test_what_takes_too_long_is_refused_and_the_next_call_works(
    function: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = Seconds(image=1, video=1)
    short = ChildLimits(megabytes=256, cpu_seconds=seconds, wall_seconds=4)
    limits: Limits = load_limits().model_copy(update={"child": short})
    monkeypatch.setattr(bounded, "load_limits", lambda: limits)
    started = time.monotonic()
    with pytest.raises(MediaProblem) as caught:
        run_bounded(function)  # type: ignore[arg-type]
    assert caught.value.reason in {
        "decoding took over 1 s of processor time",
        "decoding took over 4 s",
    }
    assert time.monotonic() - started < 15
    assert run_bounded(double, 21) == 42


def test_a_process_that_asked_ends_as_any_other() -> None:
    asked = multiprocessing.get_context("spawn").Process(target=ask)
    asked.start()
    asked.join(60)
    assert asked.exitcode == 0


def test_the_child_ends_with_the_process_that_asked(tmp_path: Path) -> None:
    script = (
        "import os, time\nfrom harmsweep.media.bounded import run_bounded\n"
        "if __name__ == '__main__':\n"
        "    print(run_bounded(os.getpid), flush=True)\n    run_bounded(time.sleep, 50)\n"
    )
    path = tmp_path / "asks.py"
    path.write_text(script, encoding="utf-8")
    with subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, text=True) as asked:
        assert asked.stdout
        child = Path("/proc") / asked.stdout.readline().strip()
        assert child.exists()
        time.sleep(1)  # now it is in the middle of a call
        asked.kill()
    deadline = time.monotonic() + 20
    while child.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not child.exists()


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
@pytest.mark.parametrize("is_busy", [False, True])
def test_of_a_process_that_is_killed_nothing_is_left(
    by: signal.Signals, is_busy: bool, tmp_path: Path
) -> None:
    """As Spark ends its workers: with all that they started, or one by itself."""
    path = tmp_path / "asks.py"
    script = (
        "import os, time\nfrom harmsweep.media.bounded import run_bounded\n"
        "if __name__ == '__main__':\n    run_bounded(os.getpid)\n    print('asked', flush=True)\n"
        f"    {'run_bounded(time.sleep, 50)' if is_busy else 'time.sleep(50)'}\n"
    )
    path.write_text(script, encoding="utf-8")
    before = set(Path("/dev/shm").glob("sem.mp-*"))
    with subprocess.Popen(
        [sys.executable, path], stdout=-1, stderr=-1, text=True, start_new_session=True
    ) as asked:
        assert asked.stdout and asked.stdout.readline() == "asked\n"
        time.sleep(0.5)
        of_pool = set(Path("/dev/shm").glob("sem.mp-*")) - before
        if by is signal.SIGHUP:
            os.killpg(asked.pid, by)
        else:
            asked.send_signal(by)
        _, said = asked.communicate(timeout=60)
    assert (said, bool(of_pool)) == ("", True)
    assert not any(lock.exists() for lock in of_pool)


def test_what_a_decoder_says_of_a_file_is_in_no_log(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_bounded(decode_image, wrong_tags(3000)).size == (8, 8)
    assert capfd.readouterr().err == ""


def test_the_modules_of_a_call_are_no_file_and_end_no_child(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "x", "WEBP")
    first = run_bounded(os.getpid)
    for kind in ("image", "video", "image"):
        inspect_media(tmp_path, "x", kind)
        assert run_bounded(os.getpid) == first


def test_a_child_that_keeps_memory_is_replaced_so_that_each_file_has_its_due() -> None:
    assert len({run_bounded(keep) for _ in range(4)}) == 4


def test_the_child_has_no_network() -> None:
    assert run_bounded(open_socket) == "refused"


def test_the_child_knows_nothing_of_the_environment_but_its_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORE_SECRET", "a-secret-word")
    run_bounded(keep)  # the next child starts with the variable
    assert run_bounded(environment).count(b"a-secret-word") == 0
