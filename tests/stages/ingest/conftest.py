"""A landing zone of literal rows."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

Line = Mapping[str, Any] | bytes
Land = Callable[..., Path]


@pytest.fixture(scope="session")
def land() -> Land:
    """Write sources as JSON Lines; a line given as bytes stands as it is."""

    def write(folder: Path, **sources: Sequence[Line]) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in sources.items():
            lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
            (folder / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        return folder

    return write
