"""Stage `ldm`: caption encoder, portrait fusion and denoiser, trained together from scratch.

On top of the v-prediction loss, two terms help the binding of several characters: cross-attention
control as StoryGPT-V's L_reg (attention of a name inside the character's box), and a recogniser
that judges the predicted clean latents.
"""

import numpy as np
import torch
import torch.nn.functional as F

from . import train_vae, train_vision
from .conditioner import Conditioner
from .diffusion import STEPS, add_noise, alpha_bars, predicted_clean, sample, sample_timesteps
from .referential import story_captions
from .run import Average, adamw, bf16, learning_rate, set_rate
from .tokens import Vocabulary, name_positions
from .unet import UNet

GRID = 8
STEERED = (1, 3)  # blocks whose cross-attention is steered
UNET = dict(channels=64, width=192, blocks=5, heads=6)


def vocabulary(world):
    return Vocabulary(world.train.captions)


def tokenised(world, captions):
    """(ids, portrait positions, all name positions), each [N,32] int64."""
    words = vocabulary(world)
    ids = torch.tensor([words.padded(c) for c in captions])
    plain = torch.tensor([name_positions(c, world.characters, True) for c in captions])
    every = torch.tensor([name_positions(c, world.characters, False) for c in captions])
    return ids, plain, every


def box_masks(boxes):
    """Boxes [N,5,7,4] in 0..1 -> coverage of at least a quarter of each 8x8 cell, bool [N,5,7,64]."""
    low, high = np.arange(GRID) / GRID, (np.arange(GRID) + 1) / GRID

    def overlap(first, last):
        return np.clip(np.minimum(last[..., None], high) - np.maximum(first[..., None], low), 0, None) * GRID

    across, down = overlap(boxes[..., 0], boxes[..., 2]), overlap(boxes[..., 1], boxes[..., 3])
    cover = np.nan_to_num(down[..., :, None] * across[..., None, :]).reshape(*boxes.shape[:-1], GRID * GRID)
    return torch.from_numpy(cover > 0.25)


def attention_loss(maps, names, masks, weight):
    """Share of a name token's attention that falls outside the character's box, in log form.

    maps: list of [B,heads,64,32]; names [B,32] (-1 = no name); masks bool [B,7,64]; weight [B].
    """
    batch, token = torch.nonzero(names >= 0, as_tuple=True)
    inside = masks[batch, names[batch, token]].float()
    keep = inside.sum(1) > 0
    batch, token, inside = batch[keep], token[keep], inside[keep]
    if len(batch) == 0:
        return torch.zeros(())
    loss = 0.0
    for attention in maps:
        spread = attention.float().mean(1)[batch, :, token]
        share = (spread * inside).sum(1) / (spread.sum(1) + 1e-6)
        loss = loss - (weight[batch] * (share + 1e-3).log()).mean()
    return loss / len(maps)


def referential_captions(world):
    """Per training clip one caption with pronouns where some story produces them, else the original."""
    out = list(world.train.captions)
    for story in world.train.stories:
        captions, flags = story_captions(world.train, story, world.characters, world.male)
        for row, caption, flag in zip(story, captions, flags):
            if flag:
                out[row] = caption
    return out


def train_ldm(run, world):
    config, split = run.config, world.train
    torch.manual_seed(21)
    generator = np.random.default_rng(21)
    latents = torch.from_numpy(train_vae.encode_frames(run, world))
    judge = train_vae.load_recogniser(run)
    ids, plain, every = tokenised(world, split.captions)
    pronoun_ids = tokenised(world, referential_captions(world))[0]
    null_ids = torch.tensor(vocabulary(world).padded(""))
    masks, goal = box_masks(split.boxes), train_vision.targets(split, "both")
    judged = torch.ones(len(split.ids), 19)  # what the caption tells, hence may be judged
    judged[:, 7:] = torch.from_numpy(train_vision.place_told(world, split))[:, None].float()
    crowd = split.labels.sum(1)
    weights = np.where(crowd >= 3, 3.0, np.where(crowd == 2, 1.5, 1.0))
    weights /= weights.sum()
    bars = alpha_bars()

    conditioner = Conditioner(len(vocabulary(world).words), world.portraits())
    unet = UNet(**UNET)
    modules = {"conditioner": conditioner, "unet": unet}
    parameters = [*conditioner.parameters(), *unet.parameters()]
    optimiser, average, first = adamw(parameters), Average(modules), 0
    if run.done("ldm_state"):
        state = run.load("ldm_state")
        for name, module in modules.items():
            module.load_state_dict(state["modules"][name])
        optimiser.load_state_dict(state["optimiser"])
        average.state, average.updates, first = state["average"], state["step"], state["step"]
        torch.manual_seed(21 + first)
        generator = np.random.default_rng(21 + first)
    sums, steps = np.zeros(4), config.ldm_steps
    every_steps = max(2, min(400, steps // 3))
    for step in range(first, steps):
        set_rate(optimiser, learning_rate(step, steps, 1.2e-3, warmup=200))
        rows = generator.choice(len(split.ids), config.ldm_batch, p=weights)
        picks = generator.integers(0, 5, config.ldm_batch)
        clean = latents[rows, picks].float()
        # 10 % no caption, 25 % caption only (one in five of them with pronouns), 65 % fused.
        draw = torch.rand(config.ldm_batch)
        tokens, portraits, names = ids[rows], plain[rows], every[rows]
        tokens = torch.where((draw < 0.15)[:, None], pronoun_ids[rows], tokens)
        tokens = torch.where((draw < 0.10)[:, None], null_ids, tokens)
        portraits = torch.where((draw < 0.35)[:, None], -1, portraits)
        names = torch.where((draw < 0.15)[:, None], -1, names)
        timesteps = sample_timesteps(config.ldm_batch)
        bar = bars[timesteps]
        noisy, target = add_noise(clean, torch.randn_like(clean), bar)
        with bf16():
            v, maps = unet(noisy, timesteps, conditioner(tokens, portraits), attention_of=STEERED)
        v = v.float()
        denoising = F.mse_loss(v, target)
        steering = attention_loss(maps, names, masks[rows, picks], bar.sqrt())
        loss, recognition = denoising + 0.02 * steering, torch.zeros(())
        if step >= config.ldm_recogniser_from * steps:
            with bf16():
                logits = judge(predicted_clean(noisy, v, bar)).float()
            wrong = F.binary_cross_entropy_with_logits(logits, goal[rows], reduction="none")
            wrong = (wrong * judged[rows]).sum(1)
            told = ((draw >= 0.15) & (bar > 0.04)).float()
            recognition = (wrong * told * bar.sqrt()).mean()
            loss = loss + 0.06 * recognition
        optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        average.update()
        sums += [denoising.item(), steering.item(), recognition.item(), norm.item()]
        if (step + 1) % 100 == 0 or step + 1 == steps:
            count = (step % 100) + 1
            run.log("ldm", step=step + 1, **dict(zip(
                ("loss", "steering", "recognition", "norm"), (sums / count).tolist())))
            sums[:] = 0
        if (step + 1) % every_steps == 0 or step + 1 == steps:
            run.save("ldm_state", {"step": step + 1, "average": average.state,
                                   "optimiser": optimiser.state_dict(),
                                   "modules": {n: m.state_dict() for n, m in modules.items()}})
            if (step + 1) % (2 * every_steps) == 0:
                monitor(run, world, average.state, step + 1)
    run.save("ldm", average.state)


def rebuild(world, state):
    """Frozen (conditioner, unet) from saved weights."""
    conditioner = Conditioner(len(vocabulary(world).words), world.portraits())
    unet = UNet(**UNET)
    conditioner.load_state_dict(state["conditioner"])
    unet.load_state_dict(state["unet"])
    return conditioner.eval().requires_grad_(False), unet.eval().requires_grad_(False)


def load(run, world):
    return rebuild(world, run.load("ldm"))


@torch.no_grad()
def monitor(run, world, state, step, count=64):
    """Auxiliary judge on frames drawn from original val captions."""
    conditioner, unet = rebuild(world, state)
    judge, decoder = train_vision.load(run, world, "auxiliary"), train_vae.load(run)
    rows = np.linspace(0, len(world.val.ids) - 1, count).astype(int)
    ids, plain, _ = tokenised(world, [world.val.captions[r] for r in rows])
    empty = conditioner(torch.tensor([vocabulary(world).padded("")]))
    noise = torch.randn(count, 4, 16, 16, generator=torch.Generator().manual_seed(5))
    steps = min(16, run.config.sampler_steps)
    with bf16():
        latents = sample(unet, noise, empty, conditioner(ids), conditioner(ids, plain), steps,
                         run.config.guidance, torch.full((count,), steps // 2))
    images = decoder.decode(latents.float())
    goal = train_vision.targets(world.val, "both")[rows] > 0.5
    right = (judge(images) > 0) == goal
    recall = [(right[:, c] & goal[:, c]).sum().item() / max(1, goal[:, c].sum().item()) for c in range(7)]
    crowd, hit = goal[:, :7].sum(1), right[:, :7].all(1).float()
    told = train_vision.place_told(world, world.val)[rows]
    run.log("ldm", step=step, characters=hit.mean().item(),
            by_count=[round(hit[crowd == k].mean().item(), 3) for k in (1, 2, 3)],
            recall=[round(r, 2) for r in recall],
            backgrounds_told=right[told][:, 7:].all(1).float().mean().item())
    save_grid(run.work / "ldm_samples.png", images[:32])


def save_grid(path, images):
    """An 8-column contact sheet."""
    from PIL import Image
    rows = [torch.cat(list(images[i:i + 8]), dim=2) for i in range(0, len(images) - 7, 8)]
    if rows:
        sheet = torch.cat(rows, dim=1).permute(1, 2, 0)
        Image.fromarray((sheet * 255).round().byte().numpy()).save(path)


STAGES = {"ldm": train_ldm}
