"""Answers to SQL that people wrote: it reads the lake's tables, and can do nothing else.

The engine parses the very text, plans it, and is told to refuse every plan that is no query. Its
session knows no file system: a table's own files are read by its Delta provider alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from datafusion import DataFrame, RuntimeEnvBuilder, SessionConfig, SessionContext, SQLOptions
from datafusion.catalog import Catalog, SchemaProvider
from deltalake import DeltaTable

from harmsweep.errors import Refused, WrongUse
from harmsweep.lake.delta import opened

# What sorts, groups and joins may hold at a time. Nothing is spilled: a query writes no file.
MEMORY = 4 << 30
# What an answer may come to: it is held whole, and many times as large while it is printed.
ANSWER = 1 << 29
_CONFIG = {
    "datafusion.catalog.create_default_catalog_and_schema": "false",
    "datafusion.catalog.default_catalog": "lake",
    "datafusion.catalog.default_schema": "tables",
    # Names of columns stay in their own case.
    "datafusion.sql_parser.enable_ident_normalization": "false",
}
_QUERIES = SQLOptions().with_allow_ddl(False).with_allow_dml(False).with_allow_statements(False)
# How the engine says of a text that it is not one query: of a plan, a statement, or the parser.
_NO_QUERY = re.compile(
    r"^((DDL|DML|Statement|SHOW .*) (is )?not supported|This feature is not implemented"
    r"|No SQL statements|SQL error)"
)
_PREFIX = re.compile(r"^(DataFusion error|Error during planning|Schema error): ")


class NoAnswer(Refused):
    """The engine has no answer to a query; the message is the engine's own."""


@dataclass
class Tables(SchemaProvider):
    """The lake's tables by the names that they go by, each opened when a query first names it."""

    lake: Path
    names: Mapping[str, str]  # in lower case
    versions: Mapping[str, int] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)  # what was asked for, and its folder

    def table_names(self) -> set[str]:
        """Every name, short and full."""
        return set(self.names)

    def table_exist(self, name: str) -> bool:
        """Whether a table goes by the name, in any case."""
        return name.lower() in self.names

    def table(self, name: str) -> DeltaTable | None:
        """The table of a name, as of its version."""
        folder = self.names.get(name.lower())
        if folder is None:
            return None
        self.read[name] = folder
        return opened(self.lake, folder, version=self.versions.get(folder))


def tables_of(sql: str, tables: Tables) -> dict[str, str]:
    """The tables that a query reads, by the names that it gives them.

    Raises:
        WrongUse: the text is not one query.
        NoAnswer: it names a table or column that is not there.
    """
    _plan(_session(tables), sql)
    return tables.read


def answer(sql: str, tables: Tables, *, limit: int | None = None) -> pa.Table:
    """The rows of one query, at most `limit`.

    Raises:
        WrongUse: the text is not one query.
        NoAnswer: there is none, or it takes more memory than `MEMORY`, or than `ANSWER` at its end.
    """
    session = _session(tables)  # the plan reads through it
    plan = _plan(session, sql)
    batches, rows, size = [], 0, 0
    try:
        reader = pa.RecordBatchReader.from_stream(plan)
        for batch in reader:
            batches.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if size > ANSWER or (limit is not None and rows >= limit):
                break
    except Exception as error:  # the engine's own are of no narrower kind
        raise NoAnswer(_one_line(error)) from error
    if size > ANSWER:
        raise NoAnswer(f"the answer is larger than {ANSWER >> 20} MiB; group it or take a limit")
    return pa.Table.from_batches(batches, reader.schema).slice(0, limit)


def _session(tables: Tables) -> SessionContext:
    """A session with the lake's tables, and no file system, catalog or temporary file beside."""
    runtime = RuntimeEnvBuilder().with_disk_manager_disabled().with_greedy_memory_pool(MEMORY)
    session = SessionContext(SessionConfig(_CONFIG), runtime)
    session.deregister_object_store("file://")
    catalog = Catalog.memory_catalog()
    session.register_catalog_provider("lake", catalog)
    catalog.register_schema("tables", tables)
    return session


def _plan(session: SessionContext, sql: str) -> DataFrame:
    try:
        return session.sql_with_options(sql, _QUERIES)
    except Exception as error:  # the engine's own are of no narrower kind
        text = _one_line(error)
        if _NO_QUERY.search(text):
            raise WrongUse(f"only one query is answered, and it only reads: {text}") from error
        raise NoAnswer(text) from error


def _one_line(error: Exception) -> str:
    lines = (line.strip() for line in str(error).splitlines())
    return _PREFIX.sub("", " ".join(line for line in lines if line))
