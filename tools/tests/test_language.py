"""The language graphs against the official models."""

import json

import numpy as np
import pytest
import second_stage as small
import torch
from storyeval_export.error import ExportError
from storyeval_export.language import llm, mapper, vision
from storyeval_export.language.second_stage import SecondStage

torch.set_num_threads(1)
MODELS = {"opt": (small.opt, "facebook/opt-6.7b"), "llama2": (small.llama, "checkpoints/llama-2-7b-chat")}


@pytest.fixture(params=sorted(MODELS))
def parts(request, tmp_path):
    """The official model, and what the command reads of its files."""
    torch.manual_seed(1)
    make, name = MODELS[request.param]
    model = make(tmp_path / "llm", dtype=torch.float32)
    mapped, seeing, rows = small.second_stage(tmp_path / "second", llm=name)
    stage = SecondStage.read(tmp_path / "second")
    return model, llm.LanguageModel.read(tmp_path / "llm", stage, None), stage, mapped, seeing, rows


def test_hidden_states_are_the_official_last_ones(parts):
    """`output_hidden_states[-1]`, which is what upstream takes; here computed without a cache and with any mask."""
    model, found = parts[0], parts[1]
    embeds = torch.randn(2, 9, 32)
    module = found.hidden()
    with torch.no_grad():
        wanted = model(inputs_embeds=embeds, output_hidden_states=True, use_cache=False).hidden_states[-1]
        whole = module(embeds, torch.ones(2, 9, dtype=torch.int64))
    assert torch.allclose(whole, wanted, atol=2e-6)


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_on_either_side_changes_nothing(parts, side):
    """A row's states do not depend on its padding, whatever stands in it."""
    module = parts[1].hidden()
    embeds = torch.randn(1, 6, 32)
    padding = torch.randn(1, 4, 32) * 50
    padded = torch.cat([padding, embeds] if side == "left" else [embeds, padding], 1)
    mask = torch.cat([torch.zeros(4), torch.ones(6)] if side == "left" else [torch.ones(6), torch.zeros(4)])[None].long()
    with torch.no_grad():
        alone = module(embeds, torch.ones(1, 6, dtype=torch.int64))
        found = module(padded, mask)
    assert bool(torch.isfinite(found).all())
    assert torch.allclose(found[:, 4:] if side == "left" else found[:, :6], alone, atol=2e-6)


@pytest.mark.parametrize("rows", [None, 609])
def test_the_table_ends_with_the_saved_image_rows(parts, tmp_path, rows):
    """Both published shapes: the `[IMG]` rows alone, or the whole resized table."""
    model, found, *_ = parts
    _, _, images = small.second_stage(tmp_path / "other", llm=found.stage.llm, rows=rows)
    stage = SecondStage.read(tmp_path / "other")
    again = llm.LanguageModel.read(tmp_path / "llm", stage, found.variant.name)
    table = again.embedding().weight
    assert table.shape == (again.tokens.size, 32)
    assert torch.equal(table[-8:], images.to(table.dtype))
    assert again.image_ids == list(range(again.tokens.size - 8, again.tokens.size))
    own = model.get_input_embeddings().weight
    assert torch.equal(table[:500], own[:500])
    if found.variant is llm.LLAMA2:
        assert not bool(table[600].any()), "no file has the row of <|image|>"


def test_eyes_and_mapper_are_the_published_modules(parts, tmp_path):
    _, found, stage, mapped, seeing, _ = parts
    official = small.clip(tmp_path / "clip")
    clip = vision.Clip.read(tmp_path / "clip")
    pixels = torch.rand(3, 3, 16, 16)
    mean, std = (torch.tensor(it).view(1, 3, 1, 1) for it in (vision.MEAN, vision.STD))
    with torch.no_grad():
        pooled = official.vision_model(pixel_values=(pixels - mean) / std).pooler_output
        wanted = seeing(pooled).reshape(3, 4, 32)
        assert torch.allclose(vision.build(clip, stage, 32).float()(pixels), wanted, atol=2e-6)
        hidden, images = torch.randn(3, 8, 32), torch.randn(3, 8, 32)
        assert torch.allclose(mapper.build(stage, 32).float()(hidden, images), mapped(hidden, images), atol=2e-6)


def test_the_section_has_what_upstream_prompts_with(parts):
    section = parts[1].section("llm_tokenizer.json", 16)
    assert section["image_prefix"] == " Image: <img>" and section["caption_suffix"] == " Image: "
    assert section["max_positions"] == 64 and section["hidden_size"] == 32 and len(section["img_token_ids"]) == 8
    assert "legacy" not in section


def test_a_context_is_cut_to_what_upstream_keeps(tmp_path):
    small.llama(tmp_path / "llm", positions=4096)
    small.second_stage(tmp_path / "second", llm="llama", images=16)
    (tmp_path / "llm" / "tokenizer_config.json").write_text('{"legacy": false}')
    found = llm.LanguageModel.read(tmp_path / "llm", SecondStage.read(tmp_path / "second"), None)
    section = found.section("llm_tokenizer.json", 16)
    assert section["max_positions"] == 2048 and section["legacy"] is False and len(section["img_token_ids"]) == 16


def test_keys_without_a_prefix_and_single_files_are_read_too(tmp_path):
    small.opt(tmp_path / "llm", prefix="decoder.", shards=False)
    small.second_stage(tmp_path / "second", prefix="")
    found = llm.LanguageModel.read(tmp_path / "llm", SecondStage.read(tmp_path / "second"), None)
    assert found.hidden() and found.embedding() and found.width == 32


def refused(pattern: str, code: int, call):
    with pytest.raises(ExportError, match=pattern) as caught:
        call()
    assert caught.value.code == code and caught.value.hint


def test_parts_that_do_not_belong_together_are_refused(tmp_path):
    small.opt(tmp_path / "opt")
    small.llama(tmp_path / "llama")
    small.second_stage(tmp_path / "of-opt")
    small.second_stage(tmp_path / "wide", width=64)
    small.second_stage(tmp_path / "foreign", extra={"model.unet.conv.weight": torch.zeros(2)})
    of_opt, wide = SecondStage.read(tmp_path / "of-opt"), SecondStage.read(tmp_path / "wide")
    read = llm.LanguageModel.read
    refused("was trained with facebook/opt-6.7b", 97, lambda: read(tmp_path / "llama", of_opt, None))
    refused("--variant llama2 is asked for", 2, lambda: read(tmp_path / "opt", of_opt, "llama2"))
    refused("2 rows|8 rows of 32 are needed", 97, lambda: read(tmp_path / "opt", wide, None).embedding())
    refused("the mapper takes 64", 97, lambda: mapper.build(wide, 32))
    refused("not of a second stage: model.unet.conv.weight", 97, lambda: SecondStage.read(tmp_path / "foreign").state())
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "params.json").write_text("{}")
    refused("Meta's own layout", 96, lambda: read(tmp_path / "meta", of_opt, None))
    args = json.loads((tmp_path / "of-opt" / "model_args.json").read_text())
    (tmp_path / "of-opt" / "model_args.json").write_text(json.dumps(args | {"retrieval_token_idx": list(range(8)), "gen_token_idx": []}))
    refused(r"\[IMG0\] the id", 97, lambda: read(tmp_path / "opt", SecondStage.read(tmp_path / "of-opt"), None))
    (tmp_path / "of-opt" / "model_args.json").write_text(json.dumps(args | {"text_fc_mode": "linear"}))
    refused("'gill_mapper'", 97, lambda: SecondStage.read(tmp_path / "of-opt"))
    (tmp_path / "of-opt" / "model_args.json").write_text(json.dumps(args | {"num_tokens": "8"}))
    refused("num_tokens is '8'", 97, lambda: SecondStage.read(tmp_path / "of-opt"))


def test_masks_of_the_cases_are_padded_on_the_right():
    mask = llm.right_padded(np.random.default_rng(0), (5, 7))
    assert mask[0].all() and (np.diff(mask, axis=1) <= 0).all() and (mask[:, 0] == 1).all()


def test_steps_give_the_states_of_the_whole_and_logits_those_of_the_model(parts):
    """Token by token with what is remembered, with padding in the middle, as the whole; and the output layer."""
    model, found = parts[0], parts[1]
    whole, step, logits = found.hidden(), found.step(), found.logits()
    sizes = found.cache()
    embeds = torch.randn(2, 9, 32)
    # The prompt of the second row is two shorter; what was padded stays masked.
    mask = torch.ones(2, 9, dtype=torch.int64)
    mask[1, 3:5] = 0
    keys = torch.zeros(sizes["layers"], 2, sizes["heads"], 0, sizes["head_dim"])
    values = keys.clone()
    with torch.no_grad():
        wanted = whole(embeds, mask)
        states, keys, values = step(embeds[:, :5], mask[:, :5], keys, values)
        parts_of = [states]
        for place in range(5, 9):
            states, keys, values = step(embeds[:, place:place + 1], mask[:, :place + 1], keys, values)
            parts_of.append(states)
        found_states = torch.cat(parts_of, 1)
        seen = mask.bool()
        assert torch.allclose(found_states[seen], wanted[seen], atol=3e-6)
        official = model(inputs_embeds=embeds[:1], use_cache=False).logits
        assert torch.allclose(logits(found_states[:1]), official[..., :found.words], atol=3e-6)
    assert keys.shape[3] == 9
