"""`char-ldm`: a small first stage in the published key names, to a bundle, against PyTorch."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_diffusion import LENGTH, NAMES, Sizes, char_ldm

from storyeval_export import parity
from storyeval_export.checkpoint import load_state
from storyeval_export.diffusion.portraits import prepared
from storyeval_export.error import DATA

SIZES = Sizes()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Checkpoint, its networks, and the bundle; weights lie in shards."""
    from storyeval_export.command import main

    folder = tmp_path_factory.mktemp("char-ldm")
    networks = char_ldm(folder / "checkpoint")
    arguments = ["char-ldm", "--checkpoint", folder / "checkpoint", "--out", folder / "bundle", "--id", "small",
                 "--shard-size", "60kB", "--quiet"]
    assert main([str(it) for it in arguments]) == 0
    return folder / "checkpoint", networks, folder / "bundle"


def run(bundle, graph, *inputs):
    running = parity.session(bundle / f"{graph}.onnx")
    names = [it.name for it in running.get_inputs()]
    return running.run(None, dict(zip(names, inputs, strict=True)))[0]


def close(found, wanted, tolerance=1e-4):
    assert parity.difference(found, wanted.numpy()) < tolerance


def normal(*shape):
    return np.random.default_rng(5).standard_normal(shape).astype(np.float32)


def test_the_manifest_takes_every_size_from_the_checkpoint(made):
    _, _, bundle = made
    found = tomllib.loads((bundle / "bundle.toml").read_text())
    assert (found["format"], found["kind"], found["id"]) == (1, "char-ldm", "small")
    assert found["image"] == {"width": 16, "height": 16}
    assert found["diffusion"] == {
        "latent_channels": 4, "latent_height": 8, "latent_width": 8, "scaling_factor": 0.18215,
        "num_inference_steps": 30, "guidance_scale": 5.0, "start_merge_step": 15, "start_merge_step_referential": 0}
    assert found["scheduler"] == {
        "kind": "pndm", "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "prediction_type": "epsilon", "steps_offset": 1, "set_alpha_to_one": False,
        "skip_prk_steps": True, "timestep_spacing": "leading"}
    assert found["text"] == {"tokenizer": "text_tokenizer.json", "max_length": LENGTH, "bos_id": 519, "eos_id": 520,
                             "pad_id": 520, "hidden_size": 16}
    assert found["portraits"]["files"] == {"fred": "portraits/fred.png", "wilma": "portraits/wilma.png",
                                           "mr slate": "portraits/mr-slate.png"}
    assert found["export"]["precision"] == "fp32" and "first-stage/pytorch_model.bin" in found["export"]["inputs"]
    files = {it.relative_to(bundle).as_posix() for it in bundle.rglob("*") if it.is_file()}
    assert files - {"bundle.toml"} == set(found["files"])
    assert any(".data-" in name for name in files)


def test_the_denoiser(made):
    _, networks, bundle = made
    latents, times, context = normal(3, 4, 8, 8), np.array([0, 981, 33]), normal(3, LENGTH, 16)
    wanted = networks["unet"](*map(torch.from_numpy, (latents, times, context)), return_dict=False)[0]
    close(run(bundle, "unet", latents, times, context), wanted)


def test_the_decoder_takes_latents_that_are_already_divided(made):
    _, networks, bundle = made
    latents = normal(3, 4, 8, 8)
    close(run(bundle, "vae_decoder", latents), networks["vae"].decode(torch.from_numpy(latents)).sample)


def test_the_text_encoder_is_causal_and_reads_padding(made):
    _, networks, bundle = made
    ids = np.random.default_rng(1).integers(0, 519, (3, LENGTH))
    found = run(bundle, "text_encoder", ids)
    close(found, networks["text_encoder"](torch.from_numpy(ids)).last_hidden_state)
    mean, scale = networks["text_encoder"].final_layer_norm.bias.numpy(), networks["text_encoder"].final_layer_norm.weight
    normed = (found - mean) / scale.numpy()
    assert np.abs(normed.mean(-1)).max() < 1e-3, "the last LayerNorm is inside"
    changed = ids.copy()
    changed[:, -1] = 520
    other = run(bundle, "text_encoder", changed)
    assert np.array_equal(found[:, :-1], other[:, :-1]) and not np.allclose(found[:, -1], other[:, -1])


def test_the_portrait_encoder_takes_plain_pixels(made):
    _, networks, bundle = made
    pixels = np.random.default_rng(2).random((3, 3, 28, 28), np.float32)
    normed = torch.from_numpy(pixels)
    for channel, (mean, deviation) in enumerate(((0.48145466, 0.26862954), (0.4578275, 0.26130258),
                                                 (0.40821073, 0.27577711))):
        normed[:, channel] = (normed[:, channel] - mean) / deviation
    pixels = np.random.default_rng(2).random((3, 3, 28, 28), np.float32)
    close(run(bundle, "char_image_encoder", pixels), networks["image_encoder"](normed).image_embeds)


def test_fusion_is_the_published_formula(made):
    _, networks, bundle = made
    text, visual = normal(5, 16), normal(5, 16)[::-1].copy()
    module = networks["postfuse_module"]

    def perceptron(part, hidden):
        return part["fc2"](torch.nn.functional.gelu(part["fc1"](part["layernorm"](hidden))))

    joined = perceptron(module.mlp1, torch.from_numpy(np.concatenate([text, visual], 1))) + torch.from_numpy(text)
    close(run(bundle, "fuse", text, visual), module.layer_norm(perceptron(module.mlp2, joined) + joined))


def test_portraits_are_padded_black_and_resized(made):
    checkpoint, _, bundle = made
    for name, (width, height) in zip(NAMES, ((21, 40), (64, 33), (30, 30))):
        image = np.asarray(Image.open(bundle / "portraits" / f"{name.replace(' ', '-')}.png"))
        assert image.shape == (28, 28, 3)
        source = Image.open(checkpoint / "chars" / f"{name}.jpeg").convert("RGB")
        square = Image.new("RGB", (width + (height > width) * 2 * ((height - width) // 2),
                                   height + (width > height) * 2 * ((width - height) // 2)))
        square.paste(source, ((square.width - width) // 2, (square.height - height) // 2))
        wanted = np.asarray(square.resize((28, 28), Image.Resampling.BILINEAR), np.int16)
        assert np.abs(image - wanted).max() <= 1, name
    assert (np.asarray(prepared(checkpoint / "chars" / "fred.jpeg", 28))[:, 0] <= 2).all(), "black at the left"


def test_the_program_accepts_the_bundle(made):
    binary = shutil.which("storyeval") or Path(__file__).parents[2] / "target" / "release" / "storyeval"
    if not Path(binary).is_file():
        pytest.skip("no built storyeval here")
    done = subprocess.run([binary, "model", "verify", made[2]], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def spoilt(checkpoint, folder, change):
    """A copy of the checkpoint whose first stage `change` has rewritten."""
    shutil.copytree(checkpoint, folder)
    path = folder / "first-stage" / "pytorch_model.bin"
    state = load_state(path)
    path.unlink()
    torch.save(change(dict(state)), path)
    return folder


def without(prefix):
    return lambda state: {key: value for key, value in state.items() if not key.startswith(prefix)}


def first(state, name, change):
    key = next(key for key in state if key.endswith(name))
    return state | {key: change(state[key])}


@pytest.mark.parametrize("change, part", [
    (without("text_encoder."), "no key that begins with 'text_encoder.'"),
    (without("text_encoder.final_layer_norm"), "keys missing:\n    final_layer_norm."),
    (lambda state: {key.replace("text_encoder.", "cond_stage_model."): v for key, v in state.items()},
     "key 'cond_stage_model."),
    (lambda state: {"layer1.0.conv1.weight": torch.zeros(3)}, "key 'layer1.0.conv1.weight'"),
    (lambda state: first(state, "final_layer_norm.weight", lambda it: it[:-1]),
     "final_layer_norm.weight: (15,) instead of (16,)"),
    (lambda state: first(state, "final_layer_norm.weight", lambda it: it * float("nan")), "not finite"),
], ids=["part absent", "key absent", "CompVis", "ResNet", "shape", "NaN"])
def test_another_models_checkpoint_is_a_clear_error(made, tmp_path, export, change, part):
    folder = spoilt(made[0], tmp_path / "c", change)
    code, out, err = export("char-ldm", "--checkpoint", folder, "--out", tmp_path / "o", "--quiet")
    assert code == DATA and part in err and "pytorch_model.bin" in err and "hint: " in err and out == ""
    assert "Traceback" not in err and not (tmp_path / "o").exists()


@pytest.mark.parametrize("contents, part", [(b"", "is empty"), (b"no weights\n", "is a text"),
                                            (b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS")])
def test_a_file_that_is_no_checkpoint(made, tmp_path, export, contents, part):
    shutil.copytree(made[0], tmp_path / "c")
    (tmp_path / "c" / "first-stage" / "pytorch_model.bin").write_bytes(contents)
    code, _, err = export("char-ldm", "--checkpoint", tmp_path / "c", "--out", tmp_path / "o", "--quiet")
    assert code == DATA and part in err


@pytest.mark.parametrize("file, contents, part", [
    ("unet/config.json", "{", "is not a configuration"),
    ("unet/config.json", '{"sample_size": "big"}', "has sample_size 'big'"),
    ("unet/config.json", '{"down_block_types": ["NoBlock"], "sample_size": 8}', "describes no network"),
    ("text_encoder/config.json", "{}", "has no max_position_embeddings"),
    ("scheduler/scheduler_config.json", '{"_class_name": "DDIMScheduler"}', "asks for DDIMScheduler"),
    ("tokenizer/vocab.json", '{"a": 5}', "vocab.json"),
])
def test_damaged_configurations(made, tmp_path, export, file, contents, part):
    shutil.copytree(made[0], tmp_path / "c")
    (tmp_path / "c" / "stable-diffusion-v1-5" / file).write_text(contents)
    code, _, err = export("char-ldm", "--checkpoint", tmp_path / "c", "--out", tmp_path / "o", "--quiet")
    assert code == DATA and part in err, err


def test_a_portrait_that_is_no_picture(made, tmp_path, export):
    from storyeval_export.diffusion import portraits

    (tmp_path / "fred.jpeg").write_text("no picture")
    _, writers = portraits.section(tmp_path, 28)
    with pytest.raises(Exception, match="fred.jpeg cannot be read"):
        writers["portraits/fred.png"](tmp_path / "fred.png")
    code, _, err = export("char-ldm", "--checkpoint", made[0], "--portraits", tmp_path / "none", "--out", tmp_path / "o")
    assert code != 0 and "(--portraits) is absent" in err


@pytest.mark.parametrize("precision, tolerance", [("fp32", 1e-4), ("fp16", 1e-2)])
def test_fused_attention_and_half_precision(made, tmp_path, precision, tolerance):
    """The UNet alone, with attention as one operator; the CPU's kernel stands for the one of CUDA."""
    import onnx
    from toy import plan

    from storyeval_export.bundle import write
    from storyeval_export.diffusion import unet
    from storyeval_export.diffusion.configuration import Configuration
    from storyeval_export.settings import Settings
    from storyeval_export.models.char_ldm import first_stage
    from storyeval_export.progress import Progress

    checkpoint, networks, _ = made
    path = checkpoint / "first-stage" / "pytorch_model.bin"
    graph = unet.graph(Configuration.read(checkpoint / "stable-diffusion-v1-5"), lambda: first_stage(path, "unet."),
                       str(path), ("weights",), fused=True)
    out = write(plan({"weights": path}, [graph]), tmp_path / "out", "small", Settings(precision), Progress(quiet=True))
    model = onnx.load(out / "unet.onnx")
    operators = [it.op_type for it in model.graph.node]
    assert operators.count("MultiHeadAttention") == 2 * 4 and "Softmax" not in operators
    latents, times, context = normal(3, 4, 8, 8), np.array([0, 981, 33]), normal(3, LENGTH, 16)
    wanted = networks["unet"](*map(torch.from_numpy, (latents, times, context)), return_dict=False)[0]
    close(run(out, "unet", latents, times, context), wanted, tolerance)
