"""Stage `export_metrics`: the bundles that metrics load, `minisv-clip`, `minisv-lpips`, `minisv-captioner`,
`minisv-locator`; stage `export_locator`: the last of them alone.

(`minisv-evaluators`, the fourth, is in `export.py`; the stage writes it again on its own.)
"""

import numpy as np

from . import beams, train_captioner, train_clip, train_locator, train_lpips
from . import config as sizes
from .captioner import empty_past
from .export import evaluators, pixels, write_bundle
from .onnx_files import export_graph
from .tokens import BOS, EOS, PAD

IMAGE = {"width": 64, "height": 64}
INPUT = {"scale": "unit", "resizer": "pillow-bilinear", "geometry": "squash"}


def export(run, world):
    evaluators(run, world)
    clip(run, world)
    lpips(run, world)
    captioner(run, world)
    locator(run, world)


def start(run, name):
    folder = run.out / "bundles" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder, run.out / "golden" / "parity"


def write(run, folder, parity, graphs):
    """Exports `graphs`: name -> (module, inputs, outputs, further parity cases)."""
    for name, (module, inputs, outputs, cases) in graphs.items():
        worst = export_graph(module, folder / f"{name}.onnx", inputs, outputs, parity, cases=cases)
        run.log("export", graph=name, difference=worst,
                kilobytes=(folder / f"{name}.onnx").stat().st_size // 1024)
    return {n: f"{n}.onnx" for n in graphs}


def clip(run, world):
    folder, parity = start(run, "minisv-clip")
    model, dictionary = train_clip.load(run, world)
    captions = [dictionary.padded(c) for c in world.test.captions[:3]]
    graphs = write(run, folder, parity, clip_graphs(model, len(dictionary.words), np.array(captions)))
    save_tokenizer(folder, dictionary, world)
    write_bundle(folder, "clip", "minisv-clip", run.config.seed, {
        "image": IMAGE, "input": INPUT, "graphs": graphs, "clip": clip_section(sizes.LENGTH)})


def clip_section(length):
    return {"dim": sizes.CLIP_WIDTH, "context_length": length, "tokenizer": "tokenizer.json",
            "bos_id": BOS, "eos_id": EOS, "pad_id": PAD, "lower_case": True}


def clip_graphs(model, vocabulary, captions, side=64, tokens=12):
    """Graphs of a CLIP for `export_graph`; `captions` are ids [N,T] of some texts."""
    ids = ("input_ids", "int64", (2, tokens), {0: "batch", 1: "tokens"}, vocabulary)
    return {"clip_image": (model.image, [pixels(side=side)], "image_embeds", ()),
            "clip_text": (model.text, [ids], {"text_embeds": {0: "batch"}},
                          [{"input_ids": captions}, {"input_ids": captions[:1, :9]}])}


def lpips(run, world):
    folder, parity = start(run, "minisv-lpips")
    picture = lambda name: (name, "float32", (2, 3, 32, 48), {0: "batch", 2: "height", 3: "width"}, 0)
    generator = np.random.default_rng(8)
    odd = np.round(generator.uniform(-1, 1, (1, 3, 33, 17)), 2).astype(np.float32)
    graphs = write(run, folder, parity, {
        "lpips": (train_lpips.load(run), [picture("image0"), picture("image1")],
                  {"distance": {0: "batch"}},
                  [{"image0": odd, "image1": np.round(odd * 0.5, 3)}, {"image0": odd, "image1": odd}])})
    write_bundle(folder, "lpips", "minisv-lpips", run.config.seed, {
        "image": IMAGE, "input": {"scale": "symmetric"}, "graphs": graphs,
        "lpips": {"network": "minisv", "version": "0.1"}})


def captioner(run, world):
    folder, parity = start(run, "minisv-captioner")
    model, dictionary = train_captioner.load(run, world)
    graphs = write(run, folder, parity, captioner_graphs(model, len(dictionary.words)))
    save_tokenizer(folder, dictionary, world, prose=True)
    write_bundle(folder, "captioner", "minisv-captioner", run.config.seed, {
        "image": IMAGE, "input": INPUT, "graphs": graphs,
        "captioner": captioner_section(len(dictionary.words), beams.MAX_NEW_TOKENS)})


def captioner_section(vocabulary, longest):
    heads, width = sizes.CAPTION_HEADS, sizes.CAPTION_WIDTH
    return {"tokenizer": "tokenizer.json", "prompt": "", "num_beams": beams.NUM_BEAMS,
            "max_new_tokens": longest, "min_length": beams.MIN_LENGTH,
            "length_penalty": beams.LENGTH_PENALTY, "bos_id": BOS, "eos_id": EOS, "pad_id": PAD,
            "layers": sizes.CAPTION_LAYERS, "heads": heads, "head_dim": width // heads, "hidden_size": width,
            "vocab_size": vocabulary}


def captioner_graphs(model, vocabulary, side=64):
    """Graphs of a captioner for `export_graph`."""
    heads, layers, width = sizes.CAPTION_HEADS, sizes.CAPTION_LAYERS, sizes.CAPTION_WIDTH
    head = width // heads
    both, past = {0: "batch", 1: "tokens"}, {1: "batch", 3: "past"}
    kept = {1: "batch", 3: "past_tokens"}
    generator = np.random.default_rng(8)
    value = lambda *shape: np.round(generator.standard_normal(shape), 3).astype(np.float32)
    nothing = empty_past(2)[0].numpy()
    first = {"inputs_embeds": value(2, 9, width), "attention_mask": np.ones((2, 9), np.int64),
             "past_keys": nothing, "past_values": nothing}
    first["attention_mask"][1, :2] = 0  # left padding
    later = {"inputs_embeds": value(3, 1, width), "attention_mask": np.ones((3, 10), np.int64),
             "past_keys": value(layers, 3, heads, 9, head), "past_values": value(layers, 3, heads, 9, head)}
    later["attention_mask"][2, 5:9] = 0
    return {
        "captioner_vision": (model.eyes, [pixels(side=side)], "prefix_embeds", ()),
        "captioner_embed": (model.decoder.embedding, [("input_ids", "int64", (2, 5), both, vocabulary)],
                            "inputs_embeds", [{"input_ids": np.array([[BOS]])}]),
        "captioner_decoder": (model.decoder, [
            ("inputs_embeds", "float32", (2, 3, width), both, 0),
            ("attention_mask", "int64", (2, 7), {0: "batch", 1: "past_tokens"}, 2),
            ("past_keys", "float32", (layers, 2, heads, 4, head), past, 0),
            ("past_values", "float32", (layers, 2, heads, 4, head), past, 0)],
            {"logits": both, "keys": kept, "values": kept}, [first, later])}


def locator(run, world):
    folder, parity = start(run, "minisv-locator")
    graphs = write(run, folder, parity, {
        "locator": (train_locator.load(run, world), [pixels()], "masks", ())})
    write_bundle(folder, "locator", "minisv-locator", run.config.seed, {
        "image": IMAGE, "input": INPUT, "graphs": graphs,
        "locator": {"characters": world.characters, "threshold": train_locator.THRESHOLD}})


def save_tokenizer(folder, dictionary, world, prose=False):
    """Writes `tokenizer.json` and proves that it encodes, and decodes, as the training did."""
    path, captions = folder / "tokenizer.json", world.train.captions[:300] + world.test.captions[:200]
    dictionary.save(path, prose)
    dictionary.check(path, captions)
    if prose:
        from tokenizers import Tokenizer
        tokenizer = Tokenizer.from_file(str(path))
        for caption in captions:
            ids = dictionary.padded(caption)
            if tokenizer.decode(ids) != caption.lower() or beams.detokenised(dictionary, ids) != caption.lower():
                raise ValueError(f"decoded to {tokenizer.decode(ids)!r}, not {caption!r}")


STAGES = {"export_metrics": export, "export_locator": locator}
