"""Who may approve, what an approval is of, and how many are needed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harmsweep.enforcement.circuit_breaker.approvals import (
    ApprovalRequest,
    accepted_posts,
    approve,
    approved_by,
    check_approved,
    digest_of,
)
from harmsweep.errors import DataRefused, Held
from harmsweep.operations import audit
from harmsweep.tables.catalog import OPERATIONS, POSTS

User = Callable[[str], None]
ASKED = ApprovalRequest("plan-1", ("ana", "ben"), "d1", 2)


def approve_as(user: User, name: str, lake: Path, asked: ApprovalRequest = ASKED) -> list[str]:
    user(name)
    return approve(lake, asked, "read it")


def test_two_others_approve_and_each_counts_once(lake: Path, user: User) -> None:
    assert approve_as(user, "dan", lake) == ["dan"]
    assert approve_as(user, "dan", lake) == ["dan"]
    assert len(audit.operations(lake, "plan-1")) == 1
    message = r"^plan-1 needs 2 approvals by others than ana and ben and has 1 \(dan\): `harmsweep"
    with pytest.raises(Held, match=message):
        check_approved(lake, ASKED)
    assert approve_as(user, "cal", lake) == ["cal", "dan"]
    check_approved(lake, ASKED)


def test_more_approvals_than_are_needed_are_enough(lake: Path, user: User) -> None:
    for name in ("cal", "dan", "eve"):
        approve_as(user, name, lake)
    check_approved(lake, ASKED)


def test_an_approval_of_what_it_is_by_now_is_none_of_what_it_was(lake: Path, user: User) -> None:
    approve_as(user, "dan", lake, ApprovalRequest("plan-1", ("ana",), "d2", 1))
    assert approved_by(lake, ASKED) == []


def test_the_audit_says_who_approved_what_and_why(lake: Path, user: User) -> None:
    approve_as(user, "dan", lake)
    (said,) = audit.operations(lake, "plan-1")
    assert (said["act"], said["operator"], said["reason"]) == ("approve", "dan", "read it")
    assert said["details"] == '{"digest": "d1"}'


@pytest.mark.parametrize("name", ["ana", "ben"])
def test_nobody_who_planned_it_approves(lake: Path, user: User, name: str) -> None:
    with pytest.raises(DataRefused, match=r"^plan-1 was planned by ana and ben: another must"):
        approve_as(user, name, lake)
    assert audit.operations(lake, "plan-1") == []


def test_an_approval_is_of_that_name_and_content_alone(lake: Path, user: User) -> None:
    approve_as(user, "dan", lake)
    other = ApprovalRequest("plan-1", ("ana",), "d2", 1)
    assert approved_by(lake, other) == []
    with pytest.raises(Held, match=r"needs 1 approval by others than ana and has 0: `harmsweep"):
        check_approved(lake, other)
    assert approved_by(lake, ApprovalRequest("plan-2", ("ana",), "d1", 1)) == []
    assert approve_as(user, "dan", lake, other) == ["dan"]
    assert approved_by(lake, ASKED) == ["dan"]


def test_a_scheduler_may_write_the_planners_name_otherwise(lake: Path, user: User) -> None:
    with pytest.raises(DataRefused, match=r"^plan-1 was planned by Ana: another must"):
        approve_as(user, "ana", lake, ApprovalRequest("plan-1", ("Ana",), "d1", 1))


ESTABLISHED = ApprovalRequest("plan-1", ("ana", "ben"), "d1", 1, established=True)


def test_what_takes_no_approval_on_trust_refuses_one(lake: Path, user: User) -> None:
    message = r"^plan-1 takes no approval on trust: .* did not come by sudo .*security.md#who-acts$"
    with pytest.raises(DataRefused, match=message):
        approve_as(user, "dan", lake, ESTABLISHED)
    assert audit.operations(lake, "plan-1") == []


def test_an_approval_on_trust_is_none_of_what_takes_none(lake: Path, user: User) -> None:
    approve_as(user, "dan", lake)
    (said,) = audit.operations(lake, "plan-1")
    assert said["established"] is False
    assert approved_by(lake, ASKED) == ["dan"]
    assert approved_by(lake, ESTABLISHED) == []


def test_who_comes_by_sudo_approves_what_takes_none_on_trust(
    lake: Path, by_sudo: Callable[[Path], str]
) -> None:
    closed(lake)
    name = by_sudo(lake)
    assert approve(lake, ESTABLISHED, "read it") == [name]
    (said,) = audit.operations(lake, "plan-1")
    assert said["established"] is True
    check_approved(lake, ESTABLISHED)


def test_what_takes_none_on_trust_waits_while_others_may_write_the_lake(
    lake: Path, by_sudo: Callable[[Path], str]
) -> None:
    """Whoever may write the lake may write an approval there."""
    closed(lake)
    by_sudo(lake)
    approve(lake, ESTABLISHED, "read it")
    table = lake / OPERATIONS.name
    table.chmod(0o777)
    with pytest.raises(Held, match=rf"^plan-1 takes no .*: others than .* may write {table}; see"):
        check_approved(lake, ESTABLISHED)


def closed(lake: Path) -> None:
    """Let nobody but its owner write a lake, whatever mask it was made under."""
    for path in (lake, *lake.rglob("*")):
        path.chmod(path.stat().st_mode & 0o755)


def test_other_acts_are_no_approvals(lake: Path) -> None:
    for act in ("apply", "plan", "resume"):
        audit.record(lake, act, "plan-1", details={"digest": "d1"})
    assert approved_by(lake, ASKED) == []
    check_approved(lake, ApprovalRequest("plan-1", ("ana",), "d1", 0))


def test_a_digest_is_of_a_set() -> None:
    assert digest_of(["b", "a"]) == digest_of(["a", "b"]) != digest_of(["a"])
    assert digest_of(["a", "b"]) != digest_of(["ab"])


def test_accepted_posts_are_those_of_the_days(
    lake: Path, rows: Any, add_rows: Callable[..., None]
) -> None:
    day, post = date(2026, 10, 1), rows[0]
    made = [
        post(f"p{n}", status=status) | {"day": day + timedelta(days=n)}
        for n, status in enumerate(["accepted", "accepted", "deleted", "accepted"])
    ]
    assert made[0]["recorded_at"] == datetime(2026, 10, 1, 12, tzinfo=UTC)
    add_rows(made, POSTS, lake)
    assert accepted_posts(lake, day, day + timedelta(days=2)) == 2
    assert accepted_posts(lake, day + timedelta(days=1), day + timedelta(days=3)) == 2
