"""The version of the code that a model comes from."""

import hashlib
from pathlib import Path

from harmsweep.paths import ROOT

# Packages and modules of lib/harmsweep whose code decides what comes of a training: all that it
# runs through but what only names files, logs and ends. VideoMoCo is trained for itself.
CODE = (
    "model",
    "training",
    "evaluation",
    "encoders/stored.py",
    "conf.py",
    "digests.py",
    "harms.py",
    "yaml_lines.py",
)
EXPERIMENTS = "training/experiments"
LIB = ROOT / "lib" / "harmsweep"


def code_version(*more: str) -> str:
    """12 hexadecimal digits over the sources that a model depends on, and those of `more`."""
    digest = hashlib.sha256()
    for name in source_files(*more):
        digest.update(name.encode() + (LIB / name).read_bytes())
    return digest.hexdigest()[:12]


def source_files(*more: str) -> list[str]:
    """These sources as paths in lib/harmsweep, in order; a package stands for its own modules."""
    places = [LIB / name for name in (*CODE, *more)]
    modules = [path for place in places for path in _modules(place)]
    return sorted(path.relative_to(LIB).as_posix() for path in modules)


def _modules(place: Path) -> list[Path]:
    return [*place.glob("*.py")] if place.is_dir() else [place]
