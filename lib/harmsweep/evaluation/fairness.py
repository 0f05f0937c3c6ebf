"""Whether harmless posts are flagged more often where they name a group of people.

Unintended bias by the terms of identities, after Dixon et al. (AIES 2018); the groups are those of
HateCheck (Röttger et al., ACL 2021), which releases are gated by, and the commonest of Dixon's.
"""

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame, count, false_positive_rate
from numpy.typing import NDArray

from harmsweep.evaluation.intervals import Bools, Floats, group_weights, interval
from harmsweep.evaluation.records import Record
from harmsweep.model.conf import Evaluation

# Neutral words only: a post with a slur is seldom one that merely names a group.
TERMS = {
    "women": "wom[ae]n|females?|girls?|lad(?:y|ies)",
    "men": "m[ae]n|males?|boys?|guys?",
    "gay people": "gays?|lesbians?|bisexuals?|homosexuals?|queer|lgbt\\w*",
    "trans people": "trans|transgender\\w*|transsexuals?|nonbinary",
    "Black people": "black (?:people|m[ae]n|wom[ae]n|guys?|girls?)|blacks|african.americans?",
    "white people": "white (?:people|m[ae]n|wom[ae]n|guys?|girls?)|whites|caucasians?",
    "Asian people": "asians?|chinese|japanese|indians?|koreans?",
    "Latino people": "latin[oax]s?|hispanics?|mexicans?",
    "Muslims": "muslims?|islam|islamic|arabs?",
    "Jews": "jews?|jewish|judaism",
    "Christians": "christians?|catholics?|protestants?",
    "disabled people": "disabled|disabilit(?:y|ies)|blind|deaf|autistic|wheelchairs?",
    "immigrants": "immigrants?|migrants?|refugees?|foreigners?",
}
_PATTERNS = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in TERMS.items()}
NO_IDENTITY = "none named"
# A rate among fewer harmless posts than this is left out.
LEAST_POSTS = 10


def mentions(texts: pd.Series) -> pd.DataFrame:
    """Which identities each text names: texts by identities."""
    known = texts.fillna("")
    columns = {
        name: [bool(pattern.search(text)) for text in known] for name, pattern in _PATTERNS.items()
    }
    return pd.DataFrame(columns, index=texts.index)


def identity_records(
    flagged: Bools,
    named: pd.DataFrame,
    groups: NDArray[np.str_],
    options: Evaluation,
    *,
    seed: int,
) -> Iterator[Record]:
    """Of harmless rows: the false-positive rate by identity, first of those that name none.

    `gap` is the difference to the first, with its interval over the same resamples of whole groups;
    none where no row or every row is flagged, which resampling cannot vary. A row counts for every
    identity that it names.
    """
    members = {NO_IDENTITY: ~named.any(axis=1).to_numpy()}
    members |= {str(name): named[name].to_numpy() for name in named}
    large = {name: rows for name, rows in members.items() if rows.sum() >= LEAST_POSTS}
    if NO_IDENTITY not in large:
        return
    rates = _rates(flagged, large)
    drawn = _drawn(flagged, large, groups, options, seed)
    for name, (rate, posts) in rates.items():
        record: Record = {"identity": name, "n": int(posts), "flagged": round(rate * posts)}
        record |= {"rate": rate, "gap": None, "gap_low": None, "gap_high": None}
        if name != NO_IDENTITY:
            record["gap"] = rate - rates[NO_IDENTITY][0]
            if 0 < rate < 1:
                ends = interval(drawn[name] - drawn[NO_IDENTITY])
                record["gap_low"], record["gap_high"] = ends
        yield record


def _rates(flagged: Bools, members: Mapping[str, Bools]) -> dict[str, tuple[float, float]]:
    """The false-positive rate and the number of each identity's rows."""
    # fairlearn's groups do not overlap: a row stands once for each identity that it names.
    names = np.concatenate([np.full(rows.sum(), name) for name, rows in members.items()])
    flags = np.concatenate([flagged[rows] for rows in members.values()])
    frame = MetricFrame(
        metrics={"rate": false_positive_rate, "posts": count},
        y_true=np.zeros(len(flags), dtype=int),
        y_pred=flags.astype(int),
        sensitive_features=pd.Series(names, name="identity"),
    ).by_group
    return {n: (float(frame.loc[n, "rate"]), float(frame.loc[n, "posts"])) for n in members}


def _drawn(
    flagged: Bools,
    members: Mapping[str, Bools],
    groups: NDArray[np.str_],
    options: Evaluation,
    seed: int,
) -> dict[str, Floats]:
    """The rate of each identity under the same resamples; NaN where none of its rows is drawn."""
    blocks = [
        _weighted(flagged, members, weights)
        for weights in group_weights(groups, resamples=options.resamples, seed=seed)
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in members}


def _weighted(flagged: Bools, members: Mapping[str, Bools], weights: Floats) -> dict[str, Floats]:
    with np.errstate(invalid="ignore"):
        return {n: weights @ (r & flagged) / (weights @ r) for n, r in members.items()}
