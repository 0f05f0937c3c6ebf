"""What a child is asked to do in the tests: it must be able to import them by name."""

import os
import signal
import socket
import sys
import time
from pathlib import Path

from PIL import Image

from harmsweep.media.bounded import run_bounded
from harmsweep.media.facts import MediaFacts, picture_facts
from harmsweep.media.images import decode_frames
from harmsweep.media.problem import MediaProblem


def double(number: int) -> int:
    return 2 * number


def ask() -> None:
    assert run_bounded(double, 21) == 42


def refuse() -> None:
    raise MediaProblem("refused", "for a reason")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def fill() -> int:
    return len(bytearray(3 * 2**30))


def spin() -> None:
    while True:
        pass


def sleep() -> None:
    time.sleep(60)


def act(name: str) -> int | None:
    """What the function of that name gives."""
    acts = {"double": lambda: double(21), "die": die, "refuse": refuse, "fill": fill}
    return acts[name]()


def keep() -> int:
    """Keep 100 MB that were touched, as a decoder that leaks does."""
    _kept.append(bytearray(b"x") * (100 * 2**20))
    return os.getpid()


_kept: list[bytearray] = []


def open_socket() -> str:
    """What comes of asking for a network."""
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        try:
            socket.socket(family).close()
        except PermissionError:
            continue
        return "a socket"
    return "refused"


def environment() -> bytes:
    """What this process can learn of the environment that it was started with."""
    return repr(dict(os.environ)).encode() + Path("/proc/self/environ").read_bytes()


def torch_is_loaded() -> bool:
    return "torch" in sys.modules


def facts_or_death(path: Path) -> MediaFacts:
    """A decoder with two holes: files that say `kill` and `fill`."""
    deaths = {b"kill": die, b"fill": fill}
    deaths.get(path.read_bytes()[:4], lambda: None)()
    return picture_facts(path)


def processor_seconds(data: bytes) -> float:
    """What all that an encoded picture shows takes to decode, here in the child."""
    started = time.process_time()
    assert list(map(Image.Image.getbbox, decode_frames(data)))
    return time.process_time() - started
