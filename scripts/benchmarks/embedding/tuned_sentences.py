"""sentence-transformers with our function inside: it imports torch, as pickling by name asks."""

from typing import Any

import torch
from sentence_transformers import SentenceTransformer

from embedding.job import embed


class TunedSentences(SentenceTransformer):
    """The library's queues and processes around our function; its own model is left out."""

    def __init__(self) -> None:
        super().__init__(modules=[torch.nn.Identity()], device="cpu")

    def _inference(self, inputs: list[str], **options: Any) -> torch.Tensor:
        return torch.from_numpy(embed(inputs))
