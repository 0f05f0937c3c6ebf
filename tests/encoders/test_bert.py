"""The packed encoders against transformers' own, on small random weights of each form."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harmsweep.encoders import text
from harmsweep.encoders.bert import load_bert
from harmsweep.encoders.conf import declared_encoders
from harmsweep.files import FileRefused

pytestmark = pytest.mark.torch

SIZES = {
    "vocab_size": 60,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 202,
}
MPNET = declared_encoders()["mpnet-ngrams"]


def bert(folder: Path) -> Any:
    from transformers import BertConfig, BertModel

    return saved(BertModel(BertConfig(**SIZES), add_pooling_layer=False), folder)


def mpnet(folder: Path) -> Any:
    from transformers import MPNetConfig, MPNetModel

    return saved(MPNetModel(MPNetConfig(**SIZES), add_pooling_layer=False), folder)


def saved(net: Any, folder: Path) -> Any:
    """The network with weights that are far from their small initial ones."""
    import torch

    torch.manual_seed(0)
    for weights in net.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    net.eval().save_pretrained(folder)
    return net


# 140 and 190 tokens reach beyond the distances that MPNet tells apart one by one.
@pytest.mark.parametrize("architecture", [bert, mpnet])
def test_states_are_those_of_transformers(tmp_path: Path, architecture: Any) -> None:
    import torch

    net = architecture(tmp_path)
    windows = [np.arange(length) % 57 + 3 for length in (2, 9, 9, 140, 190)]
    with torch.inference_mode():
        states = [net(torch.tensor(window)[None]).last_hidden_state for window in windows]
    means = np.concatenate([state.mean(1).numpy() for state in states])
    ours = load_bert(tmp_path, device="cpu", bf16=False, tokens=256)
    np.testing.assert_allclose(ours([window.tolist() for window in windows]), means, atol=2e-5)


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    bert(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "roberta"}))
    with pytest.raises(FileRefused, match="model_type is 'roberta', expected 'bert' or 'mpnet'"):
        load_bert(tmp_path, device="cpu", bf16=False, tokens=256)


@pytest.mark.nightly
@pytest.mark.skipif(not MPNET.folder.exists(), reason="scripts/fetch_mpnet was not run")
def test_mpnets_own_weights_give_the_vectors_of_transformers() -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    said = "Café <URL> said 'no' " * 40
    tokens = AutoTokenizer.from_pretrained(MPNET.folder, local_files_only=True)(
        said, return_tensors="pt", truncation=False
    )
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(MPNET.folder, local_files_only=True)(**tokens)
    mean = hidden.last_hidden_state.mean(1).numpy()[0]
    exact = MPNET.model_copy(update={"precision": "fp32"})
    ours = text.embed(text.load(exact, "cpu"), [said]).vectors[0]
    meaning = ours[: MPNET.width - MPNET.ngrams] * np.sqrt(2)
    np.testing.assert_allclose(meaning, mean / np.linalg.norm(mean), atol=1e-5)
