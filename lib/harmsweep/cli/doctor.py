"""Checks of the installation and the lake; each that fails comes with the line that mends it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harmsweep.cli.options import DEFAULT_LAKE, DryRun, Lake
from harmsweep.encoders.conf import load_encoders, verify
from harmsweep.errors import FAILED
from harmsweep.files import FileRefused
from harmsweep.lake import delta, seals
from harmsweep.lake.seal_lines import Damaged
from harmsweep.maintenance.repair import repair as make_again
from harmsweep.maintenance.repair import what_mends
from harmsweep.paths import ROOT
from harmsweep.tables.catalog import RESTRICTED, RESTRICTED_FOLDER, TABLES

SETUP = "scripts/setup"
_OPEN = "import sys, pathlib, harmsweep.lake.delta as l; l.open_lake(pathlib.Path(sys.argv[1]))"


@dataclass(frozen=True)
class Check:
    """What was looked at, whether it is well, what was found, and how to mend it."""

    name: str
    well: bool
    found: str
    mend: str = ""


def doctor(
    *, repair: str | None = None, dry_run: DryRun = False, lake: Lake = DEFAULT_LAKE
) -> None:
    """Check Python, Java, the environments, JARs, encoders and tables; say how to mend each.

    Parameters
    ----------
    repair
        Make this damaged table again from what has all that it held, and check nothing else.
    """
    if repair:
        print(make_again(lake, repair, dry_run=dry_run))
    elif not print_checks(lake):
        sys.exit(FAILED)


def print_checks(lake: Path) -> bool:
    """Print every check; give whether all are well."""
    console = Console(highlight=False, soft_wrap=True)
    all_well = True
    for check in checks(lake):
        all_well &= check.well
        mark = Text("ok  ", "green") if check.well else Text("FAIL", "red")
        console.print(mark, Text(f"{check.name}: {check.found}"))
        if not check.well:
            console.print(Text(f"     run: {check.mend}", "bold"))
    return all_well


def checks(lake: Path) -> Iterator[Check]:
    """Every check in order: machine, environments, encoders, tables."""
    yield python()
    yield java()
    yield from environments()
    yield from encoders()
    yield from tables(lake)


def python() -> Check:
    """The Python that runs this must be 3.11."""
    found = ".".join(map(str, sys.version_info[:3]))
    well = sys.version_info[:2] == (3, 11)
    return Check("Python", well, found, "apt-get install -y python3.11 python3.11-venv")


def java(command: str | None = None) -> Check:
    """Spark takes Java from JAVA_HOME, else from PATH, and needs 17 or 21."""
    home = os.environ.get("JAVA_HOME")
    command = command or (f"{home}/bin/java" if home else "java")
    mend = "apt-get install -y openjdk-17-jre-headless"
    try:
        said = subprocess.run([command, "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return Check("Java", False, f"{command} does not run", mend)
    version = re.search(r'version "(\d+)([^"]*)', said.stderr)
    well = version is not None and version[1] in ("17", "21")
    return Check("Java", well, version[1] + version[2] if version else "unknown", mend)


def environments(root: Path = ROOT) -> Iterator[Check]:
    """What scripts/setup says of each environment and of the JARs."""
    said = subprocess.run([root / SETUP, "--check"], capture_output=True, text=True, check=False)
    for line in said.stdout.splitlines():
        name, _, state = line.partition(": ")
        yield Check(name, state == "current", state, SETUP)


def encoders() -> Iterator[Check]:
    """Every file of every encoder must have the hash that conf pins."""
    for encoder in {e.encoder_id: e for e in load_encoders().values()}.values():
        try:
            yield Check(f"encoder {encoder.name}", True, str(verify(encoder)))
        except FileRefused as error:
            yield Check(f"encoder {encoder.name}", False, str(error), SETUP)


def tables(lake: Path) -> Iterator[Check]:
    """Every declared table must be there with its columns, readable without special features."""
    if not delta.stored_names(lake):
        yield Check("lake", False, f"{lake} holds no tables", "scripts/quickstart")
        return
    for name in TABLES:
        yield table(lake, name)
    if os.access(lake / RESTRICTED_FOLDER, os.R_OK | os.X_OK):
        yield from (table(lake, name) for name in RESTRICTED)


def table(lake: Path, name: str) -> Check:
    """A table's protocol and columns, against its declaration; and whether it is as written."""
    if not (lake / name / "_delta_log").exists():
        return Check(name, False, "missing", f"{sys.executable} -c '{_OPEN}' {lake}")
    try:
        stored = seals.check(lake, name)
    except Damaged as error:
        return Check(name, False, str(error), what_mends(lake, name))
    protocol = stored.protocol()
    reader, writer = protocol.min_reader_version, protocol.min_writer_version
    absent = set((TABLES | RESTRICTED)[name].schema.names) - {
        field.name for field in stored.schema().fields
    }
    if absent:
        mend = f"{sys.executable} -c '{_OPEN}' {lake}"
        return Check(name, False, f"lacks the columns {sorted(absent)}", mend)
    found = f"version {stored.version()}, protocol {reader}/{writer}"
    features = ", ".join(protocol.reader_features or [])
    if reader > 1:
        mend = f"harmsweep tables {name}  # then drop {features or 'what raised the protocol'}"
        return Check(name, False, f"{found}: polars may not read it ({features})", mend)
    return Check(name, True, found)
