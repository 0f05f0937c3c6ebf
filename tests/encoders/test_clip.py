"""CLIP's two encoders from local folders, chosen in conf: a small randomly initialised pair.

"tiny-random-clip" has the form of CLIP and none of its weights: its cosines mean nothing.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from builders import features, post, row
from PIL import Image
from pyspark.sql import SparkSession

from harmsweep.encoders import text
from harmsweep.encoders.conf import Encoder, load_encoders
from harmsweep.encoders.stored import STORED
from harmsweep.lake import delta
from harmsweep.model.fusion import SIMILARITY, Input
from harmsweep.stages.embed.stage import embed_day
from harmsweep.stages.snapshot.snapshot_rows import labelled_rows
from harmsweep.tables.catalog import (
    AUTHOR_VECTORS,
    LABELS,
    MEDIA,
    POST_FEATURES,
    POST_VECTORS,
    POSTS,
)

pytestmark = pytest.mark.torch

DAY = date(2026, 10, 1)
WIDTH, WINDOW = 16, 12
WORDS = ["a", "quiet", "boat", "on", "the", "lake", "at", "dawn"]
ENDS = ("<|startoftext|>", "<|endoftext|>")


def pinned(folder: Path, *names: str) -> dict[str, str]:
    files = ("model.safetensors", "config.json", *names)
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files}


def vision(folder: Path) -> dict[str, Any]:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        image_size=32, patch_size=8, projection_dim=WIDTH,
    )  # fmt: skip
    CLIPVisionModelWithProjection(config).save_pretrained(folder)
    pixels = {"mean": [122.77, 116.75, 104.09], "std": [68.5, 66.63, 70.32]}
    return {
        "modality": "image", "kind": "clip_vision", "path": str(folder), "files": pinned(folder),
        "width": WIDTH, "preprocessing": {"size": 32, "resample": "bicubic"} | pixels,
    }  # fmt: skip


def language(folder: Path) -> dict[str, Any]:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    names = ["[UNK]", *WORDS, *ENDS]
    config = CLIPTextConfig(
        vocab_size=len(names), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=WINDOW, projection_dim=WIDTH,
        bos_token_id=len(names) - 2, eos_token_id=len(names) - 1,
    )  # fmt: skip
    CLIPTextModelWithProjection(config).save_pretrained(folder)
    ids = {name: n for n, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return {
        "modality": "text", "kind": "clip_text", "path": str(folder),
        "files": pinned(folder, "tokenizer.json"), "width": WIDTH,
        "preprocessing": {"window": WINDOW, "stride": 6},
    }  # fmt: skip


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Encoder]:
    """The encoders of a conf that names the tiny random pair for every input."""
    import torch

    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("tiny-random-clip")
    texts = ("text", "raw_text", "media_text", "description", "caption")
    conf = {
        "inputs": dict.fromkeys(texts, "tiny-random-clip-text") | {"image": "tiny-random-clip"},
        "encoders": {
            "tiny-random-clip": vision(root / "vision"),
            "tiny-random-clip-text": language(root / "text"),
        },
    }
    (root / "encoders.yaml").write_text(yaml.safe_dump(conf))
    return load_encoders(root / "encoders.yaml")


def test_the_text_tower_agrees_with_transformers_and_long_texts_are_cut_in_windows(
    encoders: dict[str, Encoder],
) -> None:
    import torch
    from transformers import CLIPTextModelWithProjection

    model = text.load(encoders["caption"], "cpu")
    short, long = "a quiet lake", "boat " * 25
    embedded = text.embed(model, [short, long, "dawn"])
    assert embedded.windows.tolist() == [1, 4, 1]
    start, end = (model.tokenizer.token_to_id(name) for name in ENDS)
    ids = [start, *model.tokenizer.encode(short).ids, end]
    with torch.inference_mode():
        net = CLIPTextModelWithProjection.from_pretrained(model.encoder.folder)
        theirs = net(torch.tensor([ids])).text_embeds[0].numpy()
    np.testing.assert_allclose(
        embedded.vectors[0], theirs / np.linalg.norm(theirs), rtol=0, atol=1e-5
    )


def test_a_caption_outside_the_images_space_is_refused(tmp_path: Path) -> None:
    names = dict.fromkeys(("text", "raw_text", "media_text", "description", "caption"), "words")
    files = {"model.safetensors": "0" * 64}
    words = {"modality": "text", "kind": "clip_text", "width": 8}
    picture = {"modality": "image", "kind": "clip_vision", "width": 9}
    same = {"path": ".", "files": files, "preprocessing": {}}
    conf = {
        "inputs": names | {"image": "picture"},
        "encoders": {"words": words | same, "picture": picture | same},
    }
    path = tmp_path / "encoders.yaml"
    path.write_text(json.dumps(conf))  # YAML without anchors
    with pytest.raises(ValueError, match="clip_text of 8 for caption, clip_vision of 9 for image"):
        load_encoders(path)


@pytest.mark.nightly
@pytest.mark.spark
def test_the_likeness_of_caption_and_picture_is_a_number_of_the_snapshot(
    spark: SparkSession,
    lake: Path,
    tmp_path: Path,
    add_rows: Callable[..., None],
    encoders: dict[str, Encoder],
) -> None:
    Image.linear_gradient("L").save(tmp_path / "ramp.png")
    content_hash = hashlib.sha256((tmp_path / "ramp.png").read_bytes()).hexdigest()
    texts = {"both": "a quiet boat", "wordless": "", "pictureless": "the lake"}
    add_rows([post(post_id, text=text) for post_id, text in texts.items()], POSTS, lake)
    add_rows([features(post_id, text) for post_id, text in texts.items()], POST_FEATURES, lake)
    medium = row(MEDIA, uri="ramp.png", content_hash=content_hash, position=0)
    add_rows([medium | {"post_id": p} for p in ("both", "wordless")], MEDIA, lake)
    label = row(LABELS, harm="hate", weight=1.0)
    add_rows([label | {"post_id": post_id} for post_id in texts], LABELS, lake)

    embed_day(lambda: spark, lake, DAY, media_root=tmp_path, encoders=encoders)
    stored = delta.rows(POST_VECTORS, lake, day=DAY).to_pylist()
    vectors = {(row["post_id"], row["input"]): row["vector"] for row in stored}
    caption, image = (
        np.frombuffer(vectors["both", name], STORED).astype(np.float64)
        for name in ("caption", "image")
    )
    assert vectors["both", "caption"] == vectors["both", "text"]

    inputs = [
        Input(name=name, encoder_id=encoders[name].encoder_id, width=WIDTH)
        for name in ("text", "caption", "image")
    ]
    tables = (POSTS, POST_FEATURES, POST_VECTORS, AUTHOR_VECTORS, LABELS)
    read = [delta.read_days(spark, table, lake, DAY) for table in tables]
    read[-1] = read[-1].selectExpr("*", "1.0D AS factor")
    rows = labelled_rows(*read, inputs=inputs).select("post_id", SIMILARITY).collect()
    found = {row["post_id"]: row[SIMILARITY] for row in rows}
    cosine = caption @ image / np.linalg.norm(caption) / np.linalg.norm(image)
    assert found == {"both": pytest.approx(cosine), "wordless": None, "pictureless": None}
