"""Small StoryGPT-V second stages, language models and CLIPs with random weights, in the published layouts and key names."""

import json
import shutil
from pathlib import Path

import torch
from torch import nn

from vocabularies import TOKENS


def mixing(model: nn.Module, factor: float) -> None:
    """Multiplies the weights through which positions reach each other: with random weights they hardly do."""
    with torch.no_grad():
        for key, value in model.named_parameters():
            if key.endswith(("v_proj.weight", "out_proj.weight", "o_proj.weight")):
                value *= factor


def opt(folder: Path, hidden: int = 32, layers: int = 2, positions: int = 64, dtype=torch.float16, prefix: str = "model.decoder.",
        shards: bool = True, vocabulary: int = 576, mix: float = 1.0, **config):
    """`OPTForCausalLM`, saved as facebook/opt-6.7b is: half precision, two shards with an index, the vocabulary padded."""
    from transformers import OPTConfig, OPTForCausalLM

    made = OPTConfig(**{"vocab_size": vocabulary, "hidden_size": hidden, "num_hidden_layers": layers, "ffn_dim": 2 * hidden,
                        "num_attention_heads": 4, "max_position_embeddings": positions, "word_embed_proj_dim": hidden, "dropout": 0.1, **config})
    model = OPTForCausalLM(made).eval()
    mixing(model, mix)
    model = model.to(dtype)
    state = {key.replace("model.decoder.", prefix, 1): value.clone() for key, value in model.state_dict().items()}
    write(folder, made, state, "opt", ("vocab.json", "merges.txt"), shards)
    return model


def llama(folder: Path, hidden: int = 32, layers: int = 2, positions: int = 64, dtype=torch.float16, vocabulary: int = 600,
          mix: float = 1.0, **config):
    """`LlamaForCausalLM` as meta-llama/Llama-2-7b-chat-hf, with the buffers that its files still hold."""
    from transformers import LlamaConfig, LlamaForCausalLM

    made = LlamaConfig(**{"vocab_size": vocabulary, "hidden_size": hidden, "num_hidden_layers": layers, "intermediate_size": 2 * hidden,
                          "num_attention_heads": 4, "max_position_embeddings": positions, **config})
    model = LlamaForCausalLM(made).eval()
    mixing(model, mix)
    model = model.to(dtype)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    half = hidden // 4 // 2
    for layer in range(layers):
        state[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = 10000.0 ** -(torch.arange(half) / half)
    write(folder, made, state, "llama", ("tokenizer.model",), True)
    return model


def write(folder: Path, config, state: dict, tokens: str, files: tuple[str, ...], shards: bool) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(config.to_json_string(use_diff=False))
    for name in (*files, "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(TOKENS / tokens / name, folder / name)
    keys = sorted(state)
    halves = [keys[:len(keys) // 2], keys[len(keys) // 2:]] if shards else [keys]
    names = [f"pytorch_model-{number:05}-of-{len(halves):05}.bin" for number in range(1, len(halves) + 1)] if shards else ["pytorch_model.bin"]
    for name, part in zip(names, halves):
        torch.save({key: state[key] for key in part}, folder / name)
    if shards:
        table = {key: name for name, part in zip(names, halves) for key in part}
        (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": table}))


def clip(folder: Path, hidden: int = 16, projection: int = 8, size: int = 16):
    """`CLIPModel`, as openai/clip-vit-large-patch14 is saved."""
    from transformers import CLIPConfig, CLIPModel

    config = CLIPConfig(
        text_config={"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 20, "projection_dim": projection},
        vision_config={"hidden_size": hidden, "intermediate_size": 2 * hidden, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": size,
                       "patch_size": size // 4, "projection_dim": projection}, projection_dim=projection)
    model = CLIPModel(config).eval()
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(config.to_json_string(use_diff=False))
    state = {key: value.clone() for key, value in model.state_dict().items()}
    state["vision_model.embeddings.position_ids"] = torch.arange(17)[None]
    torch.save(state, folder / "pytorch_model.bin")
    (folder / "preprocessor_config.json").write_text(json.dumps({"crop_size": size, "do_center_crop": True, "do_normalize": True, "do_resize": True,
                                                                 "feature_extractor_type": "CLIPFeatureExtractor", "resample": 3, "size": size,
                                                                 "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}))
    return model


class TextFcLayer(nn.Module):
    """The published mapper's modules, under the published names (`gill/layers.py`)."""

    def __init__(self, width: int, inner: int, given: int, queries: int, layers: int):
        super().__init__()
        self.fc = nn.Linear(width, inner)
        self.tfm = nn.Transformer(batch_first=True, norm_first=True, d_model=inner, num_encoder_layers=layers, num_decoder_layers=layers,
                                  dim_feedforward=4 * inner, dropout=0.0, nhead=4)
        self.model = nn.Linear(inner, given)
        self.query_embs = nn.Parameter(torch.randn(1, queries, inner))

    def forward(self, hidden, input_embs):
        states = self.fc(hidden + input_embs)
        return self.model(self.tfm(states, self.query_embs.repeat(states.shape[0], 1, 1)))


def second_stage(folder: Path, width: int = 32, eyes: int = 16, images: int = 8, visual_tokens: int = 4, context: tuple[int, int] = (77, 8),
                 inner: int = 16, layers: int = 2, llm: str = "facebook/opt-6.7b", rows: int | None = None, dtype=torch.bfloat16, prefix: str = "module.", extra=None):
    """`model_args.json`, `args.json` and `pretrained_ckpt.pth.tar`. Gives the mapper, the projection and the `[IMG]` rows.

    `rows`: of the saved embedding table; only the `[IMG]` ones when `None`.
    """
    mapper, seeing = TextFcLayer(width, inner, context[1], context[0], layers).to(dtype).eval(), nn.Linear(eyes, visual_tokens * width).to(dtype)
    table = (torch.randn(rows or images, width) * 0.05).to(dtype)
    parts = {"model.logit_scale": torch.tensor(2.66), "model.input_embeddings.weight": table,
             **{f"model.visual_embeddings.{key}": value for key, value in seeing.state_dict().items()},
             **{f"model.visual_fc.{key}": value for key, value in nn.Linear(eyes, 4).state_dict().items()},
             **{f"model.ret_text_hidden_fcs.0.model.{key}": value for key, value in nn.Linear(width, 4).state_dict().items()},
             **{f"model.gen_text_hidden_fcs.0.{key}": value for key, value in mapper.state_dict().items()}, **(extra or {})}
    folder.mkdir(parents=True)
    torch.save({"epoch": 3, "state_dict": {prefix + key: value for key, value in parts.items()}}, folder / "pretrained_ckpt.pth.tar")
    args = {"llm_model": llm, "freeze_lm": True, "visual_encoder": "openai/clip-vit-large-patch14", "freeze_vm": True, "n_visual_tokens": visual_tokens,
            "ret_emb_dim": 4, "gen_emb_dim": context[1], "text_emb_layers": [-1], "text_fc_mode": "gill_mapper", "ret_text_fc_mode": "linear",
            "num_tokens": images, "num_clip_tokens": context[0], "share_ret_gen": True}
    (folder / "model_args.json").write_text(json.dumps(args))
    (folder / "args.json").write_text(json.dumps({**args, "interleave": True, "max_len": 200}))
    return mapper.float(), seeing.float(), table[-images:]
