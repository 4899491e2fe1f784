"""`python -m storyeval_train classifiers|captioner|clip --data DIR --out BUNDLE`."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from .error import DATA, OUTPUT, SETUP, USAGE, TrainError

COMMANDS = {"classifiers": "which characters are on a frame (Char-Acc, Char-F1) and where it plays (BG-Acc)",
            "captioner": "writes what is on a frame (BLEU, CIDEr)",
            "clip": "which caption belongs to which frame (CLIP similarities)"}
NEEDED = ("torch", "torchvision", "onnx", "onnxruntime", "numpy", "PIL", "tokenizers", "transformers", "diffusers")


def parser():
    top = argparse.ArgumentParser(
        prog="python -m storyeval_train",
        description="Trains a network on the stories of a data set, scores it on stories held out, and writes a bundle. "
        "Without one of these words: the models of MiniSV (tools/README.md).")
    commands = top.add_subparsers(dest="command", metavar="|".join(COMMANDS), required=True)
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=f"Trains a network that tells {about}.",
                                      epilog=f"example: python -m storyeval_train {name} --data mine --out bundles/mine-{name}")
        arguments(command, name)
    return top


def arguments(command, name):
    add = command.add_argument
    add("--data", type=Path, help="folder with stories.jsonl, or with --dataset the folder of that data set")
    add("--dataset", metavar="ID", help="a data set that storyeval reads; storyeval converts it first")
    add("--storyeval", metavar="PATH", default=os.environ.get("STORYEVAL"),
        help="the program storyeval (default: $STORYEVAL, or the one on the path)")
    add("--out", type=Path, required=True, metavar="BUNDLE", help="folder of the bundle; must not exist")
    add("--id", help="id of the bundle (default: the name of --out)")
    add("--work", type=Path, help="state, pictures and log.jsonl (default: BUNDLE.work); the same command goes on from it")
    add("--restart", action="store_true", help="forget what --work holds of this network")
    add("--init", type=Path, metavar="FILE", help={
        "classifiers": "weights to start from: checkpoint.pt of an earlier --work, or an Inception-v3 "
                       "(StoryGPT-V's classifier_char.pt, torchvision's) with --size 299",
        "captioner": "weights to start from: checkpoint.pt of an earlier --work",
        "clip": "weights to start from: checkpoint.pt of an earlier --work, a folder of the Hugging Face hub, or a file of "
                "open_clip"}[name])
    add("--size", type=int, default=64, help="pixels on a side of the frames that the network reads (default: 64)")
    add("--epochs", type=positive, default=60, help="most epochs (default: 60)")
    add("--patience", type=positive, default=15, help="epochs without a better one that end it (default: 15)")
    add("--batch", type=positive, default=64, help="frames a step (default: 64)")
    add("--rate", type=float, help="peak learning rate (default: 0.002; with published weights 0.0001 or 0.00001)")
    add("--seed", type=int, default=0, help="parts of the data, first weights and order of frames (default: 0)")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    add("--threads", type=positive, help="threads of PyTorch; the last bits depend on it")
    add("--no-mirror", action="store_true", help="do not learn from mirrored frames: left and right matter here")
    add("--write-card", action="store_true", help="write the lines of the card instead of printing them")
    add("--gender", action="append", default=[], metavar="NAME=female|male",
        help="for --write-card where there is no card: the pronoun of a character (repeatable)")
    add("--licence", help="licence of the weights, for the bundle")
    if name == "clip":
        add("--activation", choices=("gelu", "quick_gelu"), help="of open_clip's weights (see storyeval_export clip)")
        add("--vocabulary", help="of open_clip's weights (see storyeval_export clip)")


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("has to be at least 1")
    return number


def main(arguments):
    """Runs the command line and gives the exit code; the last line of stdout is the bundle's folder."""
    args = parser().parse_args(arguments)
    try:
        run(args)
    except TrainError as error:
        return failed(error)
    except KeyboardInterrupt:
        failed(TrainError("interrupted", "the same command goes on after the last epoch that ended"))
        return 130
    except OSError as error:
        return failed(TrainError(f"{error.filename or args.out}: {error.strerror or error}",
                                 "is the disk full, or the folder not writable?", OUTPUT))
    print(args.out)
    return 0


def failed(error):
    sys.stdout.flush()
    print(f"error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)
    return error.code


def run(args):
    from importlib import import_module

    import torch

    from . import bundle
    from .frames import Pictures
    from .loop import Log
    from .parts import parts_of
    from .stories import read

    check(args)
    work = args.work or args.out.with_name(args.out.name + ".work")
    if args.restart:
        for state in work.glob("*.state.pt"):
            state.unlink()
    work.mkdir(parents=True, exist_ok=True)
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.device != "cpu":
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    program = args.storyeval or shutil.which("storyeval")
    root = converted(args, program, work) if args.dataset else args.data
    log = Log(work)
    data = read(root)
    job = SimpleNamespace(
        data=data, parts=parts_of(data, args.seed), log=log, work=work, out=args.out, id=args.id or args.out.name,
        name=(data.card or {}).get("id") or root.resolve().name, size=args.size, batch=args.batch, seed=args.seed,
        device=bundle.device_of(args.device), init=args.init, mirror=not args.no_mirror, storyeval=program,
        write_card=args.write_card, genders=genders(args.gender), licence=args.licence,
        activation=getattr(args, "activation", None), vocabulary=getattr(args, "vocabulary", None))
    job.settings = lambda count: settings(args, root, count)
    bundle.require_genders(job)
    log.write("start", command=args.command, data=str(root), seed=args.seed, size=args.size, epochs=args.epochs,
              torch=torch.__version__, device=str(job.device))
    log.say(f"{data.story_count} stories, {len(data.frames)} different frames; {job.parts.told}")
    for note in data.notes:
        log.say(f"note: {note}")
    job.pictures = Pictures(data, args.size, work)
    if len(job.pictures.sizes) > 1:
        shown = ", ".join(f"{w} x {h}" for w, h in sorted(job.pictures.sizes)[:5])
        log.say(f"note: frames have {len(job.pictures.sizes)} sizes ({shown}{', ..' if len(job.pictures.sizes) > 5 else ''}); "
                f"each is squashed to {args.size} x {args.size}, as storyeval does")
    made = import_module(f"{__package__}.{args.command}").train(job)
    bundle.write(job, made)
    log.write("end", bundle=str(args.out))
    bundle.tell_card(job, made)
    print(f"storyeval model verify {args.out}" + (f" --dataset {root}/" if args.command == "classifiers" else "")
          + " checks the bundle")


def check(args):
    """What can be wrong with the arguments alone.

    Raises:
        TrainError: names the argument.
    """
    if args.data is None and args.dataset is None:
        raise TrainError("neither --data nor --dataset is given", "name the folder with stories.jsonl: --data DIR", USAGE)
    if args.out.exists():
        raise TrainError(f"{args.out} exists", "give another --out, or take the folder away", USAGE)
    if args.size < 16 or (args.size % 16 and args.init is None):
        raise TrainError(f"--size {args.size} does not fit the network", "take a multiple of 16 from 32 on", USAGE)
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", args.id or args.out.name):
        raise TrainError(f"{args.id or args.out.name!r} is no id of a bundle", "use letters, digits, . _ and -: --id NAME", USAGE)


def settings(args, root, count):
    """What a state depends on: another value, and training does not go on from it."""
    rate = args.rate or (2e-3 if args.init is None else 1e-5 if args.command == "clip" else 1e-4)
    stamp = (root / "stories.jsonl").stat()
    return SimpleNamespace(seed=args.seed, epochs=args.epochs, patience=args.patience, batch=args.batch, rate=rate,
                           size=args.size, mirror=not args.no_mirror, init=args.init, train_frames=count,
                           data=(stamp.st_size, stamp.st_mtime_ns), device=args.device)


def genders(given):
    found = {}
    for text in given:
        name, _, gender = text.rpartition("=")
        if not name or gender not in ("female", "male"):
            raise TrainError(f"--gender {text!r} is not NAME=female or NAME=male", "for example --gender Ann=female", USAGE)
        found[name.lower()] = gender
    return found


def converted(args, program, work):
    """The data set in the folder layout, written by `storyeval dataset convert`, once."""
    folder = work / "data"
    if folder.exists():
        return folder
    if program is None:
        raise TrainError("the program storyeval is not on the path, and it converts the data set",
                         "give --storyeval PATH, or --data with a folder that has stories.jsonl", SETUP)
    command = [program, "dataset", "convert", "--dataset", args.dataset, "--split", "all", "--to", "folder", "--out", folder]
    if args.data is not None:
        command += ["--data", args.data]
    try:
        done = subprocess.run(command, check=False)
    except OSError as source:
        raise TrainError(f"{program} cannot be run: {source.strerror}", "give --storyeval PATH", SETUP) from source
    if done.returncode:
        raise TrainError(f"storyeval did not convert {args.dataset}", "its message is above", DATA)
    return folder
