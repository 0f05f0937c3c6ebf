"""How many posts of a snapshot's certify and test parts have a near-copied text in train.

Before: as the groups that collections give would be split. After: as the snapshot is. All pairs of
texts are compared, so that what the snapshot's own search misses is counted too; in memory, up to
about 50,000 posts.

    .venv/bin/python scripts/benchmarks/leaks.py --lake lake --snapshot lake/snapshots/SNAPSHOT
"""

import argparse
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import CountVectorizer

from harmsweep.lake.delta import query
from harmsweep.model.conf import Split
from harmsweep.model.snapshot import PARTS, Snapshot, hand_column, label_column, load_snapshot
from harmsweep.stages.snapshot.near_texts import LEAST_RUNS, MOST_LETTERS, NEAR, RUN
from harmsweep.stages.snapshot.split import Group, parts_of

KEY = ["day", "post_id", "revision"]
ROWS_AT_ONCE = 500


def main(*, lake: Path, snapshot: Path) -> None:
    facts = load_snapshot(snapshot)
    rows = _rows(snapshot, lake, facts)
    rows["before"] = rows["own_group"].map(_parts_before(rows, facts.split))
    pairs = near_pairs(rows["normal_text"])
    console = Console()
    console.print(_leaks(rows, pairs, facts))
    sizes = Counter(rows.groupby("split_group")["own_group"].nunique())
    console.print("split groups by how many of the collections' groups they hold:")
    console.print(dict(sorted(sizes.items())))
    console.print({"joined": facts.joined, "common": facts.common_keys})
    own = [rows["own_group"].nunique(), rows["split_group"].nunique()]
    console.print(f"{len(rows)} rows, {own[0]} groups before and {own[1]} after")
    moved = (rows["before"] != rows["split"]).sum()
    console.print(f"{moved} rows are in another part than before")


def _rows(snapshot: Path, lake: Path, facts: Snapshot) -> pd.DataFrame:
    labels = [column(harm) for harm in facts.harms for column in (label_column, hand_column)]
    columns = [*KEY, "dataset", "own_group", "split_group", "split", *labels]
    parts = [pd.read_parquet(snapshot / part, columns=columns) for part in PARTS]
    sql = f"SELECT {', '.join(KEY)}, normal_text FROM post_features_v1"
    texts = query(lake, sql).to_pandas()
    return pd.concat(parts).merge(texts, on=KEY, how="left").reset_index(drop=True)


def _parts_before(rows: pd.DataFrame, split: Split) -> dict[str, str]:
    """The part that each of the collections' groups had before they were joined."""
    harms = [c.removeprefix("hand_") for c in rows.columns if c.startswith("hand_")]
    counts = {
        f"{harm}={value}": ((rows[label_column(harm)] == value) & rows[hand_column(harm)])
        for harm in harms
        for value in (0, 1)
    }
    table = pd.DataFrame(counts).groupby(rows["own_group"]).sum()
    homes = rows.groupby("own_group")["dataset"].min()
    found = [
        Group(name, homes[name], {c: int(n) for c, n in row.items() if n})
        for name, row in sorted(table.to_dict("index").items())
    ]
    return parts_of(found, split)


def near_pairs(texts: pd.Series) -> np.ndarray:
    """Both places of each near pair, pairs by two, in both orders; all pairs are compared."""

    def plain(text: str) -> str:
        letters = re.sub(r"[\W_]+", " ", text.lower())[:MOST_LETTERS]
        return re.sub(r"\d+", "0", letters).strip()

    runs = CountVectorizer(
        analyzer="char", ngram_range=(RUN, RUN), binary=True, preprocessor=plain, dtype=np.float32
    ).fit_transform(texts.fillna(""))
    sizes = np.asarray(runs.sum(axis=1)).ravel()
    found = []
    for start in range(0, len(texts), ROWS_AT_ONCE):
        common = (runs[start : start + ROWS_AT_ONCE] @ runs.T).tocoo()
        left, right = common.row + start, common.col
        near = common.data >= NEAR * (sizes[left] + sizes[right] - common.data)
        near &= (np.minimum(sizes[left], sizes[right]) >= LEAST_RUNS) & (left != right)
        found.append(np.stack([left[near], right[near]], axis=1))
    return np.concatenate(found)


def _leaks(rows: pd.DataFrame, pairs: np.ndarray, facts: Snapshot) -> Table:
    table = Table(title="harmful posts, and those of them with a near-copy in train")
    for name in ("harm", "part", "before", "copies", "after", "copies", "groups", "groups now"):
        table.add_column(name)
    for harm in facts.harms:
        harmful = (rows[label_column(harm)] == 1).to_numpy() & rows[hand_column(harm)].to_numpy()
        for part in PARTS:
            cells = []
            for split in ("before", "split"):
                inside = harmful & (rows[split] == part).to_numpy()
                trained = (rows[split] == "train").to_numpy()
                copied = pairs[inside[pairs[:, 0]] & trained[pairs[:, 1]], 0]
                leaks = "" if part == "train" else str(len(set(copied.tolist())))
                cells += [str(inside.sum()), leaks]
            before = rows["own_group"][harmful & (rows["before"] == part)].nunique()
            after = rows["split_group"][harmful & (rows["split"] == part)].nunique()
            table.add_row(harm, part, *cells, str(before), str(after))
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--snapshot", type=Path, required=True)
    main(**vars(parser.parse_args()))
