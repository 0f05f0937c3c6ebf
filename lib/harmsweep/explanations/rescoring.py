"""A post scored again with some of what it has changed, everything else as the decision had it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep.encoders.conf import Encoder
from harmsweep.encoders.stored import matrix_of, stored
from harmsweep.enforcement.state.evidence import columns_of
from harmsweep.model.columns import fill_similarity
from harmsweep.model.fusion import NUMBERS, inputs_of, modalities_of
from harmsweep.model.manifest import Manifest
from harmsweep.model.text_windows import as_read, embedded_windows, numbers_of, of_normal
from harmsweep.model.windows import NAME as WINDOWS
from harmsweep.text.cleaning import clean
from harmsweep.text.disguise import disguised_words, normalise

# By an input's name its vector as it is stored, None where it is gone; by a number's name a number.
Change = Mapping[str, bytes | float | None]
TEXTS = ("text", "raw_text", "caption")


@dataclass(frozen=True)
class Scorer:
    """A model's head for one harm, over one post as it was when the decision was made."""

    manifest: Manifest
    heads: Any
    columns: Mapping[str, NDArray[Any]]
    harm: str

    def scores(self, changes: Sequence[Change]) -> NDArray[np.float64]:
        """The harm's probability under each of the changes."""
        from harmsweep.model.network import score_columns

        rows = {n: np.repeat(column, len(changes), axis=0) for n, column in self.columns.items()}
        for row, change in enumerate(changes):
            for name, value in change.items():
                _put(rows, row, name, value)
        fill_similarity(rows)
        scores = score_columns(self.manifest, self.heads, rows)
        return scores[:, self.manifest.harms.index(self.harm)]

    @property
    def base(self) -> float:
        """The score of the post as it is."""
        return float(self.scores([{}])[0])

    def has(self, name: str) -> bool:
        """Whether the model reads the input and the post has it."""
        present = self.columns.get(f"{name}_present")
        return present is not None and bool(present[0])

    @property
    def present(self) -> set[str]:
        """The inputs that the model reads and the post has; its author's are no part of it."""
        named = {source.name for source in self.manifest.inputs} - {"description"}
        return {name for name in named if self.has(name)}


def scorer(model: Path, evidence: Mapping[str, Any], harm: str) -> Scorer:
    """The scorer of a post from what was kept of its decision."""
    from harmsweep.model.network import load_heads

    manifest, heads = load_heads(model)
    return Scorer(manifest, heads, columns_of(evidence, manifest), harm)


def _put(rows: dict[str, NDArray[Any]], row: int, name: str, value: bytes | float | None) -> None:
    if name == WINDOWS:
        rows[f"{name}_vector"][row] = value
        return
    if f"{name}_vector" not in rows:
        if name in rows:
            rows[name][row] = np.nan if value is None else value
        return
    vectors = rows[f"{name}_vector"]
    vectors[row] = matrix_of([value], vectors.shape[1])[0] if isinstance(value, bytes) else 0
    rows[f"{name}_present"][row] = value is not None


def contributions(scorer: Scorer) -> dict[str, float]:
    """By modality that the post has: its score less the score without it.

    Without it is as the model knows absence: no vector, the mask off, numbers at their mean.
    """
    names = [source.name for source in scorer.manifest.inputs]
    numbers = [feature.name for feature in scorer.manifest.features]
    there = {
        modality: [name for name in inputs_of(modality, names) if scorer.has(name)]
        for modality in modalities_of(names, numbers)
    }
    if "text" in there and scorer.manifest.windows is not None:
        there["text"].append(WINDOWS)
    there[NUMBERS] = [n for n in numbers if not np.isnan(scorer.columns[n]).all()]
    parts = {modality: gone for modality, gone in there.items() if gone}
    if not parts:
        return {}
    without = scorer.scores([dict.fromkeys(gone) for gone in parts.values()])
    return dict(zip(parts, (scorer.base - without).tolist(), strict=True))


def text_changes(
    scorer: Scorer, encoders: Mapping[str, Encoder], texts: Sequence[str], whole: str
) -> list[Change]:
    """The post with each of some texts in place of its own, `whole`; both are clean texts.

    The numbers of the text follow, as if the post had been written so.
    """
    cleaned = [text if text == whole else clean(text) for text in texts]
    contents = [_contents(text) for text in cleaned]
    changes: list[Change] = [_numbers(scorer, text, whole) for text in cleaned]
    for name in [n for n in TEXTS if f"{n}_vector" in scorer.columns and n in encoders]:
        vectors = embedded(encoders[name], [content[name] for content in contents])
        changes = [{**c, name: v} for c, v in zip(changes, vectors, strict=True)]
    if scorer.manifest.windows is not None:
        embed = partial(embedded, encoders["text"])
        values = embedded_windows([content["text"] for content in contents], embed)
        changes = [{**c, WINDOWS: v} for c, v in zip(changes, values, strict=True)]
    return changes


def _contents(cleaned: str) -> dict[str, str]:
    """What each input of a text's own embeds, as the embed stage has it; empty for absent."""
    normal = normalise(cleaned)
    return {
        "text": as_read(normal),
        "raw_text": cleaned if cleaned != normal else "",
        "caption": cleaned,
    }


def _numbers(scorer: Scorer, cleaned: str, whole: str) -> dict[str, bytes | float | None]:
    now, then = _counted(cleaned), _counted(whole)
    numbers: dict[str, bytes | float | None] = {}
    for name in now.keys() & scorer.columns.keys():
        known = float(scorer.columns[name][0])
        # The shares are of the clean text; the counts were of the original, and fall by as much.
        share = name.endswith("_share")
        numbers[name] = (
            now[name] if share else max(0.0, known + (now[name] or 0) - (then[name] or 0))
        )
    return numbers


def _counted(cleaned: str) -> dict[str, float | None]:
    normal = normalise(cleaned)
    return (
        numbers_of(cleaned)
        | of_normal(normal)
        | {"n_disguises": float(disguised_words(cleaned, normal))}
    )


def embedded(encoder: Encoder, inputs: Sequence[Any]) -> list[bytes | None]:
    """Vectors as they are stored, one an input, each distinct text once; None of a blank text."""
    from harmsweep.encoders.device import choose_device
    from harmsweep.encoders.loading import MODALITIES, load_model

    model = load_model(encoder.model_dump_json(), choose_device())
    module = MODALITIES[encoder.modality]
    if encoder.modality != "text":
        return [*stored(module.embed(model, inputs).vectors)] if len(inputs) else []
    distinct = sorted({text for text in inputs if text.strip()})
    vectors = stored(module.embed(model, distinct).vectors) if distinct else []
    known: dict[str, bytes] = dict(zip(distinct, vectors, strict=True))
    return [known.get(text) for text in inputs]
