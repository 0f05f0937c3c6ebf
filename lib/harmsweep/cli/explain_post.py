"""`harmsweep explain`: why a post was acted on, as its author is told."""

import json
from typing import Annotated, Any

from cyclopts import Parameter

from harmsweep.cli.options import DEFAULT_LAKE, Lake
from harmsweep.logs import clean


def explain(
    subject: str,
    *,
    account: Annotated[bool, Parameter(negative=(), help="It is an account's id.")] = False,
    unmask: Annotated[bool, Parameter(negative=(), help="Show the post's words.")] = False,
    statement: Annotated[bool, Parameter(negative=(), help="Print the statement (JSON).")] = False,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Print the notice of each effect on a post that was explained, and what each modality gave.

    What an undo, an appeal or its end has lifted since is marked "no longer in force". The
    author's words are stars unless --unmask is given. Posts that were escalated or deleted since
    are refused; of one that was edited since only what people decided is shown.

    Parameters
    ----------
    subject
        The post's id, or the account's with --account.
    """
    from harmsweep.explanations.lookup import explanations, of_account
    from harmsweep.explanations.notices import filled

    post, rows = (None, of_account(lake, subject)) if account else explanations(lake, subject)
    for row in rows:
        evidence = json.loads(row["evidence"])
        holds = "" if row["in_force"] else "no longer in force; "
        print(f"{row['effect_key'][:12]}  {holds}{row['status']}, in {row['seconds']:.1f} s")
        told = filled(row["notice"], evidence, post, mask=not unmask)
        print(clean(told) or "no notice: only words for a group of people decided it, see a person")
        print("without each: " + _told(json.loads(row["contributions"])))
        if statement and row["statement"]:
            print(clean(row["statement"]))


def _told(contributions: dict[str, Any]) -> str:
    """Modalities by how much the score falls without them."""
    ordered = sorted(contributions.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {-value:+.3f}" for name, value in ordered) or "not known"
