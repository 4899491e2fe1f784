"""Story-LDM (Make-A-Story, CVPR 2023) as a worker: imports your checkout of ubc-vision/Make-A-Story.

docs/bring-my-model.md says what to clone and which card to write. Its settings are those of eval_char_classifier.py.
"""

from __future__ import annotations

from adapter import Adapter, ContractError, load_checkpoint, to_pixels
from storyeval.worker import serve

FRAMES = 4
"""Built into ldm/models/diffusion/ddpm.py, class DiffusionWrapper."""
SIDE = 256
"""Built into LatentDiffusion.decode_first_stage; the latents have an eighth of it."""


class StoryLdm(Adapter):
    name = "story-ldm"
    version = "1"
    repository = "ubc-vision/Make-A-Story"
    commit = "593ee04"
    marker = "ldm/models/diffusion/ddim.py"
    # The memory attends to the captions of all frames, later ones too.
    context = "story"
    settings = {
        "config": "configs/latent-diffusion/flintstones_txt2img-1p4B-eval.yaml",
        "steps": 50,
        "guidance": 5.0,
        "eta": 0.0,
    }
    paths = ("config",)

    def prepare(self, device):
        import torch
        from omegaconf import OmegaConf

        self.torch = torch
        if device.startswith("cuda"):
            # The checkout names the device "cuda" in several places, without a number.
            torch.cuda.set_device(device)
        config = OmegaConf.load(self.chosen["config"])
        config.model.params.cond_stage_config.params.device = device
        model = self.module("ldm.util").instantiate_from_config(config.model)
        state = load_checkpoint(torch, self.chosen["checkpoint"])["state_dict"]
        missing, _ = model.load_state_dict(state, strict=False)
        lacking = [key for key in missing if key.startswith(("model.diffusion_model.", "cond_stage_model.", "first_stage_model."))]
        if lacking:
            raise ContractError(f"{self.chosen['checkpoint']} lacks {len(lacking)} weights of {self.chosen['config']}, such as {lacking[0]}")
        self.model = model.to(device).eval()
        # The embedder does not hand its device on to its tokenizer.
        self.model.cond_stage_model.tknz_fn.device = device
        self.sampler = sampler_on(self.module("ldm.models.diffusion.ddim").DDIMSampler, torch, device)(self.model)

    def captions(self, texts):
        """Embeddings [1, frames, 77, width]."""
        return self.torch.stack([self.model.get_learned_conditioning([text])[0] for text in texts])[None]

    def draw(self, story):
        self.need_frames(story, FRAMES, FRAMES)
        torch, guidance = self.torch, self.chosen["guidance"]
        shape = [4, FRAMES, SIDE // 8, SIDE // 8]
        # On the CPU, so that a seed gives the same noise on every device.
        noise = torch.randn([1, *shape], generator=torch.Generator().manual_seed(story.seed)).to(self.device)
        with torch.no_grad(), self.model.ema_scope():
            drawn, _ = self.sampler.sample(
                S=self.chosen["steps"],
                conditioning=self.captions([frame.caption for frame in story.frames]),
                batch_size=1,
                shape=shape,
                verbose=False,
                unconditional_guidance_scale=guidance,
                unconditional_conditioning=None if guidance == 1 else self.captions([""] * FRAMES),
                eta=self.chosen["eta"],
                x_T=noise,
                callback=lambda step: self.heartbeat(progress=(step + 1) / self.chosen["steps"]),
            )
            images = to_pixels((self.model.decode_first_stage(drawn)[0] + 1) / 2)
        for frame in story.to_draw():
            yield images[frame.index - 1]


def sampler_on(sampler, torch, device):
    """The sampler of the checkout, whose buffers would go to the first CUDA device."""

    class OnDevice(sampler):
        def register_buffer(self, name, attr):
            setattr(self, name, attr.to(device) if isinstance(attr, torch.Tensor) else attr)

    return OnDevice


if __name__ == "__main__":
    serve(StoryLdm)
