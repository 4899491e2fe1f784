"""Every size, seed and step count of the training run, in one place."""

from dataclasses import dataclass, fields

LENGTH = 32  # tokens of a caption for the Char-LDM, as CLIP's 77
TEXT_WIDTH = 128
LLM_WIDTH = 192
VISUAL_TOKENS = 4
IMG_TOKENS = 8
LLM_POSITIONS = 256
IMAGE_PREFIX = " Image: <img>"
IMAGE_SUFFIX = "</img> Caption: "
CAPTION_PREFIX = " Caption: "
CAPTION_SUFFIX = " Image: "
CLIP_WIDTH = 96
CAPTION_WIDTH = 128
CAPTION_HEADS = 4
CAPTION_LAYERS = 2
CAPTION_QUERIES = 8
CAPTION_POSITIONS = 64
CAPTION_TOKENS = 24  # longest caption written


@dataclass
class Config:
    """Step counts and batch sizes.  Counts are fixed so that a run is repeatable."""

    seed: int = 2026
    classifier_steps: int = 1100
    background_steps: int = 500
    auxiliary_steps: int = 900
    features_steps: int = 500
    vision_steps: int = 700
    vae_steps: int = 1800
    vae_batch: int = 32
    recogniser_steps: int = 700
    ldm_steps: int = 4600
    ldm_batch: int = 64
    ldm_recogniser_from: float = 0.3
    lm_steps: int = 1500
    lm_batch: int = 48
    mapper_steps: int = 600
    distill_steps: int = 300
    distill_batch: int = 40
    clip_steps: int = 1500
    clip_batch: int = 160
    lpips_trunk_steps: int = 600
    lpips_heads_steps: int = 500
    eyes_steps: int = 3600
    captioner_steps: int = 1600
    captioner_batch: int = 96
    features_logits_steps: int = 400
    locator_steps: int = 1600
    tune_stories: int = 24
    test_stories: int = 100
    sampler_steps: int = 20
    guidance: float = 3.0

    @classmethod
    def smoke(cls):
        """A run of a few steps per stage: checks the plumbing, not the quality."""
        values = {f.name: min(6, f.default) for f in fields(cls) if f.name.endswith("_steps")}
        values.update(sampler_steps=4, tune_stories=2, test_stories=2, vae_batch=4, ldm_batch=8,
                      lm_batch=4, distill_batch=4, clip_batch=16, captioner_batch=8)
        return cls(**values)
