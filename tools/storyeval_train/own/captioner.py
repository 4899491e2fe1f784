"""`captioner`: writes what is on a frame, in the words of the data set's captions."""

import json
import math
import subprocess
from collections import Counter

import numpy as np
import torch
from torch.nn import functional as F

from .. import config as sizes
from ..captioner import Captioner, Eyes
from ..run import bf16
from ..tokens import BOS, EOS, PAD, Vocabulary
from ..train_captioner import captioner_step
from . import eyes, weights
from .bundle import Written
from .error import DATA, TrainError
from .loop import Step, fit

LONGEST = 77  # tokens of a caption, begin and end included


def train(job):
    """Trains eyes, then queries and decoder, and gives the bundle."""
    from ..export_metrics import captioner_graphs, captioner_section

    captions = [frame.caption for frame in job.data.frames]
    dictionary = Vocabulary([captions[row] for row in job.parts.train])
    longest = length_of(job, dictionary, captions)
    body = eyes.train(job, "captioner_eyes", Eyes.WIDTHS)
    cells = (job.size // 8) ** 2
    torch.manual_seed(job.seed)
    model = Captioner(len(dictionary.words), body.head.out_features, cells, sizes.CAPTION_QUERIES + longest + 1)
    start(job, model, dictionary)
    model.eyes.body.load_state_dict(body.state_dict())
    model = model.to(job.device)
    body = model.eyes.body.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    ids = torch.tensor([dictionary.padded(c, longest) for c in captions]).to(job.device)

    def act(optimiser, generator):
        body.eval()
        chosen = job.parts.train[generator.integers(0, len(job.parts.train), job.batch)]
        with bf16(job.device), torch.no_grad():
            maps = body.maps(eyes.augmented(job, chosen, generator))
        return captioner_step(model, optimiser, maps, ids[chosen])

    def measure(network):
        return {"val_loss": token_loss(network, job, ids, job.parts.val)}

    best = fit("captioner", model, Step(model, act, decay=0.05), measure, job.settings(len(job.parts.train)), job.work,
               job.log)
    model.eyes.body.to(memory_format=torch.contiguous_format)
    model = model.cpu()
    job.device = torch.device("cpu")
    scores = held_out(job, model, dictionary, ids.cpu(), best, longest)
    weights.save(job.work / "checkpoint.pt", "captioner", {"captioner": model.state_dict()}, words=dictionary.words,
                 size=job.size)
    return Written("captioner", captioner_graphs(model, len(dictionary.words), job.size),
                   {"captioner": captioner_section(len(dictionary.words), longest)}, {"captioner": None},
                   {"captioner": scores}, files={"tokenizer.json": lambda path: tokenizer(path, dictionary, captions)})


def length_of(job, dictionary, captions):
    """Tokens that captions are cut to."""
    lengths = [len(dictionary.encode(captions[row])) + 2 for row in job.parts.train]
    if max(lengths) > LONGEST:
        job.log.say(f"note: {sum(n > LONGEST for n in lengths)} captions are longer than {LONGEST} tokens, and are cut")
    return min(LONGEST, max(lengths))


def start(job, model, dictionary):
    """`--init`: a captioner of this program. BLIP-2 is fine-tuned by LAVIS and exported by `storyeval_export`."""
    if job.init is None:
        return
    state = weights.own(job.init, "captioner")
    if state is None:
        raise TrainError(f"{job.init} is no captioner that this command trained",
                         "BLIP-2 is fine-tuned with LAVIS; python -m storyeval_export blip2-captioner makes its bundle", DATA)
    given = state["networks"]["captioner"]
    weights.put(model, given, ("decoder.embedding.", "decoder.positions.", "eyes.body.", "eyes.places"), job.init)
    weights.words_to(model.decoder.embedding.weight, given["decoder.embedding.weight"], dictionary.words, state["words"])
    job.log.say(f"captioner: starts from {job.init}; words that it did not know and the image trunk are new")


def tokenizer(path, dictionary, captions):
    """Writes `tokenizer.json` and proves that it splits the captions as the training did."""
    dictionary.save(path, prose=True)
    try:
        dictionary.check(path, captions)
    except ValueError as source:
        raise TrainError(str(source), "write the caption with plain letters", DATA) from source


@torch.no_grad()
def token_loss(model, job, ids, rows):
    """Mean loss of a word, given those before it, on the middle frames."""
    lost = count = 0.0
    for part in np.array_split(rows, max(1, -(-len(rows) // 64))):
        text = ids[part]
        prefix = model.eyes(job.pictures.middles(part).to(job.device))
        logits = model.logits(prefix, text[:, :-1])
        lost += F.cross_entropy(logits.flatten(0, 1), text[:, 1:].flatten(), ignore_index=PAD, reduction="sum").item()
        count += (text[:, 1:] != PAD).sum().item()
    return lost / count


@torch.no_grad()
def greedy(model, job, dictionary, rows, longest):
    """Captions of the middle frames, always the likeliest next word."""
    texts = []
    for part in np.array_split(rows, max(1, -(-len(rows) // 64))):
        prefix = model.eyes(job.pictures.middles(part).to(job.device))
        ids = torch.full((len(part), 1), BOS)
        for _ in range(longest - 1):
            ids = torch.cat([ids, model.logits(prefix, ids)[:, -1:].argmax(-1)], 1)
        for row in ids[:, 1:].tolist():
            row = row[:row.index(EOS)] if EOS in row else row
            texts.append(" ".join(dictionary.words[i] for i in row))
    return texts


def held_out(job, model, dictionary, ids, best, longest):
    """Loss of a word, BLEU-4 and CIDEr where `storyeval` is there, each beside an answer that sees no frame."""
    rows = job.parts.test
    true = [job.data.frames[row].caption for row in rows]
    written = greedy(model, job, dictionary, rows, longest)
    learnt = ids[job.parts.train][:, 1:]
    count = Counter(learnt[learnt != PAD].tolist())
    total, kinds = sum(count.values()), len(dictionary.words)
    text = ids[rows][:, 1:]
    blind = -np.mean([math.log((count[i] + 1) / (total + kinds)) for i in text[text != PAD].tolist()])
    found = {"loss": token_loss(model, job, ids, rows), "chance_loss": float(blind)}
    said = f"loss of a word {found['loss']:.2f} (by frequency alone {blind:.2f})"
    common = Counter(job.data.frames[row].caption for row in job.parts.train).most_common(1)[0][0]
    for metric in ("bleu4", "cider"):
        value, chance = (of_program(job, metric, true, texts) for texts in (written, [common] * len(true)))
        if value is not None:
            found |= {metric: value, f"chance_{metric}": chance}
            said += f", {metric} {value:.3f} (one caption for all {chance:.3f})"
    if job.storyeval is None:
        said += "; BLEU4 and CIDEr need the program storyeval (--storyeval PATH)"
    job.log.write("held-out", network="captioner", frames=len(rows), best_epoch=best, **found)
    job.log.say(f"held out ({len(rows)} frames): {said}; best epoch {best}")
    for frame, caption in list(zip(true, written))[:3]:
        job.log.say(f"  {frame!r} is written as {caption!r}")
    if found["loss"] >= found["chance_loss"]:
        job.log.say("warning: the captioner is no better than the frequency of words")
    return {k: v for k, v in found.items() if not k.startswith("chance")}


def of_program(job, metric, true, written):
    """A metric of captions by `storyeval metric`; `None` where the program is absent or refuses."""
    if job.storyeval is None:
        return None
    refs, hyps = job.work / "refs.json", job.work / "hyps.json"
    refs.write_text(json.dumps({str(i): [t] for i, t in enumerate(true)}))
    hyps.write_text(json.dumps({str(i): [t] for i, t in enumerate(written)}))
    verb = "bleu" if metric.startswith("bleu") else metric
    answer = subprocess.run([job.storyeval, "metric", verb, "--refs", refs, "--hyps", hyps, "--format", "json"],
                            capture_output=True, text=True, check=False)
    if answer.returncode:
        return None
    value = json.loads(answer.stdout)
    if verb == "bleu":
        return next((s["value"] for s in value.get("scores", []) if s["metric"] == metric), value.get("bleu4"))
    return value.get("value")
