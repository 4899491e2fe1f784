"""Reading MiniSV, a drawn world stored in the FlintstonesSV layout of StoryGPT-V.

Sources of the layout: StoryGPT-V `models/data.py`, Make-A-Story `ldm/data/flintstones_data.py`.
"""

import json
import pickle
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .tokens import words

SIZE = 64  # working resolution of every model
SOURCE = 128  # resolution of the stored frames and of the rectangles


@dataclass
class Split:
    """One split as arrays; row i of every field belongs to clip `ids[i]`."""

    ids: list
    captions: list
    labels: np.ndarray  # [N,7] float32
    backgrounds: np.ndarray  # [N] int64
    boxes: np.ndarray  # [N,5,7,4] float32 in 0..1, NaN where absent
    frames: np.ndarray  # [N,5,64,64,3] uint8
    stories: np.ndarray  # [S,4] row indices of four consecutive clips of one split
    episodes: np.ndarray  # [N] int64, equal for clips of one episode
    concepts: np.ndarray  # [N,W] float32, words of the caption (multi-task targets)


class World:
    """Names, genders, portraits and the three splits."""

    def __init__(self, root, work):
        self.root, self.work = Path(root), Path(work)
        about = json.loads((self.root / "minisv.json").read_text())
        self.characters = [c["name"].lower() for c in about["characters"]]
        self.male = [c["gender"] == "male" for c in about["characters"]]
        self.backgrounds = [b if isinstance(b, str) else b["name"] for b in about["backgrounds"]]
        rows = json.loads((self.root / "flintstones_annotations_v1-0.json").read_text())
        self._rows = {row["globalID"]: row for row in rows}
        self._ids = json.loads((self.root / "train-val-test_split.json").read_text())
        self._labels = self._pickle("labels.pkl")
        self._places = self._pickle("labels_bg.pkl")["label"]
        self._followers = self._pickle("following_cache3.pkl")
        self._episodes = self._number_episodes(self._pickle("following_cache4.pkl"))
        self.concepts = self._choose_concepts()
        self.train, self.val, self.test = (self._split(n) for n in ("train", "val", "test"))

    def portraits(self):
        """Seven portraits as float32 [7,3,64,64] in 0..1."""
        images = [Image.open(self.root / "chars" / f"{n}.png").convert("RGB").resize(
            (SIZE, SIZE), Image.BILINEAR) for n in self.characters]
        return np.stack([np.asarray(i) for i in images]).transpose(0, 3, 1, 2).astype(np.float32) / 255

    def _pickle(self, name):
        with open(self.root / name, "rb") as file:
            return pickle.load(file)

    def _number_episodes(self, followers):
        parent = {}

        def find(x):
            while parent.setdefault(x, x) != x:
                parent[x] = parent[parent[x]]
                x = parent[x]
            return x

        for first, others in followers.items():
            for other in others:
                parent[find(other)] = find(first)
        order = {}
        return {i: order.setdefault(find(i), len(order)) for i in sorted(self._rows)}

    def _choose_concepts(self):
        """Caption words in 1-60 % of the training clips, names excluded: poses, places, things."""
        ids = self._ids["train"]
        count = Counter(w for i in ids for w in set(words(self._rows[i]["description"])))
        names = set(self.characters)
        keep = [w for w, c in count.items() if w not in names and w.isalpha()
                and 0.01 * len(ids) <= c <= 0.6 * len(ids)]
        return sorted(keep)

    def _split(self, name):
        ids = list(self._ids[name])
        row_of = {clip: i for i, clip in enumerate(ids)}
        captions = [self._rows[i]["description"] for i in ids]
        stories = []
        for clip in ids:
            chain = [clip, *self._followers.get(clip, [])][:4]
            if len(chain) == 4 and all(c in row_of for c in chain):
                stories.append([row_of[c] for c in chain])
        concepts = np.zeros((len(ids), len(self.concepts)), np.float32)
        column = {w: k for k, w in enumerate(self.concepts)}
        for i, caption in enumerate(captions):
            for word in words(caption):
                if word in column:
                    concepts[i, column[word]] = 1
        return Split(
            ids=ids, captions=captions,
            labels=np.array([self._labels[i] for i in ids], np.float32),
            backgrounds=np.array([int(np.argmax(self._places[i])) for i in ids]),
            boxes=self._read_boxes(ids), frames=self._read_frames(name, ids),
            stories=np.array(stories, np.int64).reshape(-1, 4),
            episodes=np.array([self._episodes[i] for i in ids]), concepts=concepts)

    def _read_boxes(self, ids):
        boxes = np.full((len(ids), 5, len(self.characters), 4), np.nan, np.float32)
        index = {n: k for k, n in enumerate(self.characters)}
        for i, clip in enumerate(ids):
            for item in self._rows[clip]["characters"]:
                rectangles = np.asarray(item["rectangles"], np.float32).reshape(-1, 4)[:5]
                boxes[i, :len(rectangles), index[item["entityLabel"].strip().lower()]] = (
                    rectangles / SOURCE)
        return boxes

    def _read_frames(self, name, ids):
        cache = self.work / f"frames_{name}.npy"
        if not cache.exists():
            out = np.zeros((len(ids), 5, SIZE, SIZE, 3), np.uint8)
            for i, clip in enumerate(ids):
                clip_frames = np.load(self.root / "video_frames_sampled" / f"{clip}.npy")
                for j in range(5):
                    out[i, j] = np.asarray(Image.fromarray(clip_frames[j]).resize(
                        (SIZE, SIZE), Image.BILINEAR))
            np.save(cache, out)
        return np.load(cache, mmap_mode=None if name == "train" else "r")
