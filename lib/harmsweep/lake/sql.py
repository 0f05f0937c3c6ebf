"""Answers to SQL that people wrote: it reads the lake's tables, and can do nothing else.

The engine parses the very text, plans it, and is told to refuse every plan that is no query. Its
session knows no file system: a table's own files are read by its Delta provider alone. What
DESCRIBE and SHOW TABLES say is told from the tables themselves and from the views.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from datafusion import DataFrame, RuntimeEnvBuilder, SessionConfig, SessionContext, SQLOptions
from datafusion.catalog import Catalog, SchemaProvider, Table
from deltalake import DeltaTable

from harmsweep.errors import Refused, WrongUse
from harmsweep.lake.delta import opened, stored
from harmsweep.lake.sql_views import VIEWS, harm_rows
from harmsweep.lake.sql_words import (
    instead,
    is_no_query,
    is_show_tables,
    plain,
    type_name,
    unknown_column,
)

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
    # It compares comments of columns too, which a UNION of two tables has none of.
    "datafusion.execution.skip_physical_aggregate_schema_check": "true",
}
_QUERIES = SQLOptions().with_allow_ddl(False).with_allow_dml(False).with_allow_statements(False)
_ONE = (
    "only one query is answered, and it only reads"
    " (SELECT, WITH, VALUES, DESCRIBE, SHOW TABLES, EXPLAIN)"
)


class NoAnswer(Refused):
    """The engine has no answer to a query; the message says why."""


@dataclass
class Tables(SchemaProvider):
    """The lake's tables and views by their names, each opened when a query first names it."""

    lake: Path
    names: Mapping[str, str]  # in lower case
    versions: Mapping[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # the names that were asked for, in order

    @property
    def read(self) -> dict[str, str]:
        """The folders of the tables that were asked for, by the names that a query gave them."""
        folders = {name: self.names.get(name.lower()) for name in self.asked}
        return {name: folder for name, folder in folders.items() if folder}

    def table_names(self) -> set[str]:
        """Every name, short and full."""
        return {*self.names, *VIEWS}

    def table_exist(self, name: str) -> bool:
        """Whether a table or view goes by the name, in any case."""
        return name.lower() in self.table_names()

    def table(self, name: str) -> DeltaTable | Table | None:
        """The table of a name, as of its version, or the view of that name over the tables."""
        self.asked.append(name)
        if name.lower() in VIEWS:
            # The engine asks from within its own loop, where no other query can be planned.
            with ThreadPoolExecutor(1) as outside:
                return outside.submit(self._view, name.lower()).result()
        folder = self.names.get(name.lower())
        if folder is None:
            return None
        return opened(self.lake, folder, version=self.versions.get(folder))

    def short_names(self) -> list[str]:
        """The tables and views by the shortest name of each, in order."""
        shortest = {folder: name for name, folder in sorted(self.names.items(), reverse=True)}
        return sorted([*shortest.values(), *VIEWS])

    def comments(self, name: str) -> dict[str, str]:
        """What each column of a table or view is, by its name."""
        view = VIEWS.get(name)
        folder = view.table if view else self.names.get(name, "")
        fields = stored(self.lake, folder).schema().fields if folder else []
        own = view.columns if view else {}
        return {f.name: str(f.metadata.get("comment", "")) for f in fields} | dict(own)

    def _view(self, name: str) -> Table:
        sql = VIEWS[name].sql
        if "{harms}" in sql:
            fields = stored(self.lake, "scores_v1").schema().fields
            harms = [f.name for f in fields if f.type.to_json() == '"double"']
            sql = sql.replace("{harms}", harm_rows(harms))
        return _session(self).sql(sql).into_view()


def tables_of(sql: str, tables: Tables) -> dict[str, str]:
    """The tables that a query reads, by the names that it gives them.

    Raises:
        WrongUse: the text is not one query.
        NoAnswer: it names a table or column that is not there.
    """
    _plan(_session(tables), tables, sql)
    return tables.read


def answer(sql: str, tables: Tables, *, limit: int | None = None) -> pa.Table:
    """The rows of one query, at most `limit`.

    Raises:
        WrongUse: the text is not one query.
        NoAnswer: there is none, or it takes more memory than `MEMORY`, or than `ANSWER` at its end.
    """
    session = _session(tables)  # the plan reads through it
    plan = _plan(session, tables, sql)
    if plan is None:
        return _listed(tables)
    batches, rows, size = [], 0, 0
    try:
        reader = pa.RecordBatchReader.from_stream(plan)
        for batch in reader:
            batches.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if size > ANSWER or (limit is not None and rows >= limit):
                break
    except Exception as error:  # the engine's own are of no narrower kind
        raise NoAnswer(plain(str(error), tables.short_names())) from error
    if size > ANSWER:
        raise NoAnswer(f"the answer is larger than {ANSWER >> 20} MiB; group it or take a limit")
    found = pa.Table.from_batches(batches, reader.schema)
    describes = type(plan.logical_plan().to_variant()).__name__ == "DescribeTable"
    return (_described(found, tables) if describes else found).slice(0, limit)


def _session(tables: Tables) -> SessionContext:
    """A session with the lake's tables, and no file system, catalog or temporary file beside."""
    runtime = RuntimeEnvBuilder().with_disk_manager_disabled().with_greedy_memory_pool(MEMORY)
    session = SessionContext(SessionConfig(_CONFIG), runtime)
    session.deregister_object_store("file://")
    catalog = Catalog.memory_catalog()
    session.register_catalog_provider("lake", catalog)
    catalog.register_schema("tables", tables)
    return session


def _plan(session: SessionContext, tables: Tables, sql: str) -> DataFrame | None:
    """The plan of a query; None of SHOW TABLES, which is no plan."""
    try:
        return session.sql_with_options(sql, _QUERIES)
    except Exception as error:  # the engine's own are of no narrower kind
        said = str(error)
        text = plain(said, tables.short_names())
        if is_show_tables(said):
            return None
        if is_no_query(said):
            raise WrongUse(f"{_ONE}: {text}{instead(text)}") from error
        raise NoAnswer(_of_a_view(tables, unknown_column(said)) or text) from error


def _of_a_view(tables: Tables, column: str | None) -> str:
    """What to say of a column that a view over a table that was asked has; else empty."""
    read = tables.read.values()
    having = [name for name, view in VIEWS.items() if view.table in read and column in view.columns]
    return f"no column {column}; the view {having[0]} has it" if having else ""


def _listed(tables: Tables) -> pa.Table:
    """What SHOW TABLES says: the tables and views, and what each holds."""
    names = tables.short_names()
    about = [
        VIEWS[name].comment
        if name in VIEWS
        else stored(tables.lake, tables.names[name]).metadata().description or ""
        for name in names
    ]
    return pa.table({"table_name": names, "what_it_holds": about})


def _described(columns: pa.Table, tables: Tables) -> pa.Table:
    """What DESCRIBE says, in the tables' words: with what each column of a table or view is."""
    rows = columns.to_pylist()
    names = [row["column_name"] for row in rows]
    about = (tables.comments(name.lower()) for name in tables.asked)
    of = next((found for found in about if found.keys() >= {*names}), {})
    return pa.table(
        {
            "column_name": names,
            "data_type": [type_name(row["data_type"]) for row in rows],
            "is_nullable": [row["is_nullable"] for row in rows],
            "what_it_is": [of.get(name, "") for name in names],
        }
    )
