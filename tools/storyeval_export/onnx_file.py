"""Files of a graph: `<graph>.onnx`, and `<graph>.data-00001-of-00007` for large weights."""

from pathlib import Path

import onnx_ir as ir
from onnx_ir.external_data import convert_tensors_to_external

INSIDE = 256_000_000  # graphs whose weights are no larger keep them in the .onnx
SMALL = 1024  # bytes of a tensor that always stays there
PAGE = 4096  # alignment of weights, so that they can be mapped


def load(path: Path) -> ir.Model:
    """Reads a graph; weights in other files are mapped."""
    return ir.load(path)


def save(model: ir.Model, path: Path, shard_size: int) -> None:
    """Writes `path` and, where the weights pass what one file may hold, files of weights of at most
    `shard_size` bytes (a single larger tensor has a file of its own). Traces of the source code, which name
    folders of this machine, are removed.

    No copy of the weights is made: each is written from where it is.
    """
    _forget(model)
    values = [value for value in _initializers(model) if value.const_value.nbytes > SMALL]
    if sum(value.const_value.nbytes for value in values) <= min(INSIDE, shard_size):
        _load_external(model)
        ir.save(model, path)
        return
    shards = _shards(values, shard_size)
    for number, shard in enumerate(shards, 1):
        name = f"{path.stem}.data-{number:05}-of-{len(shards):05}"
        written = convert_tensors_to_external([value.const_value for value in shard], path.parent, name,
                                              alignment=PAGE, align_threshold=PAGE)
        for value, tensor in zip(shard, written, strict=True):
            value.const_value = tensor
    ir.save(model, path)


def files(path: Path) -> list[Path]:
    """The saved graph and its files of weights."""
    return [path, *sorted(path.parent.glob(f"{path.stem}.data-*-of-*"))]


def _initializers(model: ir.Model) -> list[ir.Value]:
    graphs = [model.graph, *model.graph.subgraphs()]
    return [value for graph in graphs for value in graph.initializers.values() if value.const_value is not None]


def _load_external(model: ir.Model) -> None:
    """Weights that lie in other files come into the model, which is small."""
    for value in _initializers(model):
        if isinstance(value.const_value, ir.ExternalTensor):
            value.const_value = ir.tensor(value.const_value.numpy().copy(), name=value.const_value.name)


def _shards(values: list[ir.Value], shard_size: int) -> list[list[ir.Value]]:
    shards: list[list[ir.Value]] = [[]]
    filled = 0
    for value in values:
        size = value.const_value.nbytes
        size += PAGE if size > PAGE else 0  # what the alignment may take
        if shards[-1] and filled + size > shard_size:
            shards.append([])
            filled = 0
        shards[-1].append(value)
        filled += size
    return shards


def _forget(model: ir.Model) -> None:
    model.metadata_props.clear()
    model.doc_string = None
    for graph in [model.graph, *model.graph.subgraphs(), *model.functions.values()]:
        graph.metadata_props.clear()
        graph.doc_string = None
        for node in graph:
            node.metadata_props.clear()
            node.doc_string = None
            for value in node.outputs:
                value.metadata_props.clear()
        for value in graph.inputs:
            value.metadata_props.clear()
    for value in _initializers(model):
        value.metadata_props.clear()
