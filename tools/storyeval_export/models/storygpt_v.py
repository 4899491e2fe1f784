"""`storygpt-v`: both stages of StoryGPT-V, with OPT-6.7b or Llama-2-7b-chat as its language model."""

import argparse
from dataclasses import replace
from pathlib import Path

from ..checkpoint import read_json, weights_of
from ..error import DATA, USAGE, ExportError
from ..graph import Graph
from ..language import mapper, vision
from ..language.llm import LLAMA2, OPT, VARIANTS, LanguageModel
from ..language.second_stage import SecondStage
from ..model import Plan, source_path
from . import char_ldm

NAME = "storygpt-v"
TOKENIZER = "llm_tokenizer.json"
PLACES = {OPT.name: ("opt-6.7b",), LLAMA2.name: ("Llama-2-7b-chat", "Llama-2-7b-chat-hf")}
LICENCES = {OPT.name: "OPT: OPT-175B licence, research only", LLAMA2.name: "Llama 2: Llama 2 community licence"}
TOKENS = ("config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
          "merges.txt", "tokenizer.model")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Those of `char-ldm`, and the language half."""
    char_ldm.arguments(parser)
    parser.add_argument("--second-stage", metavar="DIR", help="in --checkpoint: second-stage-opt/, second-stage-llama2/ or second-stage/")
    parser.add_argument("--llm", metavar="DIR", help="in --checkpoint: opt-6.7b/ or Llama-2-7b-chat/")
    parser.add_argument("--writer", action="store_true",
                        help="make it write captions too: llm_step, in place of llm_hidden, and llm_logits (docs/continuation.md)")
    parser.add_argument("--variant", choices=sorted(VARIANTS), help="which language model, where --checkpoint holds both")


def plan(args: argparse.Namespace) -> Plan:
    """The bundle of a whole model; with Llama 2 its id is `storygpt-v-llama2` unless `--id` says otherwise."""
    variant = chosen(args)
    stage = SecondStage.read(source_path(args, "second-stage", f"second-stage-{variant}", "second-stage"))
    folder = source_path(args, "llm", *PLACES[variant])
    llm = LanguageModel.read(folder, stage, args.variant)
    if args.id == NAME and llm.variant is LLAMA2:
        args.id = f"{NAME}-llama2"
    clip = vision.Clip.read(source_path(args, "clip", char_ldm.NAMES["clip"]))
    found = char_ldm.plan_diffusion(args)
    context = (found.manifest["text"]["max_length"], found.manifest["text"]["hidden_size"])
    if stage.context != context:
        raise ExportError(f"{stage.folder / 'model_args.json'}: the mapper writes contexts {stage.context}, the text encoder {context}",
                          "give the first and the second stage of one and the same model", DATA)
    names = {"second-stage": f"second-stage-{llm.variant.name}", "llm": PLACES[llm.variant.name][0], "clip": char_ldm.NAMES["clip"]}
    found.inputs |= {
        **{f"{names['second-stage']}/{name}": stage.folder / name
           for name in ("model_args.json", "args.json", stage.weights.name) if (stage.folder / name).is_file()},
        **weights(folder, names["llm"], TOKENS),
        **weights(clip.folder, names["clip"], ("config.json", "preprocessor_config.json"))}
    language = llm.graphs()
    if args.writer:
        language = [graph for graph in language if graph.name != "llm_hidden"] + llm.writing_graphs()
    graphs = [vision.graph(clip, stage, llm.width), *language, mapper.graph(stage, llm.width)]
    found.graphs += [named(graph, names) for graph in graphs]
    found.files[TOKENIZER] = llm.tokens.write
    found.manifest = {"kind": NAME, "licence": f"{char_ldm.LICENCE}; {LICENCES[llm.variant.name]}", "source": char_ldm.SOURCE,
                      **found.manifest, "llm": llm.section(TOKENIZER, clip.config.image_size)}
    if args.writer:
        found.manifest["writing"] = llm.writing()
    return found


def chosen(args: argparse.Namespace) -> str:
    """The variant: what `--variant` says, else what the language model or the second stage that is there is called or says."""
    if args.variant:
        return args.variant
    if args.llm:
        kind = read_json(Path(args.llm) / "config.json").get("model_type")
        return next((it.name for it in VARIANTS.values() if it.model_type == kind), OPT.name)
    if args.checkpoint is None:
        return OPT.name
    there = [name for name, places in PLACES.items()
             if any((Path(args.checkpoint) / place).is_dir() for place in (f"second-stage-{name}", *places))]
    if len(there) > 1:
        raise ExportError(f"{args.checkpoint} holds parts of {' and of '.join(there)}", f"choose with --variant {there[0]}", USAGE)
    return there[0] if there else OPT.name


def named(graph: Graph, names: dict[str, str]) -> Graph:
    """With what it reads called as in `Plan.inputs`."""
    return replace(graph, reads=tuple(names[it] for it in graph.reads or ()))


def weights(folder: Path, name: str, others: tuple[str, ...]) -> dict[str, Path]:
    """The files of a folder that are read: its weights (an index and its shards, or one file) and `others`."""
    first = weights_of(folder)
    files = {first.name, *(it for it in others if (folder / it).is_file())}
    if first.name.endswith(".index.json"):
        table = read_json(first).get("weight_map")
        shards = set(table.values()) if isinstance(table, dict) else set()
        files |= {it for it in shards if isinstance(it, str) and Path(it).name == it and (folder / it).is_file()}
    return {f"{name}/{file}": folder / file for file in sorted(files)}
