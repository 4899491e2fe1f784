"""A small CLIP: an image tower and a text tower that meet in one embedding space.

Shape of the exported graphs as in CLIP (Radford et al. 2021): embeddings are not normalised; the
cosine of two of them is the similarity.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

from .conditioner import SelfBlock
from .config import CLIP_WIDTH, LENGTH
from .convnet import ConvNet
from .tokens import PAD


class ImageTower(nn.Module):
    """[N,3,64,64] in 0..1 -> [N,D]; convolutions, then maximum and mean over the picture."""

    WIDTHS = (32, 48, 72, 112)

    def __init__(self, width=CLIP_WIDTH):
        super().__init__()
        self.body = ConvNet(width, self.WIDTHS)

    def forward(self, pixels):
        return self.body(pixels)


class TextTower(nn.Module):
    """Ids [N,T] (T at most `length`) -> [N,D]: two layers that see the whole caption, mean over its words.

    Padding is hidden from the words, so the result does not depend on T.
    """

    def __init__(self, vocabulary, width=96, layers=2, heads=4, outputs=CLIP_WIDTH, length=LENGTH):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.randn(length, width) * 0.1)
        self.blocks = nn.ModuleList(SelfBlock(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, outputs)
        nn.init.normal_(self.embedding.weight, std=0.3)

    def forward(self, input_ids):
        real = (input_ids != PAD).float()
        hidden = ((1 - real) * -1e4)[:, None, None]
        x = self.embedding(input_ids) + self.positions[:input_ids.shape[1]]
        for block in self.blocks:
            x = block(x, hidden)
        x = self.norm(x) * real[..., None]
        return self.out(x.sum(1) / real.sum(1, keepdim=True).clamp(min=1))


class Clip(nn.Module):
    """Both towers and the temperature of the contrastive loss."""

    def __init__(self, vocabulary, length=LENGTH):
        super().__init__()
        self.image, self.text = ImageTower(), TextTower(vocabulary, length=length)
        self.scale = nn.Parameter(torch.tensor(2.5))

    def logits(self, pictures, texts):
        """Scaled cosines [N,M]; the scale is at most 30, so that cosines stay spread."""
        pictures, texts = F.normalize(pictures.float(), dim=1), F.normalize(texts.float(), dim=1)
        return self.scale.exp().clamp(max=30) * pictures @ texts.T
