"""`clip`: which caption belongs to which frame."""

from types import SimpleNamespace

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ..clip import Clip, ImageTower
from ..tokens import SPECIAL, UNK, Vocabulary
from ..train_clip import clip_step
from . import eyes, score, weights
from .bundle import Written
from .error import DATA, USAGE, TrainError
from .loop import Step, fit

LONGEST = 77


def train(job):
    """Trains both towers and gives the bundle."""
    captions = [frame.caption for frame in job.data.frames]
    if len({captions[row] for row in job.parts.train}) < 8:
        raise TrainError("a CLIP cannot be trained on fewer than 8 different captions", "add stories", DATA)
    state = weights.own(job.init, "clip") if job.init is not None else None
    if job.init is not None and state is None:
        return published(job, captions)
    dictionary = Vocabulary([captions[row] for row in job.parts.train])
    longest = min(LONGEST, max(len(dictionary.encode(captions[row])) + 2 for row in job.parts.train))
    ids = torch.tensor([dictionary.padded(c, longest) for c in captions])
    torch.manual_seed(job.seed)
    model = Clip(len(dictionary.words), longest)
    if state is None:
        body = eyes.train(job, "clip_eyes", ImageTower.WIDTHS).cpu()
        stages = {k: v for k, v in body.state_dict().items() if not k.startswith("head")}
        model.image.body.load_state_dict(stages, strict=False)
    else:
        given = state["networks"]["clip"]
        weights.put(model, given, ("text.embedding.", "text.positions"), job.init)
        weights.words_to(model.text.embedding.weight, given["text.embedding.weight"], dictionary.words, state["words"])
        job.log.say(f"clip: starts from {job.init}; words that it did not know are new")
    model.image.to(memory_format=torch.channels_last)
    rewriter = Rewriter(job, dictionary)
    scores = learn(job, model, ids, captions, rewriter, decay=0.05)
    weights.save(job.work / "checkpoint.pt", "clip", {"clip": model.state_dict()}, words=dictionary.words, size=job.size)

    from ..export_metrics import clip_graphs, clip_section
    from .captioner import tokenizer
    some = ids[job.parts.test[:3]].numpy()
    return Written("clip", clip_graphs(model, len(dictionary.words), some, job.size, longest), {"clip": clip_section(longest)},
                   {"clip": None}, {"clip": scores},
                   files={"tokenizer.json": lambda path: tokenizer(path, dictionary, captions)})


class Rewriter:
    """Two wrong versions of a caption: another character, another place, or else another word."""

    def __init__(self, job, dictionary):
        known = lambda names: [dictionary.index[n.lower()] for n in names if n.lower() in dictionary.index]
        self.pools = [known(job.data.characters), known(job.data.backgrounds)]
        self.words = range(len(SPECIAL), len(dictionary.words))

    def wrong(self, ids, generator):
        """Ids as long as `ids`, of wrong captions."""
        out = []
        for pool in self.pools:
            present = [i for i in set(ids) if i in pool]
            others = [i for i in pool if i not in present]
            if not present or not others:
                present, others = sorted({i for i in ids if i >= len(SPECIAL)}), self.words
            if not present:
                present, others = [UNK], self.words
            old, new = sorted(present)[generator.integers(len(present))], others[generator.integers(len(others))]
            out.append([int(new) if i == old else i for i in ids])
        return out


def distinct(rows, captions, generator, size):
    """At most `size` rows without two equal captions."""
    chosen, seen = [], set()
    for row in generator.permutation(rows):
        if captions[row] not in seen:
            seen.add(captions[row])
            chosen.append(row)
        if len(chosen) == size:
            break
    return np.array(chosen)


def learn(job, model, ids, captions, rewriter=None, decay=0.01, values=None):
    """Trains a model with towers `image` and `text`, and gives its held-out scores. `values` maps 0..1 to its pixels."""
    model = model.to(job.device)
    values = values or (lambda images: images)

    def act(optimiser, generator):
        chosen = distinct(job.parts.train, captions, generator, job.batch)
        images = values(eyes.augmented(job, chosen, generator))
        true = ids[chosen].tolist()
        wrong = [w for caption in true for w in rewriter.wrong(caption, generator)] if rewriter else []
        text = torch.tensor(true + wrong)
        return clip_step(model, optimiser, images, text.to(job.device))

    def measure(network):
        pictures, texts = embeddings(network, job, ids, job.parts.val, values)
        keep = distinct(np.arange(len(job.parts.val)), [captions[r] for r in job.parts.val], np.random.default_rng(7), 10**6)
        logits = torch.from_numpy(pictures[keep] @ texts[keep].T) * 10
        loss = F.cross_entropy(logits, torch.arange(len(keep))).item()
        found = score.first_of_eight(pictures, texts, [captions[r] for r in job.parts.val], np.random.default_rng(7))
        return ({} if found is None else {"val_first_of_8": found}) | {"val_loss": loss}

    best = fit("clip", model, Step(model, act, decay), measure, job.settings(len(job.parts.train)), job.work, job.log)
    model.to(memory_format=torch.contiguous_format).cpu()
    job.device = torch.device("cpu")
    rows = job.parts.test
    pictures, texts = embeddings(model, job, ids, rows, values)
    found = score.first_of_eight(pictures, texts, [captions[r] for r in rows], np.random.default_rng(7))
    job.log.write("held-out", network="clip", frames=len(rows), best_epoch=best, first_of_8=found, chance=12.5)
    if found is None:
        job.log.say(f"held out ({len(rows)} frames): fewer than 8 different captions, so retrieval is not scored")
        return {}
    job.log.say(f"held out ({len(rows)} frames): own caption first among 8: {found:.1f} (chance 12.5); best epoch {best}")
    if found <= 12.5:
        job.log.say("warning: the CLIP is no better than chance: more stories or more epochs may help")
    return {"first of 8": found}


@torch.no_grad()
def embeddings(model, job, ids, rows, values):
    """Normalised embeddings of middle frames and captions, float32 arrays."""
    pictures, texts = [], []
    for part in np.array_split(rows, max(1, -(-len(rows) // 64))):
        pictures.append(model.image(values(job.pictures.middles(part).to(job.device))).float())
        texts.append(model.text(ids[part].to(job.device)).float())
    return tuple(F.normalize(torch.cat(it), dim=1).cpu().numpy() for it in (pictures, texts))


class Published(nn.Module):
    """The towers of a published CLIP, with the temperature of the loss."""

    def __init__(self, image, text):
        super().__init__()
        self.image, self.text = image, text
        self.scale = nn.Parameter(torch.tensor(np.log(1 / 0.07), dtype=torch.float32))

    logits = Clip.logits


def published(job, captions):
    """Fine-tunes a CLIP of the Hugging Face hub or of open_clip, which the exporter reads."""
    from storyeval_export.error import ExportError
    from storyeval_export.models import clip as source

    args = SimpleNamespace(checkpoint=str(job.init), activation=job.activation, vocabulary=job.vocabulary, id=job.id,
                           model="clip")
    try:
        plan = source.plan(args)
        image, text = (graph.build() for graph in plan.graphs)
    except ExportError as error:
        raise TrainError(error.message, error.hint, error.code) from error
    side = plan.manifest["image"]["width"]
    if job.size != side:
        raise TrainError(f"{job.init} reads frames of {side} pixels", f"give --size {side}", USAGE)
    model = Published(image, text)
    for parameter in list(model.parameters()):
        parameter.data = parameter.data.float().clone()
        parameter.requires_grad_(True)
    section, scale = plan.manifest["clip"], plan.manifest["input"]["scale"]
    mean, std = (torch.tensor(scale[k]).view(3, 1, 1) for k in ("mean", "std"))
    write = plan.files["tokenizer.json"]
    write(job.work / "tokenizer.json")
    ids = tokens(job.work / "tokenizer.json", captions, section)
    scores = learn(job, model, ids, captions,
                   values=lambda images: (images - mean.to(images.device)) / std.to(images.device))
    context = section["context_length"]
    text_input = ("input_ids", "int64", (2, context), {0: "batch"}, section["bos_id"])
    some = ids[job.parts.test[:3]].numpy()
    graphs = {"clip_image": (model.image, [], {"image_embeds": {0: "batch"}}, ()),
              "clip_text": (model.text, [text_input], {"text_embeds": {0: "batch"}}, [{"input_ids": some}])}
    return Written("clip", graphs, {"clip": section}, {"clip": None}, {"clip": scores}, plan.manifest["input"],
                   {"tokenizer.json": write}, plan.manifest["licence"], half=False)


def tokens(path, captions, section):
    """int64 [N,context] as storyeval makes them: begin, words in lower case, end, padding."""
    from tokenizers import Tokenizer

    tokenizer, context = Tokenizer.from_file(str(path)), section["context_length"]
    rows = []
    for caption in captions:
        ids = tokenizer.encode(" ".join(caption.split()).lower(), add_special_tokens=False).ids[:context - 2]
        rows.append([section["bos_id"], *ids, section["eos_id"]] + [section["pad_id"]] * (context - 2 - len(ids)))
    return torch.tensor(rows)
