"""What tests of appeals share."""

from typing import Any

from harmsweep.review.appeals import decide_appeal

MINE = {"author_id": "a1", "statement": "it is a quote"}


def overturn(lake: Any, appeal_id: str, outcome: str = "overturned") -> dict[str, Any]:
    return decide_appeal(lake.root, appeal_id, outcome, policy=lake.policy(), rationale="it is one")
