"""Fused rows: vectors with their masks, then scaled numbers."""

import numpy as np
import pytest

from harmsweep.model.fusion import (
    NUMBER_SCALE,
    Feature,
    Input,
    fuse,
    fused_width,
    input_columns,
    inputs_of,
    modalities_of,
    visible_columns,
)

TEXT = Input(name="text", encoder_id="e", width=2, scale=2.0)
LIKES = Feature(name="followers", transform="log1p", mean=1.0, std=2.0)


def fused(vector: list[float], present: bool, number: float) -> list[float]:
    columns = {
        "text_vector": np.array([vector], dtype=np.float32),
        "text_present": np.array([present]),
        "followers": np.array([number]),
    }
    return [float(x) for x in fuse(columns, [TEXT], [LIKES])[0]]


def test_a_present_vector_is_scaled_and_masked_with_one() -> None:
    assert fused([0.5, -1.0], True, np.expm1(1.0))[:3] == [1.0, -2.0, 1.0]


def test_an_absent_vector_is_zero_whatever_its_column_holds() -> None:
    assert fused([0.5, float("nan")], False, 0.0)[:3] == [0.0, 0.0, 0.0]


def test_a_number_is_standardised_after_its_transform() -> None:
    assert fused([0, 0], True, np.expm1(3.0))[3] == pytest.approx(NUMBER_SCALE * 1.0)


def test_an_unknown_number_is_the_mean() -> None:
    assert fused([0, 0], True, float("nan"))[3] == 0.0


def test_an_extreme_number_is_clipped() -> None:
    assert fused([0, 0], True, 1e300)[3] == pytest.approx(NUMBER_SCALE * 4.0)


def test_the_width_counts_vectors_masks_and_numbers() -> None:
    assert fused_width([TEXT], [LIKES]) == len(fused([0, 0], True, 0)) == 4


def test_a_vector_of_another_width_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"text: \(1, 3\), not 1 x 2"):
        fused([1, 2, 3], True, 0)


def test_the_columns_to_read_are_named() -> None:
    assert input_columns([TEXT], [LIKES]) == ["text_vector", "text_present", "followers"]


def test_the_raw_text_belongs_to_the_text_and_the_numbers_are_one_modality() -> None:
    names = ["text", "raw_text", "image"]
    assert modalities_of(names, ["n_chars"]) == ("text", "image", "numbers")
    assert modalities_of(names, []) == ("text", "image")
    assert inputs_of("text", names) == ["text", "raw_text"] and not inputs_of("numbers", names)


def test_the_columns_kept_are_those_of_the_other_modalities_with_their_masks() -> None:
    raw, image = (
        TEXT.model_copy(update={"name": "raw_text"}),
        Input(name="image", encoder_id="e", width=1),
    )
    inputs = [TEXT, raw, image]
    assert visible_columns(inputs, [LIKES], ["text"]).tolist() == [6, 7, 8]
    assert visible_columns(inputs, [LIKES], ["image", "numbers"]).tolist() == [0, 1, 2, 3, 4, 5]
