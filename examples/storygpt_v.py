"""StoryGPT-V (CVPR 2025) as a worker: imports your checkout of xiaoqian-shen/StoryGPT-V and runs its own code.

`storyeval run --model storygpt-v` draws with an exported bundle instead; with the noise of storyeval, which both read, the
two can be compared. docs/bring-my-model.md says what to clone and which card to write. Its settings are those of
scripts/eval_llm.sh.
"""

from __future__ import annotations

import sys
import types

from adapter import Adapter, ContractError, load_checkpoint
from storyeval.worker import serve

DATASETS = ("flintstones", "pororo")
NAMES = ("fred", "wilma", "barney", "betty", "pebbles", "mr slate", "dino")
"""Characters with a portrait in data/chars, as models/data.py lists them."""
IMAGE_TOKEN = "<|image|>"


class StoryGptV(Adapter):
    name = "storygpt-v-released"
    version = "1"
    repository = "xiaoqian-shen/StoryGPT-V"
    commit = "3969f68"
    marker = "models/pipeline.py"
    # A frame at a time: the language model reads the captions up to it and the frames before it.
    context = "frame"
    earlier_frames = True
    latents = (4, 64, 64)
    required = {
        "checkout": "folder of the cloned repository",
        "checkpoint": "folder of the first stage, with pytorch_model.bin",
        "second_stage": "folder of the second stage, with model_args.json and pretrained_ckpt.pth.tar",
    }
    settings = {
        "dataset": "flintstones",
        "stable_diffusion": "runwayml/stable-diffusion-v1-5",
        "clip": "openai/clip-vit-large-patch14",
        "steps": 30,
        "guidance": 5,
        "start_merge_step": 15,
        "precision": "fp16",
    }
    paths = ("stable_diffusion", "clip")

    def prepare(self, device):
        import torch
        from diffusers import StableDiffusionPipeline

        self.torch = torch
        if self.chosen["dataset"] not in DATASETS:
            raise ContractError(f'dataset = "{self.chosen["dataset"]}": there are {", ".join(DATASETS)}')
        half = self.chosen["precision"] == "fp16" and device.startswith("cuda")
        self.dtype = torch.float16 if half else torch.float32
        self.arguments = self.parsed()
        self.llm = self.module("gill.models").load_gill(str(self.chosen["second_stage"]), device=device)
        self.llm.eval()
        pipe = StableDiffusionPipeline.from_pretrained(self.chosen["stable_diffusion"], torch_dtype=self.dtype).to(device)
        pipe.set_progress_bar_config(disable=True)
        pipe.safety_checker = None
        first = self.module("models.model").StoryModel.from_pretrained(self.arguments)
        first.load_state_dict(load_checkpoint(torch, self.chosen["checkpoint"] / "pytorch_model.bin"), strict=False)
        first = first.eval().to(device=device, dtype=self.dtype)
        for part in ("unet", "text_encoder", "image_encoder", "postfuse_module"):
            setattr(pipe, part, getattr(first, part))
        call = self.module("models.pipeline").stable_diffusion_call_with_references_delayed_conditioning
        pipe.inference = types.MethodType(call, pipe)
        self.pipe, self.data = pipe, self.dataset(device)

    def parsed(self):
        """The arguments of the released script: its parser reads those of the process."""
        chosen, given = self.chosen, sys.argv
        sys.argv = ["eval_llm.py"]
        for name, value in {
            "pretrained_model_name_or_path": chosen["stable_diffusion"], "finetuned_model_path": chosen["checkpoint"],
            "dataset": chosen["dataset"], "image_encoder_type": "clip", "image_encoder_name_or_path": chosen["clip"],
            "num_image_tokens": 1, "object_resolution": 224, "generate_height": 512, "generate_width": 512,
            "guidance_scale": chosen["guidance"], "inference_steps": chosen["steps"],
            "start_merge_step": chosen["start_merge_step"], "gill_ckpt": chosen["second_stage"], "ref_image": "same",
        }.items():  # fmt: skip
            sys.argv += [f"--{name}", str(value)]
        sys.argv.append("--no_object_augmentation")
        try:
            return self.module("models.utils").parse_args()
        finally:
            sys.argv = given

    def dataset(self, device):
        """The data set class of the checkout without its files: storyeval sends the captions that it would read."""
        from transformers import CLIPTokenizer

        data = self.module("models.data")
        kind = data.EvalStoryDataset if self.chosen["dataset"] == "flintstones" else data.EvalPororoStoryDataset
        made = kind.__new__(kind)
        made.tokenizer = CLIPTokenizer.from_pretrained(self.chosen["stable_diffusion"], subfolder="tokenizer")
        made.tokenizer.add_tokens([IMAGE_TOKEN], special_tokens=True)
        made.image_token, made.image_token_id = IMAGE_TOKEN, made.tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)
        made.object_transforms = self.module("models.transforms").get_object_transforms(self.arguments)
        made.max_num_objects, made.device, made.ref_image = self.arguments.max_num_objects, device, "same"
        return made

    def item(self, story, frame):
        """The batch that `prepare_data_batch` makes of a frame: a token after each name that has a portrait."""
        words, names = [], []
        for word in frame.caption.split(" "):
            words.append(word)
            if self.chosen["dataset"] == "flintstones" and word.lower() in NAMES:
                words.append(IMAGE_TOKEN)
                names.append({"word": word.lower()})
        captions = [it.caption for it in story.frames[: frame.index]]
        refers = frame.referential and not names
        return self.data.prepare_data(frame.caption, " ".join(words), names, f"{story.id}-{frame.index}", refers, captions, [])

    def context_of(self, story, frame, item):
        """What the diffusion model is conditioned on, and the step from which."""
        pixels = item["object_pixel_values"].unsqueeze(0).to(dtype=self.dtype, device=self.device)
        portraits = self.pipe.image_encoder(pixels)
        if frame.index == 1:
            text = self.pipe.text_encoder(item["input_ids"].to(self.device))[0]
            mask, count = item["image_token_mask"].to(self.device), item["num_objects"].unsqueeze(0).to(self.device)
            return self.pipe.postfuse_module(text, portraits, mask, count), self.arguments.start_merge_step
        images = {earlier.index: earlier.image for earlier in story.earlier_frames}
        prompt = []
        for before in story.frames[: frame.index - 1]:
            prompt += [" Image: <img>", images[before.index], "</img> Caption: " + before.caption]
        prompt.append(" Caption: " + frame.caption + " Image: ")
        made, _ = self.llm.generate_for_images_emb(prompt, num_words=2)
        return made.to(portraits.dtype), 0 if item["ref_flag"] else self.arguments.start_merge_step

    def plain_text(self, caption):
        """The caption as Stable Diffusion reads it. Old versions of diffusers have only the first name."""
        pipe = self.pipe
        if not hasattr(pipe, "encode_prompt"):
            return pipe._encode_prompt(caption, self.device, 1, do_classifier_free_guidance=False)
        return pipe.encode_prompt(caption, self.device, 1, do_classifier_free_guidance=False)[0]

    def draw(self, story):
        torch = self.torch
        for frame in story.to_draw():
            with torch.no_grad():
                item = self.item(story, frame)
                context, start = self.context_of(story, frame, item)
                plain = self.plain_text(frame.caption)
                drawn = self.pipe.inference(
                    prompt_embeds=context,
                    prompt_embeds_text_only=plain,
                    num_inference_steps=self.arguments.inference_steps,
                    height=self.arguments.generate_height,
                    width=self.arguments.generate_width,
                    guidance_scale=self.arguments.guidance_scale,
                    num_images_per_prompt=1,
                    cross_attention_kwargs={},
                    start_merge_step=start,
                    latents=torch.from_numpy(frame.latents)[None].to(self.device, self.dtype),
                    callback=lambda step, *_: self.heartbeat(progress=(step + 1) / (self.arguments.inference_steps + 1)),
                )
            yield drawn.images[0]


if __name__ == "__main__":
    serve(StoryGptV)
