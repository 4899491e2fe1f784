"""Stand-in: the context is the number of images and the captions that the prompt holds."""

import json
import os
from typing import List

import torch
from noted import note
from PIL import Image


class GILL(torch.nn.Module):
    def generate_for_images_emb(self, prompts: List, num_words: int = 0, min_word_tokens: int = 0, top_p: float = 1.0,
                                temperature: float = 0.0, max_num_rets: int = 1, generator=None, always_add_bos: bool = False):  # fmt: skip
        assert all(isinstance(it, (str, Image.Image)) for it in prompts) and num_words == 2
        images = [it for it in prompts if isinstance(it, Image.Image)]
        note("generate_for_images_emb", prompt=[it if isinstance(it, str) else list(it.getpixel((0, 0))) for it in prompts])
        return torch.full((1, 16, 16), float(len(images)), dtype=torch.bfloat16), ""


def load_gill(model_dir: str, device='cuda') -> GILL:
    with open(os.path.join(model_dir, "model_args.json")) as file:
        note("load_gill", device=device, **json.load(file))
    return GILL().to(device)
