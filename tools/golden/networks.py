"""Golden outputs of tiny random networks: CLIP, LPIPS, a classifier and a feature network.

Run from the root of the repository:

    OMP_NUM_THREADS=1 python3 tools/golden/networks.py

with torch, torchvision, transformers, open_clip, lpips, tokenizers, onnx, onnxscript and Pillow (versions
are written into the JSON). Writes `reference-data/golden/networks/{clip,lpips,evaluators,html}/`: the
graphs, and `golden.json` with what the Python libraries make of images and texts: preprocessing and
tokens of open_clip, `CLIPModel`, the arithmetic of `lpips.LPIPS` on a small trunk, torchvision's
transforms before a small network, `html.unescape`.
"""

import html
import json
import platform
import random
import tempfile
from importlib.metadata import version
from pathlib import Path

import ftfy
import lpips
import numpy as np
import onnx
import torch
from open_clip.tokenizer import SimpleTokenizer, bytes_to_unicode
from open_clip.transform import image_transform
from PIL import Image
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
from torchvision import transforms
from transformers import CLIPConfig, CLIPModel

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "reference-data" / "golden" / "networks"
ANY = torch.export.Dim.DYNAMIC
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
# Width and height of the images; landscape, portrait, square, smaller than the networks.
SIZES = [(48, 40), (40, 48), (64, 36), (33, 33), (20, 24), (32, 32)]


def image(seed, width, height):
    """Pixels by a formula that the Rust test repeats."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    values = (x * 7 + y * 13 + c * 29 + seed * 41 + x * y * (seed + 3)) % 256
    return Image.fromarray(values.astype(np.uint8))


IMAGES = [image(seed, *size) for seed, size in enumerate(SIZES)]


def export(module, example, path, inputs, outputs, shapes, optimize=True):
    torch.onnx.export(
        module.eval(), example, path, input_names=inputs, output_names=outputs, dynamo=True,
        external_data=False, dynamic_shapes=shapes, verbose=False, optimize=optimize,
    )
    # Names and stack traces of the exporter are most of a tiny file.
    model = onnx.load(path)
    del model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    for node in model.graph.node:
        node.ClearField("doc_string")
        node.ClearField("name")
        del node.metadata_props[:]
    for value in [*model.graph.input, *model.graph.output, *model.graph.initializer]:
        del value.metadata_props[:]
    onnx.save(model, path)


def widen(module, std):
    """The usual initialisation gives nearly equal outputs for all inputs."""
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=std)


def store(name, golden, packages):
    golden = {
        "command": "OMP_NUM_THREADS=1 python3 tools/golden/networks.py",
        "versions": {"python": platform.python_version(), **{it: version(it) for it in packages}},
        **golden,
    }
    (OUT / name / "golden.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


def folder(name):
    (OUT / name).mkdir(parents=True, exist_ok=True)
    return OUT / name


# CLIP

TEXTS = [
    "Fred and Wilma are talking in the living room.",
    "  FRED\tis   driving\na car ",
    "Wilma &amp; Betty &lt;laugh&gt; at Barney&#39;s hat",
    "he said &amp;quot;yabba dabba doo&amp;quot;",
    "caf\u00e9 na\u00efve \u0130stanbul \u039f\u0394\u039f\u03a3",
    "",
    "...!?  -- 12345",
    "\U0001f600 dino\u2028runs\u00a0away",
    "they're they've I'd we'll it's I'm don't",
    "a very long caption that goes on and on about fred wilma barney betty and dino until nothing fits",
    "pebbles",
    "\u65e5\u672c\u8a9e",
    "Mr Slate is angry &eacute;&notit; &NotEqualTilde;",
]
CONTEXT = 24
PATTERN = (
    r"<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)


def clip_tokenizers(out):
    """A small vocabulary in the order of openai/CLIP, for open_clip's tokeniser and as tokenizer.json."""
    captions = ["fred and wilma are talking in the living room barney is driving a car"] * 3
    trained = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    trained.pre_tokenizer = pre_tokenizers.Whitespace()
    trained.train_from_iterator(
        captions, trainers.BpeTrainer(vocab_size=90, end_of_word_suffix="</w>", show_progress=False)
    )
    merges = json.loads(trained.to_str())["model"]["merges"]
    merges = [tuple(it) if isinstance(it, list) else tuple(it.split(" ")) for it in merges]
    letters = list(bytes_to_unicode().values())
    words = letters + [it + "</w>" for it in letters] + ["".join(it) for it in merges]
    words += ["<start_of_text>", "<end_of_text>"]
    vocabulary = {word: at for at, word in enumerate(words)}
    assert len(vocabulary) == len(words)
    it = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, end_of_word_suffix="</w>"))
    it.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), behavior="removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    it.save(str(out / "tokenizer.json"), pretty=False)
    with tempfile.NamedTemporaryFile(suffix=".gz") as file:
        import gzip

        lines = ["#version"] + [" ".join(it) for it in merges]
        Path(file.name).write_bytes(gzip.compress("\n".join(lines).encode()))
        reference = SimpleTokenizer(bpe_path=file.name, context_length=CONTEXT)
    # open_clip cuts the list at the published length, so a short list stays whole but for its last line.
    assert [reference.decoder[at] for at in range(len(words))] == words
    return reference, len(words)


class Texts(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.m = model

    def forward(self, input_ids):
        return self.m.text_projection(self.m.text_model(input_ids=input_ids).pooler_output)


class Images(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.m = model

    def forward(self, pixel_values):
        return self.m.visual_projection(self.m.vision_model(pixel_values=pixel_values).pooler_output)


def clip():
    out = folder("clip")
    reference, size = clip_tokenizers(out)
    torch.manual_seed(5)
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = CLIPModel(CLIPConfig(
        text_config={
            **small, "vocab_size": size, "max_position_embeddings": CONTEXT, "projection_dim": 12,
            "eos_token_id": size - 1, "bos_token_id": size - 2, "pad_token_id": 0,
        },
        vision_config={**small, "image_size": 32, "patch_size": 8, "projection_dim": 12},
        projection_dim=12,
    )).eval()
    widen(model, 0.3)
    export(
        Images(model), (torch.randn(2, 3, 32, 32),), out / "clip_image.onnx", ["pixel_values"],
        ["image_embeds"], ({0: ANY},),
    )
    ids = torch.randint(0, size, (2, CONTEXT))
    ids[:, -1] = size - 1
    export(
        Texts(model), (ids,), out / "clip_text.onnx", ["input_ids"], ["text_embeds"], ({0: ANY},)
    )
    prepare = image_transform(32, is_train=False, mean=CLIP_MEAN, std=CLIP_STD)
    pixels = torch.stack([prepare(it) for it in IMAGES])
    for text in TEXTS:
        # What ftfy does beyond the cleaning that is ported; these texts are not to need it.
        fixed, plain = html.unescape(html.unescape(ftfy.fix_text(text))), html.unescape(html.unescape(text))
        assert fixed.split() == plain.split(), text
    tokens = reference(TEXTS)
    lengths = [len(reference.encode(text)) for text in TEXTS]
    images, texts = Images(model)(pixels), Texts(model)(tokens)
    cosines = torch.nn.functional.normalize(images) @ torch.nn.functional.normalize(texts).T
    store("clip", {
        "tolerance": 1e-5, "sizes": SIZES, "texts": TEXTS, "context_length": CONTEXT,
        "bos_id": size - 2, "eos_id": size - 1, "pad_id": 0, "dim": 12,
        "tokens": tokens.tolist(), "cut": sum(it + 2 > CONTEXT for it in lengths),
        "images": images.tolist(), "text_embeds": texts.tolist(), "cosines": cosines.tolist(),
    }, ["torch", "torchvision", "transformers", "open_clip_torch", "ftfy", "tokenizers", "pillow"])


# LPIPS


class Trunk(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Conv2d(3, 6, 5, stride=2, padding=2)
        self.b = torch.nn.Conv2d(6, 8, 3, padding=1)
        self.c = torch.nn.Conv2d(8, 10, 3, stride=2, padding=1)

    def forward(self, x):
        a = torch.relu(self.a(x))
        b = torch.relu(self.b(a))
        return [a, b, torch.relu(self.c(b))]


class Distance(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.m = model

    def forward(self, image0, image1):
        return self.m(image0, image1).flatten()


def lpips_():
    out = folder("lpips")
    torch.manual_seed(6)
    model = lpips.LPIPS(pretrained=False, pnet_rand=True, net="squeeze", verbose=False).eval()
    model.net = Trunk()
    widen(model.net, 0.2)
    model.chns, model.L = [6, 8, 10], 3
    model.lins = torch.nn.ModuleList([lpips.NetLinLayer(it, use_dropout=True) for it in model.chns])
    for layer in model.lins:
        torch.nn.init.uniform_(layer.model[-1].weight)
    model.eval()
    export(
        Distance(model), (torch.rand(2, 3, 24, 28), torch.rand(2, 3, 24, 28)), out / "lpips.onnx",
        ["image0", "image1"], ["distance"], ({0: ANY, 2: ANY, 3: ANY}, {0: ANY, 2: ANY, 3: ANY}),
        # The exporter's optimiser takes `+ 1e-10` for an addition of nothing and drops it; where all
        # channels are 0 the distance is then NaN.
        optimize=False,
    )

    def distances(first, second):
        pairs = zip(first, second)
        return [
            model(lpips.im2tensor(np.asarray(a)), lpips.im2tensor(np.asarray(b))).item()
            for a, b in pairs
        ]

    others = [image(seed + 20, *size) for seed, size in enumerate(SIZES)]
    black = Image.new("RGB", (24, 24))
    small = [[it.resize((28, 28), Image.BILINEAR) for it in side] for side in (IMAGES, others)]
    store("lpips", {
        "tolerance": 1e-5, "sizes": SIZES, "second_seed": 20, "resize": 28,
        "distances": distances(IMAGES, others),
        "resized": distances(*small),
        # As evals/lpips_2dirs.py of GILL resizes: floats in [-1, 1], anti-aliased.
        "gill": [
            model(*[
                transforms.functional.resize(lpips.im2tensor(np.asarray(it)), [28, 28], antialias=True)
                for it in pair
            ]).item()
            for pair in zip(IMAGES, others)
        ],
        "black_with_itself": distances([black], [black])[0],
        "black_with_grey": distances([black], [Image.new("RGB", (24, 24), (128, 128, 128))])[0],
    }, ["torch", "lpips", "pillow"])


# Classifier and features


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Conv2d(3, 8, 5, stride=3)
        self.b = torch.nn.Conv2d(8, 12, 3, stride=2)
        self.c = torch.nn.Linear(12, 5)

    def features(self, x):
        return torch.relu(self.b(torch.relu(self.a(x)))).mean((2, 3))

    def forward(self, pixel_values):
        return self.c(self.features(pixel_values))


class Features(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.m = net

    def forward(self, pixel_values):
        features = self.m.features(pixel_values)
        return features, features @ self.m.c.weight.T


def transform_input(x):
    """What torchvision's Inception does with `transform_input=True`."""
    mean, std = IMAGENET
    channels = [
        x[:, c : c + 1] * (std[c] / 0.5) + (mean[c] - 0.5) / 0.5 for c in range(3)
    ]
    return torch.cat(channels, 1)


def evaluators():
    out = folder("evaluators")
    torch.manual_seed(7)
    net = Net().eval()
    widen(net, 0.3)
    example = (torch.randn(2, 3, 29, 29),)
    export(net, example, out / "char_classifier.onnx", ["pixel_values"], ["logits"], ({0: ANY},))
    export(
        Features(net), example, out / "features.onnx", ["pixel_values"], ["features", "logits"],
        ({0: ANY},),
    )

    def prepared(*last, first=()):
        steps = [*first, transforms.Resize(29), transforms.CenterCrop(29), transforms.ToTensor(), *last]
        chain = transforms.Compose(steps)
        return torch.stack([chain(it) for it in IMAGES])

    standardise = transforms.Normalize(*IMAGENET)
    symmetric = transforms.Normalize([0.5] * 3, [0.5] * 3)
    to64 = [transforms.Resize((16, 16))]
    # Recipe of the protocol, values that the network reads, and the pixels that torchvision makes.
    variants = {
        "true [-1, 1]": ("symmetric", "symmetric", None, prepared(symmetric)),
        "standardised as they are": ("imagenet-standardised", "symmetric", None, prepared(standardise)),
        "standardised, transform_input": (
            "symmetric", "symmetric", None, transform_input(prepared(standardise))
        ),
        "a standardised network": ("symmetric", "imagenet", None, prepared(standardise)),
        "[0, 1]": ("symmetric", "unit", None, prepared()),
        "shrunk first": ("symmetric", "symmetric", 16, prepared(symmetric, first=to64)),
    }
    cases = []
    for name, (scale, input_scale, first, pixels) in variants.items():
        features, logits = Features(net)(pixels)
        cases.append({
            "name": name, "scale": scale, "input": input_scale, "first": first,
            "probabilities": torch.sigmoid(net(pixels)).tolist(),
            "features": features.tolist(), "logits": logits.tolist(),
        })
    store("evaluators", {"tolerance": 1e-5, "sizes": SIZES, "side": 29, "dim": 12, "cases": cases},
          ["torch", "torchvision", "pillow"])


# HTML


def unescaping():
    folder("html")
    texts = [
        "a &amp; b", "&amp;amp;", "&ampx &lt&gt;", "&notit; &notin;", "&#38;&#x26;&#X26 &#38x",
        "&#150;&#x81;&#0;&#xD800;&#x110000;", "&#1;&#xffff;&#x1fffe;&#13;&#11;&#127;",
        "&#99999999999999999999;&#0000038;", "&;&#;&#x;& &unknown; &Unknown", "&caf&eacute &eacute",
        "&\u00e9;&", "&CounterClockwiseContourIntegral;", "&CounterClockwiseContourIntegralx",
        "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaamp;", "&amp\u00e9", "&lt;&#60;&#x3C;&LT;&LT", "&a&b&c;",
        "&#\u0663;", "&ThickSpace;|&fjlig;", "&gt\n&gt\t;&nbsp x",
    ]
    generator = random.Random(8)
    pieces = ["&", ";", "#", "x", "X", "3", "8", "amp", "lt", "not", "in", "eacute", " ", "9", "f", "E",
              "nbsp", "\u00e9", "frac12", "sup", "1", "<", "copy", "\n"]
    texts += ["&" + "".join(generator.choices(pieces, k=generator.randint(1, 9))) for _ in range(300)]
    # `html.entities` has a long tail: every name once.
    texts += ["".join(f"&{name}|" for name in names) for names in [sorted(html.entities.html5)]]
    store("html", {"cases": [[it, html.unescape(it)] for it in texts]}, [])


with torch.no_grad():
    clip()
    lpips_()
    evaluators()
unescaping()
print(sum(it.stat().st_size for it in OUT.rglob("*") if it.is_file()), "bytes")
