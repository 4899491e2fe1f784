"""The bundle at the end, and what a card needs to name it."""

import json
from dataclasses import dataclass, field

import numpy as np
import torch

from ..export import pixels, write_bundle
from ..onnx_files import TOLERANCE, export_graph
from .error import DATA, OUTPUT, TrainError

INPUT = {"scale": "unit", "resizer": "pillow-bilinear", "geometry": "squash"}
PARITY = "parity.npz"


@dataclass
class Written:
    """What a command trained.

    graphs: as `clip_graphs` of `export_metrics` gives them; without inputs, a graph reads pixels.
    sections: tables of `bundle.toml` besides those that all bundles have.
    keys: keys of the card's `[evaluators]` that the bundle serves.
    scores: what was held out, for the note in the bundle.
    """

    kind: str
    graphs: dict
    sections: dict
    keys: dict
    scores: dict
    input: dict = field(default_factory=lambda: INPUT)
    files: dict = field(default_factory=dict)
    licence: str | None = None
    half: bool = True  # large weights as fp16


def write(job, made):
    """Exports the graphs, proves them equal to PyTorch and writes the bundle; gives nothing."""
    folder = job.out.with_name(job.out.name + ".partial")
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for name, (module, inputs, outputs, cases) in made.graphs.items():
        module = module.cpu().eval()
        try:
            worst = export_graph(module, folder / f"{name}.onnx", inputs or [pixels(side=job.size)], outputs,
                                 cases=cases, tensors=tensors, half=made.half)
        except ValueError as source:
            raise TrainError(f"the graph of {name} is not the network: {source}", "this is a bug", 1) from source
        job.log.write("graph", graph=name, difference=worst)
    for name, writer in made.files.items():
        writer(folder / name)
    np.savez(folder / PARITY, **tensors)
    note = f"trained on {job.name} ({len(job.parts.train)} frames); held out: " + "; ".join(
        ", ".join(f"{k} {v:.1f}" for k, v in found.items()) for found in made.scores.values()) + "; seed"
    write_bundle(folder, made.kind, job.id, job.seed, {
        "image": {"width": job.size, "height": job.size}, "input": made.input,
        "graphs": {name: f"{name}.onnx" for name in made.graphs}, **made.sections,
        "parity": {"file": PARITY, "tolerance": TOLERANCE}}, note, job.licence or made.licence or "not stated")
    if job.out.exists():
        raise TrainError(f"{job.out} exists by now", "give another --out", OUTPUT)
    folder.rename(job.out)


def inline(value):
    """A TOML value of a card."""
    return json.dumps(value, ensure_ascii=False)


def card_lines(job, made):
    """The lines of a card: only `[evaluators]` where there is a card, else the whole."""
    lines = [] if job.data.card is not None else [
        f"id = {inline(job.name)}", f"name = {inline(job.name)}", 'published_at = "on request"',
        'licence = "not stated"']
    return [*lines, *cast_lines(job), "", "[evaluators]", *(f"{key} = {inline(job.id)}" for key in made.keys)]


def cast_lines(job):
    card, lines = job.data.card or {}, []
    if job.data.backgrounds and not card.get("backgrounds"):
        lines.append(f"backgrounds = {inline(job.data.backgrounds)}")
    if job.data.characters and not card.get("characters"):
        lines.append("characters = [")
        lines += [f"    {{ name = {inline(name)}, gender = {inline(job.genders.get(name.lower(), '?'))} }},"
                  for name in job.data.characters]
        lines.append("]")
    return lines


def tell_card(job, made):
    """Prints the lines, or writes them with `--write-card`."""
    lines = card_lines(job, made)
    path = job.data.root / "dataset.toml"
    unknown = unknown_genders(job)
    if job.write_card:
        if job.data.card is None:
            path.write_text("\n".join(lines) + "\n", "utf-8")
            return job.log.say(f"wrote {path}")
        if not cast_lines(job) and "evaluators" not in job.data.card:
            with open(path, "a", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
            return job.log.say(f"added [evaluators] to {path}")
        return merge(job, made, path, lines)
    head = f"put these lines into {path}:" if job.data.card is None else f"let {path} say:"
    print("\n".join(["", head, "", *lines, ""]), flush=True)
    if unknown:
        print('(say "female" or "male" for each "?": it picks the pronoun)', flush=True)


def unknown_genders(job):
    """Characters that a new card would have, and whose pronoun is not known."""
    if (job.data.card or {}).get("characters"):
        return []
    return [name for name in job.data.characters if name.lower() not in job.genders]


def require_genders(job):
    """Before training: a card cannot be written without them.

    Raises:
        TrainError: names those that are not known.
    """
    unknown = unknown_genders(job)
    if job.write_card and unknown:
        raise TrainError(f"the card cannot be written: the gender of {', '.join(unknown)} is not known, and it picks the "
                         "pronoun", "add, as it is right, " + " ".join(f"--gender {n}=female" for n in unknown), DATA)


def merge(job, made, path, lines):
    """Adds keys to a card that has `[evaluators]`; a key that names another bundle stays."""
    text, given = path.read_text("utf-8"), job.data.card.get("evaluators", {})
    other = {k: v for k, v in given.items() if k in made.keys and v != job.id}
    if other or cast_lines(job) or "\n[evaluators]" not in "\n" + text:
        print("\n".join(["", f"{path} says something else already, and is left as it is; the lines are:", "", *lines, ""]))
        return
    new = "".join(f"{key} = {inline(job.id)}\n" for key in made.keys if key not in given)
    head, _, tail = ("\n" + text).partition("\n[evaluators]\n")
    path.write_text((head + "\n[evaluators]\n" + new + tail).removeprefix("\n"), "utf-8")
    job.log.say(f"added {job.id} to [evaluators] of {path}")


def device_of(text):
    """`auto`, `cpu`, `cuda` or `cuda:N` as PyTorch has it."""
    if text == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if text.startswith("cuda") and not torch.cuda.is_available():
        raise TrainError("PyTorch sees no GPU", "give --device cpu", 96)
    return torch.device(text)
