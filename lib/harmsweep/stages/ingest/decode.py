"""Landing rows to typed values, in Spark's Python workers; what is wrong becomes a fact of the row.

Facts: `json` (no JSON object), `type:COLUMN:FOUND`, `time:COLUMN` (text that is no time),
`unknown:COLUMN`, `absent:COLUMN` (an expected column that the row lacks).
"""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from harmsweep.stages.ingest.contract import Source
from harmsweep.text.cleaning import repair

LONG = 2**63
Row = dict[str, Any]


def decode_lines(batches: Iterator[pa.RecordBatch], *, source: Source) -> Iterator[pa.RecordBatch]:
    """Decoded rows of lines of JSON: columns `value` (bytes) and `file`; empty lines are none."""
    schema = source.arrow()
    for batch in batches:
        lines = zip(batch["value"].to_pylist(), batch["file"].to_pylist(), strict=True)
        rows = [_decode_line(line, file, source) for line, file in lines if line.strip()]
        yield pa.RecordBatch.from_pylist(rows, schema)


def decode_records(
    batches: Iterator[pa.RecordBatch], *, source: Source
) -> Iterator[pa.RecordBatch]:
    """Decoded rows of Parquet: the file's own columns beside `_file`."""
    schema = source.arrow()
    for batch in batches:
        rows = []
        for record in batch.to_pylist():
            file = record.pop("_file")
            content = hashlib.sha256(_canonical(record)).hexdigest()
            rows.append(_decode(record, f"{file}@{content[:16]}", source, []))
        yield pa.RecordBatch.from_pylist(rows, schema)


def _decode_line(line: bytes, file: str, source: Source) -> Row:
    # The hash names a line whatever the splits of its file, where a line number would not.
    line_id = f"{file}@{hashlib.sha256(line).hexdigest()[:16]}"
    flags = []
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        text, flags = line.decode("utf-8", "replace"), ["invalid_utf8"]
    try:
        record = json.loads(text)
    # Deeper nesting than Python follows, or an integer of over 4,300 digits (ValueError).
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        return {"line_id": line_id, "content_id": line_id, "facts": ["json"], "text_flags": flags}
    return _decode(record, line_id, source, flags)


def _decode(record: Row, line_id: str, source: Source, flags: list[str]) -> Row:
    content = hashlib.sha256(_canonical(record)).hexdigest()[:32]
    row: Row = {"line_id": line_id, "content_id": content, "text_flags": flags}
    known = {*source.columns, *source.ignored}
    facts = [f"unknown:{_printable(name)}" for name in record.keys() - known]
    facts += [f"absent:{name}" for name in source.expected if name not in record]
    for name, kind in source.columns.items():
        row[name], fact = _value(record.get(name), kind)
        facts += [fact.format(name)] if fact else []
    if isinstance(row.get("text"), str):
        row["text"], changed = repair(row["text"])
        # A line's invalid bytes may stand outside of its text.
        row["text_flags"] = sorted({*changed, *(flags if "\ufffd" in row["text"] else [])})
    for name, kind in source.columns.items():
        if kind == "text" and name != "text" and row[name] is not None:
            row[name] = repair(row[name])[0]
    time = next((row[name] for name in source.times if row[name] is not None), None)
    return row | {"facts": facts, "landed_day": time.date() if time else None}


def _value(value: Any, kind: str) -> tuple[Any, str | None]:
    """The value as its column's type, or null and the fact that says why not."""
    if value is None:
        return None, None
    found = VALUES[kind](value)
    if found is not None:
        return found, None
    if kind in ("time", "day") and isinstance(value, str):
        return None, "time:{}"
    return None, "type:{}:" + _named(value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1:
        return None
    return int(value) if abs(value) < LONG else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < LONG else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def time_of(value: Any) -> datetime | None:
    """An ISO 8601 time as UTC; one without an offset is UTC."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(time, datetime):
            return None
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    # Outside these years other readers overflow (pandas counts nanoseconds).
    return time if 1970 <= time.year <= 2200 else None


def _day(value: Any) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _media(value: Any) -> list[dict[str, str]] | None:
    if not isinstance(value, list):
        return None
    found = []
    for item in value:
        if not isinstance(item, dict):
            return None
        kind, uri = item.get("kind"), item.get("uri")
        if not isinstance(kind, str) or not isinstance(uri, str):
            return None
        found.append({"kind": repair(kind, 64)[0], "uri": repair(uri, 4096)[0]})
    return found


VALUES = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "time": time_of,
    "day": _day,
    "media": _media,
}


def _named(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "text", list: "list"}
    return names.get(type(value), "object" if isinstance(value, dict) else type(value).__name__)


def _canonical(record: Row) -> bytes:
    return json.dumps(record, sort_keys=True, default=str).encode()


def _printable(name: str) -> str:
    return re.sub(r"[^\w.-]", "?", name, flags=re.ASCII)[:64]
