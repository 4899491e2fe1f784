"""`ldm`: fine-tuned Stable Diffusion, as a folder of diffusers and as a checkpoint of the original code."""

import tomllib

import compvis_names
import numpy as np
import pytest
import torch
from small_diffusion import LENGTH, diffusers_folder

from storyeval_export import parity
from storyeval_export.diffusion import text_encoder, unet, vae
from storyeval_export.diffusion.configuration import Configuration
from storyeval_export.diffusion.unet import current_name
from storyeval_export.error import DATA
from storyeval_export.keys import load_into
from storyeval_export.models.ldm import compvis


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The folder of diffusers, the single checkpoint beside it, and the networks of both."""
    folder = tmp_path_factory.mktemp("ldm")
    networks = diffusers_folder(folder / "sd")
    torch.save(compvis_names.checkpoint(networks), folder / "model.ckpt")
    return folder, networks


def test_a_folder_of_diffusers_becomes_a_bundle_without_portraits(world, export, tmp_path):
    folder, networks = world
    code, out, err = export("ldm", "--checkpoint", folder / "sd", "--out", tmp_path / "bundle", "--steps", 20)
    assert code == 0, err
    assert out.splitlines()[-1] == str(tmp_path / "bundle")
    found = tomllib.loads((tmp_path / "bundle" / "bundle.toml").read_text())
    assert found["kind"] == "char-ldm" and "portraits" not in found
    assert sorted(found["graphs"]) == ["text_encoder", "unet", "vae_decoder"]
    assert (found["diffusion"]["guidance_scale"], found["diffusion"]["num_inference_steps"]) == (7.5, 20)
    assert "unet/diffusion_pytorch_model.safetensors" in found["export"]["inputs"]
    ids = np.random.default_rng(1).integers(0, 519, (3, LENGTH))
    running = parity.session(tmp_path / "bundle" / "text_encoder.onnx")
    wanted = networks["text_encoder"](torch.from_numpy(ids)).last_hidden_state.numpy()
    assert parity.difference(running.run(None, {"input_ids": ids})[0], wanted) < 1e-4


def test_the_original_checkpoint_gives_the_same_networks(world):
    folder, networks = world
    configuration = Configuration.read(folder / "sd")
    states = compvis(folder / "model.ckpt", folder / "sd", ema=False)
    loaded = {
        "unet": load_into(unet.build(configuration), states["unet"](), source="x"),
        "vae": load_into(vae.build(configuration), states["vae"](), source="x", rename=current_name),
    }
    graph = text_encoder.graph(configuration, states["text_encoder"], "x", ())
    loaded["text_encoder"] = graph.build().model
    for name, module in loaded.items():
        wanted = networks[name].state_dict()
        found = module.state_dict()
        assert found.keys() == wanted.keys(), name
        for key in wanted:
            assert torch.equal(found[key].reshape(wanted[key].shape), wanted[key]), f"{name}.{key}"


def test_averaged_weights_are_taken_when_they_are_asked_for(world, tmp_path):
    folder, networks = world
    whole = compvis_names.checkpoint(networks)
    state, own = whole["state_dict"], "model.diffusion_model."
    state |= {"model_ema.diffusion_model" + key.removeprefix(own).replace(".", ""): value + 1
              for key, value in list(state.items()) if key.startswith(own)}
    torch.save(whole, tmp_path / "model.ckpt")
    wanted = networks["unet"].state_dict()
    for ema in (False, True):
        found = compvis(tmp_path / "model.ckpt", folder / "sd", ema)["unet"]()
        assert all(torch.equal(found[key], wanted[key] + ema) for key in wanted)


def test_what_is_no_original_checkpoint(world, export, tmp_path):
    folder, _ = world
    torch.save({"state_dict": {"model.diffusion_model.x": torch.zeros(1)}}, tmp_path / "other.ckpt")
    arguments = ("--stable-diffusion", folder / "sd", "--out", tmp_path / "o", "--quiet")
    code, _, err = export("ldm", "--checkpoint", tmp_path / "other.ckpt", *arguments)
    assert code == DATA and "no key begins with 'first_stage_model.'" in err
    code, _, err = export("ldm", "--checkpoint", folder / "model.ckpt", "--ema", *arguments)
    assert code == DATA and "no averaged weights" in err
