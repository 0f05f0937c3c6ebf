"""Hashed n-grams of texts: how they are written, beside what they mean. No weights, no vocabulary.

Method: Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML 2009, by
scikit-learn's HashingVectorizer: signed MurmurHash3. Words and pairs of them, and the runs of
letters within words, share the places.
"""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from harmsweep.encoders.embedding import Floats

WORDS, LETTERS = (1, 2), (3, 5)
# A text of 100,000 characters has as many runs of each length; what it says behind this is read by
# its windows.
MOST_CHARACTERS = 20_000


def ngram_vectors(texts: Sequence[str], places: int) -> Floats:
    """Unit vectors of the texts, [texts, places]; zeros of a text that is blank."""
    vectors: Floats = sparse_ngrams(texts, places).toarray()
    return vectors


def sparse_ngrams(texts: Sequence[str], places: int) -> Any:
    """The same as a sparse matrix: a text has some 200 n-grams.

    A count enters by its logarithm, and words weigh as much as letters.
    """
    # Only workers need it, and it takes a second to import.
    from sklearn.preprocessing import normalize

    cut = [text[:MOST_CHARACTERS] for text in texts]
    words, letters = (each.transform(cut) for each in _vectorizers(places))
    return normalize(normalize(_damped(words)) + normalize(_damped(letters)))


def _damped(counts: Any) -> Any:
    counts.data = np.sign(counts.data) * np.log1p(np.abs(counts.data))
    return counts


@cache
def _vectorizers(places: int) -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import HashingVectorizer

    # All that the places of a text hang on is said here, and held by a test.
    alike = {"n_features": places, "norm": None, "lowercase": True, "alternate_sign": True}
    counting = partial(HashingVectorizer, dtype=np.float32, **alike)
    return (
        counting(analyzer="word", ngram_range=WORDS, token_pattern=r"\b\w\w+\b"),
        counting(analyzer="char_wb", ngram_range=LETTERS),
    )
