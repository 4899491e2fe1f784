"""Exports evaluators of the published sizes from random weights: parity, time and peak memory.

    PYTHONPATH=tools python tools/bench/export_evaluators.py DIR [NAME[:fp16] ...]

Makes each checkpoint in the published layout in `DIR`, runs `python -m storyeval_export` on it as a program
of its own and prints a line of a table. Names: classifiers, inception-fid, lpips-vgg, lpips-alex, clip-l-14,
open-clip-b-32, blip2-vision, sam-b; behind a colon the precision. Checkpoints and bundles are removed again.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import torch

TOOLS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOOLS), str(TOOLS / "tests")]
import eyes_makers  # noqa: E402


def classifiers(work: Path) -> list[str]:
    eyes_makers.classifier(work / "classifier_char.pt", 7)
    eyes_makers.classifier(work / "classifier_bg.pt", 323, 1)
    return ["classifiers", "--checkpoint", str(work)]


def inception_fid(work: Path) -> list[str]:
    from storyeval_export.eyes.inception import fid_network

    path = work / "pt_inception-2015-12-05-6726825d.pth"
    torch.save(eyes_makers.alive(fid_network(1008)).state_dict(), path)
    return ["inception-fid", "--checkpoint", str(path)]


def lpips(network: str, work: Path) -> list[str]:
    from storyeval_export.models.lpips import FILES

    eyes_makers.torchvision_trunk(work / FILES[network], network)
    return ["lpips", "--network", network, "--checkpoint", str(work / FILES[network])]


def clip_l_14(work: Path) -> list[str]:
    """The sizes of openai/clip-vit-large-patch14."""
    from transformers import CLIPConfig, CLIPModel

    text = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12,
            "projection_dim": 768}
    vision = {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 24,
              "patch_size": 14, "projection_dim": 768}
    model = eyes_makers.alive(CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=768)))
    model.config.save_pretrained(work)
    torch.save(model.state_dict(), work / "pytorch_model.bin")
    eyes_makers.words(work, 49408)
    return ["clip", "--checkpoint", str(work)]


def open_clip_b_32(work: Path) -> list[str]:
    """open_clip's ViT-B-32."""
    import open_clip

    model = eyes_makers.alive(open_clip.create_model("ViT-B-32"))
    torch.save(model.state_dict(), work / "open_clip_pytorch_model.bin")
    return ["clip", "--checkpoint", str(work), "--activation", "gelu"]


def blip2(work: Path) -> list[str]:
    """The sizes of Salesforce/blip2-opt-2.7b-coco before the language model: ViT-g at 364 pixels, Q-Former and
    projection, in half precision as published; the language model has the width but one layer."""
    from transformers import (Blip2Config, Blip2ForConditionalGeneration, Blip2QFormerConfig, Blip2VisionConfig,
                              OPTConfig)

    size = eyes_makers.opt_vocabulary(work)
    text = OPTConfig(vocab_size=size, hidden_size=2560, num_hidden_layers=1, ffn_dim=10240, num_attention_heads=32,
                     word_embed_proj_dim=2560, bos_token_id=2, eos_token_id=2, pad_token_id=1)
    config = Blip2Config(vision_config=Blip2VisionConfig(image_size=364).to_dict(),
                         qformer_config=Blip2QFormerConfig().to_dict(), text_config=text.to_dict(),
                         num_query_tokens=32, image_token_index=size - 1)
    torch.set_default_dtype(torch.float16)
    model = eyes_makers.alive(Blip2ForConditionalGeneration(config))
    torch.set_default_dtype(torch.float32)
    config.save_pretrained(work)
    torch.save(model.state_dict(), work / "pytorch_model.bin")
    return ["blip2-captioner", "--base", str(work)]


def sam_b(work: Path) -> list[str]:
    """The sizes of facebook/sam-vit-base."""
    from transformers import SamConfig, SamModel

    config = SamConfig()
    state = eyes_makers.alive(SamModel(config)).state_dict()
    # segment-anything publishes standard normal frequencies; transformers draws them 384 times as high, and then the
    # last bits of a coordinate are thousandths of a turn.
    frequencies = torch.randn(2, config.vision_config.num_pos_feats, generator=torch.Generator().manual_seed(1))
    state |= {key: frequencies for key in state if key.endswith("positional_embedding")}
    # The maker takes attention between tokens and image for embeddings and makes it eight times as strong as a network
    # of this width can be: PyTorch itself is then off by hundredths in single precision.
    state |= {key: value / 8 for key, value in state.items() if "token_to_image" in key or "image_to_token" in key}
    config.save_pretrained(work)
    torch.save(state, work / "pytorch_model.bin")
    return ["sam", "--checkpoint", str(work)]


MAKERS = {
    "classifiers": classifiers, "inception-fid": inception_fid, "lpips-vgg": lambda work: lpips("vgg", work),
    "lpips-alex": lambda work: lpips("alex", work), "clip-l-14": clip_l_14, "open-clip-b-32": open_clip_b_32,
    "blip2-vision": blip2, "sam-b": sam_b,
}
LINE = re.compile(r"graph \d+ of \d+, (\w+): ([\d.]+ \w+), largest relative difference (\S+)")


def measure(name: str, precision: str, place: Path) -> None:
    """Makes, exports and prints one."""
    work, out = place / f"{name}-checkpoint", place / f"{name}-bundle"
    for folder in (work, out, place / f"{name}-bundle.partial"):
        shutil.rmtree(folder, ignore_errors=True)
    work.mkdir(parents=True)
    maker = subprocess.run(
        [sys.executable, "-c", "import sys, json; sys.path.insert(0, sys.argv[1]); import export_evaluators as e; "
         "from pathlib import Path; print(json.dumps(e.MAKERS[sys.argv[2]](Path(sys.argv[3]))))",
         str(Path(__file__).parent), name, str(work)], check=True, capture_output=True, text=True)
    arguments = json.loads(maker.stdout.splitlines()[-1])
    started = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "storyeval_export", *arguments, "--precision", precision, "--out", str(out)], cwd=TOOLS,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        said = running.stderr.read()
        _, status, usage = os.wait4(running.pid, 0)
    seconds = time.monotonic() - started
    if status:
        print(f"| {name} | failed |\n{said}")
    else:
        for graph, size, difference in LINE.findall(said):
            print(f"| {name}, {precision} | {graph} | {size} | {difference} | {seconds:.0f} s | {usage.ru_maxrss / 2**20:.2f} GiB |",
                  flush=True)
        assert tomllib.loads((out / "bundle.toml").read_text())["graphs"]
    for folder in (work, out, place / f"{name}-bundle.partial"):
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    print("| checkpoint | graph | size | largest relative difference | time of the whole export | peak memory |")
    print("|---|---|---|---|---|---|")
    for name in sys.argv[2:] or MAKERS:
        network, _, precision = name.partition(":")
        measure(network, precision or "fp32", Path(sys.argv[1]))


if __name__ == "__main__":
    main()
