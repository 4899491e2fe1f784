"""The table of models, in the order of `--help`. A new one is a module here and a line below."""

from ..model import Model

MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model("blip2-captioner", "BLIP-2 with OPT, the base or fine-tuned by LAVIS", "captioner"),
        Model("char-ldm", "Char-LDM, the published first stage of StoryGPT-V", "char_ldm"),
        Model("classifiers", "the character and background classifiers of a data set, in one bundle", "classifiers",
              "both_arguments", "plan_both"),
        Model("classifier-char", "the character classifier of a data set alone (classifier_char.pt)", "classifiers",
              planner="plan_characters"),
        Model("classifier-bg", "the background classifier of a data set alone (classifier_bg.pt)", "classifiers",
              planner="plan_backgrounds"),
        Model("clip", "a CLIP with vision transformer, of transformers or of open_clip", "clip"),
        Model("dinov2", "DINOv2 as a feature network: ViT-S/14 or ViT-B/14", "dinov2"),
        Model("inception-fid", "the feature network of FID and the Inception Score", "inception_fid"),
        Model("ldm", "Stable Diffusion, fine-tuned, without portraits", "ldm"),
        Model("lpips", "the learned perceptual distance LPIPS v0.1", "lpips"),
        Model("sam", "Segment Anything: boxes to masks", "sam"),
        Model("storygpt-v", "StoryGPT-V, both stages, with OPT or Llama 2", "storygpt_v"),
    )
}
