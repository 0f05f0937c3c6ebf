"""A model's columns from vectors and numbers at hand; what is not there is absent."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from harmsweep.encoders.stored import stored
from harmsweep.model.columns import PostInputs, columns_of, columns_of_posts
from harmsweep.model.fusion import SIMILARITY, Feature, Input

ONE, TWO = stored(np.array([[1.0, 0.5], [2.0, 0.0]]))
MODEL: Any = SimpleNamespace(
    inputs=[Input(name=n, encoder_id=n[0], width=2) for n in ("caption", "image", "text")],
    features=[Feature(name=name, transform="none") for name in ("views", SIMILARITY)],
    windows=None,
)


def test_what_is_not_given_is_absent() -> None:
    text = {"text": np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)}
    columns = columns_of(MODEL, 2, text, {"text": np.array([True, False])}, {})
    assert columns["text_vector"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert columns["text_present"].tolist() == [True, False]
    assert columns["image_vector"].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert columns["image_present"].tolist() == [False, False]
    assert np.isnan(columns["views"]).all()


def test_each_post_has_a_row_of_its_own() -> None:
    both = PostInputs({"views": 7, SIMILARITY: 0.1}, {("caption", "c"): ONE, ("image", "i"): TWO})
    other = PostInputs({"views": None}, {("text", "t"): TWO, ("image", "of another encoder"): ONE})
    columns = columns_of_posts([both, other], MODEL)
    assert columns["caption_present"].tolist() == [True, False]
    assert columns["image_present"].tolist() == [True, False]
    assert columns["text_vector"].tolist() == [[0.0, 0.0], [2.0, 0.0]]
    assert columns["views"][0] == 7 and math.isnan(columns["views"][1])
    # Computed from the vectors, whatever the numbers say.
    assert columns[SIMILARITY][0] == pytest.approx(2 / math.sqrt(5))
    assert math.isnan(columns[SIMILARITY][1])
