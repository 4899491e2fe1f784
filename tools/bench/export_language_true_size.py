"""StoryGPT-V's language half at its true sizes with random weights: time, memory and parity of the export.

    python tools/bench/export_language_true_size.py --work DIR --variant opt|llama2 [--layers 2] [--precision fp16] [--keep]

The language model has its true width, vocabulary and file layout, and `--layers` layers (OPT-6.7b and Llama-2-7b have 32).
CLIP ViT-L/14, the projection and the mapper are whole. `DIR` needs about 1.3 GB and 0.8 GB a layer.
"""

import argparse
import json
import resource
import shutil
import sys
import time
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOOLS), str(TOOLS / "tests")]

import second_stage as small  # noqa: E402
import torch  # noqa: E402
from small_storygpt_v import PLACES  # noqa: E402
from storyeval_export import bundle, tokens  # noqa: E402
from storyeval_export.settings import Settings  # noqa: E402
from storyeval_export.keys import empty_parameters  # noqa: E402
from storyeval_export.language import mapper, vision  # noqa: E402
from storyeval_export.language.llm import LanguageModel  # noqa: E402
from storyeval_export.language.second_stage import SecondStage  # noqa: E402
from storyeval_export.model import Plan  # noqa: E402
from storyeval_export.progress import Progress  # noqa: E402

EYES, WIDTH, CONTEXT = 1024, 4096, (77, 768)


def language_model(folder: Path, variant: str, layers: int) -> None:
    """A shard for the embeddings and one for every layer, written one after the other."""
    from transformers import LlamaConfig, LlamaForCausalLM, OPTConfig, OPTForCausalLM

    if variant == "opt":
        config = OPTConfig(vocab_size=50272, hidden_size=WIDTH, num_hidden_layers=layers, ffn_dim=4 * WIDTH, num_attention_heads=32,
                           max_position_embeddings=2048, word_embed_proj_dim=WIDTH, dropout=0.1)
        make, prefix = OPTForCausalLM, "model.decoder.layers."
    else:
        config = LlamaConfig(vocab_size=32000, hidden_size=WIDTH, num_hidden_layers=layers, intermediate_size=11008, num_attention_heads=32,
                             max_position_embeddings=4096, rms_norm_eps=1e-5)
        make, prefix = LlamaForCausalLM, "model.layers."
    with empty_parameters():
        shapes = {key: value.shape for key, value in make(config).state_dict().items() if key != "lm_head.weight"}
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(config.to_json_string(use_diff=False))
    table, whole = {}, [key for key in shapes if not key.startswith(prefix)]
    groups = [whole, *([key for key in shapes if key.startswith(f"{prefix}{layer}.")] for layer in range(layers))]
    for number, keys in enumerate(groups, 1):
        name = f"pytorch_model-{number:05}-of-{len(groups):05}.bin"
        torch.save({key: weights(key, shapes[key]) for key in keys}, folder / name)
        table |= dict.fromkeys(keys, name)
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": table}))
    (vocabulary_opt if variant == "opt" else vocabulary_llama)(folder)


def weights(key: str, shape: torch.Size) -> torch.Tensor:
    """As the models are initialised: 0.02, norms 1, biases 0."""
    if "norm" in key:
        return torch.full(shape, float(key.endswith("weight")), dtype=torch.float16)
    return torch.zeros(shape, dtype=torch.float16) if key.endswith("bias") else torch.empty(shape, dtype=torch.float16).normal_(std=0.02)


def vocabulary_opt(folder: Path) -> None:
    """50,265 tokens: the small vocabulary and pairs of its letters."""
    source = small.TOKENS / "opt"
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(source / name, folder / name)
    vocabulary = json.loads((source / "vocab.json").read_text())
    merges = (source / "merges.txt").read_text().splitlines()
    letters = [token for token in vocabulary if len(token) == 1]
    for left in letters:
        for right in letters:
            if len(vocabulary) < 50265 and left + right not in vocabulary:
                vocabulary[left + right] = len(vocabulary)
                merges.append(f"{left} {right}")
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("\n".join(merges) + "\n")


def vocabulary_llama(folder: Path) -> None:
    """32,000 pieces: the small model's, and more of lower scores."""
    from sentencepiece import sentencepiece_model_pb2 as proto

    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(small.TOKENS / "llama" / name, folder / name)
    model = proto.ModelProto()
    model.ParseFromString((small.TOKENS / "llama" / "tokenizer.model").read_bytes())
    lowest = min(piece.score for piece in model.pieces)
    for number in range(32000 - len(model.pieces)):
        model.pieces.add(piece=f"{number}\u2581", score=lowest - 1 - number, type=1)
    (folder / "tokenizer.model").write_bytes(model.SerializeToString())


def clip(folder: Path) -> None:
    """ViT-L/14's image tower."""
    from transformers import CLIPVisionConfig, CLIPVisionModel

    vision = {"hidden_size": EYES, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 224, "patch_size": 14}
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "clip", "projection_dim": 768, "vision_config": vision}))
    state = CLIPVisionModel(CLIPVisionConfig(**vision)).state_dict()
    torch.save({f"vision_model.{key}": value for key, value in state.items()}, folder / "pytorch_model.bin")


def peak() -> float:
    """Largest resident memory of this process so far, in GB; pages of mapped files count."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--variant", choices=sorted(PLACES), default="opt")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--precision", choices=("fp32", "fp16"), default="fp16")
    parser.add_argument("--graphs", nargs="+", help="only these")
    parser.add_argument("--keep", action="store_true", help="keep the checkpoint for another run")
    args = parser.parse_args()
    torch.manual_seed(1)
    stage, place, name = PLACES[args.variant]
    parts = {"stage": args.work / stage, "llm": args.work / f"{place}-{args.layers}", "clip": args.work / "clip-vit-large-patch14"}
    if not parts["llm"].exists():
        language_model(parts["llm"], args.variant, args.layers)
    if not parts["clip"].exists():
        clip(parts["clip"])
    if not parts["stage"].exists():
        small.second_stage(parts["stage"], width=WIDTH, eyes=EYES, context=CONTEXT, inner=512, layers=4, llm=name)
    print(f"checkpoint written; peak {peak():.2f} GB", flush=True)
    second = SecondStage.read(parts["stage"])
    llm = LanguageModel.read(parts["llm"], second, None)
    seen = vision.Clip.read(parts["clip"])
    graphs = [vision.graph(seen, second, llm.width), *llm.graphs(), mapper.graph(second, llm.width)]
    graphs = [graph for graph in graphs if not args.graphs or graph.name in args.graphs]
    out = args.work / "bundle"
    begin = time.time()
    plan = Plan({"second-stage": second.folder, "llm": llm.folder, "clip": seen.folder}, graphs,
                {"kind": "storygpt-v", "licence": "", "source": {}}, {"llm_tokenizer.json": llm.tokens.write})
    bundle.write(plan, out, "true-dimensions", Settings(args.precision), Progress(False), check_memory=False)
    print(f"{args.variant}, {args.layers} layers, {args.precision}: {time.time() - begin:.0f} s, peak {peak():.2f} GB")
    for path in sorted(out.iterdir()):
        print(f"  {path.name}: {path.stat().st_size / 1e6:.1f} MB")
    shutil.rmtree(out)
    if not args.keep:
        for path in parts.values():
            shutil.rmtree(path)


if __name__ == "__main__":
    main()
