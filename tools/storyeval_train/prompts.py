"""Prompts of the language model for frames 2-4, as StoryGPT-V `eval_llm.py:123-133`.

For every earlier frame: " Image: <img>", four visual tokens, "</img> Caption: S_i"; then
" Caption: S_n Image: " and the eight [IMG] tokens.  Every text segment is tokenised alone.
"""

import re
from collections import Counter

import numpy as np
import torch

from .config import (CAPTION_PREFIX, CAPTION_SUFFIX, IMAGE_PREFIX, IMAGE_SUFFIX, IMG_TOKENS,
                     VISUAL_TOKENS)
from .referential import _enumerations, story_captions
from .tokens import BOS, LLM_ADDED, PAD, Vocabulary
from .train_vision import place_told


def vocabulary(world):
    return Vocabulary(world.train.captions, LLM_ADDED)


def prompt_ids(words, captions):
    """Token ids for the last of `captions`; visual positions hold the id of <|image|>."""
    image = words.index["<|image|>"]
    ids = [BOS]
    for caption in captions[:-1]:
        ids += words.encode(IMAGE_PREFIX) + [image] * VISUAL_TOKENS
        ids += words.encode(IMAGE_SUFFIX + caption)
    ids += words.encode(CAPTION_PREFIX + captions[-1] + CAPTION_SUFFIX)
    return ids + [words.index[f"[IMG{i}]"] for i in range(IMG_TOKENS)]


def padded_batch(sequences):
    """Right-padded ids [B,S]."""
    longest = max(map(len, sequences))
    return torch.tensor([s + [PAD] * (longest - len(s)) for s in sequences])


def with_visuals(embeds, ids, visual, words):
    """Puts visual tokens [B*(n-1),4,192], frames in order, where `ids` hold <|image|>."""
    place = ids == words.index["<|image|>"]
    out = embeds.clone()
    out[place] = visual.reshape(-1, visual.shape[-1]).to(out.dtype)
    return out


def img_states(hidden, ids, words):
    """Values at the eight [IMG] positions, [B,8,width]."""
    place = ids >= words.index["[IMG0]"]
    return hidden[place].view(len(ids), IMG_TOKENS, -1)


def resolved_caption(original, characters, names):
    """The name-resolved caption, its enumeration in label order so that it can be predicted."""
    wanted = next(_enumerations([names[c].capitalize() for c in sorted(characters)]))
    for phrase in _enumerations([names[c] for c in sorted(characters)]):
        out = re.sub(rf"\b{re.escape(phrase)}\b", wanted, original, flags=re.IGNORECASE)
        if out != original:
            return out
    return original


def place_phrases(world):
    """The usual phrase for each background, e.g. "at the beach", from the training captions."""
    counts = {b: Counter() for b in world.backgrounds}
    for caption in world.train.captions:
        for phrase in re.findall(r"\b(\w+ the \w+)\b", caption):
            if phrase.split()[-1] in counts:
                counts[phrase.split()[-1]][phrase.lower()] += 1
    return {b: c.most_common(1)[0][0] for b, c in counts.items() if c}


def with_place(caption, phrase):
    """Adds the place to a caption that leaves it to the story: "Bolt waits." -> "... in the park."."""
    return f"{caption.rstrip('. ')} {phrase}."


class Stories:
    """All training texts of the stories of a split: three conditions, and name-resolved targets."""

    CONDITIONS = ("equal", "subset", "none")
    SHARES = (0.5, 0.35, 0.15)

    def __init__(self, world, split, words):
        self.rows, self.words = split.stories, words
        phrases, told = place_phrases(world), place_told(world, split)
        self.texts = {}  # condition -> list of (captions, flags, targets)
        for condition in self.CONDITIONS:
            entries = []
            for story in split.stories:
                if condition == "none":
                    captions, flags = [split.captions[r] for r in story], [False] * 4
                else:
                    captions, flags = story_captions(split, story, world.characters, world.male, condition)
                goals = [resolved_caption(split.captions[r], split.labels[r].nonzero()[0].tolist(),
                                          world.characters) if flag else split.captions[r]
                         for r, flag in zip(story, flags)]
                for n in range(1, 4):  # a place left unsaid is the place of the frame before
                    place = split.backgrounds[story[n]]
                    if not told[story[n]] and place == split.backgrounds[story[n - 1]]:
                        goals[n] = with_place(goals[n], phrases[world.backgrounds[place]])
                entries.append((captions, flags, goals))
            self.texts[condition] = entries

    def batch(self, generator, size):
        """(ids, rows [B,n], resolved captions, flags) for one frame number n in 2..4."""
        n = int(generator.choice([2, 3, 4], p=[0.3, 0.3, 0.4]))
        sequences, rows, goals, flags = [], [], [], []
        for _ in range(size):
            condition = generator.choice(self.CONDITIONS, p=self.SHARES)
            for _ in range(2):  # prefer stories whose n-th text has a pronoun
                story = int(generator.integers(len(self.rows)))
                captions, flag, goal = self.texts[condition][story]
                if flag[n - 1]:
                    break
            sequences.append(prompt_ids(self.words, captions[:n]))
            rows.append(self.rows[story][:n])
            goals.append(goal[n - 1])
            flags.append(flag[n - 1])
        return padded_batch(sequences), np.stack(rows), goals, np.array(flags)
