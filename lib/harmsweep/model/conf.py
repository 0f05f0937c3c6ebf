"""The configuration of snapshot and training: conf/training.yaml as frozen types."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from harmsweep.conf import FieldFault, Frozen, load
from harmsweep.errors import Refused
from harmsweep.harms import HARMS
from harmsweep.model.fusion import modalities_of
from harmsweep.paths import CONF

# Numbers that no head may see: reports become labels, and policy keeps age and gender apart.
NEVER = frozenset({"reports", "age", "gender"})


class TrainingRefused(Refused):
    """The configuration or the snapshot can't be trained with."""


class Split(Frozen):
    """Shares of the rows, by whole groups."""

    seed: int
    train: float = Field(gt=0, lt=1)
    validation: float = Field(gt=0, lt=1)
    certify: float = Field(gt=0, lt=1)
    test: float = Field(gt=0, lt=1)
    few_groups: int = Field(ge=2)

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> "Split":
        if abs(self.train + self.validation + self.certify + self.test - 1) > 1e-9:
            raise ValueError("train, validation, certify and test do not sum to 1")
        return self


class Fit(Frozen):
    """The network's size, its optimisation, and what it is optimised for."""

    seed: int
    hidden: int = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)
    batch: int = Field(gt=0)
    shuffle_rows: int = Field(gt=0)
    epochs: int = Field(gt=0)
    patience: int = Field(gt=0)
    wide_rate: float = Field(gt=0)
    c: float = Field(gt=0)
    deep_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    loss: Literal["cross_entropy", "focal"] = "cross_entropy"
    focal_gamma: float = Field(default=2.0, ge=0)
    focal_alpha: float | None = Field(default=None, gt=0, lt=1)
    class_weights: Literal["none", "balanced"] = "none"
    task_weights: Literal["equal", "sqrt_labels", "uncertainty"] = "equal"
    blending: Literal["none", "offline", "online"] = "none"
    super_epoch: int = Field(default=5, gt=0)


class Evaluation(Frozen):
    """The intervals and the baselines."""

    resamples: int = Field(ge=100)
    min_groups: int = Field(ge=2)
    baseline_rows: int = Field(gt=0)


class Background(Frozen):
    """Which posts are free of a harm though nobody looked for it there, and what that counts."""

    # Of an absent label as 0 beside a label, in training alone; 0 leaves it absent.
    weight: float = Field(default=0.0, ge=0, lt=1)
    # Collections of ordinary posts: background of every harm, and in a snapshot without labels.
    ordinary: tuple[str, ...] = ()
    # By harm the other collections that are.
    collections: Mapping[str, tuple[str, ...]] = {}

    def of(self, harm: str) -> frozenset[str]:
        """The collections that are background of a harm."""
        return frozenset({*self.ordinary, *self.collections.get(harm, ())})

    @model_validator(mode="after")
    def _harms_are_known(self) -> "Background":
        unknown = sorted(set(self.collections) - set(HARMS))
        if unknown:
            raise FieldFault(("collections", unknown[0]), f"conf declares no harm {unknown}")
        return self


class LabelWeights(Frozen):
    """What labels that are not by hand count in training, for how they came to be."""

    # Of weights by 1 / chance, the largest beside their mean.
    cap: float = Field(default=10.0, gt=1, allow_inf_nan=False)
    # Of appeals and reviews, whose chances nobody knows.
    unknown: Literal["stated", "score_bins"] = "stated"
    stated: float = Field(default=1.0, gt=0, le=1)
    bins: int = Field(default=10, ge=2)


class TrainingConfig(Frozen):
    """All of conf/training.yaml."""

    split: Split
    inputs: tuple[str, ...] = Field(min_length=1)
    features: Mapping[str, Literal["log1p", "none"]]
    # Whether a post's score is the greatest over its whole text and the text's windows.
    text_windows: bool = False
    # A model from before has none.
    background: Background = Background()
    label_weights: LabelWeights = LabelWeights()
    min_class_rows: int = Field(ge=1)
    # Modalities that a harm's head does not see.
    switched_off: Mapping[str, tuple[str, ...]] = {}
    fit: Fit
    evaluation: Evaluation

    @model_validator(mode="after")
    def _no_forbidden_feature(self) -> "TrainingConfig":
        forbidden = sorted(NEVER & self.features.keys())
        if forbidden:
            where = ("features", forbidden[0])
            raise FieldFault(where, f"{forbidden} are never inputs of a model")
        return self

    @model_validator(mode="after")
    def _off_is_known(self) -> "TrainingConfig":
        unknown = sorted(set(self.switched_off) - set(HARMS))
        if unknown:
            raise FieldFault(("switched_off", unknown[0]), f"conf declares no harm {unknown}")
        check_switched_off(self.switched_off, modalities_of(self.inputs, self.features))
        return self

    @model_validator(mode="after")
    def _similarity_has_its_vectors(self) -> "TrainingConfig":
        where = ("features", "text_image_similarity")
        if where[1] in self.features and not {"caption", "image"} <= {*self.inputs}:
            raise FieldFault(where, "needs inputs caption and image")
        return self


def check_switched_off(off: Mapping[str, Collection[str]], modalities: Collection[str]) -> None:
    """Refuse to switch off what is no modality, or all that a head could see.

    Raises:
        FieldFault: the harm and the names.
    """
    for harm, names in off.items():
        where, unknown = ("switched_off", harm), sorted(set(names) - set(modalities))
        if unknown:
            raise FieldFault(where, f"{unknown} is none of {sorted(modalities)}")
        if set(modalities) <= set(names):
            raise FieldFault(where, "a head needs one modality at least")


def load_training(path: Path = CONF / "training.yaml") -> TrainingConfig:
    """The configuration in a YAML file.

    Raises:
        ConfRefused: its line, its key and what would be allowed.
    """
    return load(path, TrainingConfig)
