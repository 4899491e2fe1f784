"""`classifiers`, `classifier-char`, `classifier-bg` against torchvision."""

from pathlib import Path

import numpy as np
import pytest
import torch

import eyes_makers
from eyes_bundle import difference, manifest, planned, run

CARDS = Path(__file__).resolve().parents[2] / "eval-configs" / "datasets"
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def grey(count: int) -> np.ndarray:
    """Grey levels 0 to 255 `[N, 3, 299, 299]`."""
    return np.random.default_rng(4).integers(0, 256, (count, 3, 299, 299)).astype(np.float64)


def test_both_classifiers_are_torchvisions_with_transform_input(export, tmp_path):
    networks = {
        "char_classifier": eyes_makers.classifier(tmp_path / "classifier_char.pt", 7),
        "bg_classifier": eyes_makers.classifier(tmp_path / "classifier_bg.pt", 323, 1),
    }
    bundle = tmp_path / "bundle"
    code, out, err = export("classifiers", "--checkpoint", tmp_path, "--out", bundle)
    assert code == 0, err
    assert out.splitlines()[-1] == str(bundle)
    levels = grey(3)
    standardised = (levels / 255 - MEAN[:, None, None]) / STD[:, None, None]
    for graph, network in networks.items():
        with torch.no_grad():
            wanted = network(torch.from_numpy(standardised.astype(np.float32)))
        (found,) = run(bundle, graph, pixel_values=(levels / 127.5 - 1).astype(np.float32))
        assert difference(found, wanted) < 1e-4
    text = manifest(bundle)
    assert text["id"] == "flintstones-classifiers"
    assert text["input"]["scale"] == "symmetric"
    assert text["labels"]["characters"][0] == "wilma"
    assert len(text["labels"]["backgrounds"]) == 323
    assert set(text["export"]["inputs"]) == {"classifier_char.pt", "classifier_bg.pt"}


def test_a_classifier_alone_in_half_precision(export, tmp_path):
    network = eyes_makers.classifier(tmp_path / "mine.pt", 9)
    bundle = tmp_path / "bundle"
    code, _, err = export("classifier-char", "--checkpoint", tmp_path / "mine.pt", "--dataset", "pororo",
                          "--out", bundle, "--precision", "fp16")
    assert code == 0, err
    levels = grey(2)
    network.transform_input = False
    pixels = (levels / 127.5 - 1).astype(np.float32)
    with torch.no_grad():
        wanted = network(torch.from_numpy(pixels))
    assert difference(run(bundle, "char_classifier", pixel_values=pixels)[0], wanted) < 1e-2
    text = manifest(bundle)
    assert (text["id"], list(text["graphs"])) == ("pororo-classifiers", ["char_classifier"])
    assert text["labels"] == {"characters": [
        "pororo", "loopy", "crong", "eddy", "poby", "petty", "tongtong", "rody", "harry"]}


def test_another_number_of_outputs_is_another_data_set(export, tmp_path):
    eyes_makers.classifier(tmp_path / "classifier_char.pt", 9)
    code, _, err = export("classifier-char", "--checkpoint", tmp_path, "--out", tmp_path / "bundle")
    assert code == 97
    assert "9 outputs, but flintstones has 7 labels" in err
    assert "--dataset pororo" in err
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (["--checkpoint", "absent.pt"], 96, "absent"),
    ([], 2, "--checkpoint"),
    (["--checkpoint", ".", "--dataset", "flintstone"], 2, "pororo"),
    (["--checkpoint", ".", "--dataset", "absent.toml"], 96, "absent.toml"),
])
def test_what_is_missing_is_named(export, tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    found, _, err = export("classifier-char", "--out", tmp_path / "bundle", *arguments)
    assert found == code
    assert words in err
    assert "Traceback" not in err


def test_places_need_labels(export, tmp_path):
    (tmp_path / "classifier_bg.pt").write_bytes(b"not read")
    code, _, err = export("classifier-bg", "--checkpoint", tmp_path, "--dataset", "pororo", "--out", tmp_path / "b")
    assert (code, "no labels of backgrounds" in err) == (2, True)


def test_without_transform_input_the_network_reads_standardised_values(tmp_path):
    eyes_makers.classifier(tmp_path / "classifier_char.pt", 3)
    card = CARDS / "mugen.toml"
    plan, args = planned("classifier-char", "--checkpoint", tmp_path, "--transform-input", "false", "--dataset", card)
    assert plan.manifest["input"]["scale"] == {"mean": list(MEAN), "std": list(STD)}
    assert plan.manifest["labels"] == {"characters": ["Tony", "Lisa", "Jhon"]}
    assert args.id == "mugen-classifiers"
    _, args = planned("classifier-char", "--checkpoint", tmp_path, "--dataset", "mugen", "--id", "own")
    assert args.id == "own"


def test_labels_are_those_of_the_cards():
    from storyeval_export.eyes.labels import KNOWN, labels_of

    for name, labels in KNOWN.items():
        assert labels_of(str(CARDS / f"{name}.toml")) == labels
