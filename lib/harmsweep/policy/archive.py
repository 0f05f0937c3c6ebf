"""The files of the policies that decided, kept in the lake."""

import shutil
from pathlib import Path

from harmsweep.files import writing_whole
from harmsweep.policy.file import Policy, PolicyError, load_policy


def keep_policy(policy: Policy, lake: Path) -> Path:
    """Keep the file of a policy in the lake, under its version: a replay needs that very file.

    A version ends in a digest of the content, so that a file that is there already is the same.

    Raises:
        PolicyError: the file was changed since the policy was read.
    """
    kept = lake / "policy" / f"{policy.policy_version}.yaml"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with writing_whole(kept) as copy:
            shutil.copyfile(policy.path, copy)
            if load_policy(copy).policy_version != policy.policy_version:
                raise PolicyError(
                    f"{policy.path}: changed while {policy.policy_version} was read from it"
                )
    return kept
