"""Stand-in: a frame is the mean of its source image, its tokens and its sentence. The layers that read the source are in a
list, so that a checkpoint has none of them, as in the repository."""

from pathlib import Path
from types import SimpleNamespace
from typing import Optional

import torch
from noted import note, number


class Tokenizer:
    def __init__(self):
        self.added = []

    def add_tokens(self, names):
        self.added += names

    def encode(self, text):
        return SimpleNamespace(ids=[int(number(text) * 1000)] + [len(self.added)] * 63)


class StoryDalle(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.scale = torch.nn.Parameter(torch.zeros(()))
        self.cross_attention_layers = [torch.nn.Linear(2, 2) for _ in range(14)]
        self.tokenizer = Tokenizer()

    @classmethod
    def from_pretrained(cls, args):
        note("from_pretrained", **{name: value for name, value in vars(args).items() if name != "model_name_or_path"})
        assert Path(args.prefix_model_name_or_path, "config.yaml").is_file()
        config = SimpleNamespace(story=SimpleNamespace(**vars(args)), dataset=SimpleNamespace(image_resolution=256))
        model = cls(config)
        if "flintstones" in args.model_name_or_path:
            model.load_state_dict(torch.load(args.model_name_or_path)["model_state_dict"])
        return model, config

    def get_prompt_p5(self, bsz=None, eval=False):
        return torch.zeros(bsz, self.config.story.preseqlen, 8)

    get_prompt = get_prompt_p5

    @torch.no_grad()
    def sampling(self, tokens: torch.LongTensor, source: torch.FloatTensor, sent_embeds: torch.FloatTensor, top_k: int = 256,
                 top_p: Optional[float] = None, softmax_temperature: float = 1.0, num_candidates: int = 96, device: str = 'cuda:0',
                 use_fp16: bool = True, labels=None, prompt=None) -> torch.FloatTensor:  # fmt: skip
        story = self.config.story
        assert tokens.shape == (story.story_len, 64) and source.shape == (1, 3, 256, 256), (tokens.shape, source.shape)
        assert sent_embeds.shape == (1, story.story_len, story.sent_embed) and device == str(source.device)
        layer = self.cross_attention_layers[0].weight
        note("sampling", top_k=top_k, top_p=top_p, fp16=use_fp16, prompt=None if prompt is None else list(prompt.shape),
             added=self.tokenizer.added, random_layer=layer.sum().item(), source=source.mean().item())  # fmt: skip
        level = tokens[:, :1].float() / 1000 * self.scale
        colour = torch.stack([level[:, 0], sent_embeds[0, :, 0], source.mean().expand(len(tokens)) * 0.5 + 0.5], dim=1)
        return colour[:, :, None, None].expand(-1, 3, 256, 256)
