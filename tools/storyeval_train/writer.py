"""The bundle that makes the language model of `storygpt-v-mini` write: graph `llm_logits`.

The model was trained to say the next word of the prompt together with everything else (`train_llm.Reader.reading_loss`), with
the embedding table, times 0.2, as its output layer. The exported model leaves that layer out, since drawing needs hidden
states alone. Here it is taken from the exported `llm_embed.onnx`, so that it has the bits of the table that is shipped: no
weight is trained, and none of `storygpt-v-mini` changes.

    PYTHONPATH=tools python -m storyeval_train.writer --out reference-data
"""

import argparse
import shutil
import tomllib
from pathlib import Path

SCALE = 0.2
"""Of `reading_loss`."""
MODEL, WRITER = "storygpt-v-mini", "storygpt-v-mini-words"
SAMPLING = {"temperature": 0.8, "top_p": 0.95, "max_tokens": 32, "stop": ["image"]}
"""The prompt goes on with ` Image: ` behind a caption, which is how the model ends one."""


def table(path):
    """The embedding table [words, width] of an exported `llm_embed`, as the graph gives it."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    words = Tokenizer.from_file(str(path.parent / "llm_tokenizer.json")).get_vocab_size()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"input_ids": np.arange(words, dtype=np.int64)[None]})[0][0]


def logits_graph(weights, path, parity):
    """Writes `hidden_states` [batch, tokens, width] -> `logits` [batch, tokens, words], and one case of it."""
    import torch

    from .onnx_files import export_graph

    words, width = weights.shape
    layer = torch.nn.Linear(width, words, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weights) * SCALE)
    hidden = ("hidden_states", "float32", (2, 3, width), {0: "batch", 1: "tokens"}, 0)
    return export_graph(layer, path, [hidden], "logits", parity, half=False)


def bundle(out, seed):
    """Writes the bundle beside the one it belongs to; gives the number of words."""
    from .export import write_bundle
    from .tokens import EOS

    source, folder = out / "bundles" / MODEL, out / "bundles" / WRITER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    about = tomllib.loads((source / "bundle.toml").read_text())
    weights = table(source / "llm_embed.onnx")
    logits_graph(weights, folder / "llm_logits.onnx", out / "golden" / "parity")
    shutil.copyfile(source / "llm_tokenizer.json", folder / "llm_tokenizer.json")
    write_bundle(folder, "writer", WRITER, seed, {
        "image": about["image"],
        "llm": about["llm"],
        "writing": {"vocab_size": len(weights), "eos_id": EOS, "tidy": True},
        "writing.sampling": SAMPLING,
        "graphs": {"llm_logits": "llm_logits.onnx"},
    }, note=f"the output layer of {MODEL}, trained on MiniSV, base seed")
    return len(weights)


def stage(run, world):
    words = bundle(run.out, run.config.seed)
    path = run.out / "bundles" / WRITER / "llm_logits.onnx"
    run.log("writer", graph="llm_logits", words=words, kilobytes=path.stat().st_size // 1024)


STAGES = {"writer": stage}


def main():
    from .config import Config

    parser = argparse.ArgumentParser(prog="storyeval_train.writer", description=__doc__)
    parser.add_argument("--out", required=True, type=Path, help="has bundles/storygpt-v-mini, receives bundles/storygpt-v-mini-words")
    arguments = parser.parse_args()
    words = bundle(arguments.out, Config().seed)
    print(f"{arguments.out / 'bundles' / WRITER}: {words} words")


if __name__ == "__main__":
    main()
