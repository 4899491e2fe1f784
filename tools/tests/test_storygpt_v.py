"""The whole command `storygpt-v`: a published layout in, a bundle out."""

import json
import tomllib

import numpy as np
import onnxruntime
import pytest
import small_storygpt_v as small
import torch
from small_storygpt_v import Whole
from storyeval_export.command import parse
from storyeval_export.error import ExportError
from storyeval_export.language import mapper
from storyeval_export.language.second_stage import SecondStage
from storyeval_export.models import MODELS


def planned(published, *more):
    """The plan of a command line, and its arguments."""
    args = parse(["storygpt-v", "--checkpoint", str(published), "--out", str(published / "bundle"), *more])
    return MODELS["storygpt-v"].plan(args), args


def refused(code, pattern, published, *more):
    with pytest.raises(ExportError, match=pattern) as caught:
        planned(published, *more)
    assert caught.value.code == code and caught.value.hint


def test_a_bundle_has_everything_that_storyeval_reads(tmp_path, export):
    small.checkpoint(tmp_path / "published", "opt")
    code, out, err = export("storygpt-v", "--checkpoint", tmp_path / "published", "--out", tmp_path / "bundle", "--precision", "fp16")
    assert code == 0, err
    assert out.splitlines()[-1] == str(tmp_path / "bundle")
    found = tomllib.loads((tmp_path / "bundle" / "bundle.toml").read_text())
    assert found["kind"] == "storygpt-v" and found["id"] == "storygpt-v"
    assert sorted(found["graphs"]) == ["char_image_encoder", "fuse", "ldm_mapper", "llm_embed", "llm_hidden", "llm_vision", "text_encoder", "unet", "vae_decoder"]
    assert found["llm"]["img_token_ids"] == list(range(560, 568)) and found["llm"]["bos_id"] == 2
    assert found["portraits"]["files"]["otto"] == "portraits/otto.png"
    assert "second-stage-opt/pretrained_ckpt.pth.tar" in found["export"]["inputs"]
    assert "first-stage/pytorch_model.bin" in found["export"]["inputs"]
    tensors = np.load(tmp_path / "bundle" / "parity.npz")
    for graph, file in found["graphs"].items():
        session = onnxruntime.InferenceSession(str(tmp_path / "bundle" / file), providers=["CPUExecutionProvider"])
        feeds = {it.name: tensors[f"{graph}/in/{it.name}"] for it in session.get_inputs()}
        for port, given in zip(session.get_outputs(), session.run(None, feeds)):
            wanted = tensors[f"{graph}/out/{port.name}"]
            assert given.dtype == np.float32 and np.abs(given - wanted).max() <= 1e-2 * np.abs(wanted).max(), graph


def test_a_bundle_that_writes_has_a_step_in_place_of_the_whole(tmp_path, export):
    small.checkpoint(tmp_path / "published", "llama2")
    code, _, err = export("storygpt-v", "--checkpoint", tmp_path / "published", "--out", tmp_path / "bundle", "--writer")
    assert code == 0, err
    found = tomllib.loads((tmp_path / "bundle" / "bundle.toml").read_text())
    assert {"llm_step", "llm_logits"} <= set(found["graphs"]) and "llm_hidden" not in found["graphs"]
    writing = found["writing"]
    assert writing["cache"] == {"layers": 2, "heads": 4, "head_dim": 4} and writing["sampling"]["stop"] == ["Image:"]
    tensors = np.load(tmp_path / "bundle" / "parity.npz")
    assert tensors["llm_logits/out/logits"].shape[-1] == writing["vocab_size"]
    assert {"llm_step/in/past_keys", "llm_step/out/keys", "llm_step/out/last_hidden_state"} <= set(tensors)


def test_llama_is_found_by_its_folder_and_has_an_id_of_its_own(tmp_path):
    small.checkpoint(tmp_path, "llama2")
    plan, args = planned(tmp_path)
    assert args.id == "storygpt-v-llama2" and "Llama 2" in plan.manifest["licence"]
    assert plan.manifest["llm"]["img_token_ids"] == list(range(601, 609)) and plan.manifest["llm"]["bos_id"] == 1
    assert "Llama-2-7b-chat/tokenizer.model" in plan.inputs and "llm_tokenizer.json" in plan.files
    by_name = {graph.name: graph for graph in plan.graphs}
    assert by_name["llm_hidden"].reads == ("Llama-2-7b-chat",)
    assert by_name["llm_vision"].reads == ("second-stage-llama2", "clip-vit-large-patch14")
    for graph in plan.graphs:
        assert all(any(name == it or name.startswith(it + "/") for name in plan.inputs) for it in graph.reads), graph.name
    assert planned(tmp_path, "--id", "mine")[1].id == "mine"


def test_an_ablation_with_other_image_tokens_and_without_portraits(tmp_path):
    small.checkpoint(tmp_path, "opt", Whole(images=4), portraits=False)
    (tmp_path / "second-stage-opt").rename(tmp_path / "second-stage")
    refused(96, "holds no chars", tmp_path)
    plan, _ = planned(tmp_path, "--no-portraits", "--id", "storygpt-v-r4")
    assert plan.manifest["llm"]["img_token_ids"] == list(range(560, 564)) and "portraits" not in plan.manifest
    assert [graph.name for graph in plan.graphs] == ["text_encoder", "unet", "vae_decoder", "llm_vision", "llm_embed", "llm_hidden", "ldm_mapper"]
    assert {graph.name: graph for graph in plan.graphs}["ldm_mapper"].inputs["hidden"].shape == ("batch", 4, 16)


def test_stages_that_do_not_fit_and_two_variants_are_errors(tmp_path, export):
    small.checkpoint(tmp_path, "opt")
    stage = tmp_path / "second-stage-opt"
    (tmp_path / "second-stage-llama2").mkdir()
    refused(2, "holds parts of opt and of llama2", tmp_path)
    (tmp_path / "second-stage-llama2").rmdir()
    args = json.loads((stage / "model_args.json").read_text())
    (stage / "model_args.json").write_text(json.dumps(args | {"gen_emb_dim": 768}))
    refused(97, r"the mapper writes contexts \(24, 768\), the text encoder \(24, 8\)", tmp_path)
    code, _, err = export("storygpt-v", "--checkpoint", tmp_path, "--out", tmp_path / "bundle")
    assert code == 97 and "error: " in err and "hint: " in err and "Traceback" not in err
    (stage / "model_args.json").write_text(json.dumps(args))
    saved = torch.load(stage / "pretrained_ckpt.pth.tar", weights_only=True)
    saved["state_dict"]["module.model.gen_text_hidden_fcs.0.fc.weight"][0, 0] = float("nan")
    torch.save(saved, stage / "pretrained_ckpt.pth.tar")
    with pytest.raises(ExportError, match=r"not finite:\n.*\n    fc.weight"):
        mapper.build(SecondStage.read(stage), 16)
