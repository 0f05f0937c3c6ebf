"""scripts/fetch_e5 turns a package's 4-bit file into safetensors, and keeps only what conf pins."""

import hashlib
import json
import struct
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from safetensors.numpy import load_file

from harmsweep.encoders.conf import Encoder, declared_encoders, verify
from harmsweep.files import FileRefused
from harmsweep.paths import ROOT

E5 = declared_encoders()["e5-small"]
WIDTH, INNER, WORDS, POSITIONS = 32, 64, 5, 6
# By the package's name: the tensor's numbers, and whether they are in blocks of 4 bits.
LAYER = {
    **{f"l0.{name}.w": (WIDTH * WIDTH, True) for name in ("q", "k", "v", "ao")},
    **{f"l0.{name}.b": (WIDTH, False) for name in ("q", "k", "v", "ao", "fo")},
    "l0.fi.w": (INNER * WIDTH, True),
    "l0.fi.b": (INNER, False),
    "l0.fo.w": (WIDTH * INNER, True),
    **{f"l0.{name}.{part}": (WIDTH, False) for name in ("aln", "oln") for part in "wb"},
}
TENSORS = {
    "emb.word": (WORDS * WIDTH, True),
    "emb.pos": (POSITIONS * WIDTH, False),
    "emb.type": (2 * WIDTH, False),
    "emb.ln.w": (WIDTH, False),
    "emb.ln.b": (WIDTH, False),
    **LAYER,
}


def fetcher() -> ModuleType:
    """scripts/fetch_e5 as a module."""
    loader = SourceFileLoader("fetch_e5", str(ROOT / "scripts" / "fetch_e5"))
    module = ModuleType(loader.name)
    loader.exec_module(module)
    return module


def packed(count: int, four_bit: bool) -> bytes:
    """A tensor's bytes: 0, 1, 2, ..., or blocks of which the low halves are 9 and the high 6."""
    if not four_bit:
        return np.arange(count, dtype="<f4").tobytes()
    return (np.float16(0.5).tobytes() + bytes([0x69]) * 16) * (count // 32)


def weights() -> bytes:
    """A file of the package's form with one layer, two pieces and no map of characters."""
    head = b"E5S1" + struct.pack("<i7ifi", 1, WIDTH, 1, 2, INNER, WORDS, POSITIONS, 2, 1e-12, 32)
    pieces = struct.pack("<5iQ3I2f", 2, 0, 2, 1, 3, 4, 0, 2, 4, -1.0, -2.0) + b"abcd"
    start = len(head) + len(pieces) + 8 + 4 + sum(23 + len(name) for name in TENSORS)
    directory, content = struct.pack("<iIi", 0, 0, len(TENSORS)), b""
    for name, (count, four_bit) in TENSORS.items():
        raw, place = packed(count, four_bit), start + len(content)
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", four_bit, count, place, len(raw))
        content += raw
    return head + pieces + directory + content


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder, module = tmp_path / "packages", fetcher()
    for path, content in ((module.WEIGHTS, weights()), (module.TOKENIZER, b"{}")):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_bytes(content)
    return folder


def encoder(folder: Path, **hashes: str) -> Encoder:
    return E5.model_copy(update={"path": str(folder), "files": hashes})


def made(packages: Path, folder: Path) -> dict[str, str]:
    """The hashes of what becomes of the packages, each asked for by a refusal."""
    found = {}
    for name in E5.files:
        with pytest.raises(FileRefused) as refused:
            fetcher().convert(packages, encoder(folder, **{name: "0" * 64}))
        found[name] = str(refused.value).rpartition(" ")[2]
        assert not (folder / name).exists()
    return found


def test_the_files_are_the_same_bytes_each_time(packages: Path, tmp_path: Path) -> None:
    hashes = made(packages, tmp_path / "first")
    assert hashes == made(packages, tmp_path / "second")
    assert hashes["tokenizer.json"] == hashlib.sha256(b"{}").hexdigest()
    fetcher().convert(packages, encoder(tmp_path / "made", **hashes))
    folder = verify(encoder(tmp_path / "made", **hashes))
    assert {path.name for path in folder.iterdir()} == E5.files.keys()


def test_weights_have_the_names_shapes_and_numbers_of_a_bert(
    packages: Path, tmp_path: Path
) -> None:
    from transformers import BertConfig, BertModel

    hashes = made(packages, tmp_path)
    fetcher().convert(packages, encoder(tmp_path, **hashes))
    config = BertConfig(**json.loads((tmp_path / "config.json").read_text()))
    assert config.layer_norm_eps == 1e-12
    state = BertModel(config, add_pooling_layer=False).state_dict()
    found = load_file(tmp_path / "model.safetensors")
    assert {n: a.shape for n, a in found.items()} == {n: tuple(t.shape) for n, t in state.items()}
    words = found["embeddings.word_embeddings.weight"]
    assert words.dtype == np.float16
    assert words[0].tolist() == [0.5] * 16 + [-1.0] * 16
    positions = found["embeddings.position_embeddings.weight"]
    assert positions.dtype == np.float32
    assert positions.ravel().tolist() == list(range(POSITIONS * WIDTH))


@pytest.mark.parametrize(("content", "why"), [(b"GGUF" * 40, "begin with E5S1"), (None, "early")])
def test_another_file_is_refused(
    packages: Path, tmp_path: Path, content: bytes | None, why: str
) -> None:
    (packages / fetcher().WEIGHTS).write_bytes(content or weights()[:200])
    with pytest.raises(FileRefused, match=why):
        fetcher().convert(packages, encoder(tmp_path, **{"config.json": "0" * 64}))
