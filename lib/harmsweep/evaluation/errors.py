"""The worst errors of each head, and the texts of their posts where a lake is at hand."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from harmsweep import lake as lakes
from harmsweep.evaluation.rows import POST, labelled, score_column
from harmsweep.snapshots import label_column
from harmsweep.train.evaluate import Record

# Of each kind and head.
MOST = 5
FLAGGED, MISSED = "labelled harmless, scored high", "labelled harmful, scored low"


def worst(rows: pd.DataFrame, harms: Sequence[str], *, most: int = MOST) -> Iterator[Record]:
    """By head the harmless posts that score highest and the harmful ones that score lowest.

    `place` is the row's place in the frame. A harmless post above no harmful one is no error, and
    neither is a harmful one below no harmless one.
    """
    for harm in harms:
        known = labelled(rows, harm)
        score, harmful = known[score_column(harm)], known[label_column(harm)] == 1
        if harmful.all() or not harmful.any():
            continue
        kinds = {
            FLAGGED: score[~harmful & (score > score[harmful].min())].nlargest(most),
            MISSED: score[harmful & (score < score[~harmful].max())].nsmallest(most),
        }
        for kind, found in kinds.items():
            for place, probability in found.items():
                row = rows.loc[place]
                ids = {name: str(row[name]) for name in ("post_id", "dataset", "language")}
                facts = {"harm": harm, "kind": kind, "place": place, "score": float(probability)}
                yield facts | ids | {"n_words": _words(row["n_words"])}


def texts(lake: Path, rows: pd.DataFrame) -> pd.Series:
    """The clean text of each row's revision, by the rows' index; none where the lake has none."""
    days = ", ".join(f"DATE '{day:%Y-%m-%d}'" for day in sorted(set(pd.to_datetime(rows["day"]))))
    if not days:
        return pd.Series(dtype=object)
    sql = f"SELECT day, post_id, revision, clean_text FROM post_features_v1 WHERE day IN ({days})"
    stored = lakes.query(lake, sql).to_pandas()
    keys = [frame[POST].assign(day=pd.to_datetime(frame["day"])) for frame in (rows, stored)]
    found = keys[0].merge(keys[1].assign(text=stored["clean_text"]), on=POST, how="left")
    return pd.Series(found["text"].to_numpy(), index=rows.index)


def _words(count: float) -> int:
    return int(count) if pd.notna(count) else 0
