"""The table of models. Each module here defines `MODELS`, a tuple of [`Model`]; a new one is a line below."""

from ..model import Model
from . import captioner, char_ldm, classifiers, clip, inception_fid, ldm, lpips, sam, storygpt_v

MODULES = (
    captioner,
    char_ldm,
    classifiers,
    clip,
    inception_fid,
    ldm,
    lpips,
    sam,
    storygpt_v,
)
MODELS: dict[str, Model] = {model.name: model for module in MODULES for model in module.MODELS}
