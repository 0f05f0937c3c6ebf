"""What a training snapshot says of itself, for the stage that takes it and the one that trains.

<id>/snapshot.json      the facts below
<id>/train/*.parquet    and validation/, certify/, test/: one row per post
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path

from pydantic import Field, ValidationError

from harmsweep.conf import Frozen
from harmsweep.errors import Refused
from harmsweep.files import sha256_of
from harmsweep.model.conf import Split
from harmsweep.model.fusion import Input

# Weights are fitted on train; when to stop, calibration and search go by validation; thresholds are
# certified on certify; what a report says of a model is measured on test.
PARTS = ("train", "validation", "certify", "test")
FACTS = "snapshot.json"


class SnapshotRefused(Refused):
    """A snapshot's files are not what its snapshot.json says."""


class Snapshot(Frozen):
    """Where a snapshot comes from and what its files hold."""

    id: str = Field(pattern=r"^s[0-9a-f]{12}$")
    # The Delta version of each table that the rows were read from.
    versions: Mapping[str, int]
    first: date
    last: date
    split: Split
    inputs: tuple[Input, ...]
    # The input that holds the windows of the texts, where the rows have them.
    windows: Input | None = None
    numbers: tuple[str, ...]
    harms: tuple[str, ...]
    rows: Mapping[str, int]
    groups: Mapping[str, int]
    # Rows left out because another group holds the same content.
    duplicates: int
    # Rows left out because no label by hand lets them stand outside of train.
    natural_only: int = 0
    # How many of the collections' groups share something with another, by what they share, and the
    # number of them in the largest split group; absent before groups were joined.
    joined: Mapping[str, int] = {}
    largest_group: int = 1
    # By harm and kind, labels that are weighed by their chance: `n`, `effective` (Kish), `largest`.
    label_weights: Mapping[str, Mapping[str, float]] = {}
    # Keys that too many share to tie anybody, by kind.
    common_keys: Mapping[str, int] = {}
    # Hashes of the groups that an encoder learned from, as a manifest lists them; sorted.
    tuned_on: tuple[str, ...] = ()
    files: Mapping[str, str]


def load_snapshot(folder: Path) -> Snapshot:
    """The facts of a snapshot, once the hash of every file agrees.

    Raises:
        SnapshotRefused: snapshot.json is no valid one, or a file is missing or differs.
    """
    try:
        snapshot = Snapshot.model_validate_json((folder / FACTS).read_bytes())
    except OSError as error:
        raise SnapshotRefused(f"{folder}: no snapshot, {FACTS}: {error.strerror}") from None
    except ValidationError as error:
        raise SnapshotRefused(f"{folder / FACTS}: {type(error).__name__}") from None
    hashes = file_hashes(folder)
    if hashes != dict(snapshot.files):
        different = sorted(n for n, _ in hashes.items() ^ snapshot.files.items())
        raise SnapshotRefused(f"{folder}: differs from its snapshot.json in {different[:3]}")
    return snapshot


def find_snapshot(folder: Path) -> Path:
    """The folder itself where it is a snapshot, else the newest of the snapshots in it.

    Raises:
        SnapshotRefused: it is none and holds none.
    """
    if (folder / FACTS).exists():
        return folder
    snapshots = sorted(folder.glob(f"*/{FACTS}"), key=lambda path: path.stat().st_mtime_ns)
    if not snapshots:
        raise SnapshotRefused(f"{folder}: no snapshot is in it")
    return snapshots[-1].parent


def file_hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of each Parquet file of a snapshot, by its path in the folder."""
    paths = sorted(folder.glob("*/*.parquet"))
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in paths}


def snapshot_id(identity: Mapping[str, object]) -> str:
    """ "s" and 12 hexadecimal digits over what a snapshot is made from."""
    content = json.dumps(identity, sort_keys=True, default=str).encode()
    return "s" + hashlib.sha256(content).hexdigest()[:12]


def group_columns(columns: Collection[str]) -> tuple[str, str]:
    """The columns of a row's group in its collection and of its split group.

    They are one in a snapshot from before groups that share anything were joined.
    """
    return "own_group" if "own_group" in columns else "split_group", "split_group"


def label_column(harm: str) -> str:
    """The column of a harm's label: 1, 0 or NaN (not annotated)."""
    return f"label_{harm}"


def weight_column(harm: str) -> str:
    """The column of what a harm's label counts in training: 0 without a label.

    A label by hand counts 1 at most; one of a known chance 1 on average, for the harm.
    """
    return f"weight_{harm}"


def hand_column(harm: str) -> str:
    """The column of whether a harm's label is by hand: no other may stand for the truth."""
    return f"hand_{harm}"
