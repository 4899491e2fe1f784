"""Stand-in: the flags of the released parser that its scripts set or that the models read."""

import argparse


def parse_args(default=False):
    parser = argparse.ArgumentParser()
    for name in ("pretrained_model_name_or_path", "finetuned_model_path", "dataset", "image_encoder_type",
                 "image_encoder_name_or_path", "gill_ckpt", "ref_image"):  # fmt: skip
        parser.add_argument(f"--{name}", type=str, default=None)
    for name, value in {"num_image_tokens": 1, "object_resolution": 224, "generate_height": 512, "generate_width": 512,
                        "guidance_scale": 5, "inference_steps": 30, "start_merge_step": 0, "max_num_objects": 4}.items():  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--no_object_augmentation", action="store_true")
    return parser.parse_args()
