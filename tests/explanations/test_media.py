"""Regions of a picture and frames of a clip, against models that look at one of them only."""

from types import SimpleNamespace

import numpy as np
import pytest

from harmsweep.encoders.video import Clip
from harmsweep.explanations import evidence_search
from harmsweep.explanations.evidence_search import _cells, _covered, _dropped, _frames, _less
from harmsweep.explanations.subject import Subject


class Seen:
    """A scorer whose changes are the scores themselves."""

    def scores(self, changes):
        return np.array(changes, float)


def brightness(row, column):
    """How bright a cell of an eighth of the side is, of 1."""

    def change(pictures):
        return [
            p[:, row * 8 : row * 8 + 8, column * 8 : column * 8 + 8].mean() / 255 for p in pictures
        ]

    return change


def test_the_bright_cell_is_exactly_what_is_found():
    pixels = np.zeros((3, 64, 64), np.uint8)
    pixels[:, 40:48, 8:16] = 255
    found = _cells(Seen(), 2, pixels, brightness(5, 1), 0.5)
    assert found == {"input": "image", "position": 2, "grid": 8, "cells": [(5, 1)]}
    assert _cells(Seen(), 2, pixels, brightness(0, 0), -1.0) == {}


def test_what_is_covered_has_the_mean_colour_and_the_rest_stays():
    pixels = np.arange(3 * 64 * 64).reshape(3, 64, 64).astype(np.uint8)
    covered = _covered(pixels, [(3, 3)], 4)
    assert (covered[:, 48:, 48:] == pixels.mean(axis=(1, 2), keepdims=True).round()).all()
    assert (covered[:, :48] == pixels[:, :48]).all()
    assert (covered[:, :, :48] == pixels[:, :, :48]).all()


def test_a_cell_is_covered_in_every_frame_of_an_animation_in_that_frames_colour():
    pixels = np.stack([np.full((3, 64, 64), shade, np.uint8) for shade in (0, 100, 200)])
    pixels[:, :, 48:, 48:] = 255
    covered = _covered(pixels, [(3, 3)], 4)
    assert (covered[:, :, 48:, 48:] == pixels.mean((2, 3), keepdims=True).round()).all()
    assert (covered[:, :, :48] == pixels[:, :, :48]).all()


def test_frames_are_dropped_with_the_thumbnails_of_their_time():
    clip = Clip(np.arange(4).reshape(4, 1, 1, 1), np.arange(10).reshape(10, 1, 1, 1))
    left = _dropped(clip, frozenset([0, 2]))
    assert left.frames.ravel().tolist() == [1, 3]
    assert left.thumbnails.ravel().tolist() == [3, 4, 8, 9]
    assert _dropped(clip, frozenset(range(4))) is None


def test_the_frame_that_decides_is_what_is_found(monkeypatch):
    clip = Clip(np.arange(6).reshape(6, 1, 1, 1), np.arange(6).reshape(6, 1, 1, 1))

    def change(clips):
        return [float(c is not None and 4 in c.frames) for c in clips]

    monkeypatch.setattr(evidence_search, "_media", lambda *_: iter([(1, clip, change)]))
    scorer = SimpleNamespace(scores=lambda changes: np.array(
        [0.0 if change == {"video": None} else change for change in changes], float
    ))  # fmt: skip
    encoder = SimpleNamespace(kind="sampled_frames")
    (found,) = _frames(scorer, encoder, None, 0.5, None)
    assert found == {"input": "video", "position": 1, "frames": [4], "of": 6}
    monkeypatch.setattr(scorer, "scores", lambda changes: np.ones(len(changes)))
    assert _frames(scorer, encoder, None, 0.5, None) == []


def post_with(kind):
    """A scorer of a post of one medium that, as a whole, decides its score."""
    return SimpleNamespace(
        has=lambda name: name == kind, present={kind}, scores=lambda changes: np.zeros(len(changes))
    )


@pytest.mark.parametrize(
    ("kind", "encoder", "media"),
    [
        ("image", "efficientnet_lite0", None),
        ("image", "efficientnet_lite0", "empty"),
        ("video", "sampled_frames", "empty"),
        ("video", "videomoco", "empty"),
        ("media_text", "mean_pooling", "empty"),
    ],
)
def test_a_post_is_searched_whole_only_where_each_of_its_inputs_was(tmp_path, kind, encoder, media):
    encoders = {kind: SimpleNamespace(kind=encoder)}
    gone = {"kind": kind, "uri": "gone.jpg", "content_hash": "0" * 64}
    subject = Subject("p1", 1, "", "und", {}, {0: gone})
    found = evidence_search.find_evidence(
        post_with(kind), encoders, subject, threshold=0.5, media=media and tmp_path
    )
    assert found == ([], False)


def test_a_post_whose_every_input_was_searched_in_vain_says_so(monkeypatch):
    monkeypatch.setattr(evidence_search, "_words", lambda *_: {})
    asked = post_with("text")
    assert evidence_search.find_evidence(asked, {}, None, threshold=0.5, media=None) == ([], True)


@pytest.mark.parametrize("gone", [set(), {(0, 1)}, {(0, 0), (0, 1), (2, 0)}])
def test_lines_that_are_taken_out_are_those(gone):
    lines = {0: ["a", "b"], 2: ["c"]}
    left = _less(lines, gone)
    assert left.keys() == lines.keys()
    told = [(place, text) for place, some in left.items() for text in some]
    every = [(p, n, text) for p, some in lines.items() for n, text in enumerate(some)]
    assert told == [(p, text) for p, n, text in every if (p, n) not in gone]
