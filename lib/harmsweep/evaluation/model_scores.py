"""A part's rows with their labels, the model's probabilities, and what they may be sliced by.

Imports torch: for judging models, never for a driver that forks workers.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harmsweep.evaluation.records import MODEL
from harmsweep.evaluation.scored import ScoredRows, read_columns
from harmsweep.model.fusion import Columns
from harmsweep.model.network import load_heads, score_columns
from harmsweep.model.snapshot import label_column

POST = ["day", "post_id", "revision"]
KEYS = [*POST, "split_group", "dataset", "language", "author_origin", "n_words"]
# How often a post was seen, up to its cut-off.
VIEWS = "views"
# The most words of each class of length.
LENGTHS = {"no words": 0, "1 to 10 words": 10, "11 to 25 words": 25, "over 25 words": np.inf}
# What a post carries besides its words; the first that holds.
MEDIA = {"video": "video_present", "picture": "image_present"}
WORDS_ONLY = "words only"


def score_column(harm: str) -> str:
    """The column of the model's probability of a harm."""
    return f"p_{harm}"


def model_scores(part: Path, model: Path) -> pd.DataFrame:
    """A part's rows: `KEYS`, `length`, `media`, `views`, and by harm label and probability.

    Labels are 1, 0 or NaN (not annotated); views are NaN where they are not known.
    """
    manifest, heads = load_heads(model)
    labels = [label_column(harm) for harm in manifest.harms]
    numbers = [feature.name for feature in manifest.features]
    frames = []
    # File by file: the vectors of one are in memory, the scores of all.
    for path in sorted(part.glob("*.parquet")):
        views = [name for name in (VIEWS,) if name in pq.read_schema(path).names]
        columns = [*dict.fromkeys([*KEYS, *numbers, *labels, *views])]
        rows = read_columns(path, columns, inputs=manifest.inputs, windows=manifest.windows)
        scores = score_columns(manifest, heads, rows)
        values = {name: rows[name] for name in [*KEYS, *labels]}
        values |= {score_column(harm): scores[:, n] for n, harm in enumerate(manifest.harms)}
        seen = rows[VIEWS] if views else np.nan
        frames.append(pd.DataFrame(values).assign(media=media(rows), views=seen))
    whole = pd.concat(frames, ignore_index=True)
    return whole.assign(length=length(whole["n_words"]))


def length(words: pd.Series) -> pd.Series:
    """The class of each number of words, ordered; unknown is none."""
    return pd.cut(words.fillna(0), [-1.0, *LENGTHS.values()], labels=list(LENGTHS))


def media(rows: Columns) -> NDArray[np.str_]:
    """What each row carries besides its words, by the columns of presence that there are."""
    known = {name: rows[column] > 0 for name, column in MEDIA.items() if column in rows}
    if not known:
        return np.full(len(rows["post_id"]), WORDS_ONLY)
    return np.select(list(known.values()), list(known), WORDS_ONLY)


def labelled_rows(rows: pd.DataFrame, harm: str) -> pd.DataFrame:
    """The rows that have a label of a harm."""
    return rows[rows[label_column(harm)].notna()]


def scored_rows(rows: pd.DataFrame, harm: str) -> ScoredRows:
    """A harm's labelled rows as the model's evaluation takes them."""
    known = labelled_rows(rows, harm)
    return ScoredRows(
        harm,
        (known[label_column(harm)] > 0.5).to_numpy(),
        {MODEL: known[score_column(harm)].to_numpy(dtype=float)},
        *(known[name].to_numpy(dtype=str) for name in ("split_group", "dataset", "language")),
    )
