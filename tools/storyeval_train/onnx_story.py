"""The exported bundle run end to end with ONNX Runtime, as storyeval does it in Rust.

Used to choose sampler settings on val and to measure the final bundle on test.
"""

import tomllib

import numpy as np
import onnxruntime
import torch
from PIL import Image
from tokenizers import Tokenizer

from .diffusion import sample
from .tokens import name_positions


class Bundle:
    """Sessions of one bundle folder, called by graph name with positional float/int arrays."""

    def __init__(self, folder, threads=2):
        self.folder = folder
        self.about = tomllib.loads((folder / "bundle.toml").read_text())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.sessions = {n: onnxruntime.InferenceSession(str(folder / f), options,
                                                         providers=["CPUExecutionProvider"])
                         for n, f in self.about["graphs"].items()}

    def __call__(self, graph, *arrays):
        session = self.sessions[graph]
        feeds = {i.name: np.ascontiguousarray(a) for i, a in zip(session.get_inputs(), arrays)}
        return session.run(None, feeds)[0]


class Storyteller(Bundle):
    """Char-LDM and language model of `storygpt-v-mini`."""

    def __init__(self, folder, names):
        super().__init__(folder)
        self.names = names
        self.text = Tokenizer.from_file(str(folder / self.about["text"]["tokenizer"]))
        self.words = Tokenizer.from_file(str(folder / self.about["llm"]["tokenizer"]))
        files = self.about["portraits"]["files"]
        portraits = np.stack([np.asarray(Image.open(folder / files[n]).convert("RGB")) for n in names])
        self.portraits = self("char_image_encoder", portraits.transpose(0, 3, 1, 2).astype(np.float32) / 255)
        self.empty = self.plain([""])

    def plain(self, captions):
        """Caption embedding without portraits."""
        about, rows = self.about["text"], []
        for caption in captions:
            ids = [about["bos_id"], *self.text.encode(caption, add_special_tokens=False).ids, about["eos_id"]]
            if len(ids) > about["max_length"]:
                ids = ids[:about["max_length"] - 1] + [about["eos_id"]]
            rows.append(ids + [about["pad_id"]] * (about["max_length"] - len(ids)))
        return self("text_encoder", np.array(rows, np.int64))

    def fused(self, captions):
        """Caption embedding with portraits at the names that stand alone."""
        out = self.plain(captions)
        place = np.array([name_positions(c, self.names, True) for c in captions])
        if (place >= 0).any():
            out[place >= 0] = self("fuse", out[place >= 0], self.portraits[place[place >= 0]])
        return out

    def read(self, captions, frames):
        """Context for the last caption after frames [n-1,3,64,64] in 0..1."""
        about = self.about["llm"]

        def embed(text, first=False):
            ids = self.words.encode(text, add_special_tokens=False).ids
            ids = [about["bos_id"]] * first + ids
            return self("llm_embed", np.array([ids], np.int64))[0]

        visual, parts = self("llm_vision", frames), []
        for index, caption in enumerate(captions[:-1]):
            parts += [embed(about["image_prefix"], index == 0), visual[index],
                      embed(about["image_suffix"] + caption)]
        parts.append(embed(about["caption_prefix"] + captions[-1] + about["caption_suffix"]))
        inputs = self("llm_embed", np.array([about["img_token_ids"]], np.int64))
        parts.append(inputs[0])
        embeds = np.concatenate(parts)[None]
        hidden = self("llm_hidden", embeds, np.ones(embeds.shape[:2], np.int64))
        return self("ldm_mapper", hidden[:, -len(about["img_token_ids"]):], inputs)[0]

    def unet(self, latents, timesteps, context):
        return torch.from_numpy(self("unet", latents.numpy(), timesteps.numpy(), context.numpy()))

    def draw(self, early, late, referential, seeds, **changes):
        """Frames [B,3,64,64] in 0..1, rounded to 8 bits as in the PNG files that are scored."""
        chosen = self.about["diffusion"] | changes
        merge = np.where(referential, chosen["start_merge_step_referential"], chosen["start_merge_step"])
        noise = torch.stack([torch.randn(4, 16, 16, generator=torch.Generator().manual_seed(s)) for s in seeds])
        latents = sample(self.unet, noise, torch.from_numpy(self.empty), torch.from_numpy(early),
                         torch.from_numpy(late), chosen["num_inference_steps"],
                         chosen["guidance_scale"], torch.from_numpy(merge))
        images = self("vae_decoder", latents.numpy() / np.float32(chosen["scaling_factor"]))
        return (np.clip(images / 2 + 0.5, 0, 1) * 255).round().astype(np.float32) / 255
