"""Stand-in."""

import torch
from torchvision import transforms


def get_object_transforms(args):
    assert args.no_object_augmentation
    return torch.nn.Sequential(transforms.Resize((args.object_resolution, args.object_resolution)))
