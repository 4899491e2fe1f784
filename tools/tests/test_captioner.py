"""`blip2-captioner` against transformers' BLIP-2 and LAVIS' own image network and Q-Former."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

import eyes_makers
from eyes_bundle import difference, manifest, planned, run
from storyeval_export.keys import part

GOLDEN = Path(__file__).resolve().parents[2] / "reference-data/golden/export-originals/lavis.safetensors"


def prefix(model, pixels: torch.Tensor) -> torch.Tensor:
    """What transformers' BLIP-2 hands to its language model."""
    with torch.no_grad():
        states = model.vision_model(pixel_values=pixels).last_hidden_state
        queries = model.query_tokens.expand(len(states), -1, -1)
        mask = torch.ones(states.shape[:2], dtype=torch.long)
        found = model.qformer(query_embeds=queries, encoder_hidden_states=states, encoder_attention_mask=mask)
        return model.language_projection(found.last_hidden_state)


def greedy(bundle: Path, pixels: np.ndarray, steps: int) -> np.ndarray:
    """Tokens `[N, steps]` by the three graphs, a token at a time as storyeval runs them."""
    section = manifest(bundle)["captioner"]
    tokenizer = Tokenizer.from_file(str(bundle / "tokenizer.json"))
    ids = [section["bos_id"], *tokenizer.encode(section["prompt"], add_special_tokens=False).ids]
    (images,) = run(bundle, "captioner_vision", pixel_values=pixels)
    (words,) = run(bundle, "captioner_embed", input_ids=np.array([ids] * len(pixels)))
    embeds = np.concatenate([images, words], 1)
    past = np.zeros((section["layers"], len(pixels), section["heads"], 0, section["head_dim"]), np.float32)
    keys, values, written = past, past, []
    for _ in range(steps):
        mask = np.ones((len(pixels), keys.shape[3] + embeds.shape[1]), np.int64)
        logits, keys, values = run(bundle, "captioner_decoder", inputs_embeds=embeds, attention_mask=mask,
                                   past_keys=keys, past_values=values)
        written.append(logits[:, -1].argmax(-1))
        (embeds,) = run(bundle, "captioner_embed", input_ids=written[-1][:, None])
    return np.stack(written, 1)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_the_base_of_the_hub(export, tmp_path, precision):
    model = eyes_makers.blip2_folder(tmp_path / "blip2", safe=precision == "fp32")
    bundle = tmp_path / "b"
    code, _, err = export("blip2-captioner", "--base", tmp_path / "blip2", "--out", bundle, "--precision", precision)
    assert code == 0, err
    tolerance = {"fp32": 1e-4, "fp16": 1e-2}[precision]
    pixels = torch.randn(3, 3, 28, 28, generator=torch.Generator().manual_seed(6))
    wanted = prefix(model, pixels)
    assert difference(run(bundle, "captioner_vision", pixel_values=pixels.numpy())[0], wanted) < tolerance
    text = manifest(bundle)
    section = text["captioner"]
    assert section["eos_id"] == json.loads((tmp_path / "blip2/vocab.json").read_text())["\u010a"]
    assert (section["bos_id"], section["pad_id"], section["prompt"]) == (2, 1, "a photo of")
    assert (text["image"]["width"], text["input"]["geometry"]) == (28, "squash")
    if precision == "fp32":
        ids = [section["bos_id"], *Tokenizer.from_file(str(bundle / "tokenizer.json")).encode(
            section["prompt"], add_special_tokens=False).ids]
        embeds = torch.cat([wanted, model.get_input_embeddings()(torch.tensor([ids] * 3))], 1)
        best = model.language_model.generate(
            inputs_embeds=embeds, attention_mask=torch.ones(embeds.shape[:2], dtype=torch.long), do_sample=False,
            num_beams=1, max_new_tokens=8, min_new_tokens=8, eos_token_id=section["eos_id"], pad_token_id=1)
        written = greedy(bundle, pixels.numpy(), 8)
        assert np.array_equal(written, best.numpy())
        assert len({tuple(row) for row in written.tolist()}) > 1, "captions have to depend on the image"


def lavis_file(path: Path) -> dict[str, torch.Tensor]:
    """`captioner.pth` as LAVIS writes it, with the weights that LAVIS itself computed the golden outputs from."""
    golden = load_file(GOLDEN)
    torch.save({"model": part(golden, "model/"), "optimizer": {"state": {}}, "config": {"run": {"seed": 42}},
                "scaler": None, "epoch": 4}, path)
    return golden


def test_lavis_weights_over_the_base(export, tmp_path):
    model = eyes_makers.blip2_folder(tmp_path / "blip2-opt-2.7b", safe=False)
    golden = lavis_file(tmp_path / "captioner.pth")
    bundle = tmp_path / "b"
    code, _, err = export("blip2-captioner", "--checkpoint", tmp_path, "--dataset", "flintstones", "--out", bundle)
    assert code == 0, err
    # The base is for 28 pixels, the fine-tuned weights are for 42.
    (found,) = run(bundle, "captioner_vision", pixel_values=golden["in/pixel_values"].numpy())
    assert difference(found, golden["out/prefix_embeds"]) < 1e-5
    embeds = torch.randn(2, 5, 32)
    with torch.no_grad():
        wanted = model.language_model(inputs_embeds=embeds).logits
    empty = np.zeros((2, 2, 2, 0, 16), np.float32)
    logits, _, _ = run(bundle, "captioner_decoder", inputs_embeds=embeds.numpy(),
                       attention_mask=np.ones((2, 5), np.int64), past_keys=empty, past_values=empty)
    assert difference(logits, wanted) < 1e-4
    text = manifest(bundle)
    assert (text["id"], text["image"]["width"]) == ("flintstones-captioner", 42)
    assert text["source"]["note"] == ("BLIP-2 with OPT; vision_model, query_tokens, qformer, language_projection of "
                                      "captioner.pth, language_model of the base")
    assert "captioner.pth" in text["export"]["inputs"]
    assert "blip2-opt-2.7b/config.json" in text["export"]["inputs"]


def test_positions_are_enlarged_as_transformers_does(tmp_path):
    from storyeval_export.eyes.blip2_source import Blip2Source
    from storyeval_export.models.captioner import build_prefix

    model = eyes_makers.blip2_folder(tmp_path, side=42)
    _, args = planned("blip2-captioner", "--checkpoint", tmp_path, "--image-size", 70)
    net = build_prefix(Blip2Source(args))
    pixels = torch.randn(2, 3, 70, 70)
    with torch.no_grad():
        states = model.vision_model(pixel_values=pixels, interpolate_pos_encoding=True).last_hidden_state
        assert difference(net.vision_model(pixel_values=pixels).last_hidden_state.numpy(), states) < 1e-5


def test_shared_heads_may_be_left_out(tmp_path):
    from storyeval_export.eyes.blip2_source import Blip2Source

    model = eyes_makers.blip2_folder(tmp_path, safe=False)
    state = model.state_dict()
    del state["language_model.lm_head.weight"]
    torch.save(state, tmp_path / "pytorch_model.bin")
    _, args = planned("blip2-captioner", "--checkpoint", tmp_path)
    found = Blip2Source(args).state()
    assert torch.equal(found["language_model.lm_head.weight"], state["language_model.model.decoder.embed_tokens.weight"])


def test_what_does_not_fit_is_refused(export, tmp_path):
    base = tmp_path / "blip2"
    eyes_makers.blip2_folder(base, safe=False)
    lavis_file(tmp_path / "captioner.pth")
    torch.save({"weight": torch.ones(1)}, tmp_path / "other.pth")
    state = torch.load(tmp_path / "captioner.pth", weights_only=True)["model"]
    torch.save({"model": state | {"visual_encoder.blocks.2.norm1.weight": torch.ones(16)}}, tmp_path / "deeper.pth")
    eyes_makers.clip_folder(tmp_path / "clip")
    cases = [
        (["--base", base, "--fine-tuned", tmp_path / "other.pth"], 97, "key names of LAVIS"),
        (["--base", base, "--fine-tuned", tmp_path / "deeper.pth"], 97, "vision_model.encoder.layers.2.layer_norm1.weight"),
        (["--base", base, "--fine-tuned", tmp_path / "absent.pth"], 96, "absent.pth is absent"),
        (["--base", base, "--image-size", 30], 2, "multiple of 14"),
        (["--base", base, "--beams", 400], 97, "--beams 400"),
        (["--base", tmp_path / "clip"], 97, "not of a BLIP-2 with OPT"),
        (["--base", tmp_path], 96, "no folder with config.json"),
        ([], 2, "neither --base nor --checkpoint"),
    ]
    for arguments, code, words in cases:
        found, _, err = export("blip2-captioner", "--out", tmp_path / "b", *arguments)
        assert (found, words in err) == (code, True), err
    config = json.loads((base / "config.json").read_text())
    config["text_config"]["do_layer_norm_before"] = False
    (base / "config.json").write_text(json.dumps(config))
    code, _, err = export("blip2-captioner", "--base", base, "--out", tmp_path / "b")
    assert (code, "do_layer_norm_before" in err) == (97, True)


def test_the_decoder_is_transformers_opt_with_padding_and_a_cache():
    from transformers import OPTConfig, OPTForCausalLM

    from storyeval_export.eyes.blip2 import OptWithCache

    config = OPTConfig(vocab_size=44, hidden_size=24, num_hidden_layers=3, ffn_dim=40, num_attention_heads=2,
                       max_position_embeddings=32, word_embed_proj_dim=24)
    reference = eyes_makers.alive(OPTForCausalLM(config))
    net = OptWithCache(config).eval()
    net.load_state_dict(reference.state_dict())
    embeds, mask = torch.randn(2, 7, 24), torch.ones(2, 7, dtype=torch.long)
    mask[1, :2] = 0
    nothing = torch.zeros(3, 2, 2, 0, 12)
    with torch.no_grad():
        wanted = reference(inputs_embeds=embeds, attention_mask=mask).logits
        _, keys, values = net(embeds[:, :4], mask[:, :4], nothing, nothing)
        found, keys, _ = net(embeds[:, 4:], mask, keys, values)
    assert keys.shape == (3, 2, 2, 7, 12)
    assert difference(found.numpy(), wanted[:, 4:]) < 1e-5
