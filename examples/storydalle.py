"""StoryDALL-E (ECCV 2022) as a worker: imports your checkout of adymaharana/storydalle, the model based on minDALL-E.

It goes on from the real first frame and draws the four after it. docs/bring-my-model.md says what to clone and which card
to write. Its settings are those of infer_story.sh and infer_t2i.py.
"""

from __future__ import annotations

import io
import json
import pickle
from argparse import Namespace
from pathlib import Path

from adapter import Adapter, ContractError, to_pixels
from storyeval.worker import seed_everything, serve

NAMES = {
    "flintstones": ["fred", "barney", "wilma", "betty", "pebbles", "dino", "slate"],
    "pororo": ["pororo", "loopy", "eddy", "harry", "poby", "tongtong", "crong", "rody", "petty"],
    "didemo": [],
}
"""Tokens that infer_t2i.py adds, in its order."""


class StoryDalle(Adapter):
    name = "storydall-e"
    version = "1"
    repository = "adymaharana/storydalle"
    commit = "132dd19"
    code = "story-dalle"
    marker = "dalle/models/__init__.py"
    # The story block attends to the sentences of all frames.
    context = "story"
    settings = {
        "dataset": "flintstones",
        "pretrained": "1.3B",
        "story_length": 4,
        "sentence_width": 512,
        "sentence_encoder": "",
        "sentence_table": "",
        "prefix_length": 32,
        "prefix_dropout": 0.2,
        "condition": True,
        "prompt": False,
        "top_k": 96,
        "top_p": 0.5,
        "weights_seed": 42,
    }

    paths = ("pretrained", "sentence_encoder", "sentence_table")

    def prepare(self, device):
        import torch
        from torchvision import transforms

        self.torch, self.encoder = torch, None
        table = self.chosen["sentence_table"]
        self.sentences = sentence_table(Path(table)) if table else {}
        dataset, checkpoint = self.chosen["dataset"], str(self.chosen["checkpoint"])
        if dataset not in NAMES:
            raise ContractError(f'dataset = "{dataset}": there are {", ".join(NAMES)}')
        found = next((name for name in ("pororo", "flintstones") if name in checkpoint), "didemo")
        if found != dataset:
            raise ContractError(
                f"the released code takes the size of the vocabulary from the path of the checkpoint, and {checkpoint} "
                f"reads as {found}: put it into a folder named {dataset}"
            )
        if not self.chosen["sentence_encoder"] and not self.sentences:
            raise ContractError("name sentence_encoder (Universal Sentence Encoder, for tensorflow_hub) or sentence_table (data folder)")
        # The layers that read the source image are in a Python list, so no checkpoint has them: they are drawn at
        # random here, from this seed, as in the released script.
        seed_everything(self.chosen["weights_seed"])
        model, config = self.module("dalle.models").StoryDalle.from_pretrained(self.arguments(checkpoint))
        self.model = model.eval().to(device)
        model.tokenizer.add_tokens(NAMES[dataset])
        if self.chosen["condition"]:
            for layer in model.cross_attention_layers:
                layer.to(device)
        side = config.dataset.image_resolution
        self.source = transforms.Compose([
            transforms.Resize(side), transforms.CenterCrop(side), transforms.ToTensor(),
            transforms.Normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
        ])  # fmt: skip

    def arguments(self, checkpoint: str) -> Namespace:
        """What infer_t2i.py would have parsed from infer_story.sh, as far as the model reads it."""
        chosen = self.chosen
        return Namespace(
            model_name_or_path=checkpoint, prefix_model_name_or_path=chosen["pretrained"], tuning_mode="story",
            dataset_name=chosen["dataset"], preseqlen=chosen["prefix_length"], prefix_dropout=chosen["prefix_dropout"],
            story_len=chosen["story_length"], sent_embed=chosen["sentence_width"], condition=chosen["condition"],
            prompt=chosen["prompt"], clip_embed=False,
        )  # fmt: skip

    def embeddings(self, captions):
        """Sentence embeddings [frames, width] of exactly the captions that the model reads."""
        if self.chosen["sentence_encoder"]:
            if self.encoder is None:
                import tensorflow_hub

                self.encoder = tensorflow_hub.load(self.chosen["sentence_encoder"])
            return self.torch.from_numpy(self.encoder(captions).numpy())
        unknown = [caption for caption in captions if caption not in self.sentences]
        if unknown:
            raise ContractError(f"sentence_table has no embedding of {unknown[0]!r}: sentence_encoder embeds any caption")
        return self.torch.stack([self.torch.tensor(self.sentences[caption]) for caption in captions])

    def draw(self, story):
        torch, length = self.torch, self.chosen["story_length"]
        self.need_frames(story, length + 1, length + 1)
        source = self.source(self.first_frame(story))[None]
        captions = [frame.caption for frame in story.frames[1:]]
        tokens = torch.stack([torch.LongTensor(self.model.tokenizer.encode(caption.lower()).ids) for caption in captions])
        with torch.no_grad():
            pixels = self.model.sampling(
                tokens.to(self.device),
                source.to(self.device),
                self.embeddings(captions)[None].to(self.device),
                top_k=self.chosen["top_k"],
                top_p=self.chosen["top_p"],
                prompt=self.model.get_prompt(bsz=length).to(self.device) if self.chosen["prompt"] else None,
                device=self.device,
                use_fp16=self.device.startswith("cuda"),
            )
        images = to_pixels(pixels)
        for frame in story.to_draw():
            yield images[frame.index - 2]


class _OnlyData(pickle.Unpickler):
    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"{module}.{name}: a table of rows is a dict of text and numbers")


def sentence_table(folder: Path) -> dict:
    """Caption to embedding, from the three files that the FlintstonesSV download of the repository has."""
    import numpy

    try:
        rows = numpy.load(folder / "flintstones_use_embeddings.npy", allow_pickle=False)
        places = _OnlyData(io.BytesIO((folder / "flintstones_use_embed_idxs.pkl").read_bytes())).load()
        clips = json.loads((folder / "flintstones_annotations_v1-0.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, pickle.UnpicklingError) as error:
        raise ContractError(f"failed to read sentence_table {folder}: {error}") from error
    return {clip["description"]: rows[places[clip["globalID"]]] for clip in clips if clip["globalID"] in places}


if __name__ == "__main__":
    serve(StoryDalle)
