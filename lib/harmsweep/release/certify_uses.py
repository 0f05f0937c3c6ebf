"""How often the groups of a certify part have certified something.

Trying models, or policies, until one comes out well makes a confidence worthless. So each use is
kept, in one file beside the snapshots, and each may have half of the error of the one before.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harmsweep.files import write_whole
from harmsweep.model.manifest import group_hash

USES = "certify_uses.json"


def count_use(
    snapshot: Path, groups: Iterable[str], model_version: str, policy_version: str
) -> int:
    """Which use of any of these groups this is, from 1; it is kept before anything is looked at.

    The same pair on the same snapshot is the same use again.
    """
    path = snapshot.parent / USES
    uses: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    own = {"snapshot": snapshot.name, "model": model_version, "policy": policy_version}
    hashes = sorted(map(group_hash, groups))
    known = [n for n, use in enumerate(uses) if own.items() <= use.items()]
    before = uses[: known[0]] if known else uses
    if not known:
        write_whole(path, json.dumps([*uses, own | {"groups": hashes}]) + "\n")
    return 1 + sum(not set(hashes).isdisjoint(use["groups"]) for use in before)
