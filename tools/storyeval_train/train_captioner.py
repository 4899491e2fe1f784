"""Stages `captioner_eyes` and `captioner`: learns to write the captions of frames.

The learner sees the half of the episodes that the scorers see.  Its eyes first learn to recognise
what captions speak of and are frozen then, as in BLIP-2; queries and decoder learn to write.  Nothing
in a frame tells why a caption leaves its place out or says "happily", so the decoder must not learn
single captions by heart: dropout, and words of the caption so far that are hidden.
"""

import numpy as np
import torch
import torch.nn.functional as F

from .beams import captions_of
from .captioner import Captioner, Eyes
from .config import CAPTION_TOKENS
from .run import Average, adamw, bf16, learning_rate, set_rate
from .scene import OUTPUTS, fit_scene
from .tokens import BOS, PAD, UNK, Vocabulary, words
from .train_vision import augment, batch_of, place_told


FORGET = 0.1  # share of the words so far that training hides


def vocabulary(world):
    return Vocabulary(world.train.captions)


def build(world):
    dictionary = vocabulary(world)
    return Captioner(len(dictionary.words), OUTPUTS), dictionary


def train_eyes(run, world):
    fit_scene(run, world, "captioner_eyes", Eyes.WIDTHS, run.config.eyes_steps, 701)


def captioner_step(model, optimiser, maps, text):
    """One step on the feature maps of frames and their padded captions: the next word, some words hidden."""
    text = text[:, :int((text != PAD).sum(1).max())]
    given = text[:, :-1].masked_fill((torch.rand(text[:, :-1].shape) < FORGET).to(text.device), UNK)
    given[:, 0] = BOS
    logits = model.logits(model.eyes.look(maps), given)
    loss = F.cross_entropy(logits.flatten(0, 1), text[:, 1:].flatten(), ignore_index=PAD,
                           label_smoothing=0.03)
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return loss


def train(run, world):
    name, config = "captioner", run.config
    torch.manual_seed(702)
    generator = np.random.default_rng(702)
    split = world.train
    rows = np.flatnonzero(split.episodes % 2 == 0)
    model, dictionary = build(world)
    model.eyes.body.load_state_dict(run.load("captioner_eyes"))
    ids = torch.tensor([dictionary.padded(c, CAPTION_TOKENS) for c in split.captions])
    model.train()
    body = model.eyes.body.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    optimiser, average = adamw(model.parameters(), decay=0.05), Average({"model": model}, 0.995)
    for step in range(config.captioner_steps):
        set_rate(optimiser, learning_rate(step, config.captioner_steps, 1.5e-3, decay_from=0.3))
        chosen = generator.choice(rows, config.captioner_batch)
        images = augment(batch_of(split, chosen, generator)).contiguous(memory_format=torch.channels_last)
        with bf16(), torch.no_grad():
            maps = body.maps(images)
        loss = captioner_step(model, optimiser, maps, ids[chosen])
        average.update()
        if step % 200 == 199 or step == config.captioner_steps - 1:
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
