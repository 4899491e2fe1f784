"""A data set in the folder layout: `stories.jsonl`, images, and a card `dataset.toml` if there is one.

Names and labels are read as `storyeval` reads them (docs/bring-my-data.md). A frame that is in several stories
is one frame here.
"""

import json
import tomllib
from dataclasses import dataclass, field

import numpy as np

from .error import DATA, SETUP, TrainError


@dataclass
class Frame:
    """A clip with its caption; labels are `None` where the data set says nothing of them."""

    clip: str
    images: list
    caption: str
    characters: list | None
    character_labels: list | None
    background: str | None
    background_labels: list | None
    line: int
    stories: list = field(default_factory=list)  # numbers of the stories that show it
    splits: set = field(default_factory=set)


@dataclass
class Data:
    """The frames, each once, and what the labels are called."""

    root: object
    card: dict | None
    frames: list
    story_count: int
    characters: list
    backgrounds: list
    notes: list

    def character_matrix(self):
        """float32 [N,C]; rows of NaN where a frame has no labels."""
        spellings = {s.lower(): k for k, names in enumerate(self._spellings()) for s in names}
        out = np.full((len(self.frames), len(self.characters)), np.nan, np.float32)
        for row, frame in enumerate(self.frames):
            if frame.character_labels is not None:
                out[row] = frame.character_labels
            elif frame.characters is not None:
                out[row] = 0
                for name in frame.characters:
                    if name.lower() in spellings:
                        out[row, spellings[name.lower()]] = 1
        return out

    def background_matrix(self):
        """float32 [N,B]; rows of NaN where a frame has no labels."""
        out = np.full((len(self.frames), len(self.backgrounds)), np.nan, np.float32)
        for row, frame in enumerate(self.frames):
            if frame.background_labels is not None:
                out[row] = frame.background_labels
            elif frame.background is not None:
                out[row] = 0
                out[row, self.backgrounds.index(frame.background)] = 1
        return out

    def _spellings(self):
        if self.card is None or not self.card.get("characters"):
            return [[name] for name in self.characters]
        return [[c["name"], *c.get("aliases", [])] for c in self.card["characters"]]


def read(root):
    """The data set in a folder.

    Raises:
        TrainError: for a folder in another layout, and for a line that cannot be read, by its number.
    """
    path = root / "stories.jsonl"
    if not path.is_file():
        raise TrainError(f"{root} has no stories.jsonl, so it is not in the folder layout",
                         "name the data set, and storyeval converts it first: --dataset ID --data DIR", SETUP)
    card = read_card(root)
    frames, clips, number = [], {}, 0
    default = (card or {}).get("split", "test")
    for line, text in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
        if not text.strip():
            continue
        story = parsed(path, line, text)
        for entry in story["frames"]:
            frame = frame_of(path, line, entry)
            if frame.clip not in clips:
                clips[frame.clip] = frame
                frames.append(frame)
            clips[frame.clip].stories.append(number)
            clips[frame.clip].splits.add(story.get("split", default))
        number += 1
    if not frames:
        raise TrainError(f"{path} lists no frames", "docs/bring-my-data.md shows how it is written", DATA)
    check_images(root, frames)
    notes = []
    data = Data(root, card, frames, number, cast_of(card, frames, path, notes),
                places_of(card, frames, path, notes), notes)
    check_lengths(path, data)
    return data


def read_card(root):
    path = root / "dataset.toml"
    if not path.is_file():
        return None
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as source:
        raise TrainError(f"{path} is not TOML: {source}", "mend the card, or take it away", DATA) from source


def parsed(path, line, text):
    try:
        story = json.loads(text)
    except json.JSONDecodeError as source:
        raise TrainError(f"{path}, line {line}: {source.msg} at column {source.colno}",
                         "each line is a JSON object; docs/schemas/stories.schema.json is its schema", DATA) from source
    if not isinstance(story, dict) or not isinstance(story.get("frames"), list):
        raise TrainError(f"{path}, line {line} is not a story: it has no list `frames`",
                         "docs/bring-my-data.md shows a story", DATA)
    return story


def frame_of(path, line, entry):
    if not isinstance(entry, dict) or not entry.get("image") or not isinstance(entry.get("caption"), str):
        raise TrainError(f"{path}, line {line}: a frame needs an `image` and a `caption`",
                         "`storyeval dataset verify` checks a data set", DATA)
    images = entry["image"] if isinstance(entry["image"], list) else [entry["image"]]
    clip = entry.get("clip") or images[0].rpartition(".")[0]
    return Frame(clip, images, entry["caption"], entry.get("characters"), entry.get("character_labels"),
                 entry.get("background"), entry.get("background_labels"), line)


def check_images(root, frames):
    absent = [image for frame in frames for image in frame.images if not (root / image).is_file()]
    if absent:
        raise TrainError(f"{root / absent[0]} is absent ({len(absent)} of the images are)",
                         "put the images in place; paths are relative to the folder", SETUP)


def cast_of(card, frames, path, notes):
    """Names of the card; else those of the stories, in the order in which they first appear."""
    if card is not None and card.get("characters"):
        known = {s.lower() for c in card["characters"] for s in [c["name"], *c.get("aliases", [])]}
        other = sorted({n for f in frames for n in f.characters or [] if n.lower() not in known})
        if other:
            notes.append(f"names that are not on the card have no label: {', '.join(other)}")
        return [c["name"] for c in card["characters"]]
    if any(frame.character_labels is not None for frame in frames):
        raise TrainError(f"{path} has character_labels, and no card says what they are called",
                         "write the names on a card, dataset.toml (docs/bring-my-data.md)", DATA)
    names = list(dict.fromkeys(name for frame in frames for name in frame.characters or []))
    folded = {}
    for name in names:
        if folded.setdefault(name.lower(), name) != name:
            raise TrainError(f"{path} spells a character {folded[name.lower()]!r} and {name!r}",
                             "spell it in one way, or write a card with aliases", DATA)
    if names:
        notes.append(f"no card names a cast; the stories name {', '.join(names)}")
    return names


def places_of(card, frames, path, notes):
    """Names of the card; else those of the stories; else numbers, where labels have no names."""
    lengths = {len(f.background_labels) for f in frames if f.background_labels is not None}
    if card is not None and card.get("backgrounds"):
        known = card["backgrounds"]
        for frame in frames:
            if frame.background is not None and frame.background not in known:
                raise TrainError(f"{path}, line {frame.line}: the background {frame.background!r} is not on the card, "
                                 f"which has {', '.join(known)}", "mend the name, or write it on the card", DATA)
        return list(known)
    if lengths:
        return [f"bg-{number:03}" for number in range(1, max(lengths) + 1)]
    names = list(dict.fromkeys(f.background for f in frames if f.background is not None))
    if names:
        notes.append(f"no card names places; the stories name {', '.join(names)}")
    return names


def check_lengths(path, data):
    for frame in data.frames:
        for labels, names, what in ((frame.character_labels, data.characters, "character_labels"),
                                    (frame.background_labels, data.backgrounds, "background_labels")):
            if labels is not None and (len(labels) != len(names) or set(labels) - {0, 1}):
                raise TrainError(f"{path}, line {frame.line}: {what} should be {len(names)} numbers, each 0 or 1",
                                 "the card gives the number of labels", DATA)
