"""One command: fetches, converts, exports, compares. `run.sh` makes the environment and calls it."""

import argparse
import importlib.metadata
import shutil
import sys
import time
import traceback
from pathlib import Path

from . import fetch
from .error import StepError
from .program import Program
from .results import Results, write_json

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "reference-data/golden/real-weights.json"
EXAMPLE = ROOT / "reference-data/golden/real-weights"
TOOLS = ("clean-fid", "lpips", "numpy", "onnx", "onnxruntime", "onnxscript", "pillow", "prdc", "pytorch-fid", "scipy", "torch",
         "torch-fidelity", "torchmetrics", "torchvision")
FAILED, NOT_RUN = 1, 3


def main() -> int:
    """Gives 0 where all comparisons hold, 1 where one does not, 3 where they could not be made."""
    parser = argparse.ArgumentParser(prog="tools/real_weights/run.sh", description="Compares storyeval with other tools on "
                                     "published weights that Python packages carry.")
    parser.add_argument("--storyeval", type=Path, default=ROOT / "target/release/storyeval", metavar="FILE",
                        help="the built program (default: target/release/storyeval)")
    parser.add_argument("--work", type=Path, default=ROOT / "target/real-weights", metavar="DIR",
                        help="folder of downloads, bundles and pictures (default: target/real-weights)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of every network (default: 2)")
    parser.add_argument("--write-golden", action="store_true", help="store the references' values instead of comparing with them")
    args = parser.parse_args()
    out = args.work / "results.json"
    out.unlink(missing_ok=True)
    try:
        return compared(args, out)
    except StepError as source:
        reason = str(source)
    except Exception as source:  # a tool that changed its interface, for example: said in full, and never a pass
        traceback.print_exc()
        reason = f"{type(source).__name__}: {source}"
    write_json(out, {"ran": False, "reason": reason})
    print(f"\nREAL WEIGHTS WERE NOT COMPARED: {reason}", file=sys.stderr)
    print("0 passed, 0 failed: not run")
    return NOT_RUN


def compared(args: argparse.Namespace, out: Path) -> int:
    """All of it; `out` gets the results."""
    program = Program(args.storyeval.resolve(), args.threads)
    version = program.version()
    versions = {name: importlib.metadata.version(name) for name in TOOLS}
    clock = Clock()
    files = fetch.fetch(args.work / "packages")
    clock.lap("download")
    # torch takes seconds to import: not before the registry has answered.
    import torch

    from . import build, check, references

    torch.set_num_threads(args.threads)
    weights = build.weights(files, args.work / "weights")
    heads = {f"lpips-{network}": files[name] for network, name in fetch.HEADS.items()}
    bundles = build.bundles(weights, heads, args.work / "bundles", args.threads)
    clock.lap("export")
    results = Results(GOLDEN, args.write_golden)
    known = {name: files[f"skimage/data/{name}.png"] for name in fetch.PHOTOS}
    pictures = args.work / "pictures"
    # A picture that an earlier version of this step left would be in the sets too.
    shutil.rmtree(pictures, ignore_errors=True)
    # LPIPS from the packages' own pickles of arrays; the Inception's file has no last layer, which the converted one has.
    published = {"lpips-alex": files[fetch.ALEXNET], "lpips-vgg": files[fetch.VGG16], "inception-fid": weights["inception-fid"]}
    check.imports(results, program, bundles, published, args.work / "imported", EXAMPLE)
    clock.lap("import")
    check.lpips(results, program, bundles, weights, pictures, EXAMPLE, known)
    clock.lap("LPIPS")
    with references.inception_weights(weights["inception-fid"]):
        check.distributions(results, program, bundles, pictures, known)
        clock.lap("FID, KID, PRDC")
        check.docstring(results, program, bundles, pictures)
        clock.lap("KID of the example")
    write_json(out, {"ran": True, "storyeval": version, "versions": versions, "seconds": clock.laps, "passed": results.passed,
                     "failed": results.failed, "checks": results.rows})
    if args.write_golden:
        write_json(GOLDEN, {"command": "tools/real_weights/run.sh --write-golden", "versions": versions,
                            "inputs": results.inputs, "values": results.values, "tolerances": results.tolerances})
    print("seconds: " + ", ".join(f"{name} {seconds}" for name, seconds in clock.laps.items()))
    print(f"{results.passed} passed, {results.failed} failed")
    return FAILED if results.failed else 0


class Clock:
    """Seconds of each part."""

    def __init__(self) -> None:
        self.last = time.monotonic()
        self.laps: dict[str, int] = {}

    def lap(self, name: str) -> None:
        """Ends a part."""
        now = time.monotonic()
        self.laps[name] = round(now - self.last)
        self.last = now


if __name__ == "__main__":
    sys.exit(main())
