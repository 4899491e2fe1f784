"""Stage `clip`: learns which caption belongs to which frame.

The learner sees the half of the episodes that the scorers see.  A batch is made of groups that
share a place, and every frame also meets two rewritten captions (another character, another place
or another thing), so that the towers cannot do with the easy half of a caption.
"""

import numpy as np
import torch
import torch.nn.functional as F

from .clip import Clip, ImageTower
from .run import adamw, bf16, learning_rate, set_rate
from .scene import THINGS, fit_scene
from .tokens import Vocabulary, words
from .train_vision import augment, batch_of



def vocabulary(world):
    return Vocabulary(world.train.captions)


class Rewriter:
    """Captions that are wrong in one word, by ids of the vocabulary."""

    def __init__(self, world, vocabulary):
        self.names = [vocabulary.index[n] for n in world.characters]
        self.places = [vocabulary.index[b] for b in world.backgrounds]
        self.things = [vocabulary.index[t] for t in THINGS if t in vocabulary.index]

    def swap(self, ids, pool, generator):
        """Replaces one member of `pool` everywhere in `ids` by one that is not there; None if none is."""
        present = sorted({i for i in ids if i in pool})
        if not present:
            return None
        old = present[generator.integers(len(present))]
        new = generator.choice([p for p in pool if p not in present])
        return [int(new) if i == old else i for i in ids]

    def wrong(self, ids, generator):
        """Two wrong versions: another character; another place or thing (or character)."""
        first = self.swap(ids, self.names, generator)
        pool = self.places if generator.random() < 0.5 else self.things
        second = self.swap(ids, pool, generator) or self.swap(ids, self.names, generator)
        return [first, second]


def hard_rows(split, rows, generator, size):
    """Clips in groups of four that share a place, without two equal captions."""
    by_place = [rows[split.backgrounds[rows] == p] for p in range(12)]
    chosen, seen = [], set()
    while len(chosen) < size:
        group = by_place[generator.integers(12)]
        for row in generator.choice(group, 4, replace=False):
            if split.captions[row] not in seen:
                seen.add(split.captions[row])
                chosen.append(row)
    return np.array(chosen[:size])


def train_eyes(run, world):
    fit_scene(run, world, "clip_eyes", ImageTower.WIDTHS, run.config.eyes_steps, 500)


def clip_step(model, optimiser, images, ids):
    """One contrastive step. `ids` are the captions of the images, and then wrong ones: as many of each image, image by
    image (none are allowed), which only their own image meets."""
    size = len(images)
    with bf16(images.device):
        pictures = model.image(images)
    logits = model.logits(pictures, model.text(ids))
    goal = torch.arange(size, device=images.device)
    own = logits[:, size:].view(size, size, len(ids) // size - 1)[goal, goal]
    loss = (F.cross_entropy(torch.cat([logits[:, :size], own], dim=1), goal)
            + F.cross_entropy(logits[:, :size].T, goal)) / 2
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return loss


def train(run, world):
    name, config = "clip", run.config
    torch.manual_seed(501)
    generator = np.random.default_rng(501)
    split, dictionary = world.train, vocabulary(world)
    rewriter = Rewriter(world, dictionary)
    ids = [dictionary.padded(c) for c in split.captions]
    rows = np.flatnonzero(split.episodes % 2 == 0)
    model = Clip(len(dictionary.words)).train()
    stages = {k: v for k, v in run.load("clip_eyes").items() if not k.startswith("head")}
    model.image.body.load_state_dict(stages, strict=False)
    model.image.to(memory_format=torch.channels_last)
    optimiser = adamw(model.parameters(), decay=0.05)
    size = config.clip_batch
    for step in range(config.clip_steps):
        set_rate(optimiser, learning_rate(step, config.clip_steps, 2e-3, decay_from=0.4))
        chosen = hard_rows(split, rows, generator, size)
        images = augment(batch_of(split, chosen, generator)).contiguous(memory_format=torch.channels_last)
        true = [ids[r] for r in chosen]
        wrong = [v for caption in true for v in rewriter.wrong(caption, generator)]
        loss = clip_step(model, optimiser, images, torch.tensor(true + wrong)[:, :20])
        if step % 200 == 199 or step == config.clip_steps - 1:
            run.save(name, model.state_dict())
            run.log(name, step=step + 1, loss=loss.item(), scale=model.scale.exp().item(),
                    **measure(model.eval(), world, world.val, dictionary))
            model.train()
    run.save(name, model.state_dict())


@torch.no_grad()
def embeddings(model, split, dictionary, frame=2):
    """Normalised embeddings of the middle frames and of the captions, [N,D] each."""
    images = torch.from_numpy(np.array(split.frames[:, frame])).permute(0, 3, 1, 2).float() / 255
    pictures = torch.cat([model.image(part) for part in images.split(128)])
    texts = model.text(torch.tensor([dictionary.padded(c) for c in split.captions]))
    return F.normalize(pictures, dim=1), F.normalize(texts, dim=1)


@torch.no_grad()
def measure(model, world, split, dictionary):
    """The figures of the README: ranks, drops under a wrong word, likeness of frames."""
    generator = np.random.default_rng(7)
    pictures, texts = embeddings(model, split, dictionary)
    count = len(split.ids)
    cosines = (pictures @ texts.T).numpy()
    captions = [" ".join(words(c)) for c in split.captions]
    first, hard = [], []
    for i in range(count):
        others = [j for j in generator.permutation(count) if captions[j] != captions[i]][:9]
        first.append(cosines[i, i] > cosines[i, others].max())
        near = [j for j in range(count) if captions[j] != captions[i]
                and split.backgrounds[j] == split.backgrounds[i]][:9]
        hard.append(cosines[i, i] > cosines[i, near].max())
    rewriter, own = Rewriter(world, dictionary), cosines.diagonal()
    drops = {}
    for kind, pool in (("character", rewriter.names), ("place", rewriter.places), ("thing", rewriter.things)):
        swapped = [(i, rewriter.swap(dictionary.padded(split.captions[i]), pool, generator)) for i in range(count)]
        swapped = [(i, ids) for i, ids in swapped if ids]
        index = [i for i, _ in swapped]
        other = F.normalize(model.text(torch.tensor([ids for _, ids in swapped])), dim=1)
        values = (pictures[index] * other).sum(1).numpy()
        drops[f"{kind}_right"] = float((own[index] > values).mean())
        drops[f"{kind}_drop"] = float((own[index] - values).mean())
    alike = (pictures @ pictures.T).numpy()
    place = split.backgrounds[:, None] == split.backgrounds
    cast = (split.labels[:, None] == split.labels).all(2)
    outside = split.episodes[:, None] != split.episodes
    groups = {"same": place & cast & outside, "same_cast": ~place & cast, "same_place": place & ~cast,
              "other": ~place & ~cast}
    return {"first_of_10": float(np.mean(first)), "first_of_10_same_place": float(np.mean(hard)),
            "true": float(own.mean()), "true_low": float(np.quantile(own, 0.05)), "random": float(cosines.mean()),
            **drops, **{f"images_{k}": float(alike[v].mean()) for k, v in groups.items()}}


def load(run, world):
    dictionary = vocabulary(world)
    model = Clip(len(dictionary.words))
    model.load_state_dict(run.load("clip"))
    return model.eval().requires_grad_(False), dictionary


STAGES = {"clip_eyes": train_eyes, "clip": train}
