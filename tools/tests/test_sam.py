"""`sam` against transformers' model and segment-anything's own."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

import eyes_makers
from eyes_bundle import difference, manifest, run
from storyeval_export.keys import part

GOLDEN = Path(__file__).resolve().parents[2] / "reference-data/golden/export-originals/segment-anything.safetensors"
BOXES = np.array([[[3.0, 4, 40, 50]] * 3, [[0, 0, 63, 63], [10.5, 20, 30, 25], [5, 5, 6, 6]]], np.float32)


def test_a_folder_of_the_hub(export, tmp_path):
    for safe in (True, False):
        folder, bundle = tmp_path / f"sam-{safe}", tmp_path / f"bundle-{safe}"
        model = eyes_makers.sam_folder(folder, safe)
        code, _, err = export("sam", "--checkpoint", folder, "--out", bundle)
        assert code == 0, err
        pixels = torch.randn(2, 3, 64, 64)
        with torch.no_grad():
            wanted = model(pixel_values=pixels, input_boxes=torch.from_numpy(BOXES), multimask_output=True)
            embeddings = model.get_image_embeddings(pixels)
        (found,) = run(bundle, "sam_image", pixel_values=pixels.numpy())
        assert difference(found, embeddings) < 1e-4
        masks, scores = run(bundle, "sam_mask", image_embeddings=found, input_boxes=BOXES)
        assert difference(masks, wanted.pred_masks) < 1e-4
        assert difference(scores, wanted.iou_scores) < 1e-4
    text = manifest(bundle)
    assert text["sam"] == {"channels": 16, "cells": 4, "masks": 3, "mask_side": 16}
    assert text["kind"] == "sam"


def test_segment_anythings_file(export, tmp_path):
    golden = load_file(GOLDEN)
    # The file as published holds the constants of the preprocessing too.
    torch.save(part(golden, "model/") | {"pixel_mean": torch.ones(3, 1, 1), "pixel_std": torch.ones(3, 1, 1)},
               tmp_path / "sam_vit_tiny.pth")
    code, _, err = export("sam", "--checkpoint", tmp_path / "sam_vit_tiny.pth", "--out", tmp_path / "b")
    assert code == 0, err
    inputs, outputs = part(golden, "in/"), part(golden, "out/")
    (found,) = run(tmp_path / "b", "sam_image", pixel_values=inputs["pixel_values"].numpy())
    assert difference(found, outputs["image_embeddings"]) < 1e-5
    masks, scores = run(tmp_path / "b", "sam_mask", image_embeddings=found, input_boxes=inputs["input_boxes"].numpy())
    assert difference(masks, outputs["masks"]) < 1e-5
    assert difference(scores, outputs["scores"]) < 1e-5


def test_other_models_are_refused(export, tmp_path):
    torch.save({"weight": torch.ones(2)}, tmp_path / "other.pth")
    code, _, err = export("sam", "--checkpoint", tmp_path / "other.pth", "--out", tmp_path / "b")
    assert (code, "segment-anything" in err) == (97, True)
    eyes_makers.clip_folder(tmp_path / "clip")
    code, _, err = export("sam", "--checkpoint", tmp_path / "clip", "--out", tmp_path / "b")
    assert (code, "of a 'clip'" in err) == (97, True)
    eyes_makers.sam_folder(tmp_path / "odd")
    config = json.loads((tmp_path / "odd/config.json").read_text())
    for place, value in [("num_attention_heads", 0), ("hidden_size", "wide"), ("patch_size", -1)]:
        wrong = config | {"vision_config": config["vision_config"] | {place: value}}
        (tmp_path / "odd/config.json").write_text(json.dumps(wrong))
        code, _, err = export("sam", "--checkpoint", tmp_path / "odd", "--out", tmp_path / "b")
        assert (code, "describes no network" in err) == (97, True), err
    state = part(load_file(GOLDEN), "model/")
    for key, words in [("image_encoder.neck.0.weight", "neck.0.weight"),
                       ("mask_decoder.output_upscaling.1.bias", "mask_decoder.upscale_layer_norm.bias")]:
        torch.save({k: v for k, v in state.items() if k != key}, tmp_path / "cut.pth")
        code, _, err = export("sam", "--checkpoint", tmp_path / "cut.pth", "--out", tmp_path / "b")
        assert (code, words in err) == (97, True), err
