"""Weights of an encoder that locked packages hold: fetched where conf's files are not there."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from harmsweep.encoders.conf import Encoder, declared_encoders, verify
from harmsweep.files import FileRefused
from harmsweep.paths import CONF, ROOT

# Puts each of an encoder's files in place whole and of its hash, from the packages' files.
Unpack = Callable[[Path, Encoder], None]


def fetch(name: str, requirements: str, unpack: Unpack, *options: str) -> None:
    """Fetch an encoder's files that are missing or others than conf pins, and say where they are.

    `requirements` is a file of conf/requirements, `options` are more ones of uv. Ends the process
    with 1 where a package can't be fetched or what it holds is refused.
    """
    encoder = declared_encoders()[name]
    try:
        try:
            verify(encoder)
        except FileRefused:
            with TemporaryDirectory() as folder:
                _download(requirements, Path(folder), options)
                unpack(Path(folder), encoder)
    except (FileRefused, subprocess.CalledProcessError) as refused:
        sys.exit(f"{Path(sys.argv[0]).name}: {refused}")
    print(f"{name}: its weights are in {encoder.folder}")


def _download(requirements: str, folder: Path, options: tuple[str, ...]) -> None:
    """The packages' files beneath a folder, by uv, as the environments are made."""
    uv, python = ROOT / ".cache" / "uv" / "bin" / "uv", ROOT / ".venv" / "bin" / "python"
    command = [uv, "pip", "install", "--quiet", "--no-cache", "--no-deps", "--require-hashes"]
    command += [*options, "--python", python, "--target", folder]
    command += ["-r", CONF / "requirements" / requirements]
    subprocess.run(list(map(str, command)), check=True)
