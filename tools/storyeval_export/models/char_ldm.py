"""`char-ldm`: the published first stage of StoryGPT-V."""

import argparse

from ..model import Model, Plan


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--first-stage", metavar="FILE", help="pytorch_model.bin")


def plan(args: argparse.Namespace) -> Plan:
    raise NotImplementedError


MODELS = (Model("char-ldm", "the published first stage of StoryGPT-V alone", arguments, plan),)
