"""What the engine of queries says, in the words of whoever asked: names, types and columns."""

import re
from collections.abc import Collection

from harmsweep.names import advice

# How the engine says of a text that it is not one query: of a plan, a statement, or the parser.
_NO_QUERY = re.compile(
    r"(DDL|DML|Statement|SHOW .*) (is )?not supported|This feature is not implemented"
    r"|No SQL statements|SQL error"
)
# How it says that a text is SHOW TABLES, which it would answer from catalogs that are not there.
_SHOW_TABLES = "SHOW TABLES is not supported unless information_schema is enabled"
# What other engines have and this has not, as it says so, and what to ask instead.
_INSTEAD = {
    "TOP": "LIMIT 10 at the end gives the first ten",
    "SHOW COLUMNS is not supported": "DESCRIBE scores says what the columns of a table are",
    "SHOW TABLES FILTER not supported": "SHOW TABLES lists them all",
}
# Parts of the engine, which are nothing to whoever asked.
_KIND = r"\w+ error: (?=\S)|Error during planning: |This feature is not implemented: "
_PARTS = re.compile(
    rf"{_KIND}|(Optimizer rule )?\S+( failed)? caused by (?=[A-Z])"
    r"|\.? This issue was likely caused by a bug .*?issues|lake\.tables\."
    r"| unless information_schema is enabled$"
)
_PARSER = re.compile(r'SQL error: ParserError\("(.*)"\)')
_TABLE = re.compile(r"table '(?:lake\.tables\.)?(.+)' not found")
_COLUMN = re.compile(r"No field named (.+?)\. .*?Valid fields are (.+)\.")
# Its types by those of the tables.
_TYPES = {
    "Utf8": "string", "LargeUtf8": "string", "Int64": "long", "Int32": "integer",
    "Float64": "double", "Float32": "float", "Date32": "date", "Timestamp": "timestamp",
    "Boolean": "boolean", "Binary": "binary", "List": "array", "Struct": "struct",
}  # fmt: skip
_TYPE = re.compile(rf"\b({'|'.join(_TYPES)})(View)?\b")


def is_no_query(said: str) -> bool:
    """Whether the engine said that a text is not one query."""
    return _NO_QUERY.match(_start(said)) is not None


def is_show_tables(said: str) -> bool:
    """Whether the engine said that a text asks for the tables."""
    return _start(said) == _SHOW_TABLES


def plain(said: str, names: Collection[str]) -> str:
    """What the engine said in a line, with the nearest names where one is unknown."""
    line = " ".join(said.split())
    if unknown := _TABLE.search(line):
        return f"no table {unknown[1]}{advice(unknown[1], names)}"
    if unknown := _COLUMN.search(line):
        name = unknown[1].replace('"', "")
        return f"no column {name}{_columns(name, unknown[2].split(', '))}"
    if wrong := _PARSER.search(line):
        return wrong[1]
    if "Resources exhausted" in line:
        return "Resources exhausted: it holds too much at a time; name fewer columns or days"
    # Before it stands why each of many signatures does not fit.
    line = line[max(line.find("No function matches"), 0) :]
    return plain_types(_PARTS.sub("", line).replace("count(Int64(1))", "count(*)"))


def instead(text: str) -> str:
    """The end of a refusal of what other engines have: what to ask here; else empty."""
    return f"; {_INSTEAD[text]}" if text in _INSTEAD else ""


def unknown_column(said: str) -> str | None:
    """The column, without its table, that the engine said is unknown, if it said so of one."""
    unknown = _COLUMN.search(" ".join(said.split()))
    return unknown[1].replace('"', "").rpartition(".")[2] if unknown else None


def plain_types(text: str) -> str:
    """A text with the tables' words for types; of a list or record and the like, its kind."""
    return _TYPE.sub(lambda found: _TYPES[found[1]], text)


def type_name(text: str) -> str:
    """A type of the engine in a word."""
    return plain_types(text.partition("(")[0])


def _start(said: str) -> str:
    line = " ".join(said.split())
    return re.sub(r"^(DataFusion error: |Error during planning: )*", "", line)


def _columns(name: str, known: Collection[str]) -> str:
    """The advice about a column, whose name may have its table's before it, or is a text's."""
    if not re.fullmatch(r"[\w.]+", name):
        return "; a text stands between single quotes"
    table, _, own = name.rpartition(".")
    names = {one.rpartition(".")[2] for one in known if not table or one.startswith(f"{table}.")}
    return advice(own, names or known)
