"""The whole command `storygpt-v`: a published layout in, a bundle out."""

import json
import shutil
import tomllib

import numpy as np
import onnxruntime
import pytest
import small_storygpt_v as small
import torch
from small_storygpt_v import Whole


@pytest.mark.parametrize("variant", ["opt", "llama2"])
def test_a_bundle_has_everything_that_storyeval_reads(variant, tmp_path, export):
    small.checkpoint(tmp_path / "published", variant)
    code, out, err = export("storygpt-v", "--checkpoint", tmp_path / "published", "--out", tmp_path / "bundle", "--precision", "fp16")
    assert code == 0, err
    assert out.splitlines()[-1] == str(tmp_path / "bundle")
    found = tomllib.loads((tmp_path / "bundle" / "bundle.toml").read_text())
    assert found["kind"] == "storygpt-v" and found["id"] == ("storygpt-v" if variant == "opt" else "storygpt-v-llama2")
    assert sorted(found["graphs"]) == ["char_image_encoder", "fuse", "ldm_mapper", "llm_embed", "llm_hidden", "llm_vision", "text_encoder", "unet", "vae_decoder"]
    llm = found["llm"]
    first = 560 if variant == "opt" else 601
    assert llm["img_token_ids"] == list(range(first, first + 8)) and llm["bos_id"] == (2 if variant == "opt" else 1)
    assert found["portraits"]["files"]["otto"] == "portraits/otto.png"
    assert f"second-stage-{variant}/pretrained_ckpt.pth.tar" in found["export"]["inputs"]
    assert "first-stage/pytorch_model.bin" in found["export"]["inputs"]
    tensors = np.load(tmp_path / "bundle" / "parity.npz")
    for graph, file in found["graphs"].items():
        session = onnxruntime.InferenceSession(str(tmp_path / "bundle" / file), providers=["CPUExecutionProvider"])
        feeds = {it.name: tensors[f"{graph}/in/{it.name}"] for it in session.get_inputs()}
        for port, given in zip(session.get_outputs(), session.run(None, feeds)):
            wanted = tensors[f"{graph}/out/{port.name}"]
            assert given.dtype == np.float32 and np.abs(given - wanted).max() <= 1e-2 * np.abs(wanted).max(), graph


def test_an_ablation_with_other_image_tokens_and_without_portraits(tmp_path, export):
    small.checkpoint(tmp_path / "published", "opt", Whole(images=4), portraits=False)
    (tmp_path / "published" / "second-stage-opt").rename(tmp_path / "published" / "second-stage")
    code, _, err = export("storygpt-v", "--checkpoint", tmp_path / "published", "--out", tmp_path / "bundle", "--id", "storygpt-v-r4")
    assert code == 96 and "--portraits" in err
    code, _, err = export("storygpt-v", "--checkpoint", tmp_path / "published", "--out", tmp_path / "bundle", "--id", "storygpt-v-r4", "--no-portraits")
    assert code == 0, err
    found = tomllib.loads((tmp_path / "bundle" / "bundle.toml").read_text())
    assert len(found["llm"]["img_token_ids"]) == 4 and found["portraits"]["files"] == {} and found["id"] == "storygpt-v-r4"


def test_stages_that_do_not_fit_and_two_variants_are_errors(tmp_path, export):
    small.checkpoint(tmp_path / "published", "opt")
    stage = tmp_path / "published" / "second-stage-opt"
    (tmp_path / "published" / "second-stage-llama2").mkdir()
    code, _, err = export("storygpt-v", "--checkpoint", tmp_path / "published", "--out", tmp_path / "bundle")
    assert code == 2 and "--variant opt" in err
    shutil.rmtree(tmp_path / "published" / "second-stage-llama2")
    args = json.loads((stage / "model_args.json").read_text())
    (stage / "model_args.json").write_text(json.dumps(args | {"gen_emb_dim": 768}))
    code, _, err = export("storygpt-v", "--checkpoint", tmp_path / "published", "--out", tmp_path / "bundle")
    assert code == 97 and "the mapper writes contexts (24, 768), the text encoder (24, 8)" in err
    (stage / "model_args.json").write_text(json.dumps(args))
    saved = torch.load(stage / "pretrained_ckpt.pth.tar", weights_only=True)
    saved["state_dict"]["module.model.gen_text_hidden_fcs.0.fc.weight"][0, 0] = float("nan")
    torch.save(saved, stage / "pretrained_ckpt.pth.tar")
    code, _, err = export("storygpt-v", "--checkpoint", tmp_path / "published", "--out", tmp_path / "bundle")
    assert code == 97 and "not finite" in err and "fc.weight" in err
    assert not (tmp_path / "bundle").exists() and "Traceback" not in err
