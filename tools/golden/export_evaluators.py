"""Small exported evaluators for CI: checkpoints in the published layouts, through the exporter, into bundles.

    OMP_NUM_THREADS=1 PYTHONPATH=tools python tools/golden/export_evaluators.py

with the versions of tools/requirements.txt and open_clip_torch 3.3.0. Writes
`reference-data/golden/export/{clip-tiny,open-clip-tiny,blip2-tiny,sam-tiny}/` (each with the `parity.npz` that
the exporter makes) and `reference-data/golden/export/blip2-tiny.json`: captions of the frames in
`reference-data/golden/captioner/frames.png` by `generate` of transformers. Weights are random; Inception-v3 and the
trunks of LPIPS have one width and are too large to be here.
"""

import json
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "reference-data" / "golden" / "export"
FRAMES = ROOT / "reference-data" / "golden" / "captioner" / "frames.png"
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools" / "tests")]
SETTINGS = [{"num_beams": 1}, {"num_beams": 3}, {"num_beams": 5}, {"num_beams": 5, "length_penalty": -1.0}]
NEW_TOKENS = 12


def export(model: str, name: str, *arguments: object) -> Path:
    """Runs the exporter, replacing what is there."""
    from storyeval_export.command import main

    shutil.rmtree(OUT / name, ignore_errors=True)
    code = main([model, "--out", str(OUT / name), "--id", name, "--licence", "MIT OR Apache-2.0", "--quiet",
                 *map(str, arguments)])
    assert code == 0, name
    return OUT / name


def sharpened(folder: Path) -> torch.nn.Module:
    """A small BLIP-2 whose captions differ from frame to frame and end at different lengths: the head is not shared
    with the embeddings, and pulled towards the line feed that ends a caption."""
    import eyes_makers

    model = eyes_makers.blip2_folder(folder)
    end = json.loads((folder / "vocab.json").read_text())["\u010a"]
    opt = model.language_model
    with torch.no_grad():
        direction = torch.randn(opt.lm_head.in_features, generator=torch.Generator().manual_seed(5))
        opt.model.decoder.final_layer_norm.bias.copy_(0.5 * direction)
        head = opt.lm_head.weight * 1.5
        head[end] += 4 * direction / direction.norm()
        opt.lm_head.weight = torch.nn.Parameter(head)
    for config in (model.config, model.config.text_config, opt.config):
        config.tie_word_embeddings = False
    for file in folder.glob("model*"):
        file.unlink()
    model.save_pretrained(folder)
    return model


def captions(model: torch.nn.Module, bundle: Path) -> list[dict]:
    """Tokens and scores of every rank, by `generate` on transformers' own embeddings of image and prompt."""
    import tomllib

    text = tomllib.loads((bundle / "bundle.toml").read_text())
    section, scale = text["captioner"], text["input"]["scale"]
    tokenizer = Tokenizer.from_file(str(bundle / "tokenizer.json"))
    ids = [section["bos_id"], *tokenizer.encode(section["prompt"], add_special_tokens=False).ids]
    strip = Image.open(FRAMES).convert("RGB")
    side = strip.width
    frames = [strip.crop((0, top, side, top + side)) for top in range(0, strip.height, side)]
    wide = (text["image"]["width"], text["image"]["height"])
    levels = np.stack([np.asarray(it.resize(wide, Image.BICUBIC), np.float32) / 255 for it in frames])
    levels = (levels - np.float32(scale["mean"])) / np.float32(scale["std"])
    pixels = torch.from_numpy(levels.transpose(0, 3, 1, 2).copy())
    with torch.no_grad():
        states = model.vision_model(pixel_values=pixels).last_hidden_state
        mask = torch.ones(states.shape[:2], dtype=torch.long)
        found = model.qformer(query_embeds=model.query_tokens.expand(len(states), -1, -1),
                              encoder_hidden_states=states, encoder_attention_mask=mask).last_hidden_state
        words = model.get_input_embeddings()(torch.tensor([ids] * len(frames)))
        embeds = torch.cat([model.language_projection(found), words], 1)
        runs = []
        for own in SETTINGS:
            settings = {"length_penalty": 1.0} | own
            beams = settings["num_beams"]
            out = model.language_model.generate(
                inputs_embeds=embeds, attention_mask=torch.ones(embeds.shape[:2], dtype=torch.long), do_sample=False,
                early_stopping=False, max_new_tokens=NEW_TOKENS, num_return_sequences=beams, return_dict_in_generate=True,
                output_scores=True, eos_token_id=section["eos_id"], pad_token_id=section["pad_id"], **settings)
            rows = [row[:row.index(section["eos_id"]) + 1] if section["eos_id"] in row else row
                    for row in out.sequences.tolist()]
            scores = [None] * len(rows) if beams == 1 else [float(f"{it:.7g}") for it in out.sequences_scores]
            best = [[id for id in row if id != section["eos_id"]] for row in rows[::beams]]
            runs.append({"bundle": bundle.name, **settings, "max_new_tokens": NEW_TOKENS, "min_length": 1,
                         "min_new_tokens": 0, "captions": [tokenizer.decode(it).strip() for it in best],
                         "tokens": [rows[at:at + beams] for at in range(0, len(rows), beams)],
                         "scores": [scores[at:at + beams] for at in range(0, len(rows), beams)]})
            print(own, "lengths", sorted({len(row) for row in rows}), "different", len({tuple(row) for row in rows}))
    return runs


def main() -> None:
    import eyes_makers

    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        eyes_makers.clip_folder(work / "clip", 540, hidden_size=16, num_hidden_layers=1, hidden_act="quick_gelu")
        export("clip", "clip-tiny", "--checkpoint", work / "clip", "--precision", "fp16")
        eyes_makers.open_clip_folder(work / "open_clip")
        export("clip", "open-clip-tiny", "--checkpoint", work / "open_clip")
        eyes_makers.sam_folder(work / "sam")
        export("sam", "sam-tiny", "--checkpoint", work / "sam")
        model = sharpened(work / "blip2")
        bundle = export("blip2-captioner", "blip2-tiny", "--base", work / "blip2")
        document = {"command": "OMP_NUM_THREADS=1 PYTHONPATH=tools python tools/golden/export_evaluators.py",
                    "versions": {it: version(it) for it in ("torch", "transformers", "tokenizers", "numpy", "pillow")},
                    "tolerance": 1e-4, "frame": 8, "runs": captions(model, bundle)}
        text = json.dumps(document, separators=(",", ":")).replace('{"bundle"', '\n{"bundle"')
        (OUT / "blip2-tiny.json").write_text(text + "\n")


main()
