"""SQL that people wrote: queries are answered, nothing else is, and no byte on disk changes."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from sql_statements import SECRET, bytes_in, statements

from harmsweep.cli.query import known_names
from harmsweep.errors import WrongUse
from harmsweep.lake import sql as lake_sql
from harmsweep.lake.sql import NoAnswer, Tables, answer, tables_of
from harmsweep.lake.sql_views import VIEWS
from harmsweep.lake.writes import write_rows
from harmsweep.tables.catalog import INGESTS, TABLES

DAY = date(2026, 10, 1)
SOURCES = [("posts", 5), ("users", 2), ("labels", 9)]


@pytest.fixture(scope="module")
def folder(empty_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lake of three rows in ingests, and files beside it that none may touch."""
    folder = tmp_path_factory.mktemp("asked")
    lake = Path(shutil.copytree(empty_lake, folder / "lake"))
    write_rows([{"day": DAY, "source": s, "landed": n} for s, n in SOURCES], INGESTS, lake)
    bait = folder / "bait"
    bait.mkdir()
    (bait / "bait.csv").write_text(f"word\n{SECRET}\n")
    (bait / "bait.json").write_text(f'{{"word": "{SECRET}"}}\n')
    shutil.copy(next((lake / "ingests_v1").glob("**/*.parquet")), bait / "bait.parquet")
    return folder


@pytest.fixture
def tables(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Tables:
    """The lake's tables, asked from the folder, whose temporary files are in it too."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TMPDIR", str(folder))
    return Tables(folder / "lake", known_names(folder / "lake"))


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT sum(landed) AS n FROM ingests", [{"n": 16}]),
        ("(SELECT 1 AS n)", [{"n": 1}]),
        ("VALUES (1), (2)", [{"column1": 1}, {"column1": 2}]),
        ("SELECT source FROM Ingests_V1 ORDER BY landed DESC LIMIT 1;", [{"source": "labels"}]),
        ("WITH posts AS (SELECT 7 AS n) SELECT n FROM posts", [{"n": 7}]),
        (
            "SELECT a.source FROM ingests a JOIN ingests_v1 b ON a.landed + b.landed = 7"
            " ORDER BY 1 DESC",
            [{"source": "users"}, {"source": "posts"}],
        ),
        (
            "SELECT source, row_number() OVER (ORDER BY landed) AS n FROM ingests LIMIT 1",
            [{"source": "users", "n": 1}],
        ),
        ("/* a /* nested */ comment */ SELECT 1 AS n -- COPY", [{"n": 1}]),
        ("SELECT 'COPY ; /* */ --' AS t /* /* */ ; */", [{"t": "COPY ; /* */ --"}]),
        (
            "SELECT source FROM ingests WHERE day = '2026-10-01' AND landed < 5",
            [{"source": "users"}],
        ),
        ("SELECT count(*) AS n FROM ingests WHERE source NOT IN ('posts', NULL)", [{"n": 0}]),
        ("SELECT 1 AS Views", [{"Views": 1}]),
        (
            "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3)"
            " SELECT max(i) AS i FROM n",
            [{"i": 3}],
        ),
    ],
)
def test_a_query_is_answered(tables: Tables, sql: str, rows: list[dict[str, object]]) -> None:
    assert answer(sql, tables).to_pylist() == rows


def test_how_a_query_is_carried_out_is_answered(tables: Tables) -> None:
    assert answer("EXPLAIN ANALYZE SELECT * FROM ingests", tables).num_rows


@pytest.mark.parametrize("name", ["ingests", "Ingests_v1", "lake.tables.ingests"])
def test_describe_says_what_each_column_is(tables: Tables, name: str) -> None:
    rows = answer(f"DESCRIBE {name}", tables).to_pylist()
    assert [(r["column_name"], r["data_type"], r["is_nullable"]) for r in rows] == [
        ("day", "date", "NO"),
        ("source", "string", "NO"),
        ("landed", "long", "NO"),
    ]
    assert rows[2]["what_it_is"] == "rows that the landing zone held for the day"


def test_describe_says_of_a_view_what_its_columns_are(tables: Tables) -> None:
    for name, view in VIEWS.items():
        rows = answer(f"DESCRIBE {name}", tables).to_pylist()
        assert all(row["what_it_is"] for row in rows)
        assert view.columns.keys() <= {row["column_name"] for row in rows}


def test_describe_says_of_a_query_its_types(tables: Tables) -> None:
    (row,) = answer("DESCRIBE SELECT 1 AS n", tables).to_pylist()
    assert (row["column_name"], row["data_type"], row["what_it_is"]) == ("n", "long", "")


@pytest.mark.parametrize("sql", ["SHOW TABLES", "show tables;", "/* all */ SHOW TABLES -- of it"])
def test_show_tables_lists_tables_and_views_by_their_short_names(tables: Tables, sql: str) -> None:
    rows = {r["table_name"]: r["what_it_holds"] for r in answer(sql, tables).to_pylist()}
    assert rows.keys() == {*VIEWS, *(name.removesuffix("_v1") for name in TABLES)}
    assert rows["ingests"] == TABLES["ingests_v1"].comment
    assert rows["in_force"] == VIEWS["in_force"].comment


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM ingets", "no table ingets; did you mean ingests"),
        ("SELECT landet FROM ingests", "no column landet; did you mean landed?"),
        ("SELECT i.sorce FROM ingests i", "no column i.sorce; did you mean source?"),
        ("SELECT Landed FROM ingests", "no column Landed; did you mean landed?"),
        ('SELECT day FROM ingests WHERE day = "2026-10-01"', "between single quotes"),
        ("SELECT harm FROM scores", "no column harm; the view scores_long has it"),
        ("SELECT s.score FROM scores_v1 s", "no column score; the view scores_long has it"),
        ("SELECT x FROM ingests", "no column x; there are day, landed, source"),
        ("SELECT lenght(source) FROM ingests", "Invalid function 'lenght'. Did you mean 'length'?"),
        ("SELECT CAST('x' AS int)", "Cannot cast string 'x' to value of integer type"),
        ("SELECT 1/0", "Divide by zero error"),
        ("SELECT 1 FROM ingests LIMIT 'a'", "Expected LIMIT to be an integer"),
        ("SELECT day + 'x' FROM ingests", "Cannot coerce arithmetic expression date + string"),
        ("SELECT sum(source) FROM ingests", "No function matches the given name"),
        ("SELECT landed, count(*) FROM ingests", "only \"count(*)\" appears"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_without_the_engines_own_words(
    tables: Tables, sql: str, said: str
) -> None:
    with pytest.raises(NoAnswer) as refused:
        answer(sql, tables)
    assert said in str(refused.value)
    assert not re.search(r"DataFusion|Arrow|Utf8|\bInt64|Internal|Optimizer", str(refused.value))


def test_what_the_parser_says_names_the_place(tables: Tables) -> None:
    said = r"EXPLAIN\): Expected: end of statement, found: ingests at Line: 1, Column: 15$"
    with pytest.raises(WrongUse, match=said):
        answer("SELECT 1 FORM ingests", tables)


def test_rows_of_two_tables_are_counted_together(tables: Tables) -> None:
    both = "SELECT day FROM ingests UNION ALL SELECT day FROM runs"
    assert answer(f"SELECT day, count(*) AS n FROM ({both}) GROUP BY day", tables).to_pylist() == [
        {"day": DAY, "n": 3}
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "COPY ingests TO 'bait/out.csv'",
        "/* /* */ SELECT 1 */ COPY (SELECT 1) TO 'bait/out.csv'",
        "-- SELECT\nCOPY (SELECT 1) TO 'lake/ingests_v1/_delta_log/9.json' STORED AS JSON",
        "EXPLAIN COPY ingests TO 'bait/out.csv'",
        "EXPLAIN ANALYZE COPY ingests TO 'bait/out.csv'",
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION 'bait/bait.csv'",
        "CREATE TABLE x AS SELECT 1",
        "CREATE VIEW x AS SELECT 1",
        "CREATE SCHEMA x",
        "CREATE DATABASE x",
        "SELECT * INTO x FROM ingests",
        "SELECT * FROM (SELECT * INTO x FROM ingests)",
        "INSERT INTO ingests SELECT * FROM ingests",
        "WITH x AS (INSERT INTO ingests SELECT * FROM ingests) SELECT 1",
        "UPDATE ingests SET landed = 0",
        "DELETE FROM ingests",
        "TRUNCATE TABLE ingests",
        "MERGE INTO ingests USING ingests u ON ingests.day = u.day WHEN MATCHED THEN DELETE",
        "DROP TABLE ingests",
        "ALTER TABLE ingests ADD COLUMN x INT",
        "SET datafusion.execution.batch_size = 1",
        "RESET datafusion.execution.batch_size",
        "SHOW TABLES LIKE '%s'",
        "SHOW COLUMNS FROM ingests",
        "SHOW ALL",
        "PREPARE p AS SELECT 1",
        "PREPARE p AS COPY ingests TO 'bait/out.csv'",
        "EXECUTE p",
        "DEALLOCATE p",
        "BEGIN",
        "COMMIT",
        "CALL f()",
        "USE x",
        "ATTACH 'bait/x.db' AS x",
        "PRAGMA x",
        "VACUUM ingests",
        "ANALYZE TABLE ingests",
        "UNLOAD (SELECT 1) TO 'bait/out'",
        "LOAD DATA INPATH 'bait/bait.csv' INTO TABLE ingests",
        "SELECT 1; SELECT 2",
        "SELECT 1; COPY (SELECT 1) TO 'bait/out.csv'",
        "SELECT 1 /* unfinished",
        "",
        " ; ",
        "-- nothing",
    ],
)
def test_what_is_not_one_query_is_wrong_use(tables: Tables, sql: str) -> None:
    with pytest.raises(WrongUse, match="only one query is answered"):
        answer(sql, tables)


@pytest.mark.parametrize(
    ("sql", "instead"),
    [
        ("SELECT TOP 10 * FROM ingests", "LIMIT 10"),
        ("SHOW COLUMNS FROM ingests", "DESCRIBE"),
        ("SHOW TABLES LIKE 'i%'", "SHOW TABLES lists"),
    ],
)
def test_what_other_engines_have_is_refused_with_what_to_ask_here(
    tables: Tables, sql: str, instead: str
) -> None:
    with pytest.raises(WrongUse, match=instead):
        answer(sql, tables)


@pytest.mark.parametrize(
    "source",
    [
        "'bait/bait.csv'",
        '"bait/bait.csv"',
        "'bait/*.parquet'",
        "'{folder}/bait/bait.parquet'",
        "'file://{folder}/bait/bait.csv'",
        "'{folder}/lake/ingests_v1'",
        "read_csv('bait/bait.csv')",
        "read_parquet('bait/bait.parquet')",
        "read_json('bait/bait.json')",
        "parquet_metadata('bait/bait.parquet')",
        "datafusion.public.ingests",
        "information_schema.tables",
        "lake.information_schema.tables",
    ],
)
def test_only_the_lakes_tables_are_read(tables: Tables, folder: Path, source: str) -> None:
    with pytest.raises(NoAnswer, match=r"no table |not found"):
        answer(f"SELECT * FROM {source.format(folder=folder)}", tables)


def test_variables_of_the_program_are_no_tables(tables: Tables) -> None:
    rows = [{"n": 1}]  # noqa: F841
    with pytest.raises(NoAnswer, match="no table rows;"):
        answer("SELECT * FROM rows", tables)


def test_a_query_opens_the_tables_that_it_names_and_no_others(tables: Tables) -> None:
    text = "SELECT 'FROM scores' AS t FROM posts p, \"ingests\" /* FROM users */ WHERE p.day = '1'"
    assert tables_of(text, tables) == {"posts": "posts_v1", "ingests": "ingests_v1"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT value FROM range(1, 100000000) ORDER BY random()",
        "SELECT array_agg(value) FROM range(1, 100000000)",
    ],
)
def test_a_query_that_takes_too_much_memory_is_refused(
    tables: Tables, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    monkeypatch.setattr(lake_sql, "MEMORY", 32 << 20)
    with pytest.raises(NoAnswer, match="Resources exhausted"):
        answer(sql, tables)


def test_an_answer_that_is_too_large_is_refused_unless_it_is_cut(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_sql, "ANSWER", 1 << 20)
    endless = "SELECT value FROM range(1, 100000000000)"
    with pytest.raises(NoAnswer, match="larger than 1 MiB"):
        answer(endless, tables)
    assert answer(endless, tables, limit=2).to_pylist() == [{"value": 1}, {"value": 2}]


@pytest.mark.parametrize(
    "count", [300, pytest.param(10_000, marks=pytest.mark.nightly)], ids=["some", "many"]
)
def test_no_statement_changes_a_byte_on_disk(tables: Tables, folder: Path, count: int) -> None:
    before, answered = bytes_in(folder), 0
    for sql in statements(folder, count):
        try:
            rows = answer(sql, tables, limit=100)
        except (WrongUse, NoAnswer):
            continue
        answered += 1
        assert SECRET not in str(rows.to_pydict()), sql
    assert bytes_in(folder) == before
    assert answered > count / 20  # or else nothing but refusals was tried
