"""The typed form of conf/release.yaml: what the gates of a release ask for."""

from pathlib import Path

from pydantic import Field

from harmsweep.conf import Frozen, load
from harmsweep.paths import CONF
from harmsweep.release.confidence_sequence import ConfidenceSequence


class WatchConfig(Frozen):
    """How the claims in force are watched; see release/confidence_sequence.py."""

    labels_per_day: int = Field(ge=1)
    error: float = Field(gt=0, lt=0.5)
    drop: float = Field(gt=0, lt=0.5)

    @property
    def sequence(self) -> ConfidenceSequence:
        """The confidence sequence of a claim: the error is that of a year's labels."""
        return ConfidenceSequence(365 * self.labels_per_day, error=self.error, drop=self.drop)


class QueueConfig(Frozen):
    """How many posts a day each head draws for people to label; see release/label_queue.py."""

    # At least one: a post that no draw can draw would be missing in every estimate.
    audit: int = Field(ge=1)
    uncertain: int = Field(ge=0)
    above: int = Field(ge=0)
    band: float = Field(gt=0, le=0.5)


class ReleaseConfig(Frozen):
    """The keys of the file."""

    min_positives: int = Field(ge=1)
    min_negatives: int = Field(ge=1)
    confidence: float = Field(gt=0.5, lt=1)
    resamples: int = Field(ge=200)
    seed: int
    margin: float = Field(gt=0, lt=1)
    false_alarms: float = Field(gt=0, lt=1)
    hatecheck_auroc: float = Field(ge=0, le=1)
    least_found: float = Field(ge=0, le=1)
    not_found_yet: tuple[str, ...] = ()
    disguise_drop: float = Field(ge=0, le=1)
    kept_share: float = Field(ge=0, le=1)
    kept_probes: int = Field(gt=0)
    identity_gap: float = Field(ge=0, le=1)
    ordinary_review: float = Field(ge=0, le=1)
    ordinary_action: float = Field(ge=0, le=1)
    ordinary_all: float = Field(ge=0, le=1)
    calibration_error: float = Field(gt=0, le=1)
    max_bytes: int = Field(gt=0)
    min_speed: float = Field(ge=0)
    watch: WatchConfig
    queue: QueueConfig


def load_release(path: Path = CONF / "release.yaml") -> ReleaseConfig:
    """The configuration of the gates.

    Raises:
        ConfRefused: its line, its key and what would be allowed.
    """
    return load(path, ReleaseConfig)
