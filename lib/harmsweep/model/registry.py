"""MLflow's registry of models: which version is the champion, which was before, and which was best.

A version's source is the model's folder; its tag `digest` is the manifest's own, so that a folder
whose files were exchanged is refused however well they fit each other.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from harmsweep.errors import Refused
from harmsweep.model.manifest import NAME as MANIFEST
from harmsweep.model.manifest import load_manifest
from harmsweep.model.tracking import STORE, client, newest_run, quiet_mlflow

MODEL, CHAMPION, PREVIOUS = "harmsweep", "champion", "previous"
# The best champion so far, whatever came after it.
BEST = "best"


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


def manifest_of(alias: str, folder: Path) -> Path | None:
    """The manifest of the version that has the alias; None where none has.

    Raises:
        RegistryRefused: its files are gone, or are not those that were registered.
    """
    version = _version_of(alias, folder)
    if version is None:
        return None
    path = Path(unquote(urlparse(version.source).path)) / MANIFEST
    if load_manifest(path).digest != version.tags.get("digest"):
        raise RegistryRefused(f"{path}: not the model that was registered as {alias}")
    return path


def set_champion(path: Path, folder: Path, *, is_best: bool = True) -> ChampionChange:
    """Make a manifest's model the champion; the one before is `previous`. Twice changes nothing.

    One that is not the best leaves `best` where it was; where there is none, the former is it.
    """
    manifest, registry = load_manifest(path), client(folder)
    before = _version_of(CHAMPION, folder)
    if before is not None and before.tags.get("digest") == manifest.digest:
        return ChampionChange(manifest.model_version, manifest.model_version)
    if before is None and not registry.search_registered_models(f"name = '{MODEL}'"):
        registry.create_registered_model(MODEL)
    version = registry.create_model_version(
        MODEL,
        source=path.parent.resolve().as_uri(),
        run_id=newest_run(manifest.model_version, folder),
        tags={"digest": manifest.digest, "model_version": manifest.model_version},
    )
    if before is not None:
        registry.set_registered_model_alias(MODEL, PREVIOUS, before.version)
    registry.set_registered_model_alias(MODEL, CHAMPION, version.version)
    if is_best or _version_of(BEST, folder) is None:
        best = version if is_best or before is None else before
        registry.set_registered_model_alias(MODEL, BEST, best.version)
    return ChampionChange(manifest.model_version, before.tags["model_version"] if before else None)


def roll_back(folder: Path) -> ChampionChange:
    """Make the previous champion the champion again; the two change places.

    Raises:
        RegistryRefused: there was no champion before, or its files are not those registered.
    """
    former = manifest_of(PREVIOUS, folder)
    if former is None:
        raise RegistryRefused("no champion before this one: nothing to go back to")
    registry = client(folder)
    now = registry.get_model_version_by_alias(MODEL, CHAMPION)
    then = registry.get_model_version_by_alias(MODEL, PREVIOUS)
    registry.set_registered_model_alias(MODEL, CHAMPION, then.version)
    registry.set_registered_model_alias(MODEL, PREVIOUS, now.version)
    return ChampionChange(then.tags["model_version"], now.tags["model_version"])


def _version_of(alias: str, folder: Path) -> Any:
    """MLflow's version of the model that has the alias; None where none has."""
    mlflow = quiet_mlflow()
    try:
        return client(folder).get_model_version_by_alias(MODEL, alias)
    except mlflow.exceptions.MlflowException:
        return None


def model_path(value: str) -> Path:
    """A `--model`: a manifest's path, or `champion@FOLDER`, that of the registry in MLflow's files.

    Raises:
        RegistryRefused: that registry has no champion.
    """
    alias, at, folder = value.partition("@")
    if not at or alias not in (CHAMPION, PREVIOUS):
        return Path(value)
    manifest = manifest_of(alias, Path(folder)) if (Path(folder) / STORE).exists() else None
    if manifest is None:
        raise RegistryRefused(f"{folder}: no model is {alias} there; jobs/promote.py makes one")
    return manifest
