"""Stages that train recognisers of frames.

Four separately seeded networks.  The scoring pair judges results only: no loss ever sees it, and it
learns from one half of the episodes.  The auxiliary judge (losses, monitoring) and the vision
network of the language model learn from the other half.
"""

import numpy as np
import torch
import torch.nn.functional as F

from .convnet import ConvNet, FeatureNet
from .run import adamw, bf16, learning_rate, set_rate
from .tokens import words


def batch_of(split, rows, generator):
    """Random frames of the clips `rows`: images [B,3,64,64] in 0..1."""
    picks = generator.integers(0, 5, len(rows))
    return torch.from_numpy(split.frames[rows, picks]).permute(0, 3, 1, 2).float() / 255


def augment(images):
    """Noise, shifts of up to 3 pixels, blur, brightness and contrast, as generated frames show."""
    return augment_and_shifts(images)[0]


def augment_and_shifts(images):
    """As `augment`, with the shift of every image: int [B,2], pixels down and right."""
    out, shifts = [], []
    for group in images.chunk(8):
        shift = torch.randint(-3, 4, (2,)).tolist()
        shifts += [shift] * len(group)
        group = torch.roll(group, shift, dims=(2, 3))
        if torch.rand(()) < 0.3:
            group = torch.lerp(group, F.avg_pool2d(group, 3, 1, 1), torch.rand(()).item())
        elif torch.rand(()) < 0.15:
            small = F.interpolate(group, scale_factor=0.7, mode="bilinear")
            group = F.interpolate(small, size=group.shape[-2:], mode="bilinear")
        out.append(group)
    images = torch.cat(out)
    batch = len(images)
    contrast = 1 + 0.3 * (torch.rand(batch, 1, 1, 1) - 0.5)
    brightness = 0.12 * (torch.rand(batch, 1, 1, 1) - 0.5)
    noise = torch.randn_like(images) * (0.07 * torch.rand(batch, 1, 1, 1))
    return ((images - 0.5) * contrast + 0.5 + brightness + noise).clamp(0, 1), torch.tensor(shifts)


def targets(split, kind):
    """Target matrix of a recogniser: characters, backgrounds (one-hot), both, or with words too."""
    places = np.eye(12, dtype=np.float32)[split.backgrounds]
    parts = {"characters": [split.labels], "backgrounds": [places],
             "both": [split.labels, places],
             "concepts": [split.labels, places, split.concepts]}[kind]
    return torch.from_numpy(np.concatenate(parts, axis=1))


def place_told(world, split):
    """Whether a caption names its background, bool [N]; one in ten leaves it to the story."""
    return np.array([world.backgrounds[b] in words(c) for b, c in zip(split.backgrounds, split.captions)])


def recogniser_step(model, optimiser, images, goal, weight, positive=None):
    """One step of a recogniser with per-output logistic loss; `positive` weighs outputs that are rarely true."""
    with bf16(images.device):
        logits = model(images.contiguous(memory_format=torch.channels_last))
    loss = (F.binary_cross_entropy_with_logits(logits.float(), goal, reduction="none", pos_weight=positive)
            * weight).mean(0).sum()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss


def fit(run, world, name, model, kind, half, steps, seed, rate=2e-3):
    """Trains one recogniser with per-output logistic loss and logs exact match on val."""
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    split, goal = world.train, targets(world.train, kind)
    rows = np.flatnonzero(split.episodes % 2 == half)
    weight = torch.ones(goal.shape[1])
    weight[19:] = 0.3
    model = model.to(memory_format=torch.channels_last).train()
    optimiser = adamw(model.parameters())
    for step in range(steps):
        set_rate(optimiser, learning_rate(step, steps, rate, decay_from=0.3))
        chosen = generator.choice(rows, 64)
        images = augment(batch_of(split, chosen, generator))
        loss = recogniser_step(model, optimiser, images, goal[chosen], weight)
        if step % 100 == 99 or step == steps - 1:
            model.eval()
            run.log(name, step=step + 1, loss=loss.item(), **exact(model, world.val, kind))
            model.train()
    return model.eval().to(memory_format=torch.contiguous_format)


@torch.no_grad()
def exact(model, split, kind, limit=250):
    """Exact match of sigmoid > 0.5 on the middle frames of a split."""
    rows = np.arange(len(split.ids))[:limit]
    images = torch.from_numpy(split.frames[rows, 2]).permute(0, 3, 1, 2).float() / 255
    logits, goal = model(images), targets(split, kind)[rows]
    right = (logits > 0) == (goal > 0.5)
    if kind in ("characters", "backgrounds"):
        return {"exact": right.all(1).float().mean().item()}
    return {"characters": right[:, :7].all(1).float().mean().item(),
            "backgrounds": right[:, 7:19].all(1).float().mean().item()}


def build(world, name):
    """The (untrained) recogniser of a name."""
    both = 19 + len(world.concepts)
    return {"scoring_characters": lambda: ConvNet(7, (32, 48, 64, 96)),
            "scoring_backgrounds": lambda: ConvNet(12, (16, 32, 48, 64)),
            "auxiliary": lambda: ConvNet(19, (24, 40, 72, 88)),
            "features": lambda: FeatureNet(both, (24, 40, 64, 80)),
            "vision": lambda: FeatureNet(both, (24, 40, 64, 96), features=128)}[name]()


def load(run, world, name):
    """A trained, frozen recogniser."""
    model = build(world, name)
    model.load_state_dict(run.load(name))
    return model.eval().requires_grad_(False)


def _stage(name, kind, half, steps_of, seed):
    def stage(run, world):
        torch.manual_seed(seed)
        model = fit(run, world, name, build(world, name), kind, half,
                    getattr(run.config, steps_of), seed)
        run.save(name, model.state_dict())
    return stage


STAGES = {
    "scoring_characters": _stage("scoring_characters", "characters", 0, "classifier_steps", 101),
    "scoring_backgrounds": _stage("scoring_backgrounds", "backgrounds", 0, "background_steps", 102),
    "auxiliary": _stage("auxiliary", "both", 1, "auxiliary_steps", 201),
    "features": _stage("features", "concepts", 0, "features_steps", 301),
    "vision": _stage("vision", "concepts", 1, "vision_steps", 401),
}
