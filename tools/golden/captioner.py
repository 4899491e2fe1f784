"""Golden captions of small BLIP-2 models with random weights, by `generate` of Hugging Face transformers.

    OMP_NUM_THREADS=1 python tools/golden/captioner.py

Writes captioner bundles (three graphs and a word-level tokenizer each), a strip of frames and
`golden.json` with the sequences and scores of many settings to reference-data/golden/captioner. The
models have a ViT, a Q-Former and an OPT as `Salesforce/blip2-opt-2.7b` has; the end token is made rare,
common or dominant, so that beams finish late, early or at once. The decoder is exported from its own
few lines below, and these are held against transformers' OPT through every golden sequence.
"""

import hashlib
import importlib.metadata
import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from transformers import (Blip2Config, Blip2ForConditionalGeneration, Blip2QFormerConfig, Blip2VisionConfig,
                          OPTConfig)
from transformers.utils import logging

warnings.filterwarnings("ignore")
logging.set_verbosity_error()
ROOT = Path(__file__).resolve().parents[2] / "reference-data" / "golden" / "captioner"
SIDE, COUNT, QUERIES, WIDTH, LAYERS, HEADS, WORDS, POSITIONS = 8, 9, 3, 16, 2, 2, 44, 64
PAD, BOS, EOS, IMAGE = 1, 2, 3, 4
# Name, seed, pull towards the end token, prompt, whether a begin token stands before it, sharpness of logits.
MODELS = [("rare", 11, 0.0, "a photo of", True, 2.5),
          ("common", 12, 1.3, "a", False, 2.0),
          ("dominant", 13, 2.2, "", False, 1.5)]
DEFAULT = {"num_beams": 5, "max_new_tokens": 30, "min_length": 1, "min_new_tokens": 0, "length_penalty": 1.0}
CASES = [{}, {"length_penalty": 0.0}, {"length_penalty": -1.0}, {"length_penalty": 2.5},
         {"min_new_tokens": 4}, {"min_length": 12, "length_penalty": -1.0}, {"num_beams": 1}, {"num_beams": 3},
         {"num_beams": 2, "max_new_tokens": 1}, {"num_beams": 8, "max_new_tokens": 7, "length_penalty": 0.5},
         {"num_beams": 40, "max_new_tokens": 3}]


def model_of(seed, pull, sharpness):
    """Random weights that are large enough for captions to depend on the frame."""
    torch.manual_seed(seed)
    vision = Blip2VisionConfig(hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
                               image_size=SIDE, patch_size=4)
    qformer = Blip2QFormerConfig(vocab_size=8, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                                 intermediate_size=24, encoder_hidden_size=16, cross_attention_frequency=2)
    text = OPTConfig(vocab_size=WORDS, hidden_size=WIDTH, num_hidden_layers=LAYERS, ffn_dim=24,
                     num_attention_heads=HEADS, max_position_embeddings=POSITIONS, word_embed_proj_dim=WIDTH,
                     tie_word_embeddings=False, bos_token_id=BOS, pad_token_id=PAD, eos_token_id=EOS)
    config = Blip2Config(vision_config=vision.to_dict(), qformer_config=qformer.to_dict(), text_config=text.to_dict(),
                         num_query_tokens=QUERIES, image_token_index=IMAGE)
    model = Blip2ForConditionalGeneration(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                wide = "embed" in name or name == "query_tokens" or "patch" in name
                weight.normal_(0, 1 if wide else 1.4 * weight[0].numel() ** -0.5)
            elif name.endswith("bias"):
                weight.normal_(0, 0.1)
        opt = model.language_model
        direction = torch.randn(WIDTH)
        opt.model.decoder.final_layer_norm.bias.copy_(0.5 * direction)
        head = opt.lm_head.weight
        head.mul_(sharpness)
        head[[PAD, BOS, IMAGE]] -= 0.3 * direction  # rather not
        head[EOS] += pull * direction / direction.norm() * 2
    return model


class Vision(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixels):
        m = self.model
        states = m.vision_model(pixels).last_hidden_state
        queries = m.query_tokens.expand(states.shape[0], -1, -1)
        mask = torch.ones(states.shape[:2], dtype=torch.long)
        found = m.qformer(query_embeds=queries, encoder_hidden_states=states, encoder_attention_mask=mask)
        return m.language_projection(found.last_hidden_state)


class Decoder(torch.nn.Module):
    """OPT with its cache as two tensors."""

    def __init__(self, model):
        super().__init__()
        self.opt = model.language_model

    def forward(self, embeds, mask, past_keys, past_values):
        body, past = self.opt.model.decoder, past_keys.shape[3]
        places = (mask.cumsum(1) * mask - 1)[:, past:]
        x = embeds + torch.nn.functional.embedding(places + 2, body.embed_positions.weight)
        order = torch.arange(mask.shape[1])
        hidden = (order[None, :] > order[past:, None])[None] | (mask == 0)[:, None, :]
        hidden = hidden.to(x.dtype)[:, None] * -1e9
        keys, values = [], []
        for index, layer in enumerate(body.layers):
            at, h = layer.self_attn, layer.self_attn_layer_norm(x)
            query, key, value = (p(h).unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)
                                 for p in (at.q_proj, at.k_proj, at.v_proj))
            keys.append(torch.cat([past_keys[index], key], dim=2))
            values.append(torch.cat([past_values[index], value], dim=2))
            scores = (query * at.scaling) @ keys[-1].transpose(-1, -2) + hidden
            x = x + at.out_proj((torch.softmax(scores, -1) @ values[-1]).transpose(1, 2).flatten(2))
            x = x + layer.fc2(torch.relu(layer.fc1(layer.final_layer_norm(x))))
        return self.opt.lm_head(body.final_layer_norm(x)), torch.stack(keys), torch.stack(values)


def export(module, path, inputs, outputs):
    """`inputs`: name to example and its open axes; `outputs`: name to open axes."""
    axes = {n: a for n, (_, a) in inputs.items()} | outputs
    with torch.no_grad():
        torch.onnx.export(module.eval(), tuple(v for v, _ in inputs.values()), str(path), opset_version=17,
                          input_names=list(inputs), output_names=list(outputs), dynamic_axes=axes, dynamo=False)
    graph = onnx.load(path)
    short = {}  # names are most of such a file
    for node in graph.graph.node:
        node.ClearField("name")
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
        for names in (node.input, node.output):
            for at, name in enumerate(names):
                if name and name not in axes:
                    names[at] = short.setdefault(name, f"{len(short)}")
    for weight in graph.graph.initializer:
        weight.name = short.get(weight.name, weight.name)
    del graph.graph.value_info[:]
    onnx.checker.check_model(graph, full_check=True)
    path.write_bytes(graph.SerializeToString(deterministic=True))


def bundle_of(name, model, prompt, begin):
    folder = ROOT / name
    folder.mkdir(parents=True, exist_ok=True)
    words = ["<pad>", "</s>", "\n", "<image>", "<unk>", "a", "photo", "of"]
    words = ["<zero>"] + words + [f"w{k}" for k in range(WORDS - len(words) - 1)]
    tokenizer = Tokenizer(models.WordLevel({w: k for k, w in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken(w, special=True) for w in ("<pad>", "</s>", "<image>")])
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    batch, tokens = {0: "batch"}, {0: "batch", 1: "tokens"}
    export(Vision(model), folder / "captioner_vision.onnx",
           {"pixel_values": (torch.rand(2, 3, SIDE, SIDE), batch)}, {"prefix_embeds": batch})
    export(model.get_input_embeddings(), folder / "captioner_embed.onnx",
           {"input_ids": (torch.tensor([[5, 6, 7], [8, 9, 5]]), tokens)}, {"inputs_embeds": tokens})
    past, longer = {1: "batch", 3: "past"}, {1: "batch", 3: "length"}
    cache = torch.rand(LAYERS, 2, HEADS, 4, WIDTH // HEADS)
    export(Decoder(model), folder / "captioner_decoder.onnx",
           {"inputs_embeds": (torch.rand(2, 3, WIDTH), tokens),
            "attention_mask": (torch.ones(2, 7, dtype=torch.long), {0: "batch", 1: "length"}),
            "past_keys": (cache, past), "past_values": (cache, past)},
           {"logits": tokens, "keys": longer, "values": longer})
    files = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.suffix != ".toml"}
    listed = "\n".join(f'"{n}" = "{h}"' for n, h in sorted(files.items()))
    (folder / "bundle.toml").write_text(f'''format = 1
kind = "captioner"
id = "{name}"
licence = "MIT OR Apache-2.0"

[source]
upstream = "storyeval tools/golden/captioner.py"
commit = ""
note = "random weights"

[image]
width = {SIDE}
height = {SIDE}

[input]
scale = "unit"
geometry = "squash"

[graphs]
captioner_vision = "captioner_vision.onnx"
captioner_embed = "captioner_embed.onnx"
captioner_decoder = "captioner_decoder.onnx"

[captioner]
tokenizer = "tokenizer.json"
prompt = "{prompt}"
num_beams = {DEFAULT["num_beams"]}
max_new_tokens = {DEFAULT["max_new_tokens"]}
min_length = {DEFAULT["min_length"]}
length_penalty = {DEFAULT["length_penalty"]}
{f"bos_id = {BOS}" if begin else ""}
eos_id = {EOS}
pad_id = {PAD}
layers = {LAYERS}
heads = {HEADS}
head_dim = {WIDTH // HEADS}
hidden_size = {WIDTH}
vocab_size = {WORDS}

[files]
{listed}
''')
    return tokenizer


def generate(model, pixels, ids, settings):
    """Sequences [frame][rank] with scores, from pixels, and held against `inputs_embeds` alone."""
    settings = dict(settings)
    if not settings["min_new_tokens"]:
        del settings["min_new_tokens"]
    beams = settings["num_beams"]
    settings |= {"do_sample": False, "early_stopping": False, "num_return_sequences": beams, "eos_token_id": EOS,
                 "pad_token_id": PAD, "return_dict_in_generate": True, "output_scores": True}
    ids = torch.tensor([[IMAGE] * QUERIES + ids] * len(pixels))
    with torch.no_grad():
        out = model.generate(pixel_values=pixels, input_ids=ids, attention_mask=torch.ones_like(ids), **settings)
        embeds = torch.cat([Vision(model)(pixels), model.get_input_embeddings()(ids[:, QUERIES:])], dim=1)
        other = model.language_model.generate(inputs_embeds=embeds, attention_mask=torch.ones_like(ids), **settings)
    written = out.sequences[:, ids.shape[1]:]
    assert torch.equal(written, other.sequences)
    rows = [row[:row.index(EOS) + 1] if EOS in row else row[:settings["max_new_tokens"]] for row in written.tolist()]
    scores = [None] * len(rows) if beams == 1 else [float(f"{s:.7g}") for s in out.sequences_scores.tolist()]
    pairs = list(zip(rows, scores))
    return [pairs[k * beams:(k + 1) * beams] for k in range(len(pixels))]


def main():
    ROOT.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(5)
    strip = draw.integers(0, 256, (SIDE * COUNT, SIDE, 3), dtype=np.uint8)
    Image.fromarray(strip).save(ROOT / "frames.png", optimize=True)
    frames = strip.reshape(COUNT, SIDE, SIDE, 3).transpose(0, 3, 1, 2)
    pixels = torch.from_numpy(frames.astype(np.float32) / np.float32(255))
    runs = []
    for name, seed, pull, prompt, begin, sharpness in MODELS:
        model = model_of(seed, pull, sharpness)
        tokenizer = bundle_of(name, model, prompt, begin)
        ids = [BOS] * begin + tokenizer.encode(prompt, add_special_tokens=False).ids
        for case in CASES:
            settings = DEFAULT | case
            found = generate(model, pixels, ids, settings)
            # Long lists say nothing new.
            kept = [frame[:8] for frame in found]
            lengths = [len(row) for frame in found for row, _ in frame]
            print(name, case, "lengths", min(lengths), sum(lengths) / len(lengths), max(lengths), "best",
                  len({tuple(f[0][0]) for f in found}), kept[0][0])
            runs.append({"bundle": name, **settings,
                         "tokens": [[row for row, _ in frame] for frame in kept],
                         "scores": [[score for _, score in frame] for frame in kept],
                         "captions": [tokenizer.decode([t for t in frame[0][0] if t != EOS]).strip() for frame in kept]})
    versions = {n: importlib.metadata.version(n) for n in ["torch", "transformers", "tokenizers", "onnx", "numpy"]}
    document = {"command": "OMP_NUM_THREADS=1 python tools/golden/captioner.py", "versions": versions,
                "tolerance": 1e-4, "frame": SIDE, "runs": runs}
    (ROOT / "golden.json").write_text(json.dumps(document, separators=(",", ":")).replace('{"bundle"', '\n{"bundle"') + "\n")


main()
