"""Reading checkpoints: the formats there are, and files that are not what they should be."""

import json
import pickle
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from storyeval_export.checkpoint import load_state
from storyeval_export.error import DATA, SETUP, ExportError

STATE = {"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.tensor([1, 2])}


def same(found, wanted=STATE):
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("wrap", [None, "state_dict", "model"])
def test_files_of_torch_save(tmp_path, new, wrap):
    path = tmp_path / "pretrained_ckpt.pth.tar"
    saved = {wrap: STATE, "epoch": 3, "best": "x"} if wrap else STATE
    torch.save(saved, path, _use_new_zipfile_serialization=new)
    same(load_state(path))


def test_safetensors(tmp_path):
    save_file(STATE, tmp_path / "model.safetensors")
    same(load_state(tmp_path / "model.safetensors"))
    same(load_state(tmp_path))


@pytest.mark.parametrize("kind", ["bin", "safetensors"])
def test_shards_with_an_index(tmp_path, kind):
    stem = "pytorch_model" if kind == "bin" else "model"
    table = {}
    for number, (key, value) in enumerate(STATE.items(), 1):
        name = f"{stem}-0000{number}-of-00002.{kind}"
        (torch.save if kind == "bin" else save_file)({key: value}, tmp_path / name)
        table[key] = name
    index = tmp_path / f"{stem}.{kind}.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": table}))
    same(load_state(tmp_path))
    for name, part in (("../outside.bin", "no file of its folder"), ("absent.bin", "is absent")):
        index.write_text(json.dumps({"weight_map": table | {"a.bias": name}}))
        with pytest.raises(ExportError, match=part):
            load_state(tmp_path)
    index.write_text(json.dumps({"weight_map": table | {"b": table["a.bias"]}}))
    with pytest.raises(ExportError, match="promises b"):
        load_state(tmp_path)


class Runs:
    """A pickle that runs a command when it is read by Python's own unpickler."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        import os
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_code_in_a_pickle_is_not_run(tmp_path, new):
    mark, path = tmp_path / "ran", tmp_path / "model.pt"
    torch.save({"a": STATE["a.bias"], "b": Runs(mark)}, path, _use_new_zipfile_serialization=new)
    with pytest.raises(ExportError, match="nothing of it was run") as error:
        load_state(path)
    assert error.value.code == DATA and "posix.system" in error.value.message
    assert not mark.exists()


def test_a_bare_pickle_is_refused_and_not_run(tmp_path):
    mark, path = tmp_path / "ran", tmp_path / "model.pth"
    path.write_bytes(pickle.dumps(Runs(mark)))
    with pytest.raises(ExportError):
        load_state(path)
    assert not mark.exists()


def test_remains_of_a_trainer_are_read_as_nothing(tmp_path, monkeypatch):
    """Checkpoints of Lightning name their callbacks' classes; the code is not needed, and not imported."""
    import sys
    import types

    module = types.ModuleType("pytorch_lightning.callbacks.model_checkpoint")
    kind = type("ModelCheckpoint", (), {"__module__": module.__name__})
    module.ModelCheckpoint = kind
    parents = ("pytorch_lightning", "pytorch_lightning.callbacks", module.__name__)
    for name in parents:
        monkeypatch.setitem(sys.modules, name, module)
    path, callback = tmp_path / "last.ckpt", kind()
    callback.monitor = "val/loss"
    torch.save({"state_dict": STATE, "callbacks": {kind: callback}}, path)
    for name in parents:
        monkeypatch.delitem(sys.modules, name)
    same(load_state(path))


def damaged(path, name):
    """Writes one file that is no checkpoint."""
    torch.save({"w": torch.zeros(5000)}, path, _use_new_zipfile_serialization="legacy" not in name)
    whole = path.read_bytes()
    contents = {
        "empty": b"", "text": b"these are no weights\n" * 9,
        "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5\n",
        "page": b"<!DOCTYPE html><html>404</html>", "zip cut": whole[:len(whole) // 2], "zip end cut": whole[:-30],
        "legacy cut": whole[:len(whole) // 2], "legacy head": whole[:40], "noise": bytes(range(128, 256)) * 20,
        "no tensors": pickle.dumps({"a": 1}), "a list": None, "no strings": None, "other zip": None,
    }[name]
    if name == "a list":
        torch.save([torch.zeros(2)], path)
    elif name == "no strings":
        torch.save({1: torch.zeros(2)}, path)
    elif name == "other zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme.txt", "no weights")
    else:
        path.write_bytes(contents)


@pytest.mark.parametrize("name", ["empty", "text", "pointer", "page", "zip cut", "zip end cut", "legacy cut", "legacy head",
                                  "noise", "no tensors", "a list", "no strings", "other zip"])
@pytest.mark.parametrize("suffix", ["bin", "safetensors"])
def test_what_is_no_checkpoint_is_a_clear_error(tmp_path, name, suffix):
    path = tmp_path / f"model.{suffix}"
    damaged(path, name)
    with pytest.raises(ExportError) as error:
        load_state(path)
    assert error.value.code == DATA and str(path) in error.value.message and error.value.hint
    expected = {"empty": "is empty", "pointer": "pointer of Git LFS", "page": "web page"}.get(name, "")
    assert expected in error.value.message


def test_what_is_absent_is_told(tmp_path):
    for path in (tmp_path / "no.bin", tmp_path):
        with pytest.raises(ExportError) as error:
            load_state(path)
        assert error.value.code == SETUP
