"""The evidence of a decision: for each input the parts that alone flip it, scored to be sure."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harmsweep.encoders.conf import Encoder
from harmsweep.encoders.stored import mean
from harmsweep.encoders.video import Clip
from harmsweep.explanations.occlusion import irreducible, spans_without
from harmsweep.explanations.rescoring import TEXTS, Change, Scorer, embedded, text_changes
from harmsweep.explanations.subject import Subject, prepared
from harmsweep.text.cleaning import clean
from harmsweep.text.disguise import normalise

Encoders = Mapping[str, Encoder]
Evidence = dict[str, Any]
# Cells of a side of the picture: coarse, then the found ones in quarters.
GRIDS = (4, 8)


class Searched(NamedTuple):
    """The parts that alone flip a decision, and whether every input of the post was looked at."""

    parts: list[Evidence]
    whole: bool


def reproduced(scorer: Scorer, encoders: Encoders, subject: Subject) -> float:
    """The score with the post's texts embedded anew: the ledger's, if nothing changed since."""
    change = dict(text_changes(scorer, encoders, [subject.clean_text], subject.clean_text)[0])
    if scorer.has("media_text") and subject.lines:
        change |= _media_text_changes(encoders, [subject.lines])[0]
    return float(scorer.scores([change])[0])


def find_evidence(
    scorer: Scorer, encoders: Encoders, subject: Subject, *, threshold: float, media: Path | None
) -> Searched:
    """The parts of each input without which the score is under the threshold.

    Each entry flips the decision by itself, everything else being as it was. Pictures and videos
    are looked at where `media`, the landing zone's folder, is given and has them all unchanged.
    """
    evidence, seen = list[Evidence](), set[str]()
    if any(scorer.has(name) for name in TEXTS):
        evidence.append(_words(scorer, encoders, subject, threshold))
        seen |= set(TEXTS)
    if scorer.has("media_text") and subject.lines:
        evidence.append(_lines(scorer, encoders, subject, threshold))
        seen.add("media_text")
    for kind, parts in (("image", _regions), ("video", _frames)):
        if media and scorer.has(kind) and kind in encoders:
            shown = parts(scorer, encoders[kind], subject, threshold, media)
            evidence += shown or []
            seen |= set() if shown is None else {kind}
    return Searched([entry for entry in evidence if entry], scorer.present <= seen)


def _words(scorer: Scorer, encoders: Encoders, subject: Subject, threshold: float) -> Evidence:
    whole = subject.clean_text

    def score(texts: Sequence[str]) -> NDArray[np.float64]:
        return scorer.scores(text_changes(scorer, encoders, texts, whole))

    spans = spans_without(whole, score, threshold)
    return {"input": "text", "spans": spans} if spans else {}


def _lines(scorer: Scorer, encoders: Encoders, subject: Subject, threshold: float) -> Evidence:
    """Lines of the pictures' text, as pairs of a picture's position and the line's place in it."""
    units = [(place, line) for place, lines in subject.lines.items() for line in range(len(lines))]

    def without(removed: Sequence[frozenset[int]]) -> NDArray[np.float64]:
        gone = [{units[unit] for unit in some} for some in removed]
        left = [_less(subject.lines, some) for some in gone]
        return scorer.scores(_media_text_changes(encoders, left))

    chosen = irreducible(len(units), without, threshold)
    return {"input": "media_text", "lines": [units[n] for n in sorted(chosen)]} if chosen else {}


def _less(lines: Mapping[int, list[str]], gone: set[tuple[int, int]]) -> dict[int, list[str]]:
    return {
        place: [text for n, text in enumerate(some) if (place, n) not in gone]
        for place, some in lines.items()
    }


def _media_text_changes(
    encoders: Encoders, texts: Sequence[Mapping[int, list[str]]]
) -> list[Change]:
    """As the stages have it: each picture's text made normal, those of a post joined by a space."""
    normal = [[normalise(clean("\n".join(t[place]))) for place in sorted(t)] for t in texts]
    joined = [" ".join(text for text in some if text.strip()) for some in normal]
    vectors = embedded(encoders["media_text"], joined)
    return [{"media_text": vector} for vector in vectors]


def _regions(
    scorer: Scorer, encoder: Encoder, subject: Subject, threshold: float, media: Path
) -> list[Evidence] | None:
    """Of each picture the regions that, filled with its mean colour, flip the decision.

    None where the pictures cannot be looked at.
    """
    pictures = _media(encoder, subject, media, "image")
    if pictures is None:
        return None
    return [evidence for picture in pictures if (evidence := _cells(scorer, *picture, threshold))]


def _cells(scorer: Scorer, place: int, pixels: Any, change: Any, threshold: float) -> Evidence:
    evidence: Evidence = {}
    cells = [(row, column) for row in range(GRIDS[0]) for column in range(GRIDS[0])]
    for grid in GRIDS:

        def without(
            removed: Sequence[frozenset[int]], grid: int = grid, now: list[Any] = cells
        ) -> NDArray[np.float64]:
            covered = [_covered(pixels, [now[n] for n in some], grid) for some in removed]
            return scorer.scores(change(covered))

        chosen = irreducible(len(cells), without, threshold)
        if chosen is None:
            break
        region = [cells[n] for n in sorted(chosen)]
        evidence = {"input": "image", "position": place, "grid": grid, "cells": region}
        cells = [(2 * r + down, 2 * c + on) for r, c in region for down in (0, 1) for on in (0, 1)]
    return evidence


def _covered(pixels: NDArray[np.uint8], cells: Sequence[Any], grid: int) -> NDArray[np.uint8]:
    """Pixels [n, 3, size, size] with some cells of a grid in each frame's mean colour."""
    covered, size = pixels.copy(), pixels.shape[-1]
    colour = pixels.mean(axis=(-2, -1), keepdims=True).round().astype(np.uint8)
    for row, column in cells:
        down = slice(row * size // grid, (row + 1) * size // grid)
        across = slice(column * size // grid, (column + 1) * size // grid)
        covered[..., down, across] = colour
    return covered


def _frames(
    scorer: Scorer, encoder: Encoder, subject: Subject, threshold: float, media: Path
) -> list[Evidence] | None:
    """Of each video the parts of its time without which the decision flips.

    None where the videos, or what their encoder sees of them, cannot be looked at.
    """
    if encoder.kind != "sampled_frames":
        return None
    # A pass over a video takes seconds: none where the video as a whole decides nothing.
    if scorer.scores([{"video": None}])[0] >= threshold:
        return []
    clips = _media(encoder, subject, media, "video")
    if clips is None:
        return None
    evidence = []
    for place, clip, change in clips:
        count = len(clip.frames)

        def without(
            removed: Sequence[frozenset[int]], clip: Clip = clip, change: Any = change
        ) -> NDArray[np.float64]:
            return scorer.scores(change([_dropped(clip, some) for some in removed]))

        chosen = irreducible(count, without, threshold)
        if chosen:
            evidence.append(
                {"input": "video", "position": place, "frames": sorted(chosen), "of": count}
            )
    return evidence


def _dropped(clip: Clip, gone: frozenset[int]) -> Clip | None:
    """The clip without some frames and the thumbnails of the same parts of its time."""
    count, many = len(clip.frames), len(clip.thumbnails)
    left = [n for n in range(count) if n not in gone]
    part = np.arange(many) * count // max(many, 1)
    thumbnails = clip.thumbnails[np.isin(part, left)]
    return Clip(clip.frames[left], thumbnails) if left and len(thumbnails) else None


def _media(
    encoder: Encoder, subject: Subject, media: Path, kind: str
) -> list[tuple[int, Any, Any]] | None:
    """Each medium of a kind: its position, what is embedded of it, and how it changes the post.

    None where one of them cannot be had any more: the vector is the mean of all.
    """
    rows = {place: row for place, row in subject.media.items() if row["kind"] == kind}
    inputs = {place: prepared(row, media, encoder) for place, row in rows.items()}
    if not inputs or any(content is None for content in inputs.values()):
        return None
    whole = dict(zip(inputs, embedded(encoder, list(inputs.values())), strict=True))

    def change(place: int, others: Sequence[Any]) -> list[Change]:
        vectors = iter(embedded(encoder, [other for other in others if other is not None]))
        return [
            {kind: _mean(whole | {place: None if other is None else next(vectors)})}
            for other in others
        ]

    return [(place, medium, partial(change, place)) for place, medium in inputs.items()]


def _mean(vectors: Mapping[int, bytes | None]) -> bytes | None:
    there = [vectors[place] for place in sorted(vectors)]
    known = [vector for vector in there if vector is not None]
    return (mean(known) if len(known) > 1 else known[0]) if known else None
