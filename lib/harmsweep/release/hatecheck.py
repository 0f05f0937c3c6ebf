"""HateCheck (Röttger et al., ACL 2021), functional tests of hate detection, as a model answers."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from harmsweep.errors import Refused
from harmsweep.evaluation.intervals import Bools, Floats
from harmsweep.model.manifest import load_manifest
from harmsweep.release.steps import shown
from harmsweep.release.text_probe import (
    encode_texts,
    reads_raw,
    score_texts,
    text_encoder,
)
from harmsweep.text.attacks import TRANSFORMS

HARM = "hate"
FUNCTIONS = 29
# Functions of HateCheck that are disguises already.
SPELLING = "spell_"
# Sentences that name a group and mean no harm.
IDENTITY = ("ident_neutral_nh", "ident_pos_nh")


class CasesRefused(Refused):
    """The file is not HateCheck's table of cases."""


@dataclass(frozen=True)
class Cases:
    """The cases, one row each: text, truth, function, template and the identity that is named."""

    texts: tuple[str, ...]
    hateful: Bools
    functions: NDArray[np.str_]
    templates: NDArray[np.str_]
    identities: NDArray[np.str_]

    @property
    def is_plain(self) -> Bools:
        """Which cases are no disguise already."""
        return ~np.char.startswith(self.functions, SPELLING)

    def threshold_at(self, scores: Floats, rate: float) -> float:
        """The least score that no more than a share of the harmless cases reaches."""
        harmless = np.sort(scores[~self.hateful])[::-1]
        # Above the first that would be one too many.
        return float(np.nextafter(harmless[int(rate * len(harmless))], np.inf))

    @property
    def plainly_hateful(self) -> list[str]:
        """The hateful phrases that are no disguise already."""
        chosen = self.hateful & self.is_plain
        return [text for text, is_chosen in zip(self.texts, chosen, strict=True) if is_chosen]


@dataclass(frozen=True)
class Answers:
    """A model's probabilities of hate: of the cases as they are, and of disguised copies."""

    plain: Floats
    disguised: Mapping[str, Floats]


def load_cases(path: Path) -> Cases:
    """The cases of `test_suite_cases.csv`.

    Raises:
        CasesRefused: the file is missing, lacks a column, or has other than 29 functions.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = {
            name: [row[name] for row in rows]
            for name in ("test_case", "label_gold", "functionality", "templ_id", "target_ident")
        }
    except (OSError, KeyError) as error:
        raise CasesRefused(f"{path}: {type(error).__name__}: {error}") from None
    functions = np.array(columns["functionality"], dtype=str)
    if len(set(functions)) != FUNCTIONS:
        raise CasesRefused(f"{path}: {len(set(functions))} functions, not {FUNCTIONS}")
    return Cases(
        tuple(columns["test_case"]),
        np.array(columns["label_gold"]) == "hateful",
        functions,
        np.array(columns["templ_id"], dtype=str),
        np.array(columns["target_ident"], dtype=str),
    )


def answers(models: Mapping[str, Path], cases: Cases, *, seed: int) -> dict[str, Answers]:
    """What each model's hate head says of the cases, and of a copy of each by every disguise.

    Copies are the same for every model, and embedded once for all that read the same vectors.
    """
    encoders = {name: text_encoder(path) for name, path in models.items()}
    places = {name: load_manifest(path).harms.index(HARM) for name, path in models.items()}

    def scores(texts: Sequence[str]) -> dict[str, Floats]:
        raw_too, found = reads_raw(models.values()), dict[str, Floats]()
        for encoder in {e.encoder_id: e for e in encoders.values()}.values():
            encoded = encode_texts(texts, encoder=encoder, raw_too=raw_too)
            for name in (n for n in models if encoders[n] == encoder):
                found[name] = score_texts(models[name], encoded)[:, places[name]]
        return found

    plain = scores(cases.texts)
    disguised: dict[str, dict[str, Floats]] = {name: {} for name in models}
    for disguise, transform in shown(TRANSFORMS, "HateCheck's cases, disguised"):
        copies = [transform(text, Random(f"{seed}:{n}")) for n, text in enumerate(cases.texts)]
        for name, hate in scores(copies).items():
            disguised[name][disguise] = hate
    return {name: Answers(plain[name], disguised[name]) for name in models}
