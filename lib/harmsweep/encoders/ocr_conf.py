"""The reader of text in images that conf names: its models, what they must hash to, its id.

Nothing here imports the reader: the driver plans with its id, and the workers load it.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pydantic import Field
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep.conf import Frozen, load
from harmsweep.days import every_day
from harmsweep.files import check_file, resolve
from harmsweep.lake.delta import Slice, read_days, read_slice
from harmsweep.paths import CONF
from harmsweep.tables.catalog import MEDIA_TEXTS

# A reading is looked for this many days around the day: a backfill finds what later days read.
WINDOW_DAYS = 30
# What runs the models: half of the processor time of ONNX Runtime.
ENGINE = "openvino"


class OcrSettings(Frozen):
    """Sizes in pixels, the least probability of a line, and how many lines are read at once."""

    min_side: int = Field(ge=32)
    max_side: int = Field(ge=64)
    text_score: float = Field(ge=0, lt=1)
    batch: int = Field(gt=0)


class OcrConf(Frozen):
    """A frozen reader: its package, the hashes of its models and its settings."""

    package: str
    # A folder: `package:NAME/FOLDER` lies inside an installed package.
    path: str
    # Every model that is loaded, with its SHA-256.
    files: dict[str, str] = Field(min_length=1)
    settings: OcrSettings

    @property
    def reader_id(self) -> str:
        """Package, version, and a digest of engine, models and settings: another reads otherwise.

        Such as `rapidocr-3.10.0-5d0c1f7e1a2b`.
        """
        settings = self.settings.model_dump()
        facts = json.dumps([ENGINE, sorted(self.files.items()), settings], sort_keys=True)
        digest = hashlib.sha256(facts.encode()).hexdigest()
        return f"{self.package}-{version(self.package)}-{digest[:12]}"

    def verified(self) -> Path:
        """The folder of the models, once every file in it has the SHA-256 that conf pins.

        Raises:
            FileRefused: a model is missing or another one; it is named.
        """
        folder = resolve(self.path)
        for name, expected in self.files.items():
            check_file(folder / name, expected)
        return folder


@cache
def load_ocr_conf(path: Path = CONF / "ocr.yaml") -> OcrConf:
    """The reader that conf names.

    Raises:
        ConfRefused: its line, its key and what would be allowed.
    """
    return load(path, OcrConf)


def ocr_results(
    spark: SparkSession,
    lake: Path,
    day: date,
    reader_id: str,
    *,
    contents: Sequence[str] | None = None,
) -> DataFrame:
    """What a reader read in the days around the day: a row per picture, or of the named contents.

    Two days outside each other's window may both have read a picture: the later reading counts.
    """
    around = timedelta(days=WINDOW_DAYS)
    first, last = day - around, day + around
    if contents is None:
        texts = read_days(spark, MEDIA_TEXTS, lake, first, last)
    else:
        where: Slice = {"day": every_day(first, last), "content_hash": contents}
        texts = read_slice(spark, MEDIA_TEXTS, lake, where)
    of_reader = texts.where(F.col("reader_id") == reader_id)
    reading = F.struct("status", "reason", "normal_text")
    return of_reader.groupBy("content_hash").agg(F.max_by(reading, "day").alias("found"))
