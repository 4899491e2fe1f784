"""`clip` against transformers' and open_clip's own models."""

import json

import numpy as np
import pytest
import torch

import eyes_makers
from eyes_bundle import difference, manifest, planned, run

open_clip = pytest.importorskip("open_clip")
SIDE, CONTEXT = 32, 20


def texts(begin: int, end: int) -> torch.Tensor:
    """Token rows of different lengths, padded with 0."""
    rows = torch.randint(1, begin, (4, CONTEXT), generator=torch.Generator().manual_seed(2))
    rows[:, 0] = begin
    for row, last in enumerate([CONTEXT - 1, 1, 7, 12]):
        rows[row, last] = end
        rows[row, last + 1:] = 0
    return rows


@pytest.mark.parametrize("activation", ["gelu", "quick_gelu"])
def test_open_clips_file(export, tmp_path, activation):
    model = eyes_makers.open_clip_file(tmp_path / "open_clip_pytorch_model.bin", activation == "quick_gelu")
    bundle = tmp_path / "b"
    code, _, err = export("clip", "--checkpoint", tmp_path, "--activation", activation, "--out", bundle)
    assert code == 0, err
    pixels, rows = torch.randn(3, 3, SIDE, SIDE), texts(598, 599)
    with torch.no_grad():
        images, words = model.encode_image(pixels), model.encode_text(rows)
    assert difference(run(bundle, "clip_image", pixel_values=pixels.numpy())[0], images) < 1e-4
    assert difference(run(bundle, "clip_text", input_ids=rows.numpy())[0], words) < 1e-4
    text = manifest(bundle)
    assert text["clip"] == {"dim": 24, "context_length": CONTEXT, "tokenizer": "tokenizer.json", "bos_id": 598,
                            "eos_id": 599, "pad_id": 0, "lower_case": True}
    assert text["input"]["scale"]["mean"] == [0.48145466, 0.4578275, 0.40821073]
    assert (text["input"]["resizer"], text["input"]["geometry"]) == ("pillow-bicubic", "center-crop")
    assert text["source"]["note"] == f"activation {activation}"


def test_the_activation_has_to_be_said(export, tmp_path):
    eyes_makers.open_clip_file(tmp_path / "open_clip_pytorch_model.bin", True)
    code, _, err = export("clip", "--checkpoint", tmp_path, "--out", tmp_path / "b")
    assert (code, "--activation gelu" in err) == (2, True)
    config = {"model_cfg": {"quick_gelu": True, "text_cfg": {"heads": 2}, "vision_cfg": {"head_width": 32}},
              "preprocess_cfg": {"mean": [0, 0, 0.5], "std": [1, 1, 0.5], "interpolation": "bicubic"}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    plan, _ = planned("clip", "--checkpoint", tmp_path)
    assert plan.manifest["source"]["note"] == "activation quick_gelu"
    assert plan.manifest["input"]["scale"] == {"mean": [0.0, 0.0, 0.5], "std": [1.0, 1.0, 0.5]}
    assert plan.graphs[0].settings["config"]["num_attention_heads"] == 4
    code, _, err = export("clip", "--checkpoint", tmp_path, "--activation", "gelu", "--out", tmp_path / "b")
    assert (code, "says quick_gelu, not gelu" in err) == (2, True)
    for wrong in ({"model_cfg": []}, {"model_cfg": {"text_cfg": {"heads": 3}}}, {"model_cfg": {"vision_cfg": 3}},
                  {"model_cfg": {}, "preprocess_cfg": {"mean": "grey"}}):
        (tmp_path / "open_clip_config.json").write_text(json.dumps(wrong))
        code, _, err = export("clip", "--checkpoint", tmp_path, "--out", tmp_path / "b")
        assert (code, "describes no network" in err) == (97, True), err
    config["preprocess_cfg"]["resize_mode"] = "squash"
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    code, _, err = export("clip", "--checkpoint", tmp_path, "--out", tmp_path / "b")
    assert (code, "another way" in err) == (97, True)


@pytest.mark.parametrize(("safe", "precision"), [(True, "fp32"), (False, "fp16")])
def test_a_folder_of_the_hub(export, tmp_path, safe, precision):
    model = eyes_makers.clip_folder(tmp_path / "clip", safe=safe, hidden_act="quick_gelu")
    bundle = tmp_path / "b"
    code, _, err = export("clip", "--checkpoint", tmp_path / "clip", "--out", bundle, "--precision", precision,
                          "--id", "clip-vit-l-14")
    assert code == 0, err
    pixels, rows = torch.randn(3, 3, SIDE, SIDE), texts(598, 599)
    with torch.no_grad():
        images = model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)
        words = model.text_projection(model.text_model(input_ids=rows).pooler_output)
    tolerance = {"fp32": 1e-4, "fp16": 1e-2}[precision]
    assert difference(run(bundle, "clip_image", pixel_values=pixels.numpy())[0], images) < tolerance
    assert difference(run(bundle, "clip_text", input_ids=rows.numpy())[0], words) < tolerance
    text = manifest(bundle)
    assert text["id"] == "clip-vit-l-14"
    assert text["input"]["scale"] == {"mean": [0.5, 0.4, 0.3], "std": [0.25, 0.26, 0.27]}
    assert text["export"]["precision"] == precision


def test_padding_and_what_follows_the_end_do_not_matter(tmp_path):
    from storyeval_export.eyes.clip_source import clip_source
    from storyeval_export.models.clip import build_text

    eyes_makers.clip_folder(tmp_path)
    net = build_text(clip_source(tmp_path, None), 599)
    rows = texts(598, 599)
    other = torch.where(rows == 0, torch.full_like(rows, 599), rows)
    with torch.no_grad():
        assert torch.equal(net(rows), net(other))


def test_other_models_and_vocabularies_are_refused(export, tmp_path):
    eyes_makers.clip_folder(tmp_path / "clip")
    eyes_makers.words(tmp_path / "words", 590)
    cases = [
        (["--checkpoint", tmp_path / "clip", "--vocabulary", tmp_path / "words"], 97, "590 tokens, but the model has 600"),
        (["--checkpoint", tmp_path / "clip", "--activation", "gelu"], 2, "says quick_gelu, not gelu"),
        (["--checkpoint", tmp_path / "words"], 96, "config.json is absent"),
        (["--checkpoint", tmp_path / "nowhere"], 96, "nowhere"),
        ([], 2, "--checkpoint"),
    ]
    eyes_makers.sam_folder(tmp_path / "sam")
    cases.append((["--checkpoint", tmp_path / "sam"], 97, "of a 'sam', not of a CLIP"))
    torch.save({"visual.conv1.weight": torch.ones(2, 3, 4, 4), "token_embedding.weight": torch.ones(2, 2)},
               tmp_path / "part.bin")
    cases.append((["--checkpoint", tmp_path / "part.bin", "--activation", "gelu"], 97, "no whole CLIP"))
    for arguments, code, words in cases:
        found, _, err = export("clip", "--out", tmp_path / "b", *arguments)
        assert (found, words in err) == (code, True), err


def test_a_weight_too_few_or_too_many_is_named(export, tmp_path):
    model = eyes_makers.open_clip_file(tmp_path / "a.bin", False)
    state = model.state_dict()
    cut = {k: v for k, v in state.items() if k != "transformer.resblocks.1.attn.in_proj_bias"}
    for wrong, words in [(cut, "text_model.encoder.layers.1.self_attn.q_proj.bias"),
                         (state | {"visual.extra": np.pi * torch.ones(1)}, "visual.extra")]:
        torch.save(wrong, tmp_path / "wrong.bin")
        code, _, err = export("clip", "--checkpoint", tmp_path / "wrong.bin", "--activation", "gelu",
                              "--out", tmp_path / "b")
        assert (code, words in err) == (97, True), err
