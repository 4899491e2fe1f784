"""Stage `features_logits`: the class logits of the feature network, for the Inception Score.

The Inception Score needs classes of which a frame has exactly one: the 12 places.  A linear layer
without bias (as the score's definition reads Inception's logits) learns them from the frozen features.
"""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from . import train_vision
from .run import learning_rate, set_rate
from .train_vision import augment, batch_of


class WithLogits(nn.Module):
    """[N,3,64,64] in 0..1 -> (features [N,64], logits [N,12])."""

    def __init__(self, net, head):
        super().__init__()
        self.net, self.head = net, head

    def forward(self, pixels):
        features = self.net.features(pixels)
        return features, self.head(features)


def train(run, world):
    torch.manual_seed(302)
    generator = np.random.default_rng(302)
    split, steps = world.train, run.config.features_logits_steps
    rows = np.flatnonzero(split.episodes % 2 == 0)
    net, head = train_vision.load(run, world, "features"), nn.Linear(64, 12, bias=False)
    goal = torch.from_numpy(split.backgrounds)
    optimiser = torch.optim.AdamW(head.parameters(), weight_decay=0.1)
    for step in range(steps):
        set_rate(optimiser, learning_rate(step, steps, 3e-3, warmup=20, decay_from=0.3))
        chosen = generator.choice(rows, 64)
        with torch.no_grad():
            features = net.features(augment(batch_of(split, chosen, generator)))
        loss = F.cross_entropy(head(features), goal[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    run.save("features_logits", head.state_dict())
    run.log("features_logits", step=steps, loss=loss.item(), **measure(load(run, world), world.val))


@torch.no_grad()
def measure(model, split):
    """Accuracy of the places and the Inception Score of the middle frames."""
    images = torch.from_numpy(np.array(split.frames[:, 2])).permute(0, 3, 1, 2).float() / 255
    logits = torch.cat([model(part)[1] for part in images.split(128)])
    chances = logits.double().softmax(1)
    marginal = chances.mean(0)
    score = (chances * (chances.clamp(min=1e-300).log() - marginal.log())).sum(1).mean().exp()
    right = logits.argmax(1) == torch.from_numpy(split.backgrounds)
    return {"backgrounds": right.float().mean().item(), "inception_score": score.item(),
            "certainty": chances.amax(1).mean().item()}


def load(run, world):
    head = nn.Linear(64, 12, bias=False)
    head.load_state_dict(run.load("features_logits"))
    return WithLogits(train_vision.load(run, world, "features"), head).eval().requires_grad_(False)


STAGES = {"features_logits": train}
