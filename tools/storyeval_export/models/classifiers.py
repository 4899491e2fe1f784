"""`classifiers`, `classifier-char`, `classifier-bg`: the published Inception-v3 classifiers of a data set.

Plain state dicts of torchvision's `inception_v3`. What torchvision calls `transform_input` is not in the
weights and not in the graph: the graph is the network behind it, and `[input] scale` of the bundle says which
values that network was trained on. A protocol's recipe stays the one place that says what it is shown.
"""

import argparse
from functools import partial
from pathlib import Path

from torch import nn

from ..checkpoint import load_state
from ..error import DATA, USAGE, ExportError
from ..eyes.files import name_bundle, one_file
from ..eyes.inception import SIDE, classifier
from ..eyes.labels import KNOWN, Labels, labels_of
from ..graph import Graph, Input
from ..keys import count, empty_parameters, load_into
from ..model import Plan, source_path

IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
IGNORED = (
    (r"(module\.)?AuxLogits\..*", "the auxiliary classifier, which only training uses"),
)
OPTIONAL = ((r".*\.num_batches_tracked", "a counter that only training uses"),)
CHARACTERS, BACKGROUNDS = "classifier_char.pt", "classifier_bg.pt"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of all three commands."""
    parser.add_argument(
        "--dataset",
        default="flintstones",
        help=f"whose labels the outputs are: {', '.join(KNOWN)}, or a card .toml (default: %(default)s)",
    )
    parser.add_argument(
        "--transform-input",
        choices=("true", "false"),
        default="true",
        help="whether torchvision's transform_input was on in training, as it is for every network that starts "
        "from torchvision's weights (default: %(default)s)",
    )


def both_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `classifiers`."""
    arguments(parser)
    parser.add_argument("--characters", metavar="FILE", help=CHARACTERS)
    parser.add_argument("--backgrounds", metavar="FILE", help=CHARACTERS.replace("char", "bg"))


def plan_both(args: argparse.Namespace) -> Plan:
    """Both classifiers in one bundle; only the characters' for data sets without labels of places."""
    labels = labels_of(args.dataset)
    files = {"characters": source_path(args, "characters", CHARACTERS)}
    if labels.backgrounds:
        files["backgrounds"] = source_path(args, "backgrounds", BACKGROUNDS)
    elif args.backgrounds:
        raise ExportError(
            f"data set {labels.dataset} has no labels of places", "leave --backgrounds out", USAGE
        )
    return plan(args, labels, files)


def plan_one(role: str, usual: str, args: argparse.Namespace) -> Plan:
    """One classifier in a bundle of its own."""
    labels = labels_of(args.dataset)
    if not getattr(labels, role):
        raise ExportError(
            f"data set {labels.dataset} has no labels of {role}", "give the --dataset that has", USAGE
        )
    return plan(args, labels, {role: one_file(args, usual)})


def plan(args: argparse.Namespace, labels: Labels, files: dict[str, Path]) -> Plan:
    """The bundle of the classifiers in `files`, by role."""
    name_bundle(args, f"{labels.dataset}-classifiers")
    names = {"characters": ("char_classifier", CHARACTERS), "backgrounds": ("bg_classifier", BACKGROUNDS)}
    graphs, inputs = [], {}
    for role, path in files.items():
        graph, usual = names[role]
        outputs = len(getattr(labels, role))
        inputs[usual] = path
        graphs.append(
            Graph(
                graph,
                partial(build, path, outputs, labels.dataset),
                {"pixel_values": Input.pixels("batch", 3, SIDE, SIDE, low=-1.0)},
                ("logits",),
                count(lambda outputs=outputs: classifier(outputs)),
                reads=(usual,),
                settings={"outputs": outputs},
            )
        )
    return Plan(
        inputs,
        graphs,
        {
            "kind": "evaluators",
            "licence": "not stated by the publishers",
            "source": {
                "upstream": "github.com/xiaoqian-shen/StoryGPT-V",
                "note": f"torchvision inception_v3 fine-tuned on {labels.dataset}; by their training script the "
                "classifiers have seen the test clips",
            },
            "image": {"width": SIDE, "height": SIDE},
            "input": {"scale": "symmetric" if args.transform_input == "true" else IMAGENET},
            "labels": {role: list(getattr(labels, role)) for role in files},
        },
    )


plan_characters = partial(plan_one, "characters", CHARACTERS)
plan_backgrounds = partial(plan_one, "backgrounds", BACKGROUNDS)


def build(path: Path, outputs: int, dataset: str) -> nn.Module:
    """The network with the weights of `path`.

    Raises:
        ExportError: also where it has another number of outputs than the data set has labels.
    """
    state = load_state(path)
    last = state.get("fc.weight", state.get("module.fc.weight"))
    if last is not None and last.shape[0] != outputs:
        raise ExportError(
            f"{path} has {last.shape[0]} outputs, but {dataset} has {outputs} labels",
            "name its data set, for example --dataset pororo (9 characters), or a card .toml",
            DATA,
        )
    with empty_parameters():
        net = classifier(outputs)
    return load_into(
        net,
        state,
        source=str(path),
        rename=lambda key: key.removeprefix("module."),
        ignore=IGNORED,
        optional=OPTIONAL,
    )
