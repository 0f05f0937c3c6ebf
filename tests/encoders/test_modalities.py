"""The contract of every modality, and what is particular to each."""

import hashlib
import io
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from harmsweep.encoders import image, text, video
from harmsweep.encoders.conf import Encoder, declared_encoders, load_encoders
from harmsweep.encoders.device import choose_device
from harmsweep.encoders.embedding import Embedded
from harmsweep.encoders.loading import MODALITIES
from harmsweep.encoders.ngrams import ngram_vectors
from harmsweep.files import FileRefused
from harmsweep.media.problem import MediaProblem

# As it came: what is tuned is told from it.
MINILM = declared_encoders()["minilm-l6-v2"]
pytestmark = pytest.mark.torch


@cache
def model(name: str) -> text.Model | image.Model | video.Model:
    encoder = load_encoders()[name]
    loaded: text.Model | image.Model | video.Model = MODALITIES[encoder.modality].load(
        encoder, "cpu"
    )
    return loaded


def embed(name: str, raws: list[str] | list[bytes] | list[Path]) -> Embedded:
    module: ModuleType = MODALITIES[model(name).encoder.modality]
    prepared = [module.prepare(model(name).encoder, raw) for raw in raws]
    embedded: Embedded = module.embed(model(name), prepared)
    return embedded


@cache
def in_precision(precision: str) -> text.Model:
    return text.load(MINILM.model_copy(update={"precision": precision}), "cpu")


@pytest.mark.parametrize("name", MODALITIES)
def test_vectors_are_finite_repeatable_and_as_wide_as_declared(name: str) -> None:
    examples = list(MODALITIES[name].EXAMPLES)
    first, second = (embed(name, examples) for _ in range(2))
    assert first.vectors.shape == (len(examples), model(name).encoder.width)
    assert first.vectors.dtype == np.float32
    assert np.isfinite(first.vectors).all()
    assert np.array_equal(first.vectors, second.vectors)
    assert (first.windows >= 1).all()


@pytest.mark.parametrize("name", MODALITIES)
def test_an_input_has_the_same_vector_to_the_last_bit_alone_and_in_company(name: str) -> None:
    examples = list(MODALITIES[name].EXAMPLES)
    together = embed(name, examples * 3).vectors[: len(examples)]
    alone = np.concatenate([embed(name, [one]).vectors for one in examples])
    assert np.array_equal(together, alone)


@pytest.mark.parametrize("name", MODALITIES)
def test_different_inputs_have_different_vectors(name: str) -> None:
    vectors = embed(name, list(MODALITIES[name].EXAMPLES)).vectors
    assert len(np.unique(vectors.round(3), axis=0)) == len(vectors)


def test_text_vectors_have_unit_length_and_follow_meaning() -> None:
    texts = ["You won a cash prize!", "Claim your free money now", "The cat sleeps on the mat"]
    vectors = text.embed(in_precision("bf16"), texts).vectors
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_text_agrees_with_transformers_own_tokenizer_and_mean_pooling() -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = MINILM.folder
    tokens = AutoTokenizer.from_pretrained(folder, local_files_only=True)(
        ["Café <URL> said 'no'"], return_tensors="pt"
    )
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(folder, local_files_only=True)(**tokens)
    mean = hidden.last_hidden_state.mean(1).numpy()[0]
    ours = text.embed(in_precision("fp32"), ["Café <URL> said 'no'"]).vectors[0]
    np.testing.assert_allclose(ours, mean / np.linalg.norm(mean), atol=1e-5)


@pytest.mark.parametrize(("tokens", "windows"), [(1, 1), (254, 1), (255, 2), (444, 2), (445, 3)])
def test_a_long_text_is_cut_in_overlapping_windows(tokens: int, windows: int) -> None:
    assert embed("text", ["lake " * tokens]).windows.tolist() == [windows]


def test_a_tail_after_300_tokens_changes_the_vector() -> None:
    harmless = "lake " * 300
    plain, tailed = embed("text", [harmless, harmless + "I will hurt you tonight"]).vectors
    assert plain @ tailed < 0.99


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_texts_vector_is_the_same_to_the_last_bit_in_any_company(precision: str) -> None:
    loaded = in_precision(precision)
    texts = [("a boat on the lake at dawn " * 30)[: 3 * n] for n in range(1, 200)]
    together = text.embed(loaded, texts).vectors
    assert np.array_equal(text.embed(loaded, texts[::-3]).vectors, together[::-3])
    assert np.array_equal(text.embed(loaded, texts[50:51]).vectors, together[50:51])


def test_bf16_is_close_to_fp32() -> None:
    full, half = (
        text.embed(in_precision(precision), text.EXAMPLES).vectors for precision in ("fp32", "bf16")
    )
    assert (full * half).sum(1).min() >= 0.999


def test_ngrams_stand_behind_a_texts_vector_and_weigh_as_much() -> None:
    plain = MINILM
    places = plain.preprocessing | {"ngrams": 256}
    beside = plain.model_copy(update={"preprocessing": places, "width": plain.width + 256})
    texts = ["you won a prize", "a quiet afternoon by the lake " * 90]
    alone, both = (text.embed(text.load(e, "cpu"), texts).vectors for e in (plain, beside))
    np.testing.assert_allclose(both[:, : plain.width] * np.sqrt(2), alone, atol=1e-6)
    np.testing.assert_allclose(
        both[:, plain.width :] * np.sqrt(2), ngram_vectors(texts, 256), atol=1e-6
    )
    assert beside.cache_id != plain.cache_id


def test_a_damaged_picture_is_refused_when_prepared() -> None:
    encoder = load_encoders()["image"]
    with pytest.raises(MediaProblem):
        image.prepare(encoder, image.EXAMPLES[1][:-30])


def test_pixels_are_scaled_as_the_weights_were_trained() -> None:
    encoder = load_encoders()["image"]
    black = image.prepare(encoder, image.EXAMPLES[0])
    assert (black.shape, black.dtype) == ((1, 3, 224, 224), np.uint8)
    scaled = image.normalised(encoder, black)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, (9 - 127) / 128)


def test_an_animations_vector_is_the_mean_of_its_frames() -> None:
    frames = [Image.new("RGB", (32, 32), shade) for shade in ("black", "grey", "white")]
    file = io.BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    encoder = model("image").encoder
    prepared = image.prepare(encoder, file.getvalue())
    found = embed("image", [file.getvalue(), image.EXAMPLES[0]])
    each = image.features(model("image"), list(prepared))
    assert found.windows.tolist() == [3, 1]
    np.testing.assert_allclose(found.vectors[0], each.mean(0), rtol=1e-4, atol=1e-5)


def random_clip(folder: Path) -> Encoder:
    """A small randomly initialised encoder of the form of CLIP, with none of its weights."""
    import torch
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(0)
    config = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
        projection_dim=16,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder)
    hashes = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("model.safetensors", "config.json")
    }
    return Encoder(
        name="random-clip",
        modality="image",
        kind="clip_vision",
        path=str(folder),
        files=hashes,
        width=16,
        preprocessing={
            "size": 32,
            "mean": (122.77, 116.75, 104.09),
            "std": (68.5, 66.63, 70.32),
            "resample": "bicubic",
        },
    )


def test_clips_visual_encoder_comes_from_a_local_folder(tmp_path: Path) -> None:
    encoder = random_clip(tmp_path / "random-clip")
    pictures = [image.prepare(encoder, example) for example in image.EXAMPLES]
    first, second = (image.embed(image.load(encoder, "cpu"), pictures) for _ in range(2))
    assert first.vectors.shape == (3, 16)
    assert np.isfinite(first.vectors).all()
    assert np.array_equal(first.vectors, second.vectors)


def test_tampered_weights_are_refused_before_they_are_loaded(tmp_path: Path) -> None:
    encoder = random_clip(tmp_path / "random-clip")
    weights = encoder.folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes() + b"\0")
    with pytest.raises(FileRefused, match="expected SHA-256"):
        image.load(encoder, "cpu")


def test_outside_a_task_the_device_is_the_cpu() -> None:
    assert choose_device().name == "cpu"


def test_a_pass_that_is_too_large_for_the_device_is_halved() -> None:
    import torch

    from harmsweep.encoders.convolutions import in_torch

    sizes: list[int] = []

    class Small(torch.nn.Module):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            sizes.append(len(pixels))
            if len(pixels) > room:
                raise torch.OutOfMemoryError
            return pixels.mean((2, 3))

    room, pixels = 2, np.arange(5 * 3 * 2 * 2, dtype=np.float32).reshape(5, 3, 2, 2)
    run = in_torch(Small(), device="cpu", precision="fp32")
    assert np.array_equal(run(pixels), pixels.mean((2, 3)))
    assert sizes == [5, 2, 3, 1, 2]
    room = 0
    with pytest.raises(torch.OutOfMemoryError):
        run(pixels[:1])
