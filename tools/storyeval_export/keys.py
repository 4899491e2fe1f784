"""Putting tensors into a network, strictly."""

import re
from contextlib import contextmanager
from typing import Callable, Iterator, Mapping

import torch
from torch import nn

from .error import DATA, ExportError

SHOWN = 20
Patterns = tuple[tuple[str, str], ...]  # (regular expression of the whole key, why)


@contextmanager
def empty_parameters() -> Iterator[None]:
    """Networks that are built inside have parameters without memory (device meta); buffers are real, so that
    positions and frequencies that no checkpoint holds are computed. [`load_into`] then puts the tensors in."""
    register = nn.Module.register_parameter

    def without_memory(self: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        register(self, name, parameter)
        if parameter is not None and parameter.device.type != "meta":
            self._parameters[name] = nn.Parameter(parameter.to("meta"), requires_grad=False)

    nn.Module.register_parameter = without_memory
    try:
        yield
    finally:
        nn.Module.register_parameter = register


def count(build: Callable[[], nn.Module]) -> int:
    """Parameters of a network, which is built without memory."""
    with empty_parameters():
        return sum(p.numel() for p in build().parameters())


def part(state: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The tensors whose key begins with `prefix`, without it."""
    return {key[len(prefix):]: value for key, value in state.items() if key.startswith(prefix)}


def load_into(module: nn.Module, state: Mapping[str, torch.Tensor], *, source: str,
              rename: Callable[[str], str] | None = None, ignore: Patterns = (), optional: Patterns = (),
              finite: bool = True) -> nn.Module:
    """Gives `module` the tensors of `state` (no copy is made; the types stay those of the file) and returns
    it in evaluation mode without gradients.

    Every key of the module has to be there in its shape, and every key of `state` has to belong to the
    module, or one [`ExportError`] lists all that differ; `source` says in it where the tensors are from.
    `rename` maps a key of the file to one of the module. `ignore`: keys of the file that are left out.
    `optional`: keys of the module that may be absent; the module then has to hold their value.
    With `finite`, weights that are infinite or no number are an error.
    """
    rename = rename or (lambda key: key)
    wanted = module.state_dict()
    given, twice = {}, []
    for key, value in state.items():
        if _matches(key, ignore):
            continue
        name = rename(key)
        if name in given:
            twice.append(f"{key} (both name {name})")
        given[name] = value
    missing = [key for key in wanted if key not in given
               and not (_matches(key, optional) and wanted[key].device.type != "meta")]
    unexpected = [key for key in given if key not in wanted]
    shapes = [f"{key}: {tuple(given[key].shape)} instead of {tuple(wanted[key].shape)}"
              for key in wanted if key in given and given[key].shape != wanted[key].shape]
    faults = [_listed("missing", missing, len(wanted)), _listed("unexpected", unexpected, len(given)),
              _listed("of another shape", shapes, len(wanted)), _listed("twice there", twice, len(given))]
    if any(faults):
        raise ExportError(f"{source} does not fit the model:\n" + "\n".join(filter(None, faults)),
                          "is this the checkpoint of this model, with the configuration that belongs to it?", DATA)
    if finite:
        bad = [key for key, value in given.items() if value.is_floating_point() and not _finite(value)]
        if bad:
            raise ExportError(f"{source} has weights that are not finite:\n{_listed('not finite', bad, len(given))}",
                              "a training run that diverged, or a damaged file: take another checkpoint", DATA)
    module.load_state_dict(given, strict=False, assign=True)
    return module.requires_grad_(False).eval()


def _matches(key: str, patterns: Patterns) -> bool:
    return any(re.fullmatch(pattern, key) for pattern, _ in patterns)


def _listed(what: str, keys: list[str], total: int) -> str:
    if not keys:
        return ""
    more = f"\n    and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return f"  {len(keys)} of {total} keys {what}:\n    " + "\n    ".join(keys[:SHOWN]) + more


def _finite(value: torch.Tensor) -> bool:
    """In slices, so that no second copy of a large weight is made."""
    flat = value.reshape(-1) if value.is_contiguous() else value.flatten()
    return all(bool(torch.isfinite(piece).all()) for piece in flat.split(1 << 22))
