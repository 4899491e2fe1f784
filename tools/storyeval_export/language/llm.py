"""The frozen language models: OPT and Llama 2, with their tokenisers. Graphs `llm_hidden` and `llm_embed`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import numpy as np
import torch
from torch import nn

from .. import tokens
from ..checkpoint import load_state, read_json
from ..error import DATA, SETUP, USAGE, ExportError
from ..graph import Graph, Input
from ..keys import count, empty_parameters, load_into, part
from .hidden import LlamaHidden, OptHidden
from .second_stage import SecondStage
from .step import LlamaStep, Logits, OptStep

CUT = 2048
"""Upstream keeps this many positions at most, whichever the language model (`gill/models.py:470`)."""
PROMPTS = {"image_prefix": " Image: <img>", "image_suffix": "</img> Caption: ",
           "caption_prefix": " Caption: ", "caption_suffix": " Image: "}
"""`eval_llm.py:123-133`."""


@dataclass(frozen=True)
class Variant:
    """What differs between the two language models."""

    name: str
    model_type: str
    """In `config.json`."""
    tokens: Callable[..., tokens.Tokens]
    module: Callable[[Any], nn.Module]
    prefixes: tuple[str, ...]
    """Before the keys of the decoder, the likeliest first."""
    embedding: str
    width: str
    """Name of the width of embeddings and of hidden states in the configuration."""
    ignored: tuple[tuple[str, str], ...]
    step: Callable[[Any], nn.Module]
    """The decoder with what it remembers."""
    heads: str
    """Name of the number of heads of keys and values in the configuration."""


OPT = Variant("opt", "opt", tokens.gpt2, OptHidden, ("model.decoder.", "decoder."), "embed_tokens.weight",
              "word_embed_proj_dim", ((r"embed_tokens\.weight", "the graph llm_embed"),), OptStep, "num_attention_heads")
LLAMA2 = Variant("llama2", "llama", tokens.llama, LlamaHidden, ("model.",), "embed_tokens.weight", "hidden_size",
                 ((r"embed_tokens\.weight", "the graph llm_embed"),
                  (r"layers\.\d+\.self_attn\.rotary_emb\.inv_freq", "computed from the configuration")), LlamaStep, "num_key_value_heads")
VARIANTS = {variant.name: variant for variant in (OPT, LLAMA2)}


@dataclass(frozen=True)
class LanguageModel:
    """The folder of a language model, for a second stage."""

    folder: Path
    variant: Variant
    config: Any
    tokens: tokens.Tokens
    image_ids: list[int]
    stage: SecondStage

    @staticmethod
    def read(folder: Path, stage: SecondStage, variant: str | None) -> "LanguageModel":
        """Reads the configuration and the tokeniser, and checks that they belong to the second stage."""
        from transformers import LlamaConfig, OPTConfig

        if not (folder / "config.json").is_file() and (folder / "params.json").is_file():
            raise ExportError(f"{folder} is in Meta's own layout (params.json)",
                              "take the folder in the layout of Hugging Face (Llama-2-7b-chat-hf)", SETUP)
        found = read_json(folder / "config.json")
        chosen = next((it for it in VARIANTS.values() if it.model_type == found.get("model_type")), None)
        if chosen is None:
            raise ExportError(f"{folder / 'config.json'} is of a {found.get('model_type')!r}, not of OPT or Llama",
                              "give the folder of opt-6.7b or of Llama-2-7b-chat", DATA)
        if variant is not None and variant != chosen.name:
            raise ExportError(f"--variant {variant} is asked for, but {folder} is of {chosen.name}",
                              f"leave --variant out, or give the folder of {variant}", USAGE)
        known = [it.name for it in VARIANTS.values() if it.model_type in stage.llm.lower().rpartition("/")[2]]
        if known and chosen.name not in known:
            raise ExportError(f"{stage.folder / 'model_args.json'} was trained with {stage.llm}, but {folder} is of {chosen.name}",
                              "give the second stage and the language model of one and the same variant", DATA)
        config = (OPTConfig if chosen is OPT else LlamaConfig).from_dict(found)
        config._attn_implementation = "eager"
        images = tokens.img_tokens(stage.images)
        converted = chosen.tokens(folder, tokens.GILL_IMAGE, images)
        ids = [converted.added[content] for content in images]
        if stage.token_ids is not None and stage.token_ids != ids:
            raise ExportError(f"the tokeniser in {folder} gives [IMG0] the id {ids[0]}, model_args.json {stage.token_ids[0]}",
                              "give the language model that the second stage was trained with", DATA)
        return LanguageModel(folder, chosen, config, converted, ids, stage)

    @property
    def width(self) -> int:
        """Width of embeddings and hidden states."""
        return getattr(self.config, self.variant.width)

    def state(self) -> dict[str, torch.Tensor]:
        """The decoder's tensors, mapped from the shards. The output layer is left out: no logits are computed."""
        state = load_state(self.folder)
        for prefix in self.variant.prefixes:
            found = part(state, prefix)
            if self.variant.embedding in found:
                return found
        raise ExportError(f"{self.folder} has no {self.variant.prefixes[0]}{self.variant.embedding}",
                          f"are the weights those of {self.variant.name}?", DATA)

    def hidden(self) -> nn.Module:
        """The decoder, its weights still in their files."""
        return self.loaded(self.variant.module)

    def step(self) -> nn.Module:
        """The decoder with what it remembers."""
        return self.loaded(self.variant.step)

    def loaded(self, kind: Callable[[Any], nn.Module]) -> nn.Module:
        with empty_parameters():
            module = kind(self.config)
        load_into(module.decoder, self.state(), source=str(self.folder), ignore=self.variant.ignored)
        return module.requires_grad_(False).eval()

    def embedding(self) -> nn.Module:
        """The table of `[size, H]` after upstream's `resize_token_embeddings`: the rows of the language model, and the
        `[IMG]` rows of the second stage last. Rows that no file has (Llama's `<|image|>`; random upstream) are zero."""
        base, images = self.state()[self.variant.embedding], self.stage.embeddings(self.width)
        if base.shape[1] != self.width:
            raise ExportError(f"{self.folder}: the embeddings are {base.shape[1]} wide, config.json says {self.width}",
                              "take config.json and the weights from one and the same checkpoint", DATA)
        table = torch.zeros(self.tokens.size, self.width, dtype=torch.promote_types(base.dtype, images.dtype))
        rows = min(self.tokens.size, base.shape[0])
        table[:rows] = base[:rows]
        table[-self.stage.images:] = images
        return nn.Embedding.from_pretrained(table, freeze=True).eval()

    @property
    def words(self) -> int:
        """Tokens that may be written: those of the tokeniser that the output layer was trained for. The `[IMG]` ones, which
        only drawing uses, and Llama's `<|image|>` are not."""
        return min(self.tokens.size - self.stage.images, self.config.vocab_size)

    def logits(self) -> nn.Module:
        """The output layer, which is the embedding table where the language model has none of its own."""
        state = load_state(self.folder)
        weight = state["lm_head.weight"] if "lm_head.weight" in state else self.state()[self.variant.embedding]
        table = torch.zeros(self.words, self.width, dtype=weight.dtype)
        rows = min(self.words, weight.shape[0])
        table[:rows] = weight[:rows]
        return Logits(table).eval()

    def cache(self) -> dict[str, int]:
        """Sizes of keys and values."""
        heads = getattr(self.config, self.variant.heads)
        head = getattr(self.config, "head_dim", None) or self.config.hidden_size // self.config.num_attention_heads
        return {"layers": self.config.num_hidden_layers, "heads": heads, "head_dim": head}

    def writing(self) -> dict[str, Any]:
        """`[writing]` of the bundle. Greedy unless a card chooses otherwise, as `generate` of GILL (`gill/models.py`)."""
        eos = self.config.eos_token_id
        return {"vocab_size": self.words, "eos_id": eos[0] if isinstance(eos, list) else eos, "cache": self.cache(),
                "sampling": {"temperature": 0.0, "max_tokens": 64, "stop": [PROMPTS["caption_suffix"].strip()]}}

    def writing_graphs(self) -> list[Graph]:
        """`llm_step`, in place of `llm_hidden`, and `llm_logits`."""
        width, sizes = self.width, self.cache()
        normal = Input.normal("batch", "tokens", width).fill
        embeds = Input(("batch", "tokens", width), lambda generator, shape: 0.05 * normal(generator, shape))
        # The mask covers what was read before and what is read now: sums of axes, which a case has to keep.
        mask = Input(("batch", "whole"), lambda generator, shape: np.ones(shape, dtype=np.int64))
        past = Input.normal(sizes["layers"], "batch", sizes["heads"], "past", sizes["head_dim"])
        cases = ({"batch": 1, "tokens": 4, "whole": 4, "past": 0}, {"batch": 2, "tokens": 1, "whole": 6, "past": 5})
        return [
            Graph("llm_step", self.step, {"inputs_embeds": embeds, "attention_mask": mask, "past_keys": past, "past_values": past},
                  ("last_hidden_state", "keys", "values"), parameters=count(lambda: self.variant.step(self.config)), reads=("llm",),
                  traced={"batch": 4, "tokens": 5, "whole": 12, "past": 7}, cases=cases, exporter="torchscript"),
            Graph("llm_logits", self.logits, {"hidden_states": Input.normal("batch", "tokens", width)}, ("logits",),
                  parameters=self.words * width, reads=("llm",), settings={"rows": self.words}),
        ]

    def graphs(self) -> list[Graph]:
        """`llm_embed` and `llm_hidden`."""
        size, width = self.tokens.size, self.width
        embeds = Input(("batch", "tokens", width), lambda generator, sizes: (
            0.05 * generator.standard_normal(sizes)).astype(np.float32))
        return [
            Graph("llm_embed", self.embedding, {"input_ids": Input.integers(0, size, "batch", "tokens")}, ("inputs_embeds",),
                  parameters=size * width, reads=("llm", "second-stage"), settings={"rows": size}),
            Graph("llm_hidden", self.hidden, {"inputs_embeds": embeds, "attention_mask": Input(("batch", "tokens"), right_padded)},
                  ("last_hidden_state",), parameters=count(lambda: self.variant.module(self.config)), reads=("llm",)),
        ]

    def section(self, tokenizer: str, image_size: int) -> dict[str, Any]:
        """`[llm]` of the bundle."""
        section = {"tokenizer": tokenizer, "hidden_size": self.width, "bos_id": self.tokens.bos_id,
                   "visual_tokens": self.stage.visual_tokens, "img_token_ids": self.image_ids,
                   "max_positions": min(CUT, self.config.max_position_embeddings),
                   "image_width": image_size, "image_height": image_size, **PROMPTS}
        if self.variant is LLAMA2 and not tokens.legacy(self.folder):
            section["legacy"] = False
        return section


def right_padded(generator: np.random.Generator, sizes: tuple[int, ...]) -> np.ndarray:
    """Masks of rows of different lengths, the first one full."""
    batch, length = sizes
    lengths = generator.integers(1, length + 1, batch)
    lengths[0] = length
    return (np.arange(length)[None] < lengths[:, None]).astype(np.int64)
