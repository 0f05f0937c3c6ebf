"""Statements of every kind, bent at random: for the test that none writes a file or reads one."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

SECRET = "quince"
_QUERIES = (
    "SELECT * FROM ingests",
    "SELECT count(*) FROM ingests_v1 GROUP BY source",
    "WITH x AS (SELECT landed FROM ingests) SELECT max(landed) FROM x",
    "SELECT source, rank() OVER (ORDER BY landed) FROM ingests",
    "VALUES (1, 'a')",
    "SELECT 1",
    "SELECT * FROM '{path}'",
    "SELECT * FROM read_csv('{path}')",
    "SELECT * FROM read_parquet('{path}')",
    "SELECT '; COPY ingests TO {path}'",
)
_STATEMENTS = (
    "COPY ({query}) TO '{path}'",
    "COPY ingests TO '{path}' STORED AS {format}",
    "COPY ({query}) TO '{path}' STORED AS {format} PARTITIONED BY (source)",
    "CREATE EXTERNAL TABLE t STORED AS {format} LOCATION '{path}'",
    "CREATE EXTERNAL TABLE IF NOT EXISTS ingests (word TEXT) STORED AS {format} LOCATION '{path}'",
    "CREATE UNBOUNDED EXTERNAL TABLE t (w TEXT) STORED AS {format} LOCATION '{path}'",
    "CREATE OR REPLACE TABLE ingests AS {query}",
    "CREATE VIEW v AS {query}",
    "INSERT INTO ingests {query}",
    "INSERT OVERWRITE ingests {query}",
    "SELECT * INTO t FROM ingests",
    "DELETE FROM ingests",
    "UPDATE ingests SET landed = 1",
    "DROP TABLE ingests",
    "TRUNCATE TABLE ingests",
    "SET datafusion.catalog.location = '{path}'",
    "SET datafusion.runtime.temp_directory = '{path}'",
    "PREPARE p AS {query}",
    "EXECUTE p",
    "SHOW ALL",
    "DESCRIBE '{path}'",
    "LOAD DATA INPATH '{path}' INTO TABLE ingests",
    "UNLOAD ({query}) TO '{path}'",
    "ATTACH '{path}' AS a",
    "VACUUM ingests",
)
_AROUND = (
    "{sql}",
    "{sql}",
    "{sql};",
    "/* /* */ SELECT 1 */ {sql}",
    "/* SELECT */ {sql}",
    "-- SELECT\n{sql}",
    "# SELECT\n{sql}",
    "SELECT 1; {sql}",
    "{sql}; SELECT 1",
    "EXPLAIN {sql}",
    "EXPLAIN ANALYZE {sql}",
    "EXPLAIN ANALYZE VERBOSE {sql}",
    "EXPLAIN FORMAT TREE {sql}",
    "DESCRIBE {sql}",
    "PREPARE p AS {sql}",
    "({sql})",
    "WITH y AS ({sql}) SELECT * FROM y",
    "SELECT * FROM ({sql})",
    "SELECT ({sql})",
    "{query} UNION ALL {sql}",
    "\ufeff{sql}",
    "\u00a0{sql}",
    "BEGIN {sql} END",
)
_TOKENS = ("/*", "*/", "--", "\n", ";", "'", '"', "(", ")", "\\", "$$", "\x00", "\u2028", "\uff1b")
_FORMATS = ("CSV", "JSON", "PARQUET", "ARROW", "AVRO", "DELTATABLE")


def statements(folder: Path, count: int) -> Iterator[str]:
    """So many statements, the same each time, about files in a folder with a lake and a bait."""
    draw = random.Random(20)
    for _ in range(count):
        sql = draw.choice((*_QUERIES, *_STATEMENTS))
        for _ in range(draw.choice((0, 1, 1, 2))):
            sql = draw.choice(_AROUND).replace("{sql}", sql)
        for name, values in (
            ("query", _QUERIES),
            ("path", _paths(folder)),
            ("format", _FORMATS),
        ):
            while f"{{{name}}}" in sql:
                sql = sql.replace(f"{{{name}}}", draw.choice(values), 1)
        yield _bent(draw, sql) if draw.random() < 0.4 else sql


def bytes_in(folder: Path) -> dict[str, str]:
    """The digest of every file beneath a folder, and the folders, by path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
    }


def _paths(folder: Path) -> tuple[str, ...]:
    named = ("bait/bait.csv", "bait/bait.json", "bait/bait.parquet", "bait/new.csv", "bait/new/")
    log = "lake/ingests_v1/_delta_log/00000000000000000009.json"
    relative = (*named, log, "lake/ingests_v1", "bait/*.parquet")
    return (*relative, *(f"{folder}/{path}" for path in relative), f"file://{folder}/{named[0]}")


def _bent(draw: random.Random, sql: str) -> str:
    """A statement with one token put in, taken out, doubled or in another case."""
    words = sql.split(" ")
    at = draw.randrange(len(words))
    kind = draw.randrange(4)
    if kind == 0:
        words.insert(at, draw.choice(_TOKENS))
    elif kind == 1:
        del words[at]
    elif kind == 2:
        words.insert(at, words[at])
    else:
        words[at] = words[at].swapcase()
    return " ".join(words)
