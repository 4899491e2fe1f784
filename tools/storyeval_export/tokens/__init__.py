"""Tokeniser files of published checkpoints to `tokenizer.json`, which the Rust side reads.

Reference: the slow tokenisers of transformers 4.31.0, which StoryGPT-V and GILL load with `use_fast=False`.
Every function takes the folder of a checkpoint and gives `Tokens`.
"""

from .clip import clip
from .gpt2 import gpt2
from .llama import legacy, llama
from .special import GILL_IMAGE, img_tokens
from .tokens import Tokens

__all__ = ["GILL_IMAGE", "Tokens", "clip", "gpt2", "img_tokens", "legacy", "llama"]
