"""Stages `captioner_eyes` and `captioner`: learns to write the captions of frames.

The learner sees the half of the episodes that the scorers see.  Its eyes first learn to recognise
what the captions speak of; then everything learns to write the captions with their names.
"""

import numpy as np
import torch
import torch.nn.functional as F

from .beams import captions_of
from .captioner import Captioner
from .config import CAPTION_TOKENS
from .convnet import ConvNet
from .captioner import Eyes
from .run import Average, adamw, bf16, learning_rate, set_rate
from .tokens import PAD, Vocabulary, words
from .train_vision import augment, batch_of, fit, place_told, targets


def vocabulary(world):
    return Vocabulary(world.train.captions)


def build(world):
    dictionary = vocabulary(world)
    return Captioner(len(dictionary.words), 19 + len(world.concepts)), dictionary


def train_eyes(run, world):
    torch.manual_seed(701)
    model = ConvNet(19 + len(world.concepts), Eyes.WIDTHS)
    fit(run, world, "captioner_eyes", model, "concepts", 0, run.config.captioner_eyes_steps, 701)
    run.save("captioner_eyes", model.state_dict())


def train(run, world):
    name, config = "captioner", run.config
    torch.manual_seed(702)
    generator = np.random.default_rng(702)
    split = world.train
    rows = np.flatnonzero(split.episodes % 2 == 0)
    model, dictionary = build(world)
    model.eyes.body.load_state_dict(run.load("captioner_eyes"))
    ids = torch.tensor([dictionary.padded(c, CAPTION_TOKENS) for c in split.captions])
    goal = targets(split, "concepts")
    model.train()
    model.eyes.body.to(memory_format=torch.channels_last)
    optimiser, average = adamw(model.parameters(), decay=0.05), Average({"model": model}, 0.995)
    for step in range(config.captioner_steps):
        set_rate(optimiser, learning_rate(step, config.captioner_steps, 1.2e-3, decay_from=0.3))
        chosen = generator.choice(rows, config.captioner_batch)
        images = augment(batch_of(split, chosen, generator)).contiguous(memory_format=torch.channels_last)
        with bf16():
            maps = model.eyes.body.maps(images)
            seen = model.eyes.body.head(model.eyes.body.pooled(maps))
        text = ids[chosen]
        text = text[:, :int((text != PAD).sum(1).max())]
        logits = model.logits(model.eyes.look(maps), text[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), text[:, 1:].flatten(), ignore_index=PAD,
                               label_smoothing=0.03)
        extra = F.binary_cross_entropy_with_logits(seen.float(), goal[chosen])
        optimiser.zero_grad()
        (loss + 0.5 * extra).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        average.update()
        if step % 300 == 299 or step == config.captioner_steps - 1:
            run.save(name, average.state["model"])
            judged, _ = load(run, world)
            limit = 2 if config.captioner_steps < 100 else 120
            run.log(name, step=step + 1, loss=loss.item(),
                    **measure(captions_of(judged, dictionary, middle(world.val, limit), beams=1)[0],
                              world, world.val, limit))


def middle(split, limit):
    """The middle frames of the first clips, [N,3,64,64] in 0..1."""
    frames = np.array(split.frames[:limit, 2])
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255


def measure(written, world, split, limit):
    """How far written captions name who is there and where (where the true caption says it)."""
    told = place_told(world, split)
    recalled = named = wrong = places = place_count = same = 0
    for row, text in enumerate(written[:limit]):
        found, true = words(text), words(split.captions[row])
        cast = {world.characters[c] for c in split.labels[row].nonzero()[0]}
        recalled += len(cast & set(found))
        named += len(cast)
        wrong += len({w for w in found if w in world.characters} - cast)
        if told[row]:
            place_count += 1
            places += {w for w in found if w in world.backgrounds} == {world.backgrounds[split.backgrounds[row]]}
        same += found == true
    return {"name_recall": recalled / max(1, named), "names_wrong": wrong,
            "place_right": places / max(1, place_count), "verbatim": same / max(1, len(written))}


def load(run, world):
    model, dictionary = build(world)
    model.load_state_dict(run.load("captioner"))
    return model.eval().requires_grad_(False), dictionary


STAGES = {"captioner_eyes": train_eyes, "captioner": train}
