"""What the command line says about every graph."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .graph import Graph

PRECISIONS = ("fp32", "fp16")


@dataclass(frozen=True)
class Settings:
    """How graphs are written."""

    precision: str = "fp32"
    #: Most bytes of a file of weights.
    shard_size: int = 1_900_000_000
    opset: int = 20

    def of(self, graph: "Graph") -> "Settings":
        """With the precision that the graph itself asks for."""
        return Settings(graph.precision or self.precision, self.shard_size, self.opset)
