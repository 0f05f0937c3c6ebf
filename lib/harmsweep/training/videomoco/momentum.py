"""The discriminator: query and key encoders, and a queue of keys that fade with age.

Methods: He et al., MoCo, CVPR 2020 (momentum encoder, queue); Pan et al., VideoMoCo, CVPR 2021,
section 3.2 (temporal decay); Tran et al., R(2+1)D, CVPR 2018 (the encoder).
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.video import r2plus1d_18

from harmsweep.training.videomoco.conf import Options

# Fewer clips give no half steady statistics.
HALVES = 16


class Moco(nn.Module):
    """R(2+1)D-18 twice, each with one linear projection, and a queue of `queue` keys.

    The names of the encoders are those of the published checkpoints.
    """

    keys: Tensor  # [queue, width], unit length
    ages: Tensor  # [queue], steps since the key came; 0: empty
    owners: Tensor  # [queue], the clip that the key is of
    place: Tensor  # where the next key goes

    def __init__(self, options: Options, *, queue: int) -> None:
        super().__init__()
        self.options = options
        self.encoder_q = r2plus1d_18(num_classes=options.width)
        self.encoder_k = copy.deepcopy(self.encoder_q).requires_grad_(False)
        self.register_buffer("keys", torch.zeros(queue, options.width))
        self.register_buffer("ages", torch.zeros(queue, dtype=torch.long))
        self.register_buffer("owners", torch.full((queue,), -1))
        self.register_buffer("place", torch.tensor(0))

    def queries(self, clips: Tensor) -> Tensor:
        """Unit vectors [n, width] of clips [n, 3, frames, size, size] by the query encoder."""
        return F.normalize(self.encoder_q(clips), dim=1)

    @torch.no_grad()
    def encode_keys(self, clips: Tensor) -> Tensor:
        """Unit vectors [n, width] by the key encoder, in shuffled halves.

        Shuffled, a key shares its batch's statistics with other clips than its query does: else
        batch normalisation tells them apart (MoCo, section 3.3, does so across GPUs).
        """
        order = torch.randperm(len(clips), device=clips.device)
        halves = clips[order].chunk(2) if len(clips) >= HALVES else [clips[order]]
        shuffled = torch.cat([self.encoder_k(half) for half in halves])
        return F.normalize(shuffled[order.argsort()], dim=1)

    @torch.no_grad()
    def update_key_encoder(self) -> None:
        """Move the key encoder's weights a step of 1 - momentum towards the query encoder's."""
        pairs = zip(self.encoder_k.parameters(), self.encoder_q.parameters(), strict=True)
        for slow, fast in pairs:
            slow.lerp_(fast, 1 - self.options.momentum)

    @torch.no_grad()
    def enqueue(self, keys: Tensor, owners: Tensor) -> None:
        """Put keys in place of the oldest; every other key ages by one step."""
        size = len(self.keys)
        keys, owners = keys[-size:], owners[-size:]
        places = (self.place + torch.arange(len(keys), device=keys.device)) % size
        self.ages[self.ages > 0] += 1
        self.keys[places], self.owners[places], self.ages[places] = keys, owners, 1
        self.place.copy_((self.place + len(keys)) % size)

    def decay_weights(self) -> Tensor:
        """What each key of the queue counts: decay to the power of its age, [queue]."""
        return self.options.decay**self.ages

    def contrast(self, queries: Tensor, keys: Tensor, owners: Tensor) -> Tensor:
        """The contrastive loss, a scalar: each query against its key and the decayed queue.

        Empty places and keys of the query's own clip are no negatives.
        """
        positive = (queries * keys).sum(1, keepdim=True)
        negative = queries @ (self.keys * self.decay_weights()[:, None]).T
        unusable = (self.ages == 0) | (owners[:, None] == self.owners)
        logits = torch.cat([positive, negative.masked_fill(unusable, -torch.inf)], dim=1)
        target = torch.zeros(len(logits), dtype=torch.long, device=logits.device)
        return F.cross_entropy(logits / self.options.temperature, target)
