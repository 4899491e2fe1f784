"""Stages `vae` (autoencoder) and `recogniser` (judge of predicted latents)."""

import numpy as np
import torch
import torch.nn.functional as F

from . import train_vision
from .convnet import LatentRecogniser
from .run import adamw, bf16, learning_rate, set_rate
from .vae import VAE


def gradients(images):
    """Horizontal and vertical differences, the edges the eye and the classifiers rely on."""
    return images[..., :, 1:] - images[..., :, :-1], images[..., 1:, :] - images[..., :-1, :]


def train_vae(run, world):
    """L1 + MSE + edges + features of the auxiliary recogniser + a little KL."""
    config = run.config
    torch.manual_seed(11)
    generator = np.random.default_rng(11)
    judge = train_vision.load(run, world, "auxiliary").to(memory_format=torch.channels_last)
    split = world.train
    model = VAE()
    model.start_from_pca(split.frames[generator.choice(len(split.ids), min(1500, len(split.ids)), False), 2])
    model = model.to(memory_format=torch.channels_last)
    optimiser = adamw(model.parameters(), decay=0.0)
    monitor(run, world, model, judge, 0)
    for step in range(config.vae_steps):
        set_rate(optimiser, learning_rate(step, config.vae_steps, 2e-3, decay_from=0.4))
        rows = generator.integers(0, len(split.ids), config.vae_batch)
        images = train_vision.batch_of(split, rows, generator).contiguous(memory_format=torch.channels_last)
        with bf16():
            mean, log_variance = model.encoder(images * 2 - 1)
        mean, log_variance = mean.float(), log_variance.float()
        latents = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        with bf16():
            decoded = model.decoder(latents.contiguous(memory_format=torch.channels_last)).float()
            seen = judge.maps((decoded / 2 + 0.5))[:4]
            with torch.no_grad():
                wanted = judge.maps(images)[:4]
        error = decoded - (images * 2 - 1)
        edges = sum(g.abs().mean() for g in gradients(error))
        features = sum(F.l1_loss(a.float(), b.float()) for a, b in zip(seen, wanted))
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).mean() / 2
        loss = (error.abs().mean() + error.square().mean() + 0.5 * edges + 0.1 * features
                + 2e-4 * divergence)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 200 == 199 or step == config.vae_steps - 1:
            monitor(run, world, model, judge, step + 1)
    model = model.eval().to(memory_format=torch.contiguous_format)
    with torch.no_grad():
        rows = generator.integers(0, len(split.ids), 512)
        model.scale.copy_(1 / model.encode(train_vision.batch_of(split, rows, generator)).std())
    run.log("vae", scale=model.scale.item())
    run.save("vae", model.state_dict())


@torch.no_grad()
def monitor(run, world, model, judge, step):
    """PSNR and the auxiliary judge's exact match on reconstructed val frames."""
    split = world.val
    rows = np.arange(len(split.ids))[:200]
    images = torch.from_numpy(split.frames[rows, 2]).permute(0, 3, 1, 2).float() / 255
    decoded = model.decode(model.encode(images))
    right = (judge(decoded) > 0) == (train_vision.targets(split, "both")[rows] > 0.5)
    psnr = -10 * (decoded - images).square().mean().log10()
    run.log("vae", step=step, psnr=psnr.item(), characters=right[:, :7].all(1).float().mean().item(),
            backgrounds=right[:, 7:].all(1).float().mean().item())


def load(run):
    model = VAE()
    model.load_state_dict(run.load("vae"))
    return model.eval().requires_grad_(False)


@torch.no_grad()
def encode_frames(run, world):
    """Scaled latents of all training frames, fp16 [N,5,4,16,16], cached in the work folder."""
    path = run.work / "latents.npy"
    if not path.exists():
        model, frames = load(run), world.train.frames
        flat = frames.reshape(-1, *frames.shape[2:])
        out = np.zeros((len(flat), 4, 16, 16), np.float16)
        for start in range(0, len(flat), 256):
            images = torch.from_numpy(flat[start:start + 256]).permute(0, 3, 1, 2).float() / 255
            out[start:start + 256] = model.encode(images).numpy()
        np.save(path, out.reshape(len(frames), 5, 4, 16, 16))
    return np.load(path)


def train_recogniser(run, world):
    """Characters and background from noisy or blurred latents of the auxiliary half."""
    torch.manual_seed(12)
    generator = np.random.default_rng(12)
    latents, split = encode_frames(run, world), world.train
    goal = train_vision.targets(split, "both")
    rows = np.flatnonzero(split.episodes % 2 == 1)
    model = LatentRecogniser(19)
    optimiser = adamw(model.parameters())
    steps = run.config.recogniser_steps
    for step in range(steps):
        set_rate(optimiser, learning_rate(step, steps, 2e-3, decay_from=0.3))
        chosen = generator.choice(rows, 64)
        x = torch.from_numpy(latents[chosen, generator.integers(0, 5, 64)]).float()
        x = torch.lerp(x, F.avg_pool2d(x, 3, 1, 1), torch.rand(64, 1, 1, 1).square())
        x = x + torch.randn_like(x) * (0.5 * torch.rand(64, 1, 1, 1))
        with bf16():
            logits = model(x).float()
        loss = F.binary_cross_entropy_with_logits(logits, goal[chosen], reduction="none").mean(0).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 200 == 199 or step == steps - 1:
            right = ((logits > 0) == (goal[chosen] > 0.5))
            run.log("recogniser", step=step + 1, loss=loss.item(),
                    characters=right[:, :7].all(1).float().mean().item())
    run.save("recogniser", model.state_dict())


def load_recogniser(run):
    model = LatentRecogniser(19)
    model.load_state_dict(run.load("recogniser"))
    return model.eval().requires_grad_(False)


STAGES = {"vae": train_vae, "recogniser": train_recogniser}
