"""Weights into networks: everything has to fit."""

import pytest
import torch
from torch import nn

from storyeval_export.error import ExportError
from storyeval_export.keys import count, empty_parameters, load_into


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.tail = nn.Linear(3, 2), nn.Linear(2, 1)
        self.register_buffer("places", torch.arange(4), persistent=False)
        self.register_buffer("scale", torch.tensor(7.0))


def build():
    with empty_parameters():
        return Net()


def state():
    torch.manual_seed(0)
    return dict(Net().state_dict())


def test_weights_are_taken_without_a_copy():
    given = {f"module.{key}": value for key, value in state().items()}
    net = load_into(build(), given, source="x", rename=lambda key: key.removeprefix("module."))
    assert net.layer.weight.data_ptr() == given["module.layer.weight"].data_ptr()
    assert not net.training and not net.layer.weight.requires_grad
    assert net.places.tolist() == [0, 1, 2, 3], "buffers that no file holds are computed"
    assert count(Net) == 11


def test_all_differences_are_one_error():
    given = state() | {"extra": torch.zeros(1), "layer.weight": torch.zeros(5, 3)}
    del given["tail.bias"]
    with pytest.raises(ExportError) as error:
        load_into(build(), given, source="some/file.bin")
    text = error.value.message
    for part in ("some/file.bin does not fit", "1 of 5 keys missing:\n    tail.bias", "keys unexpected:\n    extra",
                 "layer.weight: (5, 3) instead of (2, 3)"):
        assert part in text


def test_long_lists_are_cut_with_their_count():
    given = state() | {f"extra.{number:03}": torch.zeros(1) for number in range(50)}
    with pytest.raises(ExportError, match="and 30 more") as error:
        load_into(build(), given, source="x")
    assert "extra.019" in error.value.message and "extra.020" not in error.value.message


def test_ignored_and_optional_keys():
    given = state() | {"head.weight": torch.zeros(1)}
    del given["scale"]
    net = load_into(build(), given, source="x", ignore=((r"head\..*", "not used"),),
                    optional=(("scale", "a constant"), (r"layer\..*", "")))
    assert net.scale == 7
    del given["layer.bias"]  # optional by its pattern, but nothing else gives it a value
    with pytest.raises(ExportError, match="layer.bias"):
        load_into(build(), given, source="x", ignore=((r"head\..*", ""),), optional=(("scale", ""), (r"layer\..*", "")))


def test_two_keys_of_one_name():
    given = state() | {"module.tail.bias": torch.zeros(1)}
    with pytest.raises(ExportError, match="both name tail.bias"):
        load_into(build(), given, source="x", rename=lambda key: key.removeprefix("module."))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(value):
    given = state()
    given["tail.weight"] = torch.tensor([[0.0, value]])
    with pytest.raises(ExportError, match="not finite:\n    tail.weight"):
        load_into(build(), given, source="x")
