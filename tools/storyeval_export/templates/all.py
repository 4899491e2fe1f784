"""The templates that come with storyeval. A new one is a line here."""

from .clip import CLIPS
from .table import Template, classifiers, dinov2, inception_fid, lpips

TEMPLATES: dict[str, Template] = {
    "inception-fid": inception_fid(),
    "flintstones-classifiers": classifiers("flintstones", {"characters": 7, "backgrounds": 323}),
    "pororo-classifiers": classifiers("pororo", {"characters": 9}),
    "lpips-alex": lpips("alex", "alexnet-owt-7be5be79.pth", "AlexNet_0"),
    "lpips-vgg": lpips("vgg", "vgg16-397923af.pth", "VGG16_0"),
    "lpips-squeeze": lpips("squeeze", "squeezenet1_1-b8a52dc0.pth", None),
    "dinov2-s": dinov2("s"),
    "dinov2-b": dinov2("b"),
} | CLIPS
