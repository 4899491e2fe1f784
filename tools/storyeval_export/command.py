"""The command line: one sub-command a model."""

import argparse
import sys
from pathlib import Path

from . import __version__
from .error import OUTPUT, SETUP, ExportError
from .model import Model
from .models import MODELS
from .settings import PRECISIONS, Settings

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}


def shard_size(text: str) -> int:
    """`1.9GB`, `64MB` or a number of bytes."""
    number = text.lower().removesuffix("b")
    unit = number[-1:] if number[-1:] in "kmg" else ""
    try:
        size = int(float(number.removesuffix(unit)) * UNITS[unit])
    except (ValueError, OverflowError):
        size = 0
    if not 1 <= size <= 2_000_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no size from 1 byte to 2GB, for example 1.9GB")
    return size


def parse(arguments: list[str]) -> argparse.Namespace:
    """What a command line says."""
    return parser(next((word for word in arguments if word in MODELS), None)).parse_args(arguments)


def parser(named: str | None) -> argparse.ArgumentParser:
    """Every sub-command; the one that is `named` has its own flags too."""
    top = argparse.ArgumentParser(prog="python -m storyeval_export", description=__import__("storyeval_export").__doc__)
    top.add_argument("--version", action="version", version=f"storyeval_export {__version__}")
    commands = top.add_subparsers(dest="model", metavar="MODEL", required=True)
    for model in MODELS.values():
        command = commands.add_parser(model.name, help=model.help, description=model.help)
        command.add_argument("--checkpoint", metavar="PATH",
                             help="the published files, laid out as in the model card")
        command.add_argument("--out", metavar="DIR", required=True, type=Path, help="the bundle's folder; must not exist")
        command.add_argument("--id", default=model.id or model.name, help="id of the bundle (default: %(default)s)")
        command.add_argument("--licence", metavar="TEXT", help="licence of the weights, when it is not the published one")
        command.add_argument("--note", metavar="TEXT", help="put under [source]: anything a reader should know")
        command.add_argument("--precision", choices=PRECISIONS, default="fp32",
                             help="of the weights; inputs and outputs are always float32 (default: %(default)s)")
        command.add_argument("--shard-size", metavar="SIZE", type=shard_size, default="1.9GB",
                             help="most bytes of a file of weights (default: %(default)s)")
        command.add_argument("--opset", type=int, default=20, choices=range(18, 24), metavar="18..23",
                             help="version of the ONNX operators (default: %(default)s)")
        command.add_argument("--threads", type=int, metavar="N", help="threads of PyTorch and ONNX Runtime")
        command.add_argument("--ignore-memory", action="store_true", help="start although memory may not suffice")
        command.add_argument("--quiet", action="store_true", help="print errors and the bundle's path only")
        if model.name == named:
            model.arguments(command)
    return top


def run(args: argparse.Namespace, model: Model) -> Path:
    """Plans and writes the bundle, and gives its folder."""
    import torch

    from .bundle import write
    from .progress import Progress

    if args.threads:
        torch.set_num_threads(args.threads)
    progress = Progress(args.quiet)
    plan = model.plan(args)
    if args.licence:
        plan.manifest["licence"] = args.licence
    if args.note:
        plan.manifest["source"] = plan.manifest["source"] | {"note": args.note}
    settings = Settings(args.precision, args.shard_size, args.opset)
    return write(plan, args.out, args.id, settings, progress, check_memory=not args.ignore_memory)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and gives the exit code; the last line of stdout is the bundle's path."""
    args = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        print(run(args, MODELS[args.model]))
        return 0
    except ExportError as error:
        return failed(error)
    except KeyboardInterrupt:
        failed(ExportError("interrupted", "the same command goes on with the graphs that are not finished"))
        return 130
    except MemoryError:
        return failed(ExportError("memory does not suffice", "take a larger machine, or --precision fp16", SETUP))
    except OSError as error:
        return failed(ExportError(f"{error.filename or args.out}: {error.strerror or error}",
                                  "is the disk full, or the folder not writable?", OUTPUT))


def failed(error: ExportError) -> int:
    """Prints an error and gives its exit code."""
    sys.stdout.flush()
    print(f"error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)
    return error.code
