"""Writes the tiny bundles `char-ldm-tiny` and `ldm-tiny` with random weights: `storyeval_export` itself makes them.

Run from the root of the repository, with `pip install './tools[export]'`:

    python tools/golden/export_diffusion.py

`char-ldm-tiny` is in single precision. `ldm-tiny` is in half precision with fused attention, has no portraits, and
keeps its weights in files of their own.
"""

import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools" / "tests")]

import torch  # noqa: E402
from small_diffusion import Sizes, char_ldm, diffusers_folder  # noqa: E402

from storyeval_export.command import main  # noqa: E402

GOLDEN = ROOT / "reference-data" / "golden" / "export"
SIZES = Sizes(unet=(4, 8), vae=(4, 4), groups=2, width=8, sample=4, vision=8)


def export(name: str, *arguments: object) -> None:
    """One bundle, in place of the one that is there."""
    shutil.rmtree(GOLDEN / name, ignore_errors=True)
    common = ["--out", GOLDEN / name, "--id", name, "--licence", "MIT OR Apache-2.0",
              "--note", "random weights, made by tools/golden/export_diffusion.py", "--threads", 1, "--steps", 4]
    code = main([str(it) for it in (*arguments, *common)])
    if code != 0:
        sys.exit(code)


torch.set_num_threads(1)
with tempfile.TemporaryDirectory() as folder:
    char_ldm(Path(folder) / "first", SIZES)
    diffusers_folder(Path(folder) / "plain", SIZES)
    export("char-ldm-tiny", "char-ldm", "--checkpoint", Path(folder) / "first", "--merge-step", 2)
    export("ldm-tiny", "ldm", "--checkpoint", Path(folder) / "plain", "--precision", "fp16", "--fuse-attention",
           "--shard-size", "6kB")
