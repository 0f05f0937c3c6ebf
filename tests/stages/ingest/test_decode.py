"""Lines become typed values; what is wrong with one becomes a fact of it."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from harmsweep.stages.ingest.contract import LABELS, POSTS, Source
from harmsweep.stages.ingest.decode import decode_lines, decode_records

GOOD: dict[str, Any] = {
    "post_id": "p1",
    "author_id": "u1",
    "created_at": "2026-10-01T01:30:00+02:00",
    "text": "hello",
}


def decode(*lines: bytes, source: Source = POSTS) -> list[dict[str, Any]]:
    batch = pa.RecordBatch.from_pydict(
        {"value": pa.array(lines, pa.binary()), "file": ["posts.jsonl"] * len(lines)}
    )
    return [row for out in decode_lines(iter([batch]), source=source) for row in out.to_pylist()]


def decode_row(**values: Any) -> dict[str, Any]:
    return decode(json.dumps(GOOD | values).encode())[0]


def test_a_good_row_has_no_facts_and_its_time_is_utc() -> None:
    row = decode_row()
    assert row["facts"] == []
    assert row["created_at"] == datetime(2026, 9, 30, 23, 30, tzinfo=UTC)
    assert row["landed_day"] == date(2026, 9, 30)


def test_the_recorded_time_tells_the_day() -> None:
    assert decode_row(recorded_at="2026-10-03T00:00:00Z")["landed_day"] == date(2026, 10, 3)


@pytest.mark.parametrize(
    "line",
    [b"{", b"[1]", b"nonsense", b'"text"', b"[" * 100_000, b'{"revision": ' + b"9" * 5000 + b"}"],
    ids=["cut", "list", "words", "string", "nested", "digits"],
)
def test_a_line_that_is_no_object_is_named_by_its_hash(line: bytes) -> None:
    row = decode(line)[0]
    assert row["facts"] == ["json"]
    assert row["line_id"].startswith("posts.jsonl@")


def test_empty_lines_are_no_rows() -> None:
    assert decode(b"", b"  \r") == []


@pytest.mark.parametrize(
    ("values", "fact"),
    [
        ({"text": 5}, "type:text:integer"),
        ({"post_id": ["p"]}, "type:post_id:list"),
        ({"revision": "1"}, "type:revision:text"),
        ({"revision": 1.5}, "type:revision:number"),
        ({"revision": True}, "type:revision:boolean"),
        ({"sequence": 2**63}, "type:sequence:integer"),
        ({"deleted": 1}, "type:deleted:integer"),
        ({"created_at": 1790000000}, "type:created_at:integer"),
        ({"created_at": "yesterday"}, "time:created_at"),
        ({"created_at": "9999-01-01T00:00:00Z"}, "time:created_at"),
        ({"media": [{"kind": "image"}]}, "type:media:list"),
        ({"media": "a.jpg"}, "type:media:text"),
        ({"mood": 1}, "unknown:mood"),
        ({"mo\r\nod": 1}, "unknown:mo??od"),
    ],
)
def test_what_is_wrong_is_a_fact(values: dict[str, Any], fact: str) -> None:
    assert decode_row(**values)["facts"] == [fact]


@pytest.mark.parametrize(
    ("weight", "decoded", "facts"),
    [
        (b"0.5", 0.5, []),
        (b"1", 1.0, []),
        (b'"1"', None, ["type:weight:text"]),
        (b"true", None, ["type:weight:boolean"]),
        (b"NaN", None, ["type:weight:number"]),
    ],
)
def test_a_weight_is_a_finite_number(weight: bytes, decoded: float, facts: list[str]) -> None:
    line = b'{"post_id": "p", "harm": "hate", "label": 1, "weight": ' + weight + b"}"
    row = decode(line, source=LABELS)[0]
    assert (row["weight"], row["facts"]) == (decoded, facts)


def test_an_expected_column_that_a_row_lacks_is_a_fact() -> None:
    rows = decode(b'{"post_id": "p", "author_id": "u", "created_at": "2026-10-01T00:00:00Z"}')
    assert rows[0]["facts"] == ["absent:text"]


def test_an_ignored_column_is_no_fact() -> None:
    assert decode_row(likes=3)["facts"] == []


def test_invalid_utf8_in_the_text_is_replaced_and_flagged() -> None:
    line = json.dumps(GOOD).encode().replace(b"hello", b"he\xffo")
    row = decode(line)[0]
    assert (row["text"], row["text_flags"]) == ("he\ufffdo", ["invalid_utf8"])


def test_nul_and_lone_surrogates_are_repaired_and_flagged() -> None:
    line = json.dumps(GOOD).encode().replace(b"hello", b"a\\u0000b\\ud800")
    row = decode(line)[0]
    assert (row["text"], row["text_flags"]) == ("ab\ufffd", ["invalid_utf8", "nul"])


def test_ten_megabytes_of_text_are_capped_and_flagged() -> None:
    row = decode_row(text="a" * 10_000_000)
    assert (len(row["text"]), row["text_flags"]) == (100_000, ["capped"])


def test_parquet_records_decode_like_lines() -> None:
    record = GOOD | {"created_at": datetime(2026, 10, 1, 5), "_file": "posts.parquet"}
    batch = pa.RecordBatch.from_pylist([record])
    row = next(decode_records(iter([batch]), source=POSTS)).to_pylist()[0]
    assert (row["facts"], row["landed_day"]) == ([], date(2026, 10, 1))
