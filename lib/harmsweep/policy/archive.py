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
    kept = _place(lake, policy.policy_version)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with writing_whole(kept) as copy:
            shutil.copyfile(policy.path, copy)
            if load_policy(copy).policy_version != policy.policy_version:
                raise PolicyError(
                    f"{policy.path}: changed while {policy.policy_version} was read from it"
                )
    return kept


def kept_policy(lake: Path, policy_version: str) -> Policy | None:
    """The policy of a version that the lake keeps; None where it keeps none.

    One from before was named by 8 digits, and keeps that name.

    Raises:
        PolicyError: the file that the lake keeps is not of that version.
    """
    place = _place(lake, policy_version)
    if not place.exists():
        return None
    policy = load_policy(place, kept=True)
    if not policy.policy_version.startswith(policy_version):
        raise PolicyError(f"{place}: its content is {policy.policy_version}")
    return policy.model_copy(update={"policy_version": policy_version})


def _place(lake: Path, policy_version: str) -> Path:
    return lake / "policy" / f"{policy_version}.yaml"
