"""What a child is asked to do in the tests: it must be able to import them by name."""

import os
import signal
import sys
import time

from harmsweep.media import MediaProblem


def double(number: int) -> int:
    return 2 * number


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


def torch_is_loaded() -> bool:
    return "torch" in sys.modules
