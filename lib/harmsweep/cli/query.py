"""`harmsweep query`: the lake's tables by their full or short names, now or as of a version."""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated

import pyarrow as pa
from cyclopts import Parameter

from harmsweep.cli.options import DEFAULT_LAKE, Format, Lake
from harmsweep.cli.output import show
from harmsweep.errors import Refused
from harmsweep.lake import delta
from harmsweep.names import advice
from harmsweep.plurals import counted


class QueryRefused(Refused):
    """The query cannot be answered; the message says what to change."""


def query(
    sql: str,
    *,
    lake: Lake = DEFAULT_LAKE,
    as_of: Annotated[list[str] | None, Parameter(negative=())] = None,
    format: Format = "table",
    limit: int | None = None,
) -> None:
    """Answer one query over the lake's tables and views; it only reads.

    SHOW TABLES lists them, DESCRIBE scores says what the columns of one are. The dialect is that of
    DataFusion, which is close to PostgreSQL's: WITH, window functions, FILTER, unnest, date_trunc,
    regexp_like, approx_percentile_cont. Names of columns are as written; a day is '2026-10-01'.
    Views of what is in force, so that nothing that was only tried counts: decisions_now,
    scores_long (a row for each harm) and in_force (the pair of model and policy of each day).

    Parameters
    ----------
    sql
        SELECT, WITH, VALUES, DESCRIBE, SHOW TABLES or EXPLAIN; a table goes by its name, scores_v1,
        or without the version, scores.
    as_of
        Read a table as it was at version N; with several tables, TABLE=N, once for each.
    format
        csv and json are for other programs: csv disarms cells that a spreadsheet would run.
    limit
        Rows at most; by default 100 as a table, and all as csv or json.
    """
    most = 100 if limit is None and format == "table" else limit
    # One more row than is shown tells whether there are more.
    rows = ask(lake, sql, as_of=as_of or [], limit=None if most is None else most + 1)
    show(rows.slice(0, most), format)
    if most is not None and rows.num_rows > most:
        print(f"the first {counted(most, 'row')}; --limit N gives more", file=sys.stderr)


def ask(lake: Path, sql: str, *, as_of: Sequence[str], limit: int | None) -> pa.Table:
    """The rows of a query, at most `limit`.

    Raises:
        WrongUse: the text is not one query.
        QueryRefused: an unknown table or column, a version that a table has not, or too much of it.
    """
    # The engine's functions for Spark are none of ours, and importing them alone imports pandas:
    # half of the time of a short query.
    sys.modules.setdefault("datafusion.functions.spark", ModuleType("spark"))
    from harmsweep.lake.sql import NoAnswer, Tables, answer, tables_of

    names = known_names(lake)
    try:
        read = tables_of(sql, Tables(lake, names)) if as_of else {}
        versions = parse_as_of(as_of, read)
        for name, version in versions.items():
            newest = delta.stored(lake, name).version()
            if not 0 <= version <= newest:
                raise QueryRefused(f"{name} has versions 0 to {newest}, not {version}")
        return answer(sql, Tables(lake, names, versions), limit=limit)
    except NoAnswer as error:
        raise QueryRefused(str(error)) from error


def known_names(lake: Path) -> dict[str, str]:
    """Every name that a table goes by, short and full, and its folder.

    Raises:
        QueryRefused: the folder holds no tables.
    """
    stored = delta.stored_names(lake)
    if not stored:
        raise QueryRefused(f"{lake} holds no tables; give --lake DIR or set HARMSWEEP_LAKE")
    return {re.sub(r"_v\d+$", "", name): name for name in stored} | {n: n for n in stored}


def parse_as_of(as_of: Sequence[str], names: Mapping[str, str]) -> dict[str, int]:
    """Versions by table, from N (one table in the query) or TABLE=N.

    Raises:
        QueryRefused: N with several tables, no number, or a table that the query does not read.
    """
    versions: dict[str, int] = {}
    read = sorted(set(names.values()))
    for text in as_of:
        table, _, number = text.rpartition("=")
        if not number.isdecimal():
            raise QueryRefused(f"--as-of {text}: give a version, N or TABLE=N")
        if not table and len(read) != 1:
            raise QueryRefused(f"--as-of {text}: the query reads {', '.join(read)}; give TABLE=N")
        name = names.get(table, table) if table else read[0]
        full = [n for n in read if n == name or n.startswith(f"{name}_v")]
        if not full:
            told = f"--as-of {text}: the query does not read {table}"
            raise QueryRefused(told + advice(table, read))
        versions[full[0]] = int(number)
    return versions
