"""Stage `export`: the two bundles, `storygpt-v-mini` and `minisv-evaluators`.

Graph names and signatures follow storyeval's bundle format; `bundle.toml` carries the settings and
the SHA-256 of every other file.
"""

import hashlib
import json

import torch.nn as nn

from . import config as sizes
from . import diffusion, train_features, train_ldm, train_llm, train_vae, train_vision
from .language import LanguageModel, Mapper, VisualEmbedding
from .onnx_files import export_graph
from .prompts import vocabulary as llm_vocabulary
from .tokens import BOS, EOS, PAD

LICENCE = "MIT OR Apache-2.0"
SOURCE = "storyeval tools/storyeval_train"


class Apply(nn.Module):
    """Calls one method of a module, or a chain of modules, as a graph."""

    def __init__(self, *parts, method="forward"):
        super().__init__()
        self.parts, self.method = nn.ModuleList(parts), method

    def forward(self, *inputs):
        value = getattr(self.parts[0], self.method)(*inputs)
        for part in self.parts[1:]:
            value = part(value)
        return value


def pixels(batch=1, side=64):
    return ("pixel_values", "float32", (batch, 3, side, side), {0: "batch"}, 0)


def export(run, world):
    storygpt(run, world)
    evaluators(run, world)


def settings(run):
    """Sampler settings chosen by the stage `tune`, or the defaults."""
    steps = run.config.sampler_steps
    chosen = {"num_inference_steps": steps, "guidance_scale": run.config.guidance,
              "start_merge_step": steps // 2}
    path = run.work / "tuned.json"
    return chosen | (json.loads(path.read_text()) if path.exists() else {})


def llm_parts(run, world):
    """(language model, visual embedding, mapper) from the last finished stage."""
    state = run.load("distill" if run.done("distill") else "mapper")
    words = llm_vocabulary(world)
    model, visual, mapper = LanguageModel(len(words.words)), VisualEmbedding(), Mapper()
    model.load_state_dict(state["model"])
    visual.load_state_dict(state["visual"])
    mapper.load_state_dict(state["mapper"])
    return model.eval(), visual.eval(), mapper.eval()


def storygpt(run, world):
    folder, parity = run.out / "bundles" / "storygpt-v-mini", run.out / "golden" / "parity"
    (folder / "portraits").mkdir(parents=True, exist_ok=True)
    conditioner, unet = train_ldm.load(run, world)
    model, visual, mapper = llm_parts(run, world)
    vae, vision = train_vae.load(run), train_vision.load(run, world, "vision")
    captions, words = train_ldm.vocabulary(world), llm_vocabulary(world)
    text, llm, batch = sizes.TEXT_WIDTH, sizes.LLM_WIDTH, {0: "batch"}
    both = {0: "batch", 1: "tokens"}
    length, latent = sizes.LENGTH, (2, 4, 16, 16)
    context = ("encoder_hidden_states", "float32", (2, length, text), batch, 0)
    graphs = {
        "text_encoder": (conditioner.text, [("input_ids", "int64", (2, length), batch, len(captions.words))],
                         "last_hidden_state"),
        "char_image_encoder": (conditioner.image, [pixels()], "embeds"),
        "fuse": (conditioner.fuse, [("text", "float32", (3, text), batch, 0),
                                    ("visual", "float32", (3, text), batch, 0)], "fused"),
        "llm_vision": (Apply(vision, visual, method="features"), [pixels()], "visual_tokens"),
        "llm_embed": (model.embedding, [("input_ids", "int64", (2, 5), both, len(words.words))],
                      "inputs_embeds"),
        "llm_hidden": (model, [("inputs_embeds", "float32", (2, 12, llm), both, 0),
                               ("attention_mask", "int64", (2, 12), both, 2)], "last_hidden_state"),
        "ldm_mapper": (mapper, [("hidden", "float32", (2, sizes.IMG_TOKENS, llm), batch, 0),
                                ("img_embeds", "float32", (2, sizes.IMG_TOKENS, llm), batch, 0)],
                       "context"),
        "unet": (unet, [("sample", "float32", latent, batch, 0),
                        ("timestep", "int64", (2,), batch, 1000), context], "out_sample"),
        "vae_decoder": (vae.decoder, [("latents", "float32", latent, batch, 0)], "image"),
    }
    for name, (module, inputs, output) in graphs.items():
        worst = export_graph(module, folder / f"{name}.onnx", inputs, output, parity)
        run.log("export", graph=name, difference=worst,
                kilobytes=(folder / f"{name}.onnx").stat().st_size // 1024)
    examples = world.train.captions[:200] + world.test.captions[:200]
    captions.save(folder / "text_tokenizer.json")
    captions.check(folder / "text_tokenizer.json", examples)
    words.save(folder / "llm_tokenizer.json")
    words.check(folder / "llm_tokenizer.json",
                examples + [sizes.IMAGE_SUFFIX + c for c in examples] + [sizes.IMAGE_PREFIX])
    for name in world.characters:
        source = world.root / "chars" / f"{name}.png"
        (folder / "portraits" / f"{name}.png").write_bytes(source.read_bytes())
    chosen = settings(run)
    width, height = portrait_size(folder / "portraits" / f"{world.characters[0]}.png")
    tables = {
        "image": {"width": 64, "height": 64},
        "diffusion": {"latent_channels": 4, "latent_height": 16, "latent_width": 16,
                      "scaling_factor": round(vae.scale.item(), 7), **chosen,
                      "start_merge_step_referential": 0},
        "scheduler": {"kind": "pndm", "num_train_timesteps": diffusion.STEPS,
                      "beta_start": diffusion.BETA_START, "beta_end": diffusion.BETA_END,
                      "beta_schedule": "scaled_linear", "prediction_type": "v_prediction",
                      "steps_offset": 1, "set_alpha_to_one": False, "skip_prk_steps": True,
                      "timestep_spacing": "leading"},
        "text": {"tokenizer": "text_tokenizer.json", "max_length": length, "bos_id": BOS,
                 "eos_id": EOS, "pad_id": PAD, "hidden_size": text},
        "portraits": {"width": 64, "height": 64},
        "portraits.files": {n: f"portraits/{n}.png" for n in world.characters},
        "llm": {"tokenizer": "llm_tokenizer.json", "hidden_size": llm, "bos_id": BOS,
                "visual_tokens": sizes.VISUAL_TOKENS,
                "img_token_ids": [words.index[f"[IMG{i}]"] for i in range(sizes.IMG_TOKENS)],
                "max_positions": sizes.LLM_POSITIONS, "image_width": 64, "image_height": 64,
                "image_prefix": sizes.IMAGE_PREFIX, "image_suffix": sizes.IMAGE_SUFFIX,
                "caption_prefix": sizes.CAPTION_PREFIX, "caption_suffix": sizes.CAPTION_SUFFIX},
        "graphs": {n: f"{n}.onnx" for n in graphs},
    }
    if (width, height) != (64, 64):
        raise ValueError("portraits must be 64x64")
    write_bundle(folder, "storygpt-v", "storygpt-v-mini", run.config.seed, tables)


def evaluators(run, world):
    folder, parity = run.out / "bundles" / "minisv-evaluators", run.out / "golden" / "parity"
    folder.mkdir(parents=True, exist_ok=True)
    graphs = {
        "char_classifier": (train_vision.load(run, world, "scoring_characters"), "logits"),
        "bg_classifier": (train_vision.load(run, world, "scoring_backgrounds"), "logits"),
        "features": (train_features.load(run, world),
                     {"features": {0: "batch"}, "logits": {0: "batch"}}),
    }
    for name, (module, output) in graphs.items():
        worst = export_graph(module, folder / f"{name}.onnx", [pixels()], output, parity)
        run.log("export", graph=name, difference=worst,
                kilobytes=(folder / f"{name}.onnx").stat().st_size // 1024)
    write_bundle(folder, "evaluators", "minisv-evaluators", run.config.seed, {
        "image": {"width": 64, "height": 64},
        "graphs": {n: f"{n}.onnx" for n in graphs},
        "labels": {"characters": world.characters, "backgrounds": world.backgrounds},
        "features": {"dim": 64}})


def portrait_size(path):
    from PIL import Image
    return Image.open(path).size


def value_text(value):
    """A TOML value; JSON spells strings, numbers and lists the same way."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {value_text(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def write_bundle(folder, kind, name, seed, tables, note="trained on MiniSV, base seed", licence=LICENCE):
    tables = {"source": {"upstream": SOURCE, "commit": "", "note": f"{note} {seed}"}, **tables}
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "bundle.toml")
    tables["files"] = {json.dumps(p.relative_to(folder).as_posix()):
                       hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    lines = ["format = 1", f'kind = "{kind}"', f"id = {value_text(name)}", f"licence = {value_text(licence)}"]
    for table, values in tables.items():
        lines += ["", f"[{table}]"] + [f"{k} = {value_text(v)}" for k, v in values.items()]
    (folder / "bundle.toml").write_text("\n".join(lines) + "\n")


STAGES = {"export": export}
