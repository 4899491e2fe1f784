"""Captions to embeddings."""

from pathlib import Path

import torch
from torch import nn

from ..error import DATA, ExportError
from ..graph import Graph, Input
from ..keys import load_into
from .configuration import Configuration, network


class TextEncoder(nn.Module):
    """Token ids `[B, L]` to embeddings `[B, L, D]` behind the last LayerNorm, with the causal mask and without
    a mask of the padding (StoryGPT-V `models/model.py:182-264`; diffusers' pipelines pass none either)."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids=input_ids).last_hidden_state


def build(configuration: Configuration) -> nn.Module:
    """`CLIPTextModel` as `text_encoder/config.json` says, without weights."""
    from transformers import CLIPTextConfig, CLIPTextModel

    path = configuration.folder / "text_encoder" / "config.json"
    return network(lambda: CLIPTextModel(CLIPTextConfig.from_dict(configuration.text)), path)


def graph(configuration: Configuration, state, source: str, reads: tuple[str, ...]) -> Graph:
    """The graph `text_encoder`; ids have the fixed length of the checkpoint's positions."""
    def loaded() -> nn.Module:
        model = load_into(build(configuration), state(), source=source,
                          rename=lambda key: key.removeprefix("text_model."),
                          ignore=((r"(text_model\.)?embeddings\.position_ids", "counted, not learnt"),))
        return TextEncoder(model)

    vocabulary = int(configuration.text.get("vocab_size", 49408))
    return Graph(name="text_encoder", build=loaded, outputs=("last_hidden_state",),
                 inputs={"input_ids": Input.integers(0, vocabulary, "batch", configuration.length)},
                 parameters=sum(it.numel() for it in build(configuration).parameters()), reads=reads)


def section(configuration: Configuration, tokenizer: Path, file: str) -> tuple[dict, dict]:
    """`[text]`, and the writer of its `tokenizer.json`. `tokenizer` is the checkpoint's folder of that name."""
    from ..tokens import clip

    tokens = clip(tokenizer)
    vocabulary = int(configuration.text.get("vocab_size", 49408))
    if tokens.size > vocabulary:
        raise ExportError(f"{tokenizer} has {tokens.size} tokens, {configuration.folder / 'text_encoder'} embeds "
                          f"{vocabulary}", "take both from one checkpoint", DATA)
    table = {"tokenizer": file, "max_length": configuration.length, "bos_id": tokens.bos_id, "eos_id": tokens.eos_id,
             "pad_id": tokens.pad_id, "hidden_size": configuration.width}
    return table, {file: tokens.write}
