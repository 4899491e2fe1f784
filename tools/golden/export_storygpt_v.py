"""Small StoryGPT-V bundles as the exporter writes them, and two stories drawn by PyTorch that the Rust side has to draw alike.

Run from the root of the repository, with `pip install ./tools[export,test]` and a built `storyeval`:

    python tools/golden/export_storygpt_v.py [--program target/release/storyeval]

Writes `reference-data/golden/export/storygpt-v-opt-tiny`, `-llama2-tiny` and `reference-data/golden/generator`. One thread,
so that sums have one order.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools" / "tests")]

import small_storygpt_v as small  # noqa: E402
from reference_pipeline import Drawn, Reference  # noqa: E402
from storyeval_export import tokens  # noqa: E402
from storyeval_export.command import main as export  # noqa: E402

GOLDEN = ROOT / "reference-data" / "golden"
STORIES = 2


def stories(program: Path) -> list[dict]:
    """Referential captions of the first stories of MiniSV, as the protocol `strict` reads them."""
    found = subprocess.run([program, "dataset", "referential", "--dataset", "minisv"], check=True, capture_output=True, text=True)
    rows = [json.loads(line) for line in found.stdout.splitlines()[:STORIES]]
    return [{"story": row["story"], "captions": [frame["text"] for frame in row["frames"]],
             "reference_flags": [frame["reference_flag"] for frame in row["frames"]]} for row in rows]


def draw(reference: Reference, found: list[dict], noise: list[torch.Tensor]) -> list[Drawn]:
    return [reference.draw(row["captions"], row["reference_flags"], latents) for row, latents in zip(found, noise)]


def relative(found: list[Drawn], wanted: list[Drawn]) -> list[float]:
    """Largest difference of final latents by the largest value, a frame position."""
    return [max(float((a.latents[k] - b.latents[k]).abs().max() / b.latents[k].abs().max()) for a, b in zip(found, wanted))
            for k in range(len(wanted[0].latents))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=ROOT / "target" / "release" / "storyeval")
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as work:
        for variant in ("opt", "llama2"):
            published = Path(work) / variant
            small.checkpoint(published, variant)
            bundle = GOLDEN / "export" / f"storygpt-v-{variant}-tiny"
            shutil.rmtree(bundle, ignore_errors=True)
            bundle.parent.mkdir(parents=True, exist_ok=True)
            if export(["storygpt-v", "--checkpoint", str(published), "--out", str(bundle), "--id", bundle.name, "--licence", "MIT OR Apache-2.0"]):
                raise SystemExit("the export failed")
        generator(Path(work) / "opt", stories(args.program))


def generator(published: Path, found: list[dict]) -> None:
    folder = GOLDEN / "generator"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    reference = Reference(published, "opt", tokens.clip(published / "stable-diffusion-v1-5" / "tokenizer").document,
                          tokens.gpt2(published / "opt-6.7b", tokens.GILL_IMAGE, tokens.img_tokens(8)).document)
    random = torch.Generator().manual_seed(5)
    shape = (reference.unet.config.in_channels, reference.unet.config.sample_size, reference.unet.config.sample_size)
    noise = [torch.randn(len(row["captions"]), *shape, generator=random) for row in found]
    drawn = draw(reference, found, noise)
    # How far the numbers can be trusted: what a difference of one in a million becomes, and what a wrong context makes.
    moved = draw(reference, found, [latents * (1 + 1e-6 * torch.randn(latents.shape, generator=random)) for latents in noise])
    reference.merge = 14
    earlier = draw(reference, found, noise)
    reference.merge = 15
    swapped = [row | {"reference_flags": [not flag for flag in row["reference_flags"]]} for row in found]
    other = draw(reference, swapped, noise)
    unfused, reference.fused = reference.fused, reference.plain
    bare = draw(reference, found, noise)
    reference.fused = unfused
    reading = reference.read
    reference.read = lambda captions, frames: reading(captions, [Image.new("RGB", frame.size) for frame in frames])
    blind = draw(reference, found, noise)
    measures = {"initial latents moved by 1e-6": relative(moved, drawn), "merge step 14 instead of 15": relative(earlier, drawn),
                "reference flags turned": relative(other, drawn), "portraits left out": relative(bare, drawn),
                "earlier frames black": relative(blind, drawn),
                "spread of the images": [float(np.std([it.images[k] for it in drawn])) for k in range(4)]}
    np.savez(folder / "initial.npz", **{f"{row['story']}/{k + 1}": latents[k].numpy() for row, latents in zip(found, noise) for k in range(len(latents))})
    np.savez(folder / "final.npz", **{f"{row['story']}/{k + 1}": it.latents[k].numpy() for row, it in zip(found, drawn) for k in range(len(it.latents))})
    for row, it in zip(found, drawn):
        (folder / row["story"]).mkdir()
        for k, image in enumerate(it.images):
            Image.fromarray(image).save(folder / row["story"] / f"{k + 1}.png")
    (folder / "stories.json").write_text(json.dumps({"stories": found, "unet_calls": [it.calls for it in drawn], "measures": measures}, indent=1) + "\n")
    print(json.dumps(measures, indent=1))


if __name__ == "__main__":
    main()
