"""One story drawn by StoryGPT-V in PyTorch: the official modules of diffusers and transformers, PNDM of diffusers, and our own
glue for what StoryGPT-V does with them (`eval_llm.py:119-210`, `models/pipeline.py`). Nothing of `storyeval_export` is used but
the converted tokenisers, whose ids have golden values of their own.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel
from PIL import Image
from second_stage import TextFcLayer
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from torchvision.transforms.functional import InterpolationMode, resize
from transformers import (CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModel, CLIPVisionModelWithProjection, LlamaConfig, LlamaForCausalLM,
                          OPTConfig, OPTForCausalLM)

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)


@dataclass(frozen=True)
class Drawn:
    """What a story became."""

    latents: torch.Tensor
    """Final ones, `[F, c, h, w]`."""
    images: np.ndarray
    """`[F, H, W, 3]`, 8 bits."""
    calls: list[int]
    """UNet calls of each frame."""


class Reference:
    """A whole checkpoint in single precision."""

    def __init__(self, folder: Path, variant: str, text_tokens: dict, llm_tokens: dict, guidance: float = 5.0, steps: int = 30, merge: int = 15):
        self.folder, self.guidance, self.steps, self.merge = folder, guidance, steps, merge
        self.text_tokens, self.llm_tokens = (Tokenizer.from_str(json.dumps(it)) for it in (text_tokens, llm_tokens))
        self.first = torch.load(folder / "first-stage" / "pytorch_model.bin", weights_only=True)
        diffusion, clip = folder / "stable-diffusion-v1-5", folder / "clip-vit-large-patch14"
        self.unet = self.network(UNet2DConditionModel.from_config(config(diffusion / "unet")), "unet.")
        self.vae = self.network(AutoencoderKL.from_config(config(diffusion / "vae")), "vae.")
        self.text = self.network(CLIPTextModel(CLIPTextConfig.from_dict(config(diffusion / "text_encoder"))), "text_encoder.")
        seen = config(clip)
        vision = CLIPVisionConfig.from_dict(seen["vision_config"] | {"projection_dim": seen["projection_dim"]})
        self.portrait = self.network(CLIPVisionModelWithProjection(vision), "image_encoder.")
        self.scheduler = PNDMScheduler.from_config(config(diffusion / "scheduler", "scheduler_config.json"))
        self.eyes = CLIPVisionModel(vision).eval()
        weights = torch.load(clip / "pytorch_model.bin", weights_only=True)
        self.eyes.load_state_dict({key.removeprefix("vision_model."): value for key, value in weights.items() if key.startswith("vision_model.")})
        self.open_llm(variant)

    def network(self, module: nn.Module, prefix: str) -> nn.Module:
        module.load_state_dict({key[len(prefix):]: value for key, value in self.first.items() if key.startswith(prefix)})
        return module.eval()

    def open_llm(self, variant: str) -> None:
        """As `load_gill` does: resize the embeddings, load what was trained, copy the `[IMG]` rows to the end."""
        place = self.folder / {"opt": "opt-6.7b", "llama2": "Llama-2-7b-chat"}[variant]
        stage = self.folder / f"second-stage-{variant}"
        if variant == "opt":
            self.lm = OPTForCausalLM(OPTConfig.from_dict(config(place)))
        else:
            self.lm = LlamaForCausalLM(LlamaConfig.from_dict(config(place)))
        state = {}
        for shard in sorted(place.glob("*.bin")):
            state |= torch.load(shard, weights_only=True)
        self.lm.load_state_dict({key: value.float() for key, value in state.items() if "rotary" not in key})
        self.lm.eval()
        args = config(stage, "model_args.json")
        saved = torch.load(stage / "pretrained_ckpt.pth.tar", weights_only=True)["state_dict"]
        saved = {key.replace("module.", ""): value.float() for key, value in saved.items()}
        self.lm.resize_token_embeddings(self.llm_tokens.get_vocab_size(with_added_tokens=True), mean_resizing=False)
        rows = saved["model.input_embeddings.weight"][-args["num_tokens"]:]
        with torch.no_grad():
            self.lm.get_input_embeddings().weight[-args["num_tokens"]:] = rows
        self.images = [self.llm_tokens.token_to_id(f"[IMG{index}]") for index in range(args["num_tokens"])]
        mapper = {key.split("fcs.0.")[1]: value for key, value in saved.items() if ".gen_text_hidden_fcs.0." in key}
        layers = len({key.split(".")[3] for key in mapper if key.startswith("tfm.encoder.layers.")})
        self.mapper = TextFcLayer(rows.shape[1], mapper["fc.weight"].shape[0], args["gen_emb_dim"], args["num_clip_tokens"], layers)
        self.mapper.load_state_dict(mapper)
        self.mapper.eval()
        self.seeing = (saved["model.visual_embeddings.weight"], saved["model.visual_embeddings.bias"], args["n_visual_tokens"])
        self.bos = self.llm_tokens.token_to_id("</s>" if variant == "opt" else "<s>")

    def padded(self, ids: list[int]) -> torch.Tensor:
        length, begin, end = self.text.config.max_position_embeddings, self.text.config.bos_token_id, self.text.config.eos_token_id
        ids = [begin, *ids[:length - 2], end]
        return torch.tensor([ids + [end] * (length - len(ids))])

    def plain(self, caption: str) -> torch.Tensor:
        """`[1, L, D]`."""
        return self.text(input_ids=self.padded(self.text_tokens.encode(caption, add_special_tokens=False).ids)).last_hidden_state

    def fused(self, caption: str) -> torch.Tensor:
        """With a portrait at the last token of every word that is a name (`models/data.py:108-145,239-243`)."""
        names = {path.stem: path for path in (self.folder / "chars").glob("*.png")}
        ids, places = [], []
        for word in caption.split(" "):
            ids += self.text_tokens.encode(word, add_special_tokens=False).ids
            if word.lower() in names:
                places.append((len(ids), names[word.lower()]))
        context = self.plain(caption)
        assert self.padded(ids).tolist() == self.padded(self.text_tokens.encode(caption, add_special_tokens=False).ids).tolist()
        for place, path in places:
            if place < context.shape[1] - 1:
                context[0, place] = self.fuse(context[0, place], self.look(path))
        return context

    def look(self, path: Path) -> torch.Tensor:
        size = self.portrait.config.image_size
        image = torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)
        image = resize(image, [size, size], interpolation=InterpolationMode.BILINEAR, antialias=True)
        return self.portrait(pixel_values=(image[None] / 255 - MEAN) / STD).image_embeds[0]

    def fuse(self, text: torch.Tensor, portrait: torch.Tensor) -> torch.Tensor:
        """`FuseModule.fuse_fn` (`models/model.py:126-151`), written out."""
        def mlp(name: str, given: torch.Tensor) -> torch.Tensor:
            def linear(layer: str, it: torch.Tensor) -> torch.Tensor:
                return functional.linear(it, self.first[f"postfuse_module.{name}.{layer}.weight"], self.first[f"postfuse_module.{name}.{layer}.bias"])
            return linear("fc2", functional.gelu(linear("fc1", norm(f"{name}.layernorm", given))))

        def norm(name: str, given: torch.Tensor) -> torch.Tensor:
            weight, bias = (self.first[f"postfuse_module.{name}.{it}"] for it in ("weight", "bias"))
            return functional.layer_norm(given, given.shape[-1:], weight, bias)

        first = mlp("mlp1", torch.cat([text, portrait])) + text
        return norm("layer_norm", mlp("mlp2", first) + first)

    def read(self, captions: list[str], frames: list[Image.Image]) -> torch.Tensor:
        """The context of the last caption (`generate_for_images_emb`): one forward, the last states of `[IMG0]`...`[IMG7]`."""
        embed = self.lm.get_input_embeddings()
        parts, first = [], True
        prompt = []
        for caption, frame in zip(captions, frames):
            prompt += [" Image: <img>", frame, "</img> Caption: " + caption]
        prompt.append(" Caption: " + captions[-1] + " Image: ")
        for part in prompt:
            if isinstance(part, str):
                ids = ([self.bos] if first else []) + self.llm_tokens.encode(part, add_special_tokens=False).ids
                first = False
                parts.append(embed(torch.tensor(ids)))
            else:
                size = self.eyes.config.image_size
                pixels = torch.from_numpy(np.array(part.resize((size, size), Image.Resampling.BICUBIC))).permute(2, 0, 1)[None] / 255
                weight, bias, count = self.seeing
                pooled = self.eyes(pixel_values=(pixels - MEAN) / STD).pooler_output
                parts.append(functional.linear(pooled, weight, bias).reshape(count, -1))
        images = embed(torch.tensor(self.images))
        inputs = torch.cat([*parts, images])[None]
        states = self.lm(inputs_embeds=inputs, use_cache=False, output_hidden_states=True).hidden_states[-1]
        return self.mapper(states[:, -len(self.images):], images[None])

    @torch.no_grad()
    def draw(self, captions: list[str], flags: list[bool], noise: torch.Tensor) -> Drawn:
        """`noise` `[F, c, h, w]`."""
        nothing, latents, images, calls = self.plain(""), [], [], []
        for frame, caption in enumerate(captions):
            merged = self.fused(caption) if frame == 0 else self.read(captions[:frame + 1], images)
            merge = 0 if flags[frame] and frame > 0 else self.merge
            sample, count = self.denoise(noise[frame:frame + 1], nothing, self.plain(caption), merged, merge)
            latents.append(sample)
            calls.append(count)
            images.append(self.decode(sample))
        return Drawn(torch.cat(latents), np.stack([np.array(image) for image in images]), calls)

    def denoise(self, sample: torch.Tensor, nothing: torch.Tensor, plain: torch.Tensor, merged: torch.Tensor, merge: int) -> tuple[torch.Tensor, int]:
        self.scheduler.set_timesteps(self.steps)
        for call, step in enumerate(self.scheduler.timesteps):
            context = torch.cat([nothing, plain if call <= merge else merged])
            without, given = self.unet(torch.cat([sample, sample]), step, encoder_hidden_states=context).sample.chunk(2)
            sample = self.scheduler.step(without + self.guidance * (given - without), step, sample).prev_sample
        return sample, len(self.scheduler.timesteps)

    def decode(self, sample: torch.Tensor) -> Image.Image:
        image = self.vae.decode(sample / self.vae.config.scaling_factor).sample[0]
        pixels = ((image / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
        return Image.fromarray(pixels)


def config(folder: Path, name: str = "config.json") -> dict:
    return json.loads((folder / name).read_text())
