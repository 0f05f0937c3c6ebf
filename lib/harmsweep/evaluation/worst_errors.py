"""The worst errors of each head, and the texts of their posts where a lake is at hand."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc

from harmsweep.evaluation.model_scores import POST, labelled_rows, score_column
from harmsweep.evaluation.records import Record
from harmsweep.lake import delta
from harmsweep.model.snapshot import label_column

FEATURES = "post_features_v1"
# Of each kind and head.
MOST = 5
FLAGGED, MISSED = "labelled harmless, scored high", "labelled harmful, scored low"


def worst(rows: pd.DataFrame, harms: Sequence[str], *, most: int = MOST) -> Iterator[Record]:
    """By head the harmless posts that score highest and the harmful ones that score lowest.

    `place` is the row's place in the frame. A harmless post above no harmful one is no error, and
    neither is a harmful one below no harmless one.
    """
    for harm in harms:
        known = labelled_rows(rows, harm)
        score, harmful = known[score_column(harm)], known[label_column(harm)] == 1
        if harmful.all() or not harmful.any():
            continue
        kinds = {
            FLAGGED: score[~harmful & (score > score[harmful].min())].nlargest(most),
            MISSED: score[harmful & (score < score[~harmful].max())].nsmallest(most),
        }
        for kind, rows_of_kind in kinds.items():
            for place, probability in rows_of_kind.items():
                row = rows.loc[place]
                ids = {name: str(row[name]) for name in ("post_id", "dataset", "language")}
                facts = {"harm": harm, "kind": kind, "place": place, "score": float(probability)}
                yield facts | ids | {"n_words": _words(row["n_words"])}


def texts(lake: Path, rows: pd.DataFrame) -> pd.Series:
    """The clean text of each row's revision, by the rows' index; none where the lake has none."""
    keys = rows[POST].assign(day=pd.to_datetime(rows["day"]).dt.date)
    # A day holds far more posts than have a label: what is not asked for is left where it is.
    wanted = pc.field("day").isin(sorted(set(keys["day"])))
    wanted &= pc.field("post_id").isin(sorted(set(keys["post_id"])))
    source = delta.stored(lake, FEATURES).to_pyarrow_dataset()
    stored = source.to_table(columns=[*POST, "clean_text"], filter=wanted).to_pandas()
    clean = keys.merge(stored, on=POST, how="left")["clean_text"]
    return pd.Series(clean.to_numpy(), index=rows.index)


def _words(count: float) -> int:
    return int(count) if pd.notna(count) else 0
