"""Equal values as equal text, so that a digest of it tells what changed."""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def as_json(values: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON with sorted keys, so that equal values are equal text."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False, default=str)
