"""Golden answers of the bundles minisv-clip, minisv-lpips and minisv-captioner on ten test frames.

    OMP_NUM_THREADS=1 python tools/golden/minisv_networks.py reference-data [MINISV]

Captions: Hugging Face `generate` (5 beams, and greedy) over the exported graphs without a cache; the
greedy ones are also written with the cache and must agree.  LPIPS: the `lpips` package's arithmetic
with the exported weights.  CLIP: cosines in numpy of what ONNX Runtime gives.  MINISV, a folder in
the FlintstonesSV layout, is read only where the frames (64x64, Pillow bilinear) are not there yet.
"""

import importlib.metadata
import json
import sys
from pathlib import Path

import lpips
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from PIL import Image
from tokenizers import Tokenizer
from transformers import GenerationConfig, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

ROOT = Path(sys.argv[1])
FOLDER = ROOT / "golden" / "minisv-networks"
COUNT, BOS, EOS, PAD = 10, 1, 2, 0
VERSIONS = {n: importlib.metadata.version(n) for n in
            ["torch", "transformers", "tokenizers", "onnxruntime", "lpips", "numpy", "pillow"]}


def graph(bundle, name):
    return onnxruntime.InferenceSession(str(ROOT / "bundles" / bundle / f"{name}.onnx"),
                                        providers=["CPUExecutionProvider"])


def frames():
    """Pixels [10,64,64,3] uint8 and captions; drawn from MINISV once, then read from the repository."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not (FOLDER / "captions.json").exists():
        source = Path(sys.argv[2])
        ids = json.loads((source / "train-val-test_split.json").read_text())["test"][:COUNT]
        rows = {r["globalID"]: r for r in json.loads((source / "flintstones_annotations_v1-0.json").read_text())}
        for k, clip in enumerate(ids):
            frame = np.load(source / "video_frames_sampled" / f"{clip}.npy")[2]
            Image.fromarray(frame).resize((64, 64), Image.BILINEAR).save(FOLDER / f"{k}.png", optimize=True)
        (FOLDER / "captions.json").write_text(json.dumps([rows[i]["description"] for i in ids], indent=1) + "\n")
    pixels = np.stack([np.asarray(Image.open(FOLDER / f"{k}.png")) for k in range(COUNT)])
    return pixels, json.loads((FOLDER / "captions.json").read_text())


def unit(pixels):
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(255)


class Writer(PreTrainedModel, GenerationMixin):
    """The graphs as a decoder-only model whose prompt is <s>; the frame's prefix is a keyword."""

    config_class = PretrainedConfig
    main_input_name = "input_ids"

    def __init__(self):
        super().__init__(PretrainedConfig(is_encoder_decoder=False))
        self.anchor = torch.nn.Parameter(torch.zeros(1))
        self.embed, self.decoder = (graph("minisv-captioner", f"captioner_{n}") for n in ("embed", "decoder"))

    def prepare_inputs_for_generation(self, input_ids, prefix=None, **_):
        return {"input_ids": input_ids, "prefix": prefix}

    def step(self, embeds, past):
        """Logits [N,S,V] of embeddings [N,S,D] after `past`, and the longer past."""
        mask = np.ones((len(embeds), past[0].shape[3] + embeds.shape[1]), np.int64)
        logits, keys, values = self.decoder.run(["logits", "keys", "values"], {
            "inputs_embeds": embeds, "attention_mask": mask, "past_keys": past[0], "past_values": past[1]})
        return logits, (keys, values)

    def nothing(self, count):
        layers, _, heads, _, head = self.decoder.get_inputs()[2].shape
        return (np.zeros((layers, count, heads, 0, head), np.float32),) * 2

    def words(self, ids):
        return self.embed.run(None, {"input_ids": np.asarray(ids, np.int64)})[0]

    def forward(self, input_ids=None, prefix=None, **_):
        embeds = np.concatenate([prefix.numpy(), self.words(input_ids)], axis=1)
        logits = self.step(embeds, self.nothing(len(embeds)))[0][:, prefix.shape[1]:]
        return CausalLMOutput(logits=torch.from_numpy(logits))


def until_end(ids):
    return ids[:ids.index(EOS)] if EOS in ids else ids


def captions(pixels):
    writer, tokenizer = Writer().eval(), Tokenizer.from_file(str(ROOT / "bundles/minisv-captioner/tokenizer.json"))
    prefix = graph("minisv-captioner", "captioner_vision").run(None, {"pixel_values": unit(pixels)})[0]
    start, prefix = torch.full((COUNT, 1), BOS), torch.from_numpy(prefix)

    def generate(beams, count, penalty=1.0):
        settings = GenerationConfig(num_beams=beams, num_return_sequences=count, max_new_tokens=30, min_length=1,
                                    do_sample=False, length_penalty=penalty, early_stopping=False, use_cache=False,
                                    bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD,
                                    return_dict_in_generate=True, output_scores=True)
        out = writer.generate(input_ids=start, prefix=prefix, generation_config=settings)
        ids = [until_end(row) for row in out.sequences[:, 1:].tolist()]
        scores = out.sequences_scores.tolist() if beams > 1 else [None] * len(ids)
        return [{"ids": i, "text": tokenizer.decode(i), **({"score": s} if s is not None else {})}
                for i, s in zip(ids, scores)]

    greedy, beams = generate(1, 1), generate(5, 5)
    for row, wanted in enumerate(greedy):
        embeds = np.concatenate([prefix[row:row + 1].numpy(), writer.words([[BOS]])], axis=1)
        past, found = writer.nothing(1), []
        while len(found) < 30:
            logits, past = writer.step(embeds, past)
            word = int(logits[0, -1].argmax())
            if word == EOS:
                break
            found.append(word)
            embeds = writer.words([[word]])
        assert found == wanted["ids"], (row, found, wanted)
    return greedy, [beams[5 * k:5 * k + 5] for k in range(COUNT)]


class ExportedTrunk(torch.nn.Module):
    """The convolutions of lpips.onnx in PyTorch."""

    def __init__(self, weights):
        super().__init__()
        self.weights, self.strides = weights, (2, 2, 1, 2, 1)

    def forward(self, x):
        out = []
        for (weight, bias), stride in zip(self.weights, self.strides):
            x = torch.relu(torch.nn.functional.conv2d(x, weight, bias, stride, weight.shape[-1] // 2))
            out.append(x)
        return out


def distances(pixels):
    """LPIPS of every frame to the next one (the last one to the first)."""
    model = onnx.load(ROOT / "bundles/minisv-lpips/lpips.onnx")
    found = {t.name.removesuffix("_half"): torch.from_numpy(numpy_helper.to_array(t).astype(np.float32))
             for t in model.graph.initializer}
    trunk = [(found[f"trunk.stages.{k}.0.weight"], found[f"trunk.stages.{k}.0.bias"]) for k in range(5)]
    package = lpips.LPIPS(net="alex", pretrained=False, pnet_rand=True, verbose=False)
    package.net = ExportedTrunk(trunk)
    for k, (line, (weight, _)) in enumerate(zip(package.lins, trunk)):
        head = next(v for v in found.values() if v.shape == (1, len(weight), 1, 1))  # widths differ
        line.model[-1] = torch.nn.Conv2d(len(weight), 1, 1, bias=False)
        line.model[-1].weight.data = head.view(1, -1, 1, 1)
    package.eval()
    images = torch.from_numpy(2 * unit(pixels) - 1)
    with torch.no_grad():
        wanted = package(images, images.roll(-1, 0)).flatten().numpy()
    got = graph("minisv-lpips", "lpips").run(None, {"image0": images.numpy(), "image1": images.roll(-1, 0).numpy()})[0]
    assert np.abs(wanted - got).max() < 1e-6, (wanted, got)
    return [float(f"{v:.7g}") for v in wanted]


def cosines(pixels, texts):
    """[frame][caption]"""
    tokenizer = Tokenizer.from_file(str(ROOT / "bundles/minisv-clip/tokenizer.json"))
    rows = [[BOS, *tokenizer.encode(t, add_special_tokens=False).ids, EOS] for t in texts]
    ids = np.array([r + [PAD] * (32 - len(r)) for r in rows], np.int64)
    images = graph("minisv-clip", "clip_image").run(None, {"pixel_values": unit(pixels)})[0].astype(np.float64)
    words = graph("minisv-clip", "clip_text").run(None, {"input_ids": ids})[0].astype(np.float64)
    images, words = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (images, words))
    return [[float(f"{v:.7g}") for v in row] for row in images @ words.T]


def main():
    pixels, texts = frames()
    greedy, beams = captions(pixels)
    document = {"command": "OMP_NUM_THREADS=1 python tools/golden/minisv_networks.py reference-data",
                "versions": VERSIONS, "tolerance": 1e-4, "captions": texts, "clip_cosines": cosines(pixels, texts),
                "lpips_to_next": distances(pixels), "greedy": greedy, "beams": beams}
    (FOLDER / "networks.json").write_text(json.dumps(document, indent=1) + "\n")
    for true, five in zip(texts, beams):
        print(f"{true:60} | {five[0]['text']}")


main()
