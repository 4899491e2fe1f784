"""Which weight, changed how, became an initialiser of a graph."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping

import numpy as np
import onnx

from ..error import BUG, ExportError
from .layout import fits

LARGEST_CONSTANT = 8192
"""Whole numbers of a constant: tables of positions and masks."""
FEW = 8
"""Floats of a constant, which are a mean, a deviation or a factor; more would be a weight."""


@dataclass
class Rules:
    """Initialiser to weight, by what is done to it. `folded` names a convolution and the batch norm behind it."""

    copied: dict[str, str] = field(default_factory=dict)
    transposed: dict[str, str] = field(default_factory=dict)
    folded_weights: dict[str, str] = field(default_factory=dict)
    folded_biases: dict[str, str] = field(default_factory=dict)

    def table(self) -> dict[str, dict[str, str]]:
        """As `template.toml` has it."""
        return {name: rules for name, rules in vars(self).items() if rules}

    def keys(self) -> set[str]:
        """All weights that a rule takes."""
        whole = {*self.copied.values(), *self.transposed.values()}
        prefixes = {*self.folded_weights.values(), *self.folded_biases.values()}
        return whole | {f"{prefix}.{part}" for prefix in prefixes for part in FOLDED}

    def names(self) -> set[str]:
        """All initialisers that have a rule."""
        return {name for rules in vars(self).values() for name in rules}


def rules(graph: onnx.GraphProto, folder: Path, state: Mapping[str, np.ndarray], epsilon: float | None,
          shipped: tuple[str, ...]) -> Rules:
    """The rule of every initialiser that is made of weights, found by its bytes. Those named `shipped` stay in the graph.

    Raises:
        ExportError: for a large initialiser that no rule gives.
    """
    made: dict[bytes, tuple[str, str]] = {}
    for key, value in state.items():
        made[_digest(value)] = ("copied", key)
        if value.ndim == 2:
            made.setdefault(_digest(value.T), ("transposed", key))
    for prefix in _folds(state) if epsilon is not None else ():
        weight, bias = folded(state, prefix, epsilon)
        made[_digest(weight)], made[_digest(bias)] = ("folded_weights", prefix), ("folded_biases", prefix)
    found = Rules()
    for tensor in graph.initializer:
        if any(fits(pattern, tensor.name) is not None for pattern in shipped):
            continue
        array = onnx.numpy_helper.to_array(tensor, str(folder))
        rule = made.get(_digest(array)) if array.dtype == np.float32 else None
        if rule is not None:
            getattr(found, rule[0])[tensor.name] = rule[1]
        elif array.size > LARGEST_CONSTANT or (array.dtype == np.float32 and array.size > FEW):
            raise ExportError(f"initialiser {tensor.name} {list(array.shape)} is no weight that was changed in a known way",
                              "templates/find.py has to learn what the exporter of PyTorch does here", BUG)
    return found


def folded(state: Mapping[str, np.ndarray], prefix: str, epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of a convolution without bias, with the batch norm behind it folded in, in single precision and
    in the order of onnxscript's `_fuse_batchnorm.py`."""
    kernel, gain, shift, mean, variance = (state[f"{prefix}.{part}"] for part in FOLDED)
    scale = gain / np.sqrt(variance + epsilon)
    return kernel * scale.reshape(-1, 1, 1, 1), (np.zeros_like(mean) - mean) * scale + shift


FOLDED = ("conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")


def _folds(state: Mapping[str, np.ndarray]) -> list[str]:
    prefixes = [key.removesuffix(f".{FOLDED[0]}") for key in state if key.endswith(f".{FOLDED[0]}")]
    return [prefix for prefix in prefixes if all(f"{prefix}.{part}" in state for part in FOLDED)]


def _digest(array: np.ndarray) -> bytes:
    """Of the bytes alone: a reshaped weight is the same bytes."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).digest()
