"""`classifiers`: which characters are on a frame, and where it plays."""

import numpy as np
import torch
from torch import nn

from .. import train_vision
from ..convnet import ConvNet
from . import score, weights
from .bundle import Written
from .error import DATA, USAGE, TrainError
from .loop import Step, fit

WIDTHS = {"characters": (32, 48, 64, 96), "backgrounds": (16, 32, 48, 64)}  # as the scorers of MiniSV
GRAPHS = {"characters": "char_classifier", "backgrounds": "bg_classifier"}
NAMES = {"characters": ("Char-Acc", "Char-F1"), "backgrounds": ("BG-Acc", "BG-F1")}
MOST_WEIGHT = 8.0  # of a label that is rarely true
INCEPTION = 299


def train(job):
    """Trains a network for each kind of labels that the data have, and gives the bundle."""
    matrices = {"characters": job.data.character_matrix(), "backgrounds": job.data.background_matrix()}
    kinds = [kind for kind, matrix in matrices.items() if matrix.shape[1] and not np.isnan(matrix).all()]
    if not kinds:
        raise TrainError(f"no frame of {job.data.root} has labels",
                         'write "characters": [..] or "background": ".." beside the captions (docs/bring-my-data.md)', DATA)
    for kind in matrices.keys() - set(kinds):
        job.log.say(f"note: the data have no labels of {kind}; there will be no classifier of them")
    start = start_of(job)
    graphs, scores, networks = {}, {}, {}
    for kind in kinds:
        names = getattr(job.data, kind)
        torch.manual_seed(job.seed)
        network = Inception(len(names)) if start.inception else ConvNet(len(names), WIDTHS[kind])
        start.into(network, kind, job)
        scores[kind] = one(job, kind, names, matrices[kind], network.to(job.device))
        networks[kind] = network.cpu().state_dict()
        graphs[GRAPHS[kind]] = (network, [], "logits", ())
    labels = {kind: getattr(job.data, kind) for kind in kinds}
    weights.save(job.work / "checkpoint.pt", "classifiers", networks, labels=labels, size=job.size)
    return Written("evaluators", graphs, {"labels": labels}, {kind: None for kind in kinds}, scores,
                   half=not start.inception)


class Inception(nn.Module):
    """torchvision's Inception-v3 behind its re-mapping to -1..1; reads 0..1 as the other networks do."""

    def __init__(self, outputs):
        super().__init__()
        from storyeval_export.eyes.inception import classifier
        self.net = classifier(outputs)

    def forward(self, pixels):
        return self.net(2 * pixels - 1)


class Start:
    """What `--init` gives: nothing, a checkpoint of this program, or a published Inception-v3."""

    def __init__(self, path, state, inception):
        self.path, self.state, self.inception = path, state, inception

    def into(self, network, kind, job):
        if self.state is None:
            return
        if self.inception:
            state, new = {f"net.{k}": v for k, v in self.state.items()}, "net.fc."
        elif kind in self.state["networks"]:
            state, new = self.state["networks"][kind], "head."
        else:
            return job.log.say(f"note: {self.path} has no classifier of {kind}; it starts from nothing")
        same = not self.inception and self.state["labels"].get(kind) == getattr(job.data, kind)
        fresh = weights.put(network, state, new, self.path)
        if not same or fresh:
            job.log.say(f"{kind}: starts from {self.path}; the last layer is "
                        + ("new, because it has other labels" if fresh else "taken over"))


def start_of(job):
    if job.init is None:
        return Start(None, None, False)
    state = weights.own(job.init, "classifiers")
    if state is not None:
        if state["size"] != job.size:
            raise TrainError(f"{job.init} reads frames of {state['size']} pixels", f"give --size {state['size']}", USAGE)
        return Start(job.init, state, False)
    state = weights.published(job.init)
    if "Mixed_5b.branch1x1.conv.weight" not in state:
        raise TrainError(f"{job.init} is no Inception-v3 of torchvision and no checkpoint of this program",
                         "StoryGPT-V's classifier_char.pt and torchvision's inception_v3 can be fine-tuned", DATA)
    if job.size != INCEPTION:
        raise TrainError(f"an Inception-v3 reads frames of {INCEPTION} pixels, not {job.size}",
                         f"give --size {INCEPTION}", USAGE)
    return Start(job.init, {k: v for k, v in state.items() if not k.startswith("AuxLogits.")}, True)


def one(job, kind, names, matrix, network):
    """Trains one network; gives its scores on the held-out part, with those of a constant answer."""
    known = ~np.isnan(matrix).any(1)
    train, val, test = (rows[known[rows]] for rows in (job.parts.train, job.parts.val, job.parts.test))
    for rows, part in ((train, "training"), (val, "validation"), (test, "held-out")):
        if not len(rows):
            raise TrainError(f"no frame of the {part} part has labels of {kind}", "label frames of every part", DATA)
    tell(job, kind, names, matrix, train, test)
    goal = torch.from_numpy(np.nan_to_num(matrix)).to(job.device)
    chance, positive = balance(matrix[train])
    positive = torch.from_numpy(positive).to(job.device)
    weight = torch.ones(len(names), device=job.device)
    network = network.to(memory_format=torch.channels_last)

    def act(optimiser, generator):
        chosen = train[generator.choice(len(train), job.batch, p=chance)]
        images = job.pictures.random(chosen, generator)
        if job.mirror:
            mirrored = torch.rand(len(images), 1, 1, 1) < 0.5
            images = torch.where(mirrored, images.flip(3), images)
        images = train_vision.augment(images).to(job.device)
        return train_vision.recogniser_step(network, optimiser, images, goal[chosen], weight, positive)

    def measure(model):
        logits = predict(model, job, val)
        found = score.labels(logits > 0, matrix[val] > 0.5)
        loss = nn.functional.binary_cross_entropy_with_logits(
            torch.from_numpy(logits), torch.from_numpy(matrix[val]), reduction="none").mean(0).sum().item()
        return {"val_f1": found["f1"], "val_acc": found["acc"], "val_loss": loss}

    best = fit(kind, network, Step(network, act), measure, job.settings(len(train)), job.work, job.log)
    network.to(memory_format=torch.contiguous_format)
    true = matrix[test] > 0.5
    found, constant = score.labels(predict(network, job, test) > 0, true), score.constant(true)
    job.log.write("held-out", network=kind, frames=len(test), best_epoch=best, **found,
                  chance_acc=constant["acc"], chance_f1=constant["f1"])
    acc, f1 = NAMES[kind]
    job.log.say(f"held out ({len(test)} frames): {acc} {found['acc']:.1f} (a constant answer {constant['acc']:.1f}), "
                f"{f1} {found['f1']:.1f} (a constant answer {constant['f1']:.1f}); best epoch {best}")
    if found["f1"] <= constant["f1"] and found["f1"] < 100:
        job.log.say(f"warning: the classifier of {kind} is no better than a constant answer: more stories or more "
                    "epochs may help, and wrong labels do not")
    return {acc: found["acc"], f1: found["f1"]}


@torch.no_grad()
def predict(network, job, rows):
    parts = [network(job.pictures.middles(part).to(job.device)).float().cpu().numpy()
             for part in np.array_split(rows, max(1, -(-len(rows) // 64)))]
    return np.concatenate(parts)


def balance(matrix):
    """(chance of each row to be drawn, weight of each label where it is true): rare labels are seen more often."""
    count = matrix.sum(0)
    rarity = 1 / np.sqrt(np.maximum(count, 1) / len(matrix))
    rows = np.where(matrix > 0.5, rarity, 1.0).max(1)
    drawn = (matrix * rows[:, None]).sum(0) / rows.sum()
    weight = np.sqrt((1 - drawn).clip(1e-6) / drawn.clip(1e-6)).clip(1, MOST_WEIGHT)
    return rows / rows.sum(), np.where(count > 0, weight, 1).astype(np.float32)


def tell(job, kind, names, matrix, train, test):
    """Says what cannot be learnt, or not be judged."""
    counts, held = matrix[train].sum(0), matrix[test].sum(0)
    job.log.say(f"{kind}: " + ", ".join(f"{n} {int(c)}" for n, c in zip(names[:24], counts))
                + (f" and {len(names) - 24} more" if len(names) > 24 else "") + f" of {len(train)} frames")
    never = [n for n, c in zip(names, counts) if c == 0]
    if len(never) == len(names):
        raise TrainError(f"no frame of the training part has a label of {kind}", "label frames, or mend their names", DATA)
    sentences = ((never, "on no frame to learn from: its output will say that it is never there"),
                 ([n for n, c in zip(names, counts) if 0 < c < 5], "on fewer than 5 frames to learn from"),
                 ([n for n, c in zip(names, counts) if c == len(train)], "on every frame: a constant answer is right"),
                 ([n for n, c, h in zip(names, counts, held) if c and not h], "on no held-out frame: it is not judged"))
    for which, sentence in sentences:
        if which:
            job.log.say(f"note: {kind}: {', '.join(which[:12])}{' and others' if len(which) > 12 else ''}: {sentence}")
