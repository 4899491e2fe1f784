"""Stage helper: an image trunk that knows everything a caption can say about a frame.

Characters and places come from the labels; the thing and the pose come from the caption's words
(MiniSV's captions always name the thing that is drawn; a pose that the caption leaves open is not
counted).  Softmax over things works where one yes-or-no answer a word did not: most words are rare.
"""

import numpy as np
import torch
import torch.nn.functional as F

from .convnet import ConvNet
from .run import adamw, bf16, learning_rate, set_rate
from .tokens import words
from .train_vision import augment, batch_of, targets

THINGS = ["ball", "cake", "gift", "lantern", "barrel", "basket", "drum", "balloon", "book", "umbrella"]
POSES = [{"standing", "stands", "waiting", "waits", "looking", "looks"}, {"saying", "says", "waving"},
         {"walking", "walks", "strolling", "strolls"}, {"sitting", "sits", "resting", "rests"},
         {"jumping", "jumps", "cheering", "cheers", "dancing", "dances"}]
OUTPUTS = 19 + len(THINGS) + 1 + len(POSES)
OPEN = -100  # ignored by the cross-entropy


def thing_of(caption):
    """Index of the thing that is in the picture, `len(THINGS)` for none."""
    said = set(words(caption))
    return next((k for k, t in enumerate(THINGS) if t in said), len(THINGS))


def pose_of(caption):
    """Index of the pose of everyone in the picture, or `OPEN`."""
    said = set(words(caption))
    if said & {"holding", "near", "happy"}:
        return OPEN
    return next((k for k, verbs in enumerate(POSES) if said & verbs), OPEN)


class Scene:
    """Targets of one split and the loss of logits [N,OUTPUTS] on them."""

    def __init__(self, split):
        self.both = targets(split, "both")
        self.things = torch.tensor([thing_of(c) for c in split.captions])
        self.poses = torch.tensor([pose_of(c) for c in split.captions])

    def loss(self, logits, rows):
        both, things, poses = logits.float().split([19, len(THINGS) + 1, len(POSES)], dim=1)
        loss = F.binary_cross_entropy_with_logits(both, self.both[rows], reduction="none").mean(0).sum()
        return (loss + 2 * F.cross_entropy(things, self.things[rows])
                + F.cross_entropy(poses, self.poses[rows], ignore_index=OPEN))

    @torch.no_grad()
    def measure(self, model, split, limit=276):
        rows = np.arange(len(split.ids))[:limit]
        images = torch.from_numpy(np.array(split.frames[:limit, 2])).permute(0, 3, 1, 2).float() / 255
        both, things, poses = model(images).split([19, len(THINGS) + 1, len(POSES)], dim=1)
        right = (both > 0) == (self.both[rows] > 0.5)
        seen, known = self.things[rows] < len(THINGS), self.poses[rows] != OPEN
        hit = lambda found, true, where: (found.argmax(1) == true)[where].float().mean().item()
        return {"characters": right[:, :7].all(1).float().mean().item(),
                "backgrounds": right[:, 7:].all(1).float().mean().item(),
                "things": hit(things, self.things[rows], seen),
                "nothing": hit(things, self.things[rows], ~seen),
                "poses": hit(poses, self.poses[rows], known)}


def fit_scene(run, world, name, widths, steps, seed, half=0):
    """Trains and saves a `ConvNet(OUTPUTS, widths)` as checkpoint `name`."""
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    split = world.train
    scene, judge = Scene(split), Scene(world.val)
    rows = np.flatnonzero(split.episodes % 2 == half)
    shows = scene.things[rows].numpy() < len(THINGS)
    chance = np.where(shows, 2.0, 1.0)
    chance /= chance.sum()
    model = ConvNet(OUTPUTS, widths).to(memory_format=torch.channels_last).train()
    optimiser = adamw(model.parameters())
    for step in range(steps):
        set_rate(optimiser, learning_rate(step, steps, 2e-3, decay_from=0.3))
        chosen = generator.choice(rows, 64, p=chance)
        images = batch_of(split, chosen, generator)
        mirrored = torch.rand(len(images), 1, 1, 1) < 0.5  # a mirrored frame has the same caption
        images = augment(torch.where(mirrored, images.flip(3), images)).contiguous(
            memory_format=torch.channels_last)
        with bf16():
            logits = model(images)
        loss = scene.loss(logits, chosen)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 250 == 249 or step == steps - 1:
            run.log(name, step=step + 1, loss=loss.item(), **judge.measure(model.eval(), world.val))
            model.train()
    run.save(name, model.state_dict())
