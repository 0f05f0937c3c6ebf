"""The typed forms of conf/fine_tuning.yaml and conf/contrast.yaml."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from harmsweep.conf import FieldFault, Frozen, load
from harmsweep.harms import HARMS
from harmsweep.paths import CONF

Texts = Annotated[tuple[str, ...], Field(min_length=1)]
GROUP, THING, HATEFUL = "{group}", "{thing}", "{hateful}"


class Contrast(Frozen):
    """What a sentence of conf/contrast.yaml counts, and with how many names each is read."""

    weight: float = Field(ge=0, allow_inf_nan=False)
    per_sentence: int = Field(gt=0)


class FineTuning(Frozen):
    """Everything that tuned layers depend on, the texts apart."""

    seed: int
    layers: int = Field(gt=0)
    epochs: int = Field(gt=0)
    batch: int = Field(gt=0)
    rate: float = Field(gt=0)
    head_rate: float = Field(gt=0)
    warm_up: float = Field(gt=0, lt=1)
    weight_decay: float = Field(ge=0)
    dropout: float = Field(ge=0, lt=1)
    c: float = Field(gt=0)
    contrast: Contrast


class Sentences(Frozen):
    """Sentences with places for names: hateful and harmless ones, and objections to the former."""

    harm: str
    groups: Texts
    things: Texts
    hateful: Texts
    harmless: Texts
    objections: Texts

    @model_validator(mode="after")
    def _has_its_places(self) -> "Sentences":
        if self.harm not in HARMS:
            raise FieldFault(("harm",), f"{self.harm!r} is none of conf/harms.yaml")
        for field, name in (("hateful", GROUP), ("objections", HATEFUL)):
            for place, text in enumerate(getattr(self, field)):
                if name not in text:
                    raise FieldFault((field, place), f"{text!r} has no {name}")
        return self


def load_fine_tuning(path: Path = CONF / "fine_tuning.yaml") -> FineTuning:
    """The options of fine-tuning.

    Raises:
        ConfRefused: its line, its key and what would be allowed.
    """
    return load(path, FineTuning)


def load_sentences(path: Path = CONF / "contrast.yaml") -> Sentences:
    """The contrasting sentences.

    Raises:
        ConfRefused: as load_fine_tuning.
    """
    return load(path, Sentences)
