"""Demonstration lakes and the policy that names their model as approved."""

from pathlib import Path

from harmsweep.digests import as_json
from harmsweep.lake import delta
from harmsweep.policy.file import Policy, PolicyError, load_policy
from harmsweep.tables.catalog import POSTS

DEMONSTRATION_MARK = "DEMONSTRATION"


def check_lake(policy: Policy, lake: Path) -> None:
    """Refuse a demonstration policy where the lake is not marked for it.

    Raises:
        PolicyError: the lake is not a demonstration's.
    """
    if policy.mode == "demonstration" and not (lake / DEMONSTRATION_MARK).exists():
        raise PolicyError(
            f"{policy.policy_version}: a demonstration policy on {lake}, which is no demonstration"
            f" lake (it has no file {DEMONSTRATION_MARK})"
        )


def mark_demonstration(lake: Path) -> None:
    """Mark a lake as a demonstration's, before it holds any post; marking it again does nothing.

    Raises:
        PolicyError: the lake has posts and no mark, so it may be a real one.
    """
    mark = lake / DEMONSTRATION_MARK
    if mark.exists():
        return
    if (lake / POSTS.name / "_delta_log").exists() and delta.days(POSTS, lake):
        raise PolicyError(f"{lake} holds posts and is not marked as a demonstration: not marked")
    delta.make_folder(lake)
    mark.write_text("Policies of mode demonstration may act on this lake.\n", encoding="utf-8")


def approve_for_demonstration(template: Path, model_version: str, out: Path) -> Path:
    """Write the template's policy with the model named as approved; the same model, the same bytes.

    Raises:
        PolicyError: the template has no line `approved_models: []`, or is no policy otherwise.
    """
    text, line = template.read_text(encoding="utf-8"), "approved_models: []"
    if text.count(line) != 1:
        raise PolicyError(f"{template}:1: needs one line {line!r}")
    filled = text.replace(line, f"approved_models: [{as_json([model_version])[1:-1]}]")
    out.parent.mkdir(parents=True, exist_ok=True)
    if not out.exists() or out.read_text(encoding="utf-8") != filled:
        out.write_text(filled, encoding="utf-8")
    load_policy(out)
    return out
