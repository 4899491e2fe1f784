"""Consistent self-attention over the frames of a story, as StoryDiffusion describes it (arXiv 2405.01434, section 3.1).

Written from the equations of the paper for any UNet pipeline of diffusers; needs no training and no checkout. With I_i the
tokens of frame i in a self-attention layer, S_i = RandSample(the tokens of the other frames) and P_i = [I_i, S_i], the layer
gives Attention(W_q I_i, W_k P_i, W_v P_i) with the weights that it has. The card: examples/cards/story-diffusion.toml.
"""

from __future__ import annotations

import torch
from diffusers_text_to_image import SETTINGS, TextToImage
from storyeval.worker import ContractError, serve
from torch.nn import functional


class StoryAttention:
    """A processor of diffusers for the self-attention layers; all of them share one."""

    def __init__(self, rate: float, window: int):
        self.rate, self.window = rate, window
        self.frames, self.generator = 1, torch.Generator("cpu")

    def begin(self, frames: int, seed: int) -> None:
        """Says what the next call of the pipeline draws. The seed decides which tokens are sampled."""
        self.frames = frames
        self.generator.manual_seed(seed)

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, temb=None, **_):
        # The batch is all frames without the prompt, then all frames with it: two groups with guidance, else one.
        groups, tokens = hidden_states.shape[0] // self.frames, hidden_states.shape[1]
        width = min(self.window or self.frames, self.frames)
        queries, keys, values = (
            # [groups, frames, heads, tokens, channels of a head]
            layer(hidden_states).view(groups, self.frames, tokens, attn.heads, -1).transpose(2, 3)
            for layer in (attn.to_q, attn.to_k, attn.to_v)
        )
        total, times = torch.zeros_like(queries), torch.zeros(self.frames)
        # Long stories: a window moves over the frames, and a frame of several windows gets their mean.
        for start in range(self.frames - width + 1):
            part = slice(start, start + width)
            total[:, part] += self.attend(attn, queries[:, part], keys[:, part], values[:, part])
            times[part] += 1
        mean = total / times.to(total)[None, :, None, None, None]
        drawn = mean.transpose(2, 3).reshape(hidden_states.shape[0], tokens, -1).to(hidden_states.dtype)
        drawn = attn.to_out[1](attn.to_out[0](drawn))
        drawn = drawn + hidden_states if attn.residual_connection else drawn
        return drawn / attn.rescale_output_factor

    def attend(self, attn, queries, keys, values):
        """The frames of a window, each over its own tokens and a sample of the others'."""
        width, tokens = queries.shape[1], queries.shape[3]
        drawn = torch.empty_like(queries)
        for frame in range(width):
            others = [it for it in range(width) if it != frame]
            chosen = torch.randperm(len(others) * tokens, generator=self.generator)[: int(self.rate * len(others) * tokens)]
            both = (self.with_sample(it, frame, others, chosen.to(it.device)) for it in (keys, values))
            drawn[:, frame] = functional.scaled_dot_product_attention(queries[:, frame], *both, scale=attn.scale)
        return drawn

    @staticmethod
    def with_sample(features, frame, others, chosen):
        """The own tokens of a frame, then those sampled from the other frames."""
        if not others:
            return features[:, frame]
        pool = torch.cat([features[:, it] for it in others], dim=2)
        return torch.cat([features[:, frame], pool[:, :, chosen]], dim=2)


class StoryDiffusion(TextToImage):
    name = "story-diffusion"
    version = "1"
    # Frames are denoised together, so each one sees later captions too.
    context = "story"
    defaults = {
        **SETTINGS,
        "rate": 0.5,  # share of the other frames' tokens
        "window": 0,  # frames that attend to each other; 0: the whole story
        "blocks": ["up_blocks"],  # where the authors' program puts it; [""] is every self-attention layer
    }
    del defaults["frames_at_once"]

    def load(self, device, options, seed):
        super().load(device, options, seed)
        network = getattr(self.pipeline, "unet", None)
        if network is None:
            raise ContractError(f"{type(self.pipeline).__name__} has no UNet: consistent self-attention is written for pipelines that have one")
        self.attention = StoryAttention(self.chosen["rate"], self.chosen["window"])
        starts, processors = tuple(self.chosen["blocks"]), dict(network.attn_processors)
        own = [name for name in processors if name.endswith("attn1.processor") and name.startswith(starts)]
        if not own:
            raise ContractError(f"blocks = {list(starts)} match no self-attention layer of the UNet")
        network.set_attn_processor({**processors, **dict.fromkeys(own, self.attention)})

    def draw(self, story):
        # All frames, given ones too: what they share is in the noise that is being removed, not in finished images.
        self.attention.begin(len(story.frames), story.seed)
        images = list(self.images(self.pipeline, story.frames, **self.size()))
        for frame in story.to_draw():
            yield images[frame.index - 1]


if __name__ == "__main__":
    serve(StoryDiffusion)
