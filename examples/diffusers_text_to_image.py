"""Any text-to-image pipeline of diffusers as a worker, frame by frame: one file to copy and change.

storyeval run --dataset minisv --model command:examples/diffusers_text_to_image.py
draws with Stable Diffusion 1.5; a card names another model and other settings (examples/cards/diffusers-text-to-image.toml).
"""

from __future__ import annotations

import torch
from diffusers import AutoPipelineForText2Image
from storyeval.worker import ContractError, Refused, Worker, serve

SETTINGS = {
    "model": "stable-diffusion-v1-5/stable-diffusion-v1-5",  # of the hub, or a folder that save_pretrained wrote
    "steps": 50,
    "guidance": 7.5,
    "width": None,  # the pipeline's own
    "height": None,
    "prompt": "{caption}",
    "negative_prompt": "",
    "frames_at_once": 4,
    "precision": "float16",  # on a GPU; a CPU computes in float32
}


class TextToImage(Worker):
    name = "diffusers-text-to-image"
    version = "1"
    # All frames of a story in one request, so that they share a batch; each is drawn from its own caption.
    context = "story"
    defaults = SETTINGS

    def load(self, device, options, seed):
        self.chosen = settings(self.defaults, options)
        self.pipeline = place(AutoPipelineForText2Image.from_pretrained(self.chosen["model"], torch_dtype=precision(self.chosen, device)), device)

    def draw(self, story):
        frames = story.to_draw()
        size = self.chosen["frames_at_once"]
        for start in range(0, len(frames), size):
            yield from self.images(self.pipeline, frames[start : start + size], **self.size())

    def size(self):
        """Width and height where the options name them."""
        return {name: self.chosen[name] for name in ("width", "height") if self.chosen[name]}

    def images(self, pipeline, frames, **more):
        """The images of some frames, in order."""
        chosen, steps = self.chosen, self.chosen["steps"]
        if chosen["negative_prompt"]:
            more["negative_prompt"] = [chosen["negative_prompt"]] * len(frames)
        drawn = pipeline(
            prompt=[chosen["prompt"].replace("{caption}", frame.caption) for frame in frames],
            num_inference_steps=steps,
            guidance_scale=chosen["guidance"],
            # On the CPU: a seed gives the same noise on every device, whichever frames are drawn together.
            generator=[torch.Generator("cpu").manual_seed(frame.seed) for frame in frames],
            callback_on_step_end=lambda _pipe, step, _time, kept: self.heartbeat(progress=(step + 1) / steps) or kept,
            **more,
        )
        flagged = getattr(drawn, "nsfw_content_detected", None) or [False] * len(frames)
        for image, unsafe in zip(drawn.images, flagged):
            yield Refused("the pipeline's safety checker blacked it out") if unsafe else image


def settings(defaults, options):
    """Options over defaults. An option that does not exist would be ignored in silence."""
    unknown = sorted(set(options) - set(defaults))
    if unknown:
        raise ContractError(f"unknown option {', '.join(unknown)}: there are {', '.join(defaults)}")
    return {**defaults, **options}


def precision(chosen, device):
    """The type that the weights are read in."""
    return getattr(torch, chosen["precision"]) if device.startswith("cuda") else torch.float32


def place(pipeline, device):
    """The pipeline on the device, without its own progress bars."""
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


if __name__ == "__main__":
    serve(TextToImage)
