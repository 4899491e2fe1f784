"""Referential text: names replaced by pronouns where the previous frame makes them clear.

Algorithm 1 of StoryGPT-V (condition `subset`), and the released code's condition (`equal`).
"""

import itertools
import re


def _enumerations(names):
    for order in itertools.permutations(names):
        yield order[0] if len(order) == 1 else ", ".join(order[:-1]) + " and " + order[-1]


def _replace(text, phrase, pronoun, possessive):
    """Every occurrence of `phrase` at word boundaries; capitalised at a sentence start."""
    def substitute(match):
        word = possessive if match.group(1) else pronoun
        before = text[:match.start()].rstrip()
        return word.capitalize() if not before or before[-1] in ".!?" else word
    return re.sub(rf"\b{re.escape(phrase)}\b('s)?", substitute, text, flags=re.IGNORECASE)


def resolve_caption(text, current, previous, names, male, condition="subset"):
    """(caption, replaced) for characters `current` (indices) after a frame with `previous`."""
    current, previous = set(current), set(previous)
    allowed = current <= previous if condition == "subset" else current == previous
    if not current or not allowed:
        return text, False
    if len(current) == 1:
        who = next(iter(current))
        pronoun, possessive = ("he", "his") if male[who] else ("she", "her")
        out = _replace(text, names[who], pronoun, possessive)
    else:
        out = text
        for phrase in _enumerations([names[c] for c in sorted(current)]):
            out = _replace(out, phrase, "they", "their")
    return out, out != text


def is_ambiguous(current, previous, male):
    """Whether a pronoun for `current` leaves open who of `previous` is meant."""
    if len(current) == 1:
        gender = male[next(iter(current))]
        return sum(male[c] == gender for c in previous) > 1
    return set(current) != set(previous)


def story_captions(split, story, names, male, condition="subset"):
    """Four captions and four flags for the rows of one story."""
    sets = [set(split.labels[row].nonzero()[0].tolist()) for row in story]
    captions, flags = [split.captions[story[0]]], [False]
    for i in range(1, len(story)):
        text, replaced = resolve_caption(
            split.captions[story[i]], sets[i], sets[i - 1], names, male, condition)
        captions.append(text)
        flags.append(replaced)
    return captions, flags
