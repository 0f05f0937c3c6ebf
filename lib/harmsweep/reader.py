"""The reader of text in images that conf names: its models, what they must hash to, its id.

Nothing here imports the reader: the driver plans with its id, and the workers load it.
"""

import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from harmsweep.encoders import check_file, resolve
from harmsweep.paths import CONF


class Reader(BaseModel):
    """A frozen reader: its package, the hashes of its models and its settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str
    # A folder: `package:NAME/FOLDER` lies inside an installed package.
    path: str
    # Every model that is loaded, with its SHA-256.
    files: dict[str, str] = Field(min_length=1)
    settings: dict[str, int | float | bool | str]

    @property
    def reader_id(self) -> str:
        """Package, version, and a digest of models and settings: what reads otherwise differs.

        Such as `rapidocr-3.10.0-5d0c1f7e1a2b`.
        """
        facts = json.dumps([sorted(self.files.items()), self.settings], sort_keys=True)
        digest = hashlib.sha256(facts.encode()).hexdigest()
        return f"{self.package}-{version(self.package)}-{digest[:12]}"

    def verified(self) -> Path:
        """The folder of the models, once every file in it has the SHA-256 that conf pins.

        Raises:
            EncoderRefused: a model is missing or another one; it is named.
        """
        folder = resolve(self.path)
        for name, expected in self.files.items():
            check_file(folder / name, expected)
        return folder


@cache
def load_reader(path: Path = CONF / "reader.yaml") -> Reader:
    """The reader that conf names.

    Raises:
        pydantic.ValidationError: a field is missing or not known.
    """
    return Reader.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
