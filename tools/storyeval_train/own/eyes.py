"""An image trunk that first learns labels and words of captions; captioner and CLIP go on from it."""

from collections import Counter

import numpy as np
import torch
from torch.nn import functional as F

from .. import train_vision
from ..convnet import ConvNet
from ..tokens import words
from .loop import Step, fit

MOST_WORDS = 200


def concepts(job):
    """Words in 1 to 60 % of the training captions, names of labels excluded, the commonest first."""
    rows, names = job.parts.train, {n.lower() for n in job.data.characters + job.data.backgrounds}
    count = Counter(w for row in rows for w in set(words(job.data.frames[row].caption)))
    kept = [w for w, c in count.most_common() if w.isalpha() and w not in names
            and max(2, 0.01 * len(rows)) <= c <= 0.6 * len(rows)]
    return sorted(kept[:MOST_WORDS])


def train(job, name, widths):
    """A trained `ConvNet`. What a frame has no label of does not count."""
    told = concepts(job)
    said = [set(words(frame.caption)) for frame in job.data.frames]
    spoken = np.array([[w in s for w in told] for s in said], np.float32).reshape(len(said), len(told))
    matrix = np.concatenate([job.data.character_matrix(), job.data.background_matrix(), spoken], 1)
    if not matrix.shape[1]:
        matrix = np.ones((len(said), 1), np.float32)  # nothing to learn; the trunk starts from its first weights
    known = torch.from_numpy(~np.isnan(matrix)).float().to(job.device)
    goal = torch.from_numpy(np.nan_to_num(matrix)).to(job.device)
    torch.manual_seed(job.seed)
    network = ConvNet(matrix.shape[1], widths).to(job.device, memory_format=torch.channels_last)

    def act(optimiser, generator):
        chosen = job.parts.train[generator.integers(0, len(job.parts.train), job.batch)]
        return train_vision.recogniser_step(network, optimiser, augmented(job, chosen, generator), goal[chosen],
                                            known[chosen])

    @torch.no_grad()
    def measure(model):
        rows = job.parts.val
        logits = torch.cat([model(job.pictures.middles(part).to(job.device)).float()
                            for part in np.array_split(rows, max(1, -(-len(rows) // 64)))])
        loss = (F.binary_cross_entropy_with_logits(logits, goal[rows], reduction="none") * known[rows]).mean(0).sum()
        return {"val_loss": loss.item()}

    fit(name, network, Step(network, act), measure, job.settings(len(job.parts.train)), job.work, job.log)
    return network


def augmented(job, rows, generator):
    """Random pictures of clips as the networks see them in training."""
    images = job.pictures.random(rows, generator)
    if job.mirror:
        images = torch.where(torch.rand(len(images), 1, 1, 1) < 0.5, images.flip(3), images)
    return train_vision.augment(images).contiguous(memory_format=torch.channels_last).to(job.device)
