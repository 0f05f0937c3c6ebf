"""A score that is by now a hair under its threshold: nothing of it is shown as what decided."""

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.stages import explain

ENTRY = Entry(
    day=date(2026, 10, 1), effect_key="k", entry="intent",
    recorded_at=datetime(2026, 10, 2, tzinfo=UTC), sweep_id="s", subject_kind="post",
    subject_id="p1", revision=1, action="remove", previous_action="none", direction="apply",
    surface="all", jurisdiction="all", cause_kind="decision", cause_id="c", previous_key=None,
    state_key="k", harm="hate", score=0.7004, threshold=0.7, model_version="m-1",
    policy_version="p-1", operator="tester", evidence="digest",
)  # fmt: skip


@pytest.mark.parametrize(
    ("base", "now", "status"),
    [
        (0.7004, 0.7003, "confirmed"),
        (0.7004, 0.7, "confirmed"),
        (0.7004, 0.6998, "not_reproduced"),
        (0.6998, 0.7004, "not_reproduced"),
        (0.7004, 0.9, "not_reproduced"),
    ],
)
def test_evidence_is_shown_only_of_a_score_that_reaches_its_threshold_again(
    monkeypatch: pytest.MonkeyPatch, base: float, now: float, status: str
) -> None:
    made: dict[str, Any] = {
        "find_evidence": "kept", "digest_of": "digest", "scorer": SimpleNamespace(base=base),
        "load_encoders": {}, "reproduced": now, "search": ([{"kind": "words"}], True),
        "contributions": {},
    }  # fmt: skip
    for name, value in made.items():
        monkeypatch.setattr(explain, name, lambda *_, value=value, **__: value)
    subject: Any = None
    found = explain.explain(Path("lake"), ENTRY, subject, model=Path("m"), media=None)
    assert found.status == status
    assert bool(found.evidence) == (status == "confirmed")
