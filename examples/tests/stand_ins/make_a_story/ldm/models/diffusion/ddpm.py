"""Stand-in: one weight per network."""

from contextlib import contextmanager

import torch
from ldm.util import instantiate_from_config
from noted import note


class DDPM(torch.nn.Module):
    num_timesteps = 1000

    @contextmanager
    def ema_scope(self, context=None):
        note("ema_scope")
        yield None


class Wrapper(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.diffusion_model = torch.nn.Linear(1, 1, bias=False)


class LatentDiffusion(DDPM):
    def __init__(self, first_stage_config, cond_stage_config, num_timesteps_cond=None, scale_factor=1.0, *args, **kwargs):
        super().__init__()
        self.model = Wrapper()
        self.cond_stage_model = instantiate_from_config(cond_stage_config)

    def get_learned_conditioning(self, c):
        return self.cond_stage_model.encode(c)

    def decode_first_stage(self, z, predict_cids=False, force_not_quantize=False):
        frames = z.permute(0, 2, 1, 3, 4)[:, :, :3]
        return torch.nn.functional.interpolate(frames.flatten(0, 1), size=(256, 256)).unflatten(0, frames.shape[:2])
