"""Results that are named by what they are made from, and written once."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harmsweep.evaluation.records import finite
from harmsweep.files import write_whole


def digest(content: Mapping[str, Any]) -> str:
    """12 hexadecimal digits over what a result is made from."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def write_once(
    out: Path, kind: str, made_from: Mapping[str, Any], find: Callable[[], Mapping[str, Any]]
) -> Path:
    """`out/<snapshot>-<digest>.<kind>.json`, put in place whole, with what `find` gives.

    Where the file exists, only its path is given.
    """
    path = out / f"{made_from['snapshot']}-{digest(made_from)}.{kind}.json"
    if not path.exists():
        content = json.dumps(finite({**made_from, **find()}), indent=1, allow_nan=False)
        out.mkdir(parents=True, exist_ok=True)
        write_whole(path, content + "\n")
    return path
