"""Hashed n-grams of texts: how they are written, beside what they mean. No weights, no vocabulary.

Method: Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML 2009, by
scikit-learn's HashingVectorizer: signed MurmurHash3. Words and pairs of them, and the runs of
letters within words, share the places.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from harmsweep.encoders.embedding import Floats, unit

WORDS, LETTERS = (1, 2), (3, 5)
# A text of 100,000 characters has as many runs of each length; what it says behind this is read by
# its windows.
MOST_CHARACTERS = 20_000


def ngram_vectors(texts: Sequence[str], places: int) -> Floats:
    """Unit vectors of the texts, [texts, places]; zeros of a text that is blank.

    A count enters by its logarithm, and words weigh as much as letters.
    """
    cut = [text[:MOST_CHARACTERS] for text in texts]
    counted = (each.transform(cut).toarray() for each in _vectorizers(places))
    damped = (unit(np.sign(counts) * np.log1p(np.abs(counts))) for counts in counted)
    return unit(sum(damped, np.zeros((len(cut), places), np.float32)))


@cache
def _vectorizers(places: int) -> tuple[Any, Any]:
    # Only workers need it, and it takes a second to import.
    from sklearn.feature_extraction.text import HashingVectorizer

    # All that the places of a text hang on is said here, and held by a test.
    alike = {"n_features": places, "norm": None, "lowercase": True, "alternate_sign": True}
    words = {"analyzer": "word", "ngram_range": WORDS, "token_pattern": r"\b\w\w+\b"}
    letters = {"analyzer": "char_wb", "ngram_range": LETTERS}
    return HashingVectorizer(**alike, **words), HashingVectorizer(**alike, **letters)
