"""Noise schedule, v-prediction algebra and the PLMS sampler with delayed conditioning."""

import torch
from diffusers import PNDMScheduler

STEPS = 1000
BETA_START, BETA_END = 0.00085, 0.012


def alpha_bars():
    """Cumulative products of the scaled-linear schedule of Stable Diffusion."""
    betas = torch.linspace(BETA_START**0.5, BETA_END**0.5, STEPS) ** 2
    return torch.cumprod(1 - betas, dim=0)


def add_noise(clean, noise, alpha_bar):
    """(noisy sample, v target) for per-sample alpha_bar [B]."""
    signal, spread = alpha_bar.sqrt()[:, None, None, None], (1 - alpha_bar).sqrt()[:, None, None, None]
    return signal * clean + spread * noise, signal * noise - spread * clean


def predicted_clean(noisy, v, alpha_bar):
    """x0 from a v prediction."""
    return alpha_bar.sqrt()[:, None, None, None] * noisy - (1 - alpha_bar).sqrt()[:, None, None, None] * v


def sample_timesteps(batch):
    """Half uniform, half concentrated on the middle-to-high noise where content is decided."""
    uniform = torch.randint(0, STEPS, (batch,))
    centred = (torch.sigmoid(torch.randn(batch) * 1.0 + 0.4) * STEPS).long().clamp(0, STEPS - 1)
    return torch.where(torch.rand(batch) < 0.5, uniform, centred)


def scheduler(steps):
    """Stable Diffusion's PNDM without the Runge-Kutta warm-up: `steps` + 1 network calls."""
    out = PNDMScheduler(num_train_timesteps=STEPS, beta_start=BETA_START, beta_end=BETA_END,
                        beta_schedule="scaled_linear", skip_prk_steps=True, set_alpha_to_one=False,
                        steps_offset=1, timestep_spacing="leading", prediction_type="v_prediction")
    out.set_timesteps(steps)
    return out


@torch.no_grad()
def sample(unet, noise, empty, early, late, steps, guidance, start_merge):
    """Latents from noise.

    `early` conditions step indices up to `start_merge` [B], `late` the rest (StoryGPT-V
    `models/pipeline.py:115-137`); `empty` [1,32,128] is the null caption.
    """
    plan, latents = scheduler(steps), noise.clone()
    empty = empty.expand(len(noise), -1, -1)
    for index, timestep in enumerate(plan.timesteps):
        context = torch.where((index <= start_merge)[:, None, None], early, late)
        v = unet(torch.cat([latents, latents]), timestep.repeat(2 * len(noise)),
                 torch.cat([empty, context])).float()
        without, with_caption = v.chunk(2)
        v = without + guidance * (with_caption - without)
        latents = plan.step(v, timestep, latents).prev_sample
    return latents
