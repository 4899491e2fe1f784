"""Stand-in: a frame is its noise and its caption. Buffers go to CUDA, as in the repository."""

import torch
from noted import note


class DDIMSampler:
    def __init__(self, model, schedule="linear", **kwargs):
        self.model = model

    def register_buffer(self, name, attr):
        setattr(self, name, attr.to(torch.device("cuda")))

    @torch.no_grad()
    def sample(self, S, batch_size, shape, conditioning=None, callback=None, normals_sequence=None, img_callback=None,
               quantize_x0=False, eta=0., mask=None, x0=None, temperature=1., noise_dropout=0., score_corrector=None,
               corrector_kwargs=None, verbose=True, x_T=None, log_every_t=100, unconditional_guidance_scale=1.,
               unconditional_conditioning=None, **kwargs):  # fmt: skip
        self.register_buffer("betas", torch.linspace(0, 1, S))
        assert x_T.shape == (batch_size, *shape) and self.betas.device == x_T.device
        assert conditioning.shape == unconditional_conditioning.shape
        note("sample", steps=S, eta=eta, guidance=unconditional_guidance_scale, shape=list(shape),
             conditioning=list(conditioning.shape), captions=conditioning[0, :, 0, 0].tolist(),
             empty=unconditional_conditioning[0, :, 0, 0].tolist(), noise=x_T.abs().mean().item())  # fmt: skip
        callback(0)
        level = conditioning[:, :, 0, 0] * 2 - 1
        return (level[:, None, :, None, None] + 0.01 * x_T), {}
