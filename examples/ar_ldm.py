"""AR-LDM (auto-regressive latent diffusion) as a worker: imports your checkout of xichenpan/ARLDM.

docs/bring-my-model.md says what to clone and which card to write. Its settings are those of config.yaml.
"""

from __future__ import annotations

from adapter import Adapter, ContractError
from storyeval.worker import Drawn, serve

MOST = 5
"""Rows of the time embedding in main.py, class ARLDM; a given frame counts."""
TASKS = ("continuation", "visualization")


class ArLdm(Adapter):
    name = "ar-ldm"
    version = "1"
    repository = "xichenpan/ARLDM"
    commit = "9d8feeb"
    marker = "main.py"
    # One call draws a story; a mask of the model hides later frames.
    context = "story"
    settings = {"dataset": "flintstones", "task": "continuation", "scheduler": "ddim", "steps": 250, "guidance": 6.0}

    def prepare(self, device):
        import torch
        from omegaconf import OmegaConf

        self.torch = torch
        if self.chosen["task"] not in TASKS:
            raise ContractError(f'task = "{self.chosen["task"]}": there are {", ".join(TASKS)}')
        arguments = OmegaConf.load("config.yaml")
        if self.chosen["dataset"] not in arguments:
            raise ContractError(f'dataset = "{self.chosen["dataset"]}" has no section in config.yaml')
        arguments.update({
            "mode": "sample", "dataset": self.chosen["dataset"], "task": self.chosen["task"], "calculate_fid": False,
            "scheduler": self.chosen["scheduler"], "num_inference_steps": self.chosen["steps"],
            "guidance_scale": self.chosen["guidance"], "test_model_file": str(self.chosen["checkpoint"]),
        })  # fmt: skip
        model = self.module("main").ARLDM.load_from_checkpoint(
            str(self.chosen["checkpoint"]), map_location="cpu", args=arguments, strict=False
        )
        self.model = model.to(device).eval()
        section = arguments[self.chosen["dataset"]]
        self.length = section.max_length
        # The data set of the checkout adds them to tokenizers of its own; the model's have none yet.
        names = list(section.get("new_tokens") or [])
        model.clip_tokenizer.add_tokens(names)
        model.blip_tokenizer.add_tokens(names)

    def tokens(self, tokenizer, texts):
        """Ids and mask [1, texts, length] of a tokenizer of the model."""
        made = tokenizer(texts, padding="max_length", max_length=self.length, truncation=True, return_tensors="pt")
        return made["input_ids"][None].to(self.device), made["attention_mask"][None].to(self.device)

    def inputs(self, captions, given):
        """What datasets/flintstones.py gives for a story. Frames that do not exist yet are black; the model replaces them
        with its own, one after the other."""
        from PIL import Image

        torch, goes_on = self.torch, self.chosen["task"] == "continuation"
        drawn = captions[1:] if goes_on else captions
        black = Image.new("RGB", (128, 128))
        sources = [given if goes_on and place == 0 else black for place in range(len(captions))]
        sources = torch.stack([self.model.blip_image_processor(image) for image in sources])[None].to(self.device)
        # Only the FID of the script reads the first.
        unread = torch.zeros(1, len(drawn), 128, 128, 3, dtype=torch.uint8)
        ids, mask = self.tokens(self.model.clip_tokenizer, drawn)
        source_ids, source_mask = self.tokens(self.model.blip_tokenizer, captions)
        return unread, ids, mask, sources, source_ids, source_mask

    def draw(self, story):
        goes_on = self.chosen["task"] == "continuation"
        self.need_frames(story, MOST, 2 if goes_on else 1)
        given = self.first_frame(story) if goes_on else None
        captions = [frame.caption for frame in story.frames]
        with self.torch.no_grad():
            _, images = self.model.sample(self.inputs(captions, given))
        for frame in story.to_draw():
            longer = len(self.model.clip_tokenizer([frame.caption])["input_ids"][0]) > self.length
            note = f"the caption was cut to {self.length} tokens" if longer else None
            yield Drawn(images[frame.index - (2 if goes_on else 1)], note=note)


if __name__ == "__main__":
    serve(ArLdm)
