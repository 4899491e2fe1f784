"""Stages `lpips_trunk` and `lpips`: a perceptual distance for MiniSV.

The trunk learns to recognise frames; then its heads learn from synthetic judgements, the stronger
of two distortions is the farther one, with weights kept non-negative by clamping as in LPIPS.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from .distortions import KINDS, LEVELS, Content, pictures
from .perceptual import Lpips, TrunkRecogniser
from .train_vision import fit

MARGIN = math.log(1.5)  # a judgement is learnt when the farther one is 1.5 times as far
UNRELATED = 0.7  # mean distance of frames with other characters in another place: fixes the scale


def train_trunk(run, world):
    torch.manual_seed(601)
    model = TrunkRecogniser(19 + len(world.concepts))
    model = fit(run, world, "lpips_trunk", model, "concepts", 0, run.config.lpips_trunk_steps, 601)
    run.save("lpips_trunk", model.trunk.state_dict())


def train(run, world):
    torch.manual_seed(602)
    generator = np.random.default_rng(602)
    split = world.train
    rows = np.flatnonzero(split.episodes % 2 == 0)
    content = Content(split, rows)
    model = Lpips()
    model.trunk.load_state_dict(run.load("lpips_trunk"))
    model.eval().trunk.requires_grad_(False)
    optimiser = torch.optim.Adam(model.heads.parameters(), lr=2e-3)
    steps, kinds = run.config.lpips_heads_steps, list(KINDS)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 2e-3 * (1 - step / steps) + 1e-5
        chosen = generator.choice(rows, 24)
        reference = pictures(split, chosen, 0)
        if step % 3 == 0:  # what is shown
            ladder = content.ladder(chosen, generator)
            low, high = sorted(generator.choice(content.LEVELS, 2, replace=False))
            near, far = ladder[low], ladder[high]
        elif step % 3 == 1:  # one distortion, two strengths
            kind = KINDS[kinds[generator.integers(len(kinds))]]
            low, high = sorted(generator.choice(LEVELS, 2, replace=False))
            shift = generator.uniform(-0.3, 0.3) if kind is not KINDS["translation"] else 0
            near, far = kind(reference, low + shift), kind(reference, high + shift)
        else:  # a slight distortion is nearer than another picture
            near = KINDS[kinds[generator.integers(len(kinds))]](reference, int(generator.integers(2)))
            far = content.ladder(chosen, generator)[int(generator.integers(1, 3))]
        with torch.no_grad():
            maps = [model.differences(2 * reference - 1, 2 * other - 1) for other in (near, far)]
        near, far = (model.weigh(m) for m in maps)
        ratio = torch.log(far + 1e-4) - torch.log(near + 1e-4)
        loss = F.relu(MARGIN - ratio).mean()  # no push beyond the margin: heads stay near uniform
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            for weights in model.heads:
                weights.clamp_(min=0)
        if step % 100 == 99 or step == steps - 1:
            run.log("lpips", step=step + 1, loss=loss.item())
    rescale(model, content, generator)
    run.save("lpips", model.state_dict())
    run.log("lpips", **measure(model, world.val))


@torch.no_grad()
def rescale(model, content, generator):
    """Gives unrelated frames the mean distance `UNRELATED`."""
    chosen = generator.choice(content.rows, 256)
    reference = pictures(content.split, chosen, 0)
    mean = model(2 * reference - 1, 2 * content.ladder(chosen, generator)[2] - 1).mean()
    for weights in model.heads:
        weights.mul_(UNRELATED / mean)


@torch.no_grad()
def measure(model, split, count=150):
    """Share of frames whose whole ladder rises, per kind; mean distances of the content ladder."""
    torch.manual_seed(9)
    generator = np.random.default_rng(9)
    rows = generator.choice(len(split.ids), min(count, len(split.ids)), replace=False)
    reference = pictures(split, rows, 0)
    distance = lambda other: model(2 * reference - 1, 2 * other - 1)
    out, steps = {}, []
    for name, kind in KINDS.items():
        values = torch.stack([distance(kind(reference, level)) for level in range(LEVELS)])
        rises = values[1:] > values[:-1]
        out[f"rises_{name}"] = rises.all(0).float().mean().item()
        steps.append(rises.float().mean().item())
        out[f"levels_{name}"] = [round(v, 4) for v in values.mean(1).tolist()]
    values = torch.stack([distance(other) for other in
                          Content(split, np.arange(len(split.ids))).ladder(rows, generator)])
    rises = values[1:] > values[:-1]
    out |= {"rises_content": rises.all(0).float().mean().item(),
            "content": [round(v, 4) for v in values.mean(1).tolist()]}
    steps.append(rises.float().mean().item())
    ladders = [v for k, v in out.items() if k.startswith("rises")]
    return {"steps_right": float(np.mean(steps)), "ladders_right": float(np.mean(ladders)), **out}


def load(run):
    model = Lpips()
    model.load_state_dict(run.load("lpips"))
    return model.eval().requires_grad_(False)


STAGES = {"lpips_trunk": train_trunk, "lpips": train}
