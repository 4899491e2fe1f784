"""Training on a data set of one's own, from the command line to the program storyeval. Tiny: a minute in all."""

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

import eyes_makers
import own_world
from eyes_bundle import difference, manifest, run
from storyeval_train.own import classifiers, loop
from storyeval_train.own.command import main

PROGRAM = own_world.program()
FAST = ["--size", "32", "--batch", "16", "--device", "cpu", "--threads", "1"]
built = pytest.mark.skipif(PROGRAM is None, reason="the program storyeval is not built")


def train(command, data, out, *more):
    """Runs the command line; the exit code."""
    return main([command, "--data", str(data), "--out", str(out), *FAST, *map(str, more)])


def log(out):
    return [json.loads(line) for line in (out.with_name(out.name + ".work") / "log.jsonl").read_text().splitlines()]


def weights(out):
    return torch.load(out.with_name(out.name + ".work") / "checkpoint.pt", weights_only=True)["networks"]


def same(one, other):
    return all(torch.equal(one[n][k], other[n][k]) for n in one for k in one[n])


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """A data set with a card, and a bundle of classifiers trained on it."""
    folder = tmp_path_factory.mktemp("own")
    data = own_world.draw(folder / "mine", 10, card=True)
    assert train("classifiers", data, folder / "mine-classifiers", "--epochs", 8) == 0
    return data, folder / "mine-classifiers"


def test_a_classifier_learns_and_its_bundle_says_how(mine):
    data, bundle = mine
    text = manifest(bundle)
    assert (text["kind"], text["id"], text["input"]["scale"]) == ("evaluators", "mine-classifiers", "unit")
    assert text["labels"] == {"characters": ["bob", "ann", "cy"], "backgrounds": ["park", "kitchen"]}
    held = {line["network"]: line for line in log(bundle) if line["event"] == "held-out"}
    assert held["characters"]["f1"] > held["characters"]["chance_f1"] + 10
    assert held["backgrounds"]["acc"] == 100
    assert len([line for line in log(bundle) if line["event"] == "epoch"]) == 16
    archive = np.load(bundle / "parity.npz")
    (found,) = run(bundle, "char_classifier", pixel_values=archive["char_classifier/in/pixel_values"])
    assert difference(found, torch.from_numpy(archive["char_classifier/out/logits"])) < 1e-4


@built
def test_storyeval_runs_the_bundle(mine, tmp_path):
    data, bundle = mine
    if "--dataset" not in subprocess.run([PROGRAM, "model", "verify", "--help"], capture_output=True, text=True,
                                         check=True).stdout:
        pytest.skip("this storyeval is older than `model verify --dataset`")
    said = subprocess.run([PROGRAM, "model", "verify", bundle, "--dataset", f"{data}/", "--format", "json"], check=True,
                          capture_output=True, text=True)
    found = json.loads(said.stdout)
    assert all(graph["difference"] < 1e-4 for graph in found["graphs"])
    assert [one["near_chance"] for one in found["classifiers"]] == [False, False]
    network = {"char_classifier": "characters", "bg_classifier": "backgrounds"}
    for one in found["classifiers"]:
        assert one["frames"] == 40 and one["f1"] > one["constant_f1"], network[one["graph"]]


@built
def test_probabilities_in_place_of_logits_are_found_out(mine, tmp_path):
    import onnx

    data, bundle = mine
    copied = tmp_path / "mine-classifiers"
    shutil.copytree(bundle, copied)
    for name in ("char_classifier", "bg_classifier"):
        model = onnx.load(copied / f"{name}.onnx")
        for node in model.graph.node:
            node.output[:] = ["raw" if it == "logits" else it for it in node.output]
        model.graph.node.append(onnx.helper.make_node("Sigmoid", ["raw"], ["logits"]))
        onnx.save(model, copied / f"{name}.onnx")
    text = (copied / "bundle.toml").read_text().replace("[parity]\nfile", "[was]\nfile")
    (copied / "bundle.toml").write_text(re.sub(r"\[was\]\n.*\n.*\n", "", text))
    said = subprocess.run([PROGRAM, "model", "pack", copied], capture_output=True, text=True, check=False)
    assert said.returncode == 96 and said.stdout.count("has sha256") == 2, said.stderr
    subprocess.run([PROGRAM, "model", "pack", copied, "--update"], check=True, capture_output=True)
    said = subprocess.run([PROGRAM, "model", "verify", copied, "--dataset", f"{data}/"], capture_output=True, text=True,
                          check=False)
    assert said.returncode == 97, said.stdout + said.stderr
    assert "without its last sigmoid or softmax" in said.stdout


def test_a_stopped_training_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    data = own_world.draw(tmp_path / "d", 4)
    assert train("classifiers", data, tmp_path / "whole", "--epochs", 3) == 0
    count, act = [0], loop.Log.write

    def stop(self, event, **values):
        act(self, event, **values)
        count[0] += event == "epoch"
        if count[0] == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop.Log, "write", stop)
    assert train("classifiers", data, tmp_path / "parts", "--epochs", 3) == 130
    monkeypatch.undo()
    assert not (tmp_path / "parts").exists()
    assert train("classifiers", data, tmp_path / "parts", "--epochs", 3) == 0
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))
    # Other options are another training.
    (tmp_path / "parts").rename(tmp_path / "moved")
    assert train("classifiers", data, tmp_path / "parts", "--epochs", 4) == 2
    assert train("classifiers", data, tmp_path / "parts", "--epochs", 4, "--restart") == 0
    assert train("classifiers", data, tmp_path / "other", "--epochs", 3, "--seed", 5) == 0
    assert not same(weights(tmp_path / "whole"), weights(tmp_path / "other"))


def test_own_weights_are_a_start(mine, tmp_path, capsys):
    data, bundle = mine
    start = bundle.with_name(bundle.name + ".work") / "checkpoint.pt"
    assert train("classifiers", data, tmp_path / "next", "--epochs", 1, "--init", start) == 0
    held = [line for line in log(tmp_path / "next") if line["event"] == "held-out"]
    assert held[0]["f1"] > held[0]["chance_f1"]
    assert train("clip", data, tmp_path / "clip", "--epochs", 1, "--init", start) == 97
    assert "was trained by `classifiers`" in capsys.readouterr().err


def test_a_published_inception_is_fine_tuned(tmp_path, capsys):
    pytest.importorskip("torchvision")
    data = own_world.draw(tmp_path / "d", 3, cast={"ann": "tomato"})
    eyes_makers.classifier(tmp_path / "classifier_char.pt", 7)
    out = tmp_path / "tuned"
    more = ["--init", tmp_path / "classifier_char.pt", "--epochs", 1, "--batch", 2]
    assert train("classifiers", data, out, *more) == 2  # --size 32
    assert "give --size 299" in capsys.readouterr().err
    lines = own_world.stories(data)
    for frame in (f for line in lines for f in line["frames"]):
        del frame["background"]
    lines[0]["frames"][0]["characters"] = []
    own_world.write(data, lines)
    assert main(["classifiers", "--data", str(data), "--out", str(out), "--device", "cpu", "--threads", "1",
                 "--size", "299", *map(str, more)]) == 0
    assert manifest(out)["image"] == {"width": 299, "height": 299}
    (found,) = run(out, "char_classifier", pixel_values=np.zeros((1, 3, 299, 299), np.float32))
    assert found.shape == (1, 1)
    text = capsys.readouterr().out
    assert "the last layer is new" in text and "no labels of backgrounds" in text


def test_rare_constant_and_absent_labels_are_named(tmp_path, capsys):
    data = own_world.draw(tmp_path / "d", 6)
    lines = own_world.stories(data)
    for line in lines:
        for frame in line["frames"]:
            frame["characters"], frame["background"] = ["sun"], "park"
    lines[0]["frames"][0]["characters"] = ["sun", "comet"]
    own_world.write(data, lines)
    assert train("classifiers", data, tmp_path / "b", "--epochs", 1) == 0
    text = capsys.readouterr().out
    assert re.search("sun: on every frame", text) and re.search("comet: on (no frame|fewer than 5)", text)
    assert re.search("park: on every frame", text)
    for line in lines:
        for frame in line["frames"]:
            del frame["characters"], frame["background"]
    own_world.write(data, lines)
    assert train("classifiers", data, tmp_path / "c", "--epochs", 1) == 97
    assert "no frame of" in capsys.readouterr().err


def test_rare_labels_are_drawn_more_often():
    matrix = np.zeros((200, 2), np.float32)
    matrix[:, 0], matrix[:4, 1] = 1, 1
    chance, weight = classifiers.balance(matrix)
    assert chance[:4].sum() > 3 * 4 / 200
    assert weight[1] > 1 and weight[0] == 1


@pytest.mark.parametrize("command, graphs", [
    ("captioner", ["captioner_decoder", "captioner_embed", "captioner_vision"]), ("clip", ["clip_image", "clip_text"])])
def test_captioner_and_clip_become_bundles(tmp_path, command, graphs):
    data, out = own_world.draw(tmp_path / "d", 8), tmp_path / f"mine-{command}"
    assert train(command, data, out, "--epochs", 2, "--storyeval", PROGRAM or "none") == 0
    text = manifest(out)
    assert sorted(text["graphs"]) == graphs and text["kind"] == command
    (held,) = [line for line in log(out) if line["event"] == "held-out"]
    assert ("first_of_8" if command == "clip" else "chance_loss") in held
    if PROGRAM:
        subprocess.run([PROGRAM, "model", "verify", out], check=True, capture_output=True)
    start = tmp_path / f"mine-{command}.work" / "checkpoint.pt"
    assert train(command, data, tmp_path / "next", "--epochs", 1, "--init", start) == 0


def test_a_published_clip_is_fine_tuned(tmp_path):
    pytest.importorskip("transformers")
    data = own_world.draw(tmp_path / "d", 8)
    eyes_makers.clip_folder(tmp_path / "hub")
    side = json.loads((tmp_path / "hub" / "config.json").read_text())["vision_config"]["image_size"]
    out = tmp_path / "tuned-clip"
    assert main(["clip", "--data", str(data), "--out", str(out), "--device", "cpu", "--size", str(side), "--epochs", "1",
                 "--batch", "8", "--init", str(tmp_path / "hub")]) == 0
    text = manifest(out)
    assert "mean" in text["input"]["scale"] and text["input"]["geometry"] == "center-crop"
    if PROGRAM:
        subprocess.run([PROGRAM, "model", "verify", out], check=True, capture_output=True)


def test_a_card_is_written_or_left_alone(tmp_path, capsys):
    data = own_world.draw(tmp_path / "d", 4)
    assert train("classifiers", data, tmp_path / "b", "--epochs", 1, "--write-card") == 97
    assert "gender of" in capsys.readouterr().err
    more = [word for name in own_world.CAST for word in ("--gender", f"{name}=male")]
    assert train("classifiers", data, tmp_path / "b", "--epochs", 1, "--write-card", *more) == 0
    card = (data / "dataset.toml").read_text()
    assert 'characters = "b"' in card and 'gender = "male"' in card
    assert train("classifiers", data, tmp_path / "c", "--epochs", 1, "--write-card") == 0
    assert (data / "dataset.toml").read_text() == card  # it names another bundle
    assert "is left as it is" in capsys.readouterr().out


@built
def test_another_layout_is_converted_first(tmp_path, capsys):
    subprocess.run([PROGRAM, "dataset", "synth", "--stories", "4", "--val-stories", "3", "--train-clips", "16", "--out",
                    tmp_path / "minisv"], check=True, capture_output=True)
    out = tmp_path / "b"
    arguments = ["classifiers", "--dataset", "minisv", "--data", str(tmp_path / "minisv"), "--out", str(out), *FAST,
                 "--epochs", "1"]
    assert main([*arguments, "--storyeval", str(tmp_path / "none")]) == 96
    assert "cannot be run" in capsys.readouterr().err
    assert main([*arguments, "--storyeval", PROGRAM]) == 0
    text = manifest(out)
    assert text["labels"]["characters"][:2] == ["otto", "mira"] and len(text["labels"]["backgrounds"]) == 12
    assert "train to learn from, test to score, val to stop by" in capsys.readouterr().out


def blocks(page):
    """The fenced blocks of a page: (language, text)."""
    return re.findall(r"```(\w+)\n(.*?)```", (own_world.ROOT / "docs" / page).read_text(), re.S)


@built
def test_the_commands_of_the_page_run_as_printed(tmp_path):
    if "pack" not in subprocess.run([PROGRAM, "model", "--help"], capture_output=True, text=True, check=True).stdout:
        pytest.skip("this storyeval is older than the page")
    code = [text for language, text in blocks("own-classifier.md") if language == "python"]
    commands = [text for language, text in blocks("own-classifier.md") if language == "sh"]
    (tmp_path / "draw.py").write_text(code[0])
    paths = [os.path.dirname(PROGRAM), os.path.dirname(sys.executable), os.environ["PATH"]]
    environment = os.environ | {"PATH": os.pathsep.join(paths), "PYTHONPATH": str(own_world.ROOT / "tools"),
                                "STORYEVAL_DEVICE": "cpu", "OMP_NUM_THREADS": "1"}
    said = subprocess.run(["bash", "-euc", commands[0]], cwd=tmp_path, env=environment, capture_output=True, text=True,
                          check=False)
    assert said.returncode == 0, said.stderr
    table = said.stdout[said.stdout.rindex("ground-truth"):]
    truth, shuffled = (float(re.search(rf"\| {name} +\| +([\d.]+)", said.stdout).group(1))
                       for name in ("ground-truth", "shuffled"))
    assert truth > 80 > shuffled, table
