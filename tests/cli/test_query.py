"""`harmsweep query`: SELECTs over the lake without Spark."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harmsweep.cli.output import cell, csv_cell
from harmsweep.cli.query import QueryRefused, parse_as_of
from harmsweep.errors import REFUSED, USAGE
from harmsweep.logs import clean

Call = Callable[..., tuple[int, str, str]]


def rows_of(call: Call, lake: Path, sql: str, *options: str) -> list[dict[str, object]]:
    code, out, err = call("query", sql, "--lake", lake, "--format", "json", *options)
    assert (code, err) == (0, "")
    found: list[dict[str, object]] = json.loads(out)
    return found


@pytest.mark.parametrize("name", ["ingests", "ingests_v1", "INGESTS"])
def test_a_table_goes_by_its_short_and_its_full_name(call: Call, landed: Path, name: str) -> None:
    assert rows_of(call, landed, f"SELECT sum(landed) AS n FROM {name}") == [{"n": 11}]


def test_tables_are_joined_and_ordered(call: Call, landed: Path) -> None:
    sql = """WITH posts AS (SELECT * FROM ingests WHERE source = 'posts')
        SELECT p.day, p.landed FROM posts p, ingests_v1 AS i
        WHERE i.day = p.day AND i.source = 'users' ORDER BY 1"""
    assert rows_of(call, landed, sql) == [{"day": "2026-10-01", "landed": 4}]


def test_a_version_gives_the_table_as_it_was(call: Call, landed: Path) -> None:
    sql = "SELECT count(*) AS n FROM ingests"
    assert rows_of(call, landed, sql, "--as-of", "1") == [{"n": 2}]
    assert rows_of(call, landed, sql, "--as-of", "ingests=0") == [{"n": 0}]
    assert rows_of(call, landed, sql) == [{"n": 3}]


def test_a_version_that_is_not_there_is_refused_with_those_that_are(
    call: Call, landed: Path
) -> None:
    code, _, err = call("query", "SELECT 1 FROM ingests", "--lake", landed, "--as-of", "9")
    assert (code, err) == (REFUSED, "harmsweep: ingests_v1 has versions 0 to 2, not 9\n")


def test_an_unknown_table_is_refused_with_the_nearest(call: Call, landed: Path) -> None:
    code, out, err = call("query", "SELECT * FROM nope", "--lake", landed)
    assert (code, out) == (REFUSED, "")
    assert err == "harmsweep: no table nope; did you mean in_force?\n"


def test_an_unknown_column_is_one_clear_line(call: Call, landed: Path) -> None:
    code, _, err = call("query", "SELECT nope FROM ingests", "--lake", landed)
    assert code == REFUSED
    assert err == "harmsweep: no column nope; there are day, landed, source\n"
    assert len(err.splitlines()) == 1


def test_what_would_write_is_wrong_use_in_one_line(
    call: Call, landed: Path, tmp_path: Path
) -> None:
    sql = f"/* /* */ SELECT 1 */ COPY (SELECT 1) TO '{tmp_path}/out.csv'"
    code, out, err = call("query", sql, "--lake", landed)
    assert (code, out) == (USAGE, "")
    assert err.startswith("harmsweep: only one query is answered, and it only reads (SELECT, ")
    assert err.endswith("): DML not supported: COPY\n")
    assert not (tmp_path / "out.csv").exists()


def test_a_folder_without_tables_says_how_to_name_one(call: Call, tmp_path: Path) -> None:
    code, _, err = call("query", "SELECT 1", "--lake", tmp_path)
    assert code == REFUSED
    assert "holds no tables; give --lake DIR or set HARMSWEEP_LAKE" in err


def test_a_wrong_option_is_a_usage_error(call: Call, landed: Path) -> None:
    assert call("query", "SELECT 1", "--nope", "--lake", landed)[0] == 2


def test_a_limit_cuts_and_says_so_on_stderr(call: Call, landed: Path) -> None:
    sql = "SELECT day, source FROM ingests ORDER BY day DESC, source"
    code, out, err = call("query", sql, "--lake", landed, "--limit", "1", "--format", "csv")
    assert (code, out) == (0, "day,source\n2026-10-02,posts\n")
    assert err == "the first 1 row; --limit N gives more\n"


@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_no_format_lets_a_control_character_reach_the_terminal(
    call: Call, hostile: Path, format: str
) -> None:
    sql = "SELECT * FROM rejects"
    code, out, _ = call("query", sql, "--lake", hostile, "--format", format)
    assert code == 0
    assert "wiped" in out
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(out)


def test_json_keeps_hostile_values_as_they_are(call: Call, hostile: Path) -> None:
    (row,) = rows_of(call, hostile, "SELECT source, item_id, detail FROM rejects")
    assert row == {
        "source": "\x1b[2J\x07wiped\u202e",
        "item_id": '=HYPERLINK("http://x")',
        "detail": "two\nlines, \x9b31m",
    }


def test_csv_disarms_what_a_spreadsheet_would_run(call: Call, hostile: Path) -> None:
    sql = 'SELECT item_id, reason, post_id, detail, -1 AS number, 5 AS "=x" FROM rejects'
    _, out, _ = call("query", sql, "--lake", hostile, "--format", "csv")
    header, row = csv.reader(io.StringIO(out))
    assert header[-1] == "'=x"
    assert row[:3] == ['\'=HYPERLINK("http://x")', "'@SUM(A1)", "'-1+1"]
    assert row[4] == "-1"
    assert len(out.splitlines()) == 2


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1+1", "\r\n=1+1", "  =1"])
def test_a_formula_is_disarmed_behind_white_space_too(text: str) -> None:
    assert str(csv_cell(text)).startswith("'")


@pytest.mark.parametrize("value", [-1, -0.5, None, True, "a=b", "1-1", ""])
def test_numbers_and_plain_texts_stay_as_they_are_in_csv(value: object) -> None:
    assert csv_cell(value) == value


def test_a_long_list_is_cut_short_for_people() -> None:
    assert cell([0.5] * 384) == "[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, … 384 values]"


def test_clean_keeps_other_languages() -> None:
    assert clean("नमस्ते, žluťoučký 👋") == "नमस्ते, žluťoučký 👋"


def test_versions_of_several_tables_need_their_names() -> None:
    names = {"posts": "posts_v1", "scores": "scores_v1"}
    assert parse_as_of(["scores=3", "posts_v1=0"], names) == {"scores_v1": 3, "posts_v1": 0}
    for odd in ("3", "users=3", "scores=-1", "scores=x", "scores="):
        with pytest.raises(QueryRefused, match=f"--as-of {odd}:"):
            parse_as_of([odd], names)


OF_NO_QUERY = {"pandas", "pyarrow.compute", "pydantic", "pyspark", "rich.progress", "structlog"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "without"),
    [
        (["--version"], {"pyarrow", "pydantic", "pyspark", "structlog", "torch"}),
        (["query", "SELECT count(*) FROM ingests"], OF_NO_QUERY),
        (["query", "SELECT * FROM decisions_now"], OF_NO_QUERY),
        (["tables"], {"torch", "pyspark.pandas"}),
    ],
    ids=["version", "query", "view", "tables"],
)
def test_a_command_imports_what_it_needs(landed: Path, words: list[str], without: set[str]) -> None:
    lake = [] if words == ["--version"] else ["--lake", str(landed)]
    code = f"""if True:
        import sys
        from harmsweep.cli.main import main
        sys.argv = {["harmsweep", *words, *lake]}
        try:
            main()
        finally:
            print(*sorted({without} & sys.modules.keys()), file=sys.stderr)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.split() == []
