"""A query over the lake's tables by their full or short names, now or as of a version."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from harmsweep.errors import Refused
from harmsweep.lake import delta


class QueryRefused(Refused):
    """The query cannot be answered; the message says what to change."""


def ask(lake: Path, sql: str, *, as_of: Sequence[str], limit: int | None) -> pa.Table:
    """The rows of a query, at most `limit`.

    Raises:
        WrongUse: the text is not one query.
        QueryRefused: an unknown table or column, a version that a table has not, or too much of it.
    """
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
            raise QueryRefused(f"--as-of {text}: the query does not read {table}")
        versions[full[0]] = int(number)
    return versions
