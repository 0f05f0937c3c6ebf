"""Tuned layers: they learn what is taught, and the encoder reads them as they were fitted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harmsweep.encoders import text
from harmsweep.encoders.conf import Encoder, TunedLayers
from harmsweep.encoders.ngrams import ngram_vectors
from harmsweep.encoders.tuned import tuned_groups
from harmsweep.errors import WrongUse
from harmsweep.files import FileRefused, sha256_of
from harmsweep.harms import HARMS
from harmsweep.model.conf import TrainingRefused
from harmsweep.model.manifest import group_hash
from harmsweep.model.snapshot import Snapshot
from harmsweep.paths import CONF
from harmsweep.training.fine_tuning import tuning_job
from harmsweep.training.fine_tuning.conf import (
    Contrast,
    load_fine_tuning,
    load_sentences,
)
from harmsweep.training.fine_tuning.lessons import Lessons

pytestmark = [pytest.mark.slow, pytest.mark.torch]

WORDS = ("lake", "calm", "prize", "win", "the", "a", "boat")
SPAM = ("win a prize", "a prize", "the prize win", "win win")
PLAIN = ("the calm lake", "a boat", "calm boat lake", "the lake")
OPTIONS = load_fine_tuning().model_copy(
    update={"layers": 1, "epochs": 12, "batch": 8, "rate": 0.01, "head_rate": 0.05, "dropout": 0.0}
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """An encoder of two small random layers that knows seven words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
    config = BertConfig(vocab_size=20, num_hidden_layers=2, max_position_embeddings=64, **sizes)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    vocabulary = {word: n for n, word in enumerate(("[UNK]", "[CLS]", "[SEP]", *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    names = ("model.safetensors", "config.json", "tokenizer.json")
    return Encoder(
        name="tiny",
        modality="text",
        kind="mean_pooling",
        path=str(folder),
        files={name: sha256_of(folder / name) for name in names},
        width=16 + 64,
        preprocessing={"window": 32, "stride": 20, "ngrams": 64},
    )


def taught(texts: Sequence[str], spam: Sequence[bool]) -> Lessons:
    """Lessons of one harm that is known of every text."""
    labels = np.array(spam, np.float32)[:, None]
    return Lessons(("spam",), texts, labels, np.ones_like(labels))


def test_layers_learn_what_tells_the_texts_apart_and_those_beneath_stay(tiny: Encoder) -> None:
    import torch

    from harmsweep.training.fine_tuning.top_layers import (
        fine_tune,
        read_encoder,
        readings,
        tuned_weights,
        vectors,
    )

    texts = [*SPAM, *PLAIN] * 4
    bert, losses = read_encoder(tiny), list[float]()
    read = readings(bert, tiny, texts, OPTIONS.layers)
    lessons = taught(texts, [t in SPAM for t in texts])
    tuned = fine_tune(bert, read, lessons, OPTIONS, report=lambda _, loss: losses.append(loss))
    said = tuned.heads(torch.from_numpy(vectors(tuned, read)))[:, 0].detach()
    assert min(said[lessons.labels[:, 0] > 0]) > 0 > max(said[lessons.labels[:, 0] == 0])
    assert len(losses) == OPTIONS.epochs and losses[-1] < 0.5 * losses[0]
    assert {name.split(".")[2] for name in tuned_weights(tuned)} == {"1"}


def test_an_unknown_label_teaches_nothing(tiny: Encoder) -> None:
    from harmsweep.training.fine_tuning.top_layers import fine_tune, read_encoder, readings, vectors

    texts = [*SPAM, *PLAIN]
    bert = read_encoder(tiny)
    read = readings(bert, tiny, texts, OPTIONS.layers)
    given = taught(texts, [t in SPAM for t in texts])
    wrong = Lessons(
        ("spam", "hate"),
        texts,
        np.concatenate([given.labels, given.labels], axis=1),
        np.concatenate([given.weights, np.zeros_like(given.weights)], axis=1),
    )
    alone = fine_tune(bert, read, given, OPTIONS, report=lambda *_: None)
    beside = fine_tune(bert, read, wrong, OPTIONS, report=lambda *_: None)
    np.testing.assert_allclose(vectors(alone, read), vectors(beside, read), atol=1e-4)


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A snapshot whose train part has the texts, spam labelled by hand."""
    texts = [*SPAM, *PLAIN]
    rows: dict[str, object] = {
        "day": [pd.Timestamp("2026-10-01").date()] * 8,
        "post_id": [f"p{n}" for n in range(8)],
        "revision": [1] * 8,
        "dataset": ["sms"] * 8,
        "own_group": [f"g{n}" for n in range(8)],
        "split_group": [f"g{n}" for n in range(8)],
        "text_present": [True] * 8,
    }
    for harm in HARMS:
        known = harm == "spam"
        rows[f"label_{harm}"] = [float(t in SPAM) if known else float("nan") for t in texts]
        rows[f"weight_{harm}"] = [float(known)] * 8
    (tmp_path / "train").mkdir()
    pd.DataFrame(rows).to_parquet(tmp_path / "train" / "part-0.parquet")
    facts = Snapshot.model_construct(id="s0", harms=HARMS)
    monkeypatch.setattr(tuning_job, "load_snapshot", lambda _: facts)
    return tmp_path


def tune(snapshot: Path, encoder: Encoder, **changes: object) -> dict[str, object]:
    texts = pd.DataFrame(
        {
            "day": [pd.Timestamp("2026-10-01").date()] * 8,
            "post_id": [f"p{n}" for n in range(8)],
            "revision": [1] * 8,
            "normal_text": [*SPAM, *PLAIN],
        }
    )
    options = OPTIONS.model_copy(update={"contrast": Contrast(weight=0, per_sentence=1)} | changes)
    return tuning_job.tune(
        snapshot,
        texts,
        encoder=encoder,
        out=snapshot / "out",
        options=options,
        sentences=load_sentences(),
    )


def test_the_file_is_the_encoders_and_says_whom_it_learned_from(
    tiny: Encoder, snapshot: Path
) -> None:
    said = tune(snapshot, tiny)
    path = Path(str(said["weights"]))
    assert (said["sha256"], said["bytes"]) == (sha256_of(path), path.stat().st_size)
    pinned = tiny.model_copy(
        update={"tuned": TunedLayers(path=str(path), sha256=str(said["sha256"]))}
    )
    assert tuned_groups(pinned) == {group_hash(f"g{n}") for n in range(8)}
    assert tuned_groups(tiny) == frozenset() and pinned.cache_id != tiny.cache_id
    before, after = (text.embed(text.load(e, "cpu"), SPAM).vectors for e in (tiny, pinned))
    assert np.abs(before[:, :16] - after[:, :16]).max() > 0.01
    grams = ngram_vectors(SPAM, 64) / np.sqrt(2)
    np.testing.assert_allclose(after[:, 16:], grams, atol=1e-6)
    assert str(said["sha256"]) in (path.parent / "card.md").read_text(encoding="utf-8")


def test_layers_of_another_encoder_or_another_file_are_refused(
    tiny: Encoder, snapshot: Path
) -> None:
    import torch
    from safetensors.torch import save_file

    path = snapshot / "other.safetensors"
    save_file({"encoder.layer.7.output.dense.bias": torch.zeros(3)}, path)
    pinned = tiny.model_copy(update={"tuned": TunedLayers(path=str(path), sha256=sha256_of(path))})
    with pytest.raises(FileRefused, match="is no weight of the encoder"):
        text.load(pinned, "cpu")
    with pytest.raises(FileRefused, match="does not say which groups"):
        tuned_groups(pinned)
    path.write_bytes(path.read_bytes() + b" ")
    for read in (tuned_groups, lambda e: text.load(e, "cpu")):
        with pytest.raises(FileRefused, match="expected SHA-256"):
            read(pinned)


def test_a_snapshot_without_both_classes_of_a_text_is_refused(
    tiny: Encoder, snapshot: Path
) -> None:
    path = snapshot / "train" / "part-0.parquet"
    rows = pd.read_parquet(path)
    rows.assign(label_spam=1.0).to_parquet(path)
    with pytest.raises(TrainingRefused, match="no labelled texts of both classes"):
        tune(snapshot, tiny)


def test_an_encoder_that_conf_does_not_declare_is_refused(tmp_path: Path) -> None:
    files = {"config": CONF / "fine_tuning.yaml", "sentences": CONF / "contrast.yaml"}
    with pytest.raises(WrongUse, match="no encoder 'minilm-ngram'; did you mean"):
        tuning_job.run(
            pd.DataFrame(), snapshot=tmp_path, encoder="minilm-ngram", out=tmp_path, **files
        )
