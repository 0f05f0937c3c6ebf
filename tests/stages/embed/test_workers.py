"""What a Python worker does with its batches, without Spark."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from harmsweep.encoders import image, loading, text
from harmsweep.encoders.conf import load_encoders
from harmsweep.stages.embed import workers
from harmsweep.stages.embed.workers import embed_batches

pytestmark = pytest.mark.torch

ENCODERS = load_encoders()
JSON = {e.encoder_id: e.model_dump_json() for e in ENCODERS.values()}
TEXT, IMAGE = (ENCODERS[name].encoder_id for name in ("text", "image"))


def batch(encoder_id: str, **contents: str) -> pd.DataFrame:
    items = [(input_hash, encoder_id, content) for input_hash, content in contents.items()]
    return pd.DataFrame(items, columns=["input_hash", "encoder_id", "content"])


def embedded(batches: list[pd.DataFrame], root: Path) -> tuple[list[pd.DataFrame], list[int]]:
    loads: list[int] = []
    out = embed_batches(iter(batches), encoders=JSON, media_root=root, loaded=loads.append)
    return list(out), loads


def test_without_inputs_no_model_is_loaded(tmp_path: Path) -> None:
    loading.load_model.cache_clear()
    assert embedded([batch(TEXT)], tmp_path) == ([], [])
    assert loading.load_model.cache_info().misses == 0


def test_a_model_is_loaded_once_for_many_buffers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading.load_model.cache_clear()
    monkeypatch.setattr(text, "BUFFER", 2)
    batches = [batch(TEXT, a="one", b="two", c="three"), batch(TEXT, d="four", e="five")]
    out, loads = embedded(batches, tmp_path)
    assert [len(rows) for rows in out] == [2, 2, 1]
    assert sum(loads) == 1
    assert [h for rows in out for h in rows.input_hash] == ["a", "b", "c", "d", "e"]


def test_a_buffer_is_embedded_before_the_next_batch_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "BUFFER", 2)
    asked: list[str] = []

    def batches() -> Iterator[pd.DataFrame]:
        for name in "abcd":
            asked.append(name)
            yield batch(TEXT, **{name: name})

    out = embed_batches(batches(), encoders=JSON, media_root=tmp_path, loaded=lambda _: None)
    next(iter(out))
    assert asked == ["a", "b"]


def test_beside_a_gpu_the_next_buffer_is_prepared_and_the_rows_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "BUFFER", 2)
    batches = [batch(TEXT, a="one", b="two", c="three"), batch(TEXT, d="four", e="five")]
    plain, _ = embedded(batches, tmp_path)
    monkeypatch.setattr(workers, "on_gpu", lambda: True)
    beside, _ = embedded(batches, tmp_path)
    assert [rows.to_dict() for rows in beside] == [rows.to_dict() for rows in plain]


def test_what_is_ahead_is_one_value_and_its_error_comes_in_its_turn() -> None:
    made: list[int] = []

    def values() -> Iterator[int]:
        for n in (1, 2, 3):
            made.append(n)
            yield n
        raise OSError("gone")

    found = workers.ahead(values())
    assert next(found) == 1
    assert len(made) <= 2
    assert [next(found), next(found)] == [2, 3]
    with pytest.raises(OSError, match="gone"):
        next(found)
    assert list(workers.ahead(iter(()))) == []


def test_a_damaged_picture_is_a_row_and_the_others_have_vectors(tmp_path: Path) -> None:
    whole, cut = image.EXAMPLES[1], image.EXAMPLES[1][:-30]
    names = {}
    for name, data in (("whole.png", whole), ("cut.png", cut)):
        (tmp_path / name).write_bytes(data)
        names[hashlib.sha256(data).hexdigest()] = name
    (rows,), _ = embedded([batch(IMAGE, **names)], tmp_path)
    found = {names[r.input_hash]: r for r in rows.itertuples()}
    assert (found["whole.png"].status, len(found["whole.png"].vector)) == ("ok", 2 * 1280)
    assert (found["cut.png"].status, found["cut.png"].vector) == ("undecodable", None)


def test_a_vector_that_is_not_finite_is_undecodable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = text.embed

    def broken(model: text.Model, texts: list[str]) -> text.Embedded:
        vectors, windows, _ = real(model, texts)
        vectors[0, 3] = float("nan")
        return text.Embedded(vectors, windows)

    monkeypatch.setattr(text, "embed", broken)
    (rows,), _ = embedded([batch(TEXT, a="one", b="two")], tmp_path)
    assert rows.status.tolist() == ["undecodable", "ok"]
    assert rows.reason[0] == "the vector is not finite"
