"""The generator: which frames of the query to drop so that its vector moves most.

Method: Pan et al., VideoMoCo, CVPR 2021, section 3.1 (importance of each frame by a ConvLSTM, a
quarter of the frames dropped); Shi et al., Convolutional LSTM, NeurIPS 2015 (the cell); Bengio et
al., 2013 (straight-through gradients: choosing the first k has none of its own).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Which frames matter shows in a thumbnail; a larger one would cost more than it tells.
THUMBNAIL = 28
CHANNELS = 16


class ConvLSTM(nn.Module):
    """One convolutional LSTM layer: features [n, frames, channels, h, w] to hidden states alike."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Hidden states of every frame in order."""
        hidden = cell = torch.zeros_like(features[:, 0])
        states = []
        for frame in features.unbind(1):
            gates: Tensor = self.gates(torch.cat([frame, hidden], 1))
            enter, forget, leave, change = gates.chunk(4, 1)
            cell = forget.sigmoid() * cell + enter.sigmoid() * change.tanh()
            hidden = leave.sigmoid() * cell.tanh()
            states.append(hidden)
        return torch.stack(states, 1)


class Generator(nn.Module):
    """Scores every frame of a clip; `drop` takes the highest away."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv2d(3, CHANNELS, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(CHANNELS, CHANNELS, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        # Forwards and backwards: what a frame adds depends on both sides of it.
        self.onward, self.back = ConvLSTM(CHANNELS), ConvLSTM(CHANNELS)
        self.score = nn.Linear(2 * CHANNELS, 1)

    def forward(self, clips: Tensor) -> Tensor:
        """A score per frame, [n, frames], of clips [n, 3, frames, size, size]."""
        frames = clips.transpose(1, 2)
        small = F.adaptive_avg_pool2d(frames.flatten(0, 1), THUMBNAIL)
        seen: Tensor = self.look(small).unflatten(0, frames.shape[:2])
        states = [self.onward(seen), self.back(seen.flip(1)).flip(1)]
        scores: Tensor = self.score(torch.cat(states, 2).mean((3, 4)))
        return scores.squeeze(2)


def dropped_frames(scores: Tensor, count: int) -> Tensor:
    """1 for the `count` highest scores of each row, else 0; its gradient is the sigmoid's."""
    soft = scores.sigmoid()
    hard = torch.zeros_like(soft).scatter(1, scores.topk(count, dim=1).indices, 1.0)
    # In brackets the difference is exactly 0: only its gradient counts.
    return hard + (soft - soft.detach())


def drop(clips: Tensor, dropped: Tensor) -> Tensor:
    """The clips [n, 3, frames, size, size] with their dropped frames [n, frames] made flat.

    A dropped frame is its own mean, as in the authors' code: black frames would move the statistics
    of batch normalisation.
    """
    flat = clips.mean((1, 3, 4), keepdim=True)
    share = dropped[:, None, :, None, None]
    return clips * (1 - share) + flat * share
