"""One Spark session for all tests, and a fresh lake for each that asks."""

import os
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

# Airflow's environment has no harmsweep, and tests/dags needs none of these.
pytest_plugins = ["enforcement_lake"] if find_spec("harmsweep") else []
ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = Path(os.environ.get("HARMSWEEP_SHARED", ROOT.parent / "shared")) / "data"


_COUNTS = pytest.StashKey[list[str]]()


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """A function that has a campaign's line of counts shown at the end, also where it passes."""
    return request.config.stash.setdefault(_COUNTS, []).append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the campaigns' counts; `scripts/test nightly` gathers them."""
    for line in config.stash.get(_COUNTS, []):
        terminalreporter.write_line(f"campaign: {line}")


@pytest.fixture(scope="session")
def spark() -> Iterator["SparkSession"]:  # noqa: F821
    from harmsweep.lake.session import session

    started = session("tests")
    yield started
    started.stop()


@pytest.fixture(scope="session")
def empty_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty lake with every table made, for tests that only read it or copy it."""
    from harmsweep.lake.delta import open_lake

    return open_lake(tmp_path_factory.mktemp("empty") / "lake")


@pytest.fixture
def lake(empty_lake: Path, tmp_path: Path) -> Path:
    """An empty lake of the test's own: a copy takes a tenth of the time of making 33 tables."""
    return Path(shutil.copytree(empty_lake, tmp_path / "lake"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real posts beside the project; tests that need them skip without."""
    if not SHARED_DATA.exists():
        pytest.skip("needs the research posts in ../shared/data")
    return SHARED_DATA


@pytest.fixture(scope="session")
def add_rows() -> Callable[..., None]:
    """A function that appends literal rows as another process would; absent columns are null."""
    import deltalake
    import pyarrow as pa

    from harmsweep.lake import seals

    def append(rows: list[dict[str, Any]], table: "Table", lake: Path) -> None:  # noqa: F821
        with seals.sealing(lake, table.name):
            stored = deltalake.DeltaTable(str(lake / table.name))
            schema = pa.schema(stored.schema().to_arrow())
            arrow = pa.Table.from_pylist(rows, schema=schema)
            deltalake.write_deltalake(stored, arrow, mode="append")

    return append


@pytest.fixture
def frame(spark: "SparkSession") -> Callable[..., "DataFrame"]:  # noqa: F821
    """A function that makes literal rows a table's rows in Spark; absent columns are null."""

    def make(rows: list[dict[str, Any]], table: "Table") -> "DataFrame":  # noqa: F821
        values = [tuple(row.get(name) for name in table.schema.names) for row in rows]
        return spark.createDataFrame(values, table.schema)

    return make


@pytest.fixture(scope="session")
def draw() -> Callable[..., Any]:
    """A function that draws words, each at its left and upper corner, black on white."""
    from PIL import Image, ImageDraw, ImageFont

    def drawn(
        size: tuple[int, int], words: dict[str, tuple[int, int]], *, height: int = 28
    ) -> Image.Image:
        picture = Image.new("RGB", size, "white")
        pen = ImageDraw.Draw(picture)
        for word, place in words.items():
            pen.text(place, word, fill="black", font=ImageFont.load_default(height))
        return picture

    return drawn
