"""A real picture and a real clip, through conf's encoders and the model that ships."""

import hashlib
import json

import numpy as np
import pytest

from harmsweep.encoders.conf import load_encoders
from harmsweep.encoders.video import Clip
from harmsweep.explanations.evidence_search import find_evidence
from harmsweep.explanations.rescoring import embedded, scorer
from harmsweep.explanations.subject import Subject, prepared
from harmsweep.paths import DEFAULT_MODEL, ROOT

pytestmark = [pytest.mark.torch, pytest.mark.slow]
SAMPLE = ROOT / "tests" / "sample"
FILES = {"image": "media/images/chelsea-plain.jpg", "video": "media/videos/scene05.mp4"}
# Heads whose scores fall where parts of the medium are taken out.
HARMS = {"image": "harmful_meme", "video": "misinformation"}


def posted(kind, threshold_part):
    """A post of one medium: its scorer, itself, what is embedded, a threshold below its score."""
    encoder, file = load_encoders()[kind], SAMPLE / FILES[kind]
    content = hashlib.sha256(file.read_bytes()).hexdigest()
    medium = {"kind": kind, "uri": FILES[kind], "content_hash": content}
    shown = prepared(medium, SAMPLE, encoder)
    vector = embedded(encoder, [shown])[0]
    evidence = {
        "author_origin": "native", "numbers": json.dumps({"n_media": 1.0}),
        "vectors": [{"input": kind, "encoder_id": encoder.encoder_id, "vector": vector}],
    }  # fmt: skip
    asked = scorer(DEFAULT_MODEL, evidence, HARMS[kind])
    return asked, Subject("p1", 1, "", "und", {}, {0: medium}), shown, asked.base * threshold_part


def found_in(asked, subject, threshold):
    encoders = load_encoders()
    return find_evidence(asked, encoders, subject, threshold=threshold, media=SAMPLE)


def test_regions_of_a_picture_flip_the_decision():
    asked, subject, pixels, threshold = posted("image", 0.99)
    (part,), whole = found_in(asked, subject, threshold)
    assert whole
    side = pixels.shape[-1] // part["grid"]
    colour = pixels.mean(axis=(-2, -1), keepdims=True).round().astype(np.uint8)
    for row, column in part["cells"]:
        at = np.s_[..., row * side : (row + 1) * side, column * side : (column + 1) * side]
        pixels[at] = colour
    vector = embedded(load_encoders()["image"], [pixels])[0]
    assert asked.base >= threshold
    assert asked.scores([{"image": vector}])[0] < threshold
    assert 0 < len(part["cells"]) < part["grid"] ** 2


def test_a_picture_that_is_gone_or_another_is_not_searched():
    asked, subject, _, threshold = posted("image", 0.99)
    subject.media[0]["content_hash"] = "0" * 64
    assert found_in(asked, subject, threshold) == ([], False)
    subject.media[0]["uri"] = "media/images/none.jpg"
    assert found_in(asked, subject, threshold) == ([], False)


@pytest.mark.nightly
def test_frames_of_a_clip_flip_the_decision():
    asked, subject, clip, threshold = posted("video", 0.9)
    (part,), whole = found_in(asked, subject, threshold)
    assert whole
    of = part["of"]
    kept = [n for n in range(of) if n not in part["frames"]]
    times = [n for n in range(len(clip.thumbnails)) if n * of // len(clip.thumbnails) in kept]
    vector = None
    if kept:
        left = Clip(clip.frames[kept], clip.thumbnails[times])
        vector = embedded(load_encoders()["video"], [left])[0]
    assert asked.base >= threshold
    assert asked.scores([{"video": vector}])[0] < threshold
