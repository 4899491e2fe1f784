"""What a model gives to the command: its flags, and a plan of its bundle."""

import argparse
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from .error import SETUP, USAGE, ExportError

if TYPE_CHECKING:
    from .graph import Graph


@dataclass
class Plan:
    """Everything that becomes a bundle. Making a plan reads configurations only."""

    #: Name (as in the model card) to a file or folder that is read; hashed into `[export.inputs]`.
    inputs: dict[str, Path]
    graphs: "list[Graph]"
    #: Sections of `bundle.toml` with `kind`, `licence` and `source`; `format`, `id`, `[graphs]`, `[files]`,
    #: `[export]` and `[parity]` are added. Nested dicts are tables; `None` is left out.
    manifest: dict[str, Any]
    #: Other files of the bundle, by their path in it, each with a function that writes it.
    files: dict[str, Callable[[Path], None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A sub-command. Its module is imported when it is asked for: PyTorch and its libraries take seconds to load, and
    `--help` needs none of them."""

    name: str
    help: str
    #: The module of `storyeval_export.models` that makes it.
    module: str
    #: Name of the module's function that adds its own flags to a parser; `--checkpoint`, `--out`, `--id`, `--licence`,
    #: `--note`, `--precision`, `--shard-size`, `--opset` are there already.
    flags: str = "arguments"
    #: Name of the module's function that plans a bundle.
    planner: str = "plan"
    #: Id of the bundle without `--id`; the name when empty.
    id: str = ""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Adds its own flags."""
        self.function(self.flags)(parser)

    def plan(self, args: argparse.Namespace) -> Plan:
        """The plan of its bundle."""
        return self.function(self.planner)(args)

    def function(self, name: str) -> Callable[..., Any]:
        """A function of its module."""
        return getattr(import_module(f"{__package__}.models.{self.module}"), name)


def source_path(args: argparse.Namespace, flag: str, *usual: str) -> Path:
    """Where a part of a checkpoint is: what `--flag` says, or the first of the places `usual` that exists
    in the folder `--checkpoint`. Raises [`ExportError`] when there is nothing."""
    own = getattr(args, flag.replace("-", "_"), None)
    if own is not None:
        if not Path(own).exists():
            raise ExportError(f"{own} (--{flag}) is absent", "check the path", SETUP)
        return Path(own)
    if args.checkpoint is None:
        raise ExportError(f"neither --{flag} nor --checkpoint is given",
                          f"give --checkpoint DIR with {usual[0]} in it, or --{flag} PATH", USAGE)
    for place in usual:
        if (Path(args.checkpoint) / place).exists():
            return Path(args.checkpoint) / place
    raise ExportError(f"{args.checkpoint} holds no {' or '.join(usual)}",
                      f"put it there, or give it as --{flag} PATH; its card in eval-configs/models/ says where it is published",
                      SETUP)
