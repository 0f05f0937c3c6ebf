"""`harmsweep explain`: why a post was acted on, as its author is told."""

import json
from typing import Annotated, Any

from cyclopts import Parameter

from harmsweep.console.bank import DEFAULT_LAKE, Lake
from harmsweep.logs import clean


def explain(
    post: str,
    *,
    unmask: Annotated[bool, Parameter(negative=(), help="Show the post's words.")] = False,
    statement: Annotated[bool, Parameter(negative=(), help="Print the statement (JSON).")] = False,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Print the notice of each effect on a post that was explained, and what each modality gave.

    The author's words are stars unless --unmask is given. Posts that were escalated are refused,
    and so are posts that were deleted or edited since.

    Parameters
    ----------
    post
        The post's id.
    """
    from harmsweep.explain.notices import filled
    from harmsweep.explain.reading import explanations

    subject, rows = explanations(lake, post)
    for row in rows:
        evidence = json.loads(row["evidence"])
        print(f"{row['effect_key'][:12]}  {row['status']}, in {row['seconds']:.1f} s")
        print(clean(filled(row["notice"], evidence, subject, mask=not unmask)))
        print("without each: " + _told(json.loads(row["contributions"])))
        if statement and row["statement"]:
            print(clean(row["statement"]))


def _told(contributions: dict[str, Any]) -> str:
    """Modalities by how much the score falls without them."""
    ordered = sorted(contributions.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {-value:+.3f}" for name, value in ordered) or "not known"
