"""MLflow's registry of models: which version is the champion, and which was before it.

A version's source is the model's folder; its tag `digest` is the manifest's own, so that a folder
whose files were exchanged is refused however well they fit each other.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from harmsweep.errors import Refused
from harmsweep.model.manifest import NAME as MANIFEST
from harmsweep.model.manifest import load_manifest

MODEL, CHAMPION, PREVIOUS = "harmsweep", "champion", "previous"
# MLflow sends usage events, tries Git, and prints each migration of a new database.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


@dataclass(frozen=True)
class ChampionChange:
    """Which model is the champion now, and which was before, if any."""

    model_version: str
    before: str | None

    def line(self) -> str:
        """The change as a job prints it."""
        return f"champion is {self.model_version}, before it {self.before or 'none'}"


class RegistryRefused(Refused):
    """The registry has no such model, or not the files that it named."""


def tracking_uri(folder: Path) -> str:
    """MLflow's store of a folder: a SQLite file, without a server."""
    return f"sqlite:///{(folder / 'mlflow.db').resolve()}"


@contextmanager
def client(folder: Path) -> Iterator[Any]:
    """MLflow's client of a folder's store."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient  # after the environment: it reads it at import

    folder.mkdir(parents=True, exist_ok=True)
    uri = tracking_uri(folder)
    yield MlflowClient(tracking_uri=uri, registry_uri=uri)


def manifest_of(alias: str, folder: Path) -> Path | None:
    """The manifest of the version that has the alias; None where none has.

    Raises:
        RegistryRefused: its files are gone, or are not those that were registered.
    """
    from mlflow.exceptions import MlflowException

    with client(folder) as registry:
        try:
            version = registry.get_model_version_by_alias(MODEL, alias)
        except MlflowException:
            return None
    path = Path(unquote(urlparse(version.source).path)) / MANIFEST
    found = load_manifest(path)
    if found.digest != version.tags.get("digest"):
        raise RegistryRefused(f"{path}: not the model that was registered as {alias}")
    return path


def set_champion(path: Path, folder: Path) -> ChampionChange:
    """Make a manifest's model the champion; the one before is `previous`. Twice changes nothing."""
    from mlflow.exceptions import MlflowException

    manifest = load_manifest(path)
    with client(folder) as registry:
        try:
            before = registry.get_model_version_by_alias(MODEL, CHAMPION)
        except MlflowException:
            before = None
        if before is not None and before.tags.get("digest") == manifest.digest:
            return ChampionChange(manifest.model_version, manifest.model_version)
        if before is None and not registry.search_registered_models(f"name = '{MODEL}'"):
            registry.create_registered_model(MODEL)
        made = registry.create_model_version(
            MODEL,
            source=path.parent.resolve().as_uri(),
            tags={"digest": manifest.digest, "model_version": manifest.model_version},
        )
        if before is not None:
            registry.set_registered_model_alias(MODEL, PREVIOUS, before.version)
        registry.set_registered_model_alias(MODEL, CHAMPION, made.version)
    return ChampionChange(manifest.model_version, before.tags["model_version"] if before else None)


def roll_back(folder: Path) -> ChampionChange:
    """Make the previous champion the champion again; the two change places.

    Raises:
        RegistryRefused: there was no champion before, or its files are not those registered.
    """
    former = manifest_of(PREVIOUS, folder)
    if former is None:
        raise RegistryRefused("no champion before this one: nothing to go back to")
    with client(folder) as registry:
        now = registry.get_model_version_by_alias(MODEL, CHAMPION)
        then = registry.get_model_version_by_alias(MODEL, PREVIOUS)
        registry.set_registered_model_alias(MODEL, CHAMPION, then.version)
        registry.set_registered_model_alias(MODEL, PREVIOUS, now.version)
    return ChampionChange(then.tags["model_version"], now.tags["model_version"])


def model_path(value: str) -> Path:
    """A `--model`: a manifest's path, or `champion@FOLDER`, that of the registry in MLflow's files.

    Raises:
        RegistryRefused: that registry has no champion.
    """
    alias, at, folder = value.partition("@")
    if not at or alias not in (CHAMPION, PREVIOUS):
        return Path(value)
    found = manifest_of(alias, Path(folder)) if (Path(folder) / "mlflow.db").exists() else None
    if found is None:
        raise RegistryRefused(f"{folder}: no model is {alias} there; jobs/promote.py makes one")
    return found
