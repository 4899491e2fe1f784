"""Half precision with inputs and outputs of single precision."""

import torch
from torch import nn

from .error import DATA, ExportError

NORMS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase)


class FloatPorts(nn.Module):
    """Takes and gives float32 (and int64); the network inside computes in float16."""

    def __init__(self, inner: nn.Module):
        super().__init__()
        self.inner = inner

    def forward(self, *inputs: torch.Tensor):
        found = self.inner(*(it.half() if it.is_floating_point() else it for it in inputs))
        if isinstance(found, (tuple, list)):
            return tuple(it.float() for it in found)
        return found.float()


def single(module: nn.Module) -> nn.Module:
    """Every weight in float32."""
    return module.float()


def halve(module: nn.Module, name: str) -> nn.Module:
    """Weights in float16, but for the norms: those keep float32 and compute their sums in it, as every
    framework's kernels do. The softmax of an attention is left in float16; ONNX Runtime sums it in float32.

    Raises [`ExportError`] for weights that are too large for float16.
    """
    norms = [it for it in module.modules() if isinstance(it, NORMS) or type(it).__name__.endswith("RMSNorm")]
    module.half()
    for norm in norms:
        norm.float()
        norm.forward = _in_float(norm.forward)
    large = [key for key, value in module.state_dict().items()
             if value.dtype == torch.float16 and not bool(torch.isfinite(value).all())]
    if large:
        raise ExportError(f"graph {name}: {large[0]} does not fit half precision ({len(large)} such weights)",
                          "export with --precision fp32", DATA)
    return FloatPorts(module).eval()


def _in_float(forward):
    def widened(hidden: torch.Tensor, *arguments, **named):
        return forward(hidden.float(), *arguments, **named).to(hidden.dtype)
    return widened
