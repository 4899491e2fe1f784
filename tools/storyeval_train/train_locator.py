"""Stages `locator` and `test_locator`: learns where each character is from the boxes of the data set.

The learner sees the half of the episodes that the scorers see, mirrored half the time.
"""

import numpy as np
import torch
import torch.nn.functional as F

from .data import SIZE
from .locator import THRESHOLD, Locator, box_of, cells, overlap
from .run import adamw, bf16, learning_rate, set_rate
from .train_vision import augment_and_shifts

SEED = 801


def examples(split, rows, generator):
    """Augmented frames of the clips `rows`, [B,3,64,64], and where their characters are, [B,7,16,16]."""
    picks = generator.integers(0, 5, len(rows))
    images = torch.from_numpy(split.frames[rows, picks]).permute(0, 3, 1, 2).float() / 255
    boxes = torch.from_numpy(split.boxes[rows, picks])
    mirrored = torch.rand(len(images)) < 0.5
    images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    turned = torch.stack([1 - boxes[..., 2], boxes[..., 1], 1 - boxes[..., 0], boxes[..., 3]], dim=-1)
    boxes = torch.where(mirrored[:, None, None], turned, boxes)
    images, shifts = augment_and_shifts(images)
    down, right = shifts.T[:, :, None].float() / SIZE
    # What a shift wraps around, at most 3 pixels, is in no box.
    return images, cells(boxes + torch.stack([right, down, right, down], dim=-1))


def loss_of(logits, goal):
    """Right cells, and right shares of each character that is there (Dice): small ones count as much."""
    chance = logits.sigmoid()
    there = goal.amax(dim=(2, 3)) > 0
    shared = (chance * goal).sum(dim=(2, 3)) * 2 / (chance + goal).sum(dim=(2, 3)).clamp(min=1)
    return 7 * F.binary_cross_entropy_with_logits(logits, goal) + 0.3 * (1 - shared)[there].mean()


def train(run, world):
    torch.manual_seed(SEED)
    generator = np.random.default_rng(SEED)
    split, steps = world.train, run.config.locator_steps
    rows = np.flatnonzero(split.episodes % 2 == 0)
    model = Locator(len(world.characters)).to(memory_format=torch.channels_last).train()
    optimiser = adamw(model.parameters())
    for step in range(steps):
        set_rate(optimiser, learning_rate(step, steps, 3e-3, decay_from=0.3))
        images, goal = examples(split, generator.choice(rows, 64), generator)
        with bf16():
            logits = model(images.contiguous(memory_format=torch.channels_last))
        loss = loss_of(logits.float(), goal)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 200 == 199 or step == steps - 1:
            run.log("locator", step=step + 1, loss=loss.item(), **measure(model.eval(), world.val, limit=250))
            model.train()
    run.save("locator", model.to(memory_format=torch.contiguous_format).state_dict())


@torch.no_grad()
def measure(model, split, limit=None):
    """Boxes of the middle frames against those of the data set.

    iou: mean where the character is there, 0 where it was not found; iou_low: the 5 % quantile;
    exact: frames with just the right characters; missed, invented: of characters there and not there.
    """
    images = torch.from_numpy(np.array(split.frames[:limit, 2])).permute(0, 3, 1, 2).float() / 255
    found = torch.cat([model(part) for part in images.split(64)]).sigmoid().numpy() > THRESHOLD
    boxes = split.boxes[:limit, 2]
    there, overlaps = ~np.isnan(boxes[..., 0]), []
    seen = found.any(axis=(2, 3))
    for frame, character in zip(*np.nonzero(there)):
        box = box_of(found[frame, character])
        overlaps.append(overlap(box, boxes[frame, character]) if box else 0.0)
    right = (seen == there).all(axis=1)
    return {"iou": float(np.mean(overlaps)), "iou_low": float(np.quantile(overlaps, 0.05)),
            "exact": float(right.mean()), "missed": float((~seen)[there].mean()),
            "invented": float(seen[~there].mean())}


def test(run, world):
    """The test split, read once, at the end."""
    run.log("test_locator", frames=len(world.test.ids), **measure(load(run, world), world.test))


def load(run, world):
    model = Locator(len(world.characters))
    model.load_state_dict(run.load("locator"))
    return model.eval().requires_grad_(False)


STAGES = {"locator": train}
FINAL_STAGES = {"test_locator": test}
