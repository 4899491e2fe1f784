"""What the captions that a language model writes are compared with.

    /path/to/python tools/golden/written.py        (torch, transformers, onnxruntime: `pip install ./tools[export,test]`)

Writes `reference-data/golden/written`: `sampling.json`, probabilities that transformers leaves of logits; `opt` and `llama2`, the
language graphs of small models with random weights as `storygpt-v --writer` exports them, with the tokens that `generate` of
transformers writes greedily after a prompt, and the log-likelihood of a text; `scores.json`, the metrics of written captions,
computed by a twin of this file (`Twin`) from their definitions.
"""

import itertools
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools" / "tests")]

import second_stage as small  # noqa: E402
from storyeval_export.graph import to_onnx  # noqa: E402
from storyeval_export.hashing import file_hash  # noqa: E402
from storyeval_export.language import llm  # noqa: E402
from storyeval_export.language.second_stage import SecondStage  # noqa: E402
from storyeval_export.settings import Settings  # noqa: E402
from storyeval_export.toml_text import toml  # noqa: E402

OUT = ROOT / "reference-data" / "golden" / "written"
MADE = {"command": "python tools/golden/written.py", "torch": torch.__version__, "transformers": transformers.__version__,
        "numpy": np.__version__}
STORIES = [["Fred is in the room."], ["Wilma and Fred talk outside.", "They wave."]]
TRUE = ["He walks to the door.", "Wilma is sitting in the living room."]


def sampling() -> None:
    from transformers.generation import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    generator = np.random.default_rng(3)
    cases = []
    for temperature, top_k, top_p in itertools.product((1.0, 0.7, 1.8), (None, 1, 4, 50), (None, 0.3, 0.9)):
        logits = (3 * generator.standard_normal(12)).astype(np.float32)
        scores = torch.from_numpy(logits)[None].double()
        scores = TemperatureLogitsWarper(temperature)(None, scores) if temperature != 1.0 else scores
        if top_k is not None:
            scores = TopKLogitsWarper(top_k)(None, scores)
        if top_p is not None:
            scores = TopPLogitsWarper(top_p)(None, scores)
        cases.append({"temperature": temperature, "top_k": top_k, "top_p": top_p, "logits": logits.tolist(),
                      "probabilities": scores.softmax(-1)[0].tolist(),
                      "log_probabilities": torch.from_numpy(logits).double().log_softmax(-1).tolist()})
    write("sampling.json", {"made": MADE, "cases": cases})


def language(variant: str) -> None:
    make, name = {"opt": (small.opt, "facebook/opt-6.7b"), "llama2": (small.llama, "checkpoints/llama-2-7b-chat")}[variant]
    torch.manual_seed(7)
    folder = OUT / variant
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as work:
        model = make(Path(work) / "llm", hidden=16, positions=128, dtype=torch.float32, mix=8.0)
        small.second_stage(Path(work) / "second", width=16, llm=name)
        found = llm.LanguageModel.read(Path(work) / "llm", SecondStage.read(Path(work) / "second"), None)
        graphs = [graph for graph in [*found.graphs(), *found.writing_graphs()] if graph.name != "llm_hidden"]
        for graph in graphs:
            to_onnx(graph, graph.build().float(), folder / f"{graph.name}.onnx", Settings("fp32", 1_900_000_000, 20))
        found.tokens.write(folder / "tokenizer.json")
        section, writing = found.section("tokenizer.json", 16), found.writing()
    files = sorted(path for path in folder.iterdir())
    (folder / "bundle.toml").write_text(toml({
        "format": 1, "kind": "writer", "id": f"written-{variant}", "licence": "MIT OR Apache-2.0",
        "source": {"upstream": "tools/golden/written.py", "note": "random weights"}, "image": {"width": 16, "height": 16},
        "llm": section, "writing": writing, "graphs": {graph.name: f"{graph.name}.onnx" for graph in graphs},
        "files": {path.name: file_hash(path) for path in files}}))
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    # The rows of the model's own table: the tokens of a prompt are all below them.
    table = model.get_input_embeddings().weight
    bos, words = section["bos_id"], writing["vocab_size"]
    cases = []
    def encode(text: str):
        return tokenizer.encode(text, add_special_tokens=False)

    for captions, true in zip(STORIES, TRUE):
        # Every piece of a prompt is split on its own (docs/continuation.md).
        ids = [bos] + [it for piece in [*(f" Caption: {caption}" for caption in captions), " Caption:"] for it in encode(piece).ids]
        with torch.no_grad():
            written = model.generate(
                inputs_embeds=table[torch.tensor([ids])], attention_mask=torch.ones(1, len(ids), dtype=torch.long), do_sample=False,
                max_new_tokens=24, eos_token_id=writing["eos_id"], pad_token_id=writing["eos_id"],
                suppress_tokens=list(range(words, model.config.vocab_size)) or None)[0].tolist()
            said = encode(f" Caption: {true}")
            whole = [bos] + said.ids
            logits = model(inputs_embeds=table[torch.tensor([whole])]).logits[0, :, :words].double().log_softmax(-1)
        own = [place for place, (_, end) in enumerate(said.offsets, 1) if end > len(" Caption:")]
        cases.append({"captions": captions, "ids": ids, "written": written, "text": tokenizer.decode([it for it in written if it != writing["eos_id"]]),
                      "true": true, "log_probability": sum(float(logits[place - 1, whole[place]]) for place in own), "tokens": len(own)})
    write(f"{variant}/golden.json", {"made": MADE, "cases": cases})


class Twin:
    """The definitions of docs/metrics.md, over stories of written captions that are lists of words."""

    def __init__(self, stories: list[list[list[str]]]):
        self.stories = stories

    def grams(self, captions, length):
        return [tuple(words[at:at + length]) for words in captions for at in range(len(words) - length + 1)]

    def distinct(self, length):
        every = [gram for story in self.stories for gram in self.grams(story, length)]
        return len(set(every)) / len(every)

    def repetition(self, length=4):
        """seq-rep-n of Welleck et al. (2020), the mean over continuations that have such an n-gram."""
        shares = [1 - len(set(grams)) / len(grams) for grams in (self.grams(story, length) for story in self.stories) if grams]
        return sum(shares) / len(shares)

    def repeated(self):
        seen, repeats, captions = None, 0, 0
        for story in self.stories:
            seen = set()
            for caption in story:
                repeats += tuple(caption) in seen
                seen.add(tuple(caption))
                captions += 1
        return repeats / captions


def scores() -> None:
    generator = np.random.default_rng(11)
    words = ["otto", "mira", "he", "she", "waves", "sits", "in", "the", "park", "kitchen"]
    stories = [[[words[at] for at in generator.choice(len(words), generator.integers(4, 9))] for _ in range(3)] for _ in range(12)]
    stories[0][2] = stories[0][0]
    stories[3] = [stories[3][0]] * 3
    twin = Twin(stories)
    write("scores.json", {"made": MADE, "stories": [[" ".join(caption) for caption in story] for story in stories],
                          "distinct1": twin.distinct(1), "distinct2": twin.distinct(2), "repetition4": twin.repetition(),
                          "repeated_captions": twin.repeated()})


def write(name: str, value: dict) -> None:
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    sampling()
    scores()
    for it in ("opt", "llama2"):
        language(it)
