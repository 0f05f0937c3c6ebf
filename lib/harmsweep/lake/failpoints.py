"""Named points at which a test can kill the process.

`HARMSWEEP_FAILPOINT=actions_v1:before-commit#2` kills at the second passage of that point; with any
other name the points are only counted. Without the variable a point costs one look-up.
"""

import os
import signal
from collections import Counter

# How often this process passed each point since the variable was set.
passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Kill this process with SIGKILL if the environment names this point and passage."""
    wanted = os.environ.get("HARMSWEEP_FAILPOINT")
    if wanted is None:
        return
    passed[name] += 1
    if wanted == f"{name}#{passed[name]}":
        os.kill(os.getpid(), signal.SIGKILL)
