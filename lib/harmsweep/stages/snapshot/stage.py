"""From named Delta versions to a folder of Parquet that is whole or absent."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep.encoders.conf import load_encoders
from harmsweep.encoders.tuned import tuned_groups
from harmsweep.files import writing_whole
from harmsweep.harms import HARMS
from harmsweep.lake import delta
from harmsweep.lake.flow import SNAPSHOT
from harmsweep.lake.runs import Spark
from harmsweep.logs import log
from harmsweep.model.conf import LabelWeights, Split, load_training
from harmsweep.model.fusion import Input
from harmsweep.model.inputs import NUMBERS
from harmsweep.model.snapshot import FACTS, PARTS, Snapshot, file_hashes, snapshot_id
from harmsweep.model.windows import windows_of
from harmsweep.stages.snapshot.groups import Joining, join_groups
from harmsweep.stages.snapshot.label_weights import Sizes, with_factors
from harmsweep.stages.snapshot.snapshot_rows import (
    has_label,
    is_ordinary,
    labelled_rows,
    with_parts,
)
from harmsweep.tables.catalog import (
    AUTHOR_VECTORS,
    ESCALATIONS,
    LABEL_TASKS,
    LABELS,
    MEDIA,
    POST_FEATURES,
    POST_VECTORS,
    POSTS,
    SCORES,
)
from harmsweep.tables.spec import Table

SOURCES = tuple(source.table for source in SNAPSHOT.reads)
# Another number where the rows or the layout of a snapshot change their meaning.
FORMAT = 8
# A file is one row group, the unit that the trainer shuffles and shards: 1,000 rows are 8 MB.
ROWS_PER_FILE = 1000
MIN_FILES = 4
_KEY = ["day", "post_id", "revision"]


def take_snapshot(
    spark: Spark, lake: Path, *, first: date, last: date, out: Path, config: Path | None = None
) -> Path:
    """The folder `out/<id>` with the labelled posts of the days, from the tables as they are now.

    Posts of the collections that conf calls ordinary are in it without labels.

    The id is a digest of versions, range and configuration: what was taken before is only named,
    without Spark. Rows hold vectors, numbers, labels and ids, never text.
    """
    training = load_training(config) if config else load_training()
    inputs = encoder_inputs()
    weights = training.label_weights
    sources = (*SOURCES, *([SCORES] if weights.unknown == "score_bins" else []))
    versions = {table.name: delta.version(table, lake) for table in sources}
    windows = windows_of(inputs, training.text_windows)
    read = (*inputs, *([windows] if windows else []))
    ordinary = training.background.ordinary
    identity = _identity(versions, first, last, training.split, read)
    identity |= {"ordinary": ordinary, "label_weights": weights.model_dump()}
    name = snapshot_id(identity)
    folder = out / name
    if not folder.exists():
        facts = {"id": name, "versions": versions, "first": first, "last": last}
        facts |= {"split": training.split, "inputs": inputs, "numbers": NUMBERS, "harms": HARMS}
        facts |= {"windows": windows, "tuned_on": encoder_groups()}
        tables = _tables(spark(), lake, sources, versions, (first, last))
        tables[LABELS.name], facts["label_weights"] = _weighed(tables, weights)
        _write(_rows(tables, read, ordinary), tables, folder, facts, ordinary)
        log("snapshot").info("taken", snapshot=name, first=str(first), last=str(last))
    return folder


def encoder_inputs() -> tuple[Input, ...]:
    """Every input that conf/encoders.yaml names: a champion may read more than a new model."""
    return tuple(
        Input(name=name, encoder_id=encoder.encoder_id, width=encoder.width)
        for name, encoder in load_encoders().items()
    )


def encoder_groups() -> tuple[str, ...]:
    """Hashes of the groups that encoders of conf/encoders.yaml learned from; sorted."""
    encoders = {e.cache_id: e for e in load_encoders().values()}.values()
    return tuple(sorted({group for encoder in encoders for group in tuned_groups(encoder)}))


def _identity(
    versions: Mapping[str, int], first: date, last: date, split: Split, inputs: Sequence[Input]
) -> dict[str, object]:
    return {
        "format": FORMAT,
        "versions": dict(versions),
        "first": first,
        "last": last,
        "split": split.model_dump(),
        "inputs": [source.model_dump() for source in inputs],
        "numbers": NUMBERS,
        "harms": HARMS,
    }


def _tables(
    spark: SparkSession,
    lake: Path,
    sources: Sequence[Table],
    versions: Mapping[str, int],
    days: tuple[date, date],
) -> dict[str, DataFrame]:
    """The sources' rows of the days; posts that were escalated are never trained on."""
    in_range = F.col("day").between(*map(F.lit, days))
    tables = {
        table.name: delta.read(spark, table, lake, version=versions[table.name]).where(in_range)
        for table in sources
    }
    escalated = tables.pop(ESCALATIONS.name)
    posts = tables[POSTS.name].join(escalated, on=["day", "post_id"], how="left_anti")
    return tables | {POSTS.name: posts}


def _weighed(tables: Mapping[str, DataFrame], options: LabelWeights) -> tuple[DataFrame, Sizes]:
    """The labels with what they count, for how they came to be."""
    labels, tasks, posts = (tables[table.name] for table in (LABELS, LABEL_TASKS, POSTS))
    return with_factors(labels, tasks, tables.get(SCORES.name), posts, options)


def _rows(
    tables: Mapping[str, DataFrame], inputs: Sequence[Input], ordinary: Sequence[str]
) -> DataFrame:
    read = (POSTS, POST_FEATURES, POST_VECTORS, AUTHOR_VECTORS, LABELS)
    return labelled_rows(*(tables[table.name] for table in read), inputs=inputs, ordinary=ordinary)


def _join_groups(rows: DataFrame, tables: Mapping[str, DataFrame]) -> Joining:
    """The split groups of the rows, by what their posts hold."""
    known = rows.select(*_KEY, "own_group")
    texts = tables[POSTS.name].select(*_KEY, "text")
    posts = tables[POST_FEATURES.name].join(known, on=_KEY, how="inner").join(texts, on=_KEY)
    return join_groups(posts, tables[MEDIA.name].join(known, on=_KEY, how="inner"))


def _write(
    rows: DataFrame,
    tables: Mapping[str, DataFrame],
    folder: Path,
    facts: Mapping[str, Any],
    ordinary: Sequence[str],
) -> None:
    """Write all parts; the folder is there once it is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    kept = rows.persist()
    joining = _join_groups(kept, tables)
    grouped = kept.join(joining.groups, on="own_group", how="inner")
    tuned_on = frozenset(facts["tuned_on"])
    parted = with_parts(grouped, facts["split"], ordinary, tuned_on=tuned_on).persist()
    usable = parted.where(has_label() | is_ordinary(ordinary))
    try:
        with writing_whole(folder) as fresh:
            counts = {p: _write_part(usable.where(F.col("split") == p), fresh / p) for p in PARTS}
            placed = parted.count()
            snapshot = Snapshot(
                **facts,
                rows={part: n for part, (n, _) in counts.items()},
                groups={part: n for part, (_, n) in counts.items()},
                duplicates=kept.count() - placed,
                natural_only=placed - sum(n for n, _ in counts.values()),
                joined=joining.joined,
                common_keys=joining.common,
                largest_group=joining.largest,
                files=file_hashes(fresh),
            )
            (fresh / FACTS).write_text(snapshot.model_dump_json(indent=1), encoding="utf-8")
        log("snapshot").info("groups joined", **joining.joined, largest=joining.largest)
    finally:
        kept.unpersist()
        parted.unpersist()


def _write_part(rows: DataFrame, folder: Path) -> tuple[int, int]:
    """Write one part, its files named and ordered by content alone; give its rows and groups."""
    counted = rows.agg(F.count("*"), F.countDistinct("split_group")).first()
    n, groups = (int(counted[0]), int(counted[1])) if counted else (0, 0)
    files = max(MIN_FILES, -(-n // ROWS_PER_FILE))
    spread = rows.repartition(files, F.xxhash64("day", "post_id", "revision"))
    ordered = spread.sortWithinPartitions("day", "post_id", "revision")
    ordered.write.mode("overwrite").parquet(folder.as_uri())
    # Spark puts a random id into a file's name; readers go through files by name.
    for place, path in enumerate(sorted(folder.glob("*.parquet"))):
        path.rename(folder / f"part-{place:05d}.parquet")
    for path in [*folder.glob("_SUCCESS"), *folder.glob(".*.crc")]:
        path.unlink()
    log("snapshot").info("part written", part=folder.name, rows=n, groups=groups)
    return n, groups
