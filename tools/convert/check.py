"""Reads MiniSV in every layout that storyeval writes, with the tools of users, and compares.

    python -m pip install -r tools/convert/requirements.txt
    python tools/convert/check.py target/release/storyeval

The program draws a small world in the FlintstonesSV layout and in every other one. Here numpy
(allow_pickle=True), pickle, h5py, Pillow, OpenCV and json read them in the way that the published loaders do
(protocols in docs/convert.md), and captions, labels and the hashes of pixels are held against those of the
FlintstonesSV layout, story by story.
"""

import hashlib
import json
import pickle
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import cv2
import h5py
import numpy as np
import PIL
from PIL import Image

WORLD = ["--stories", "6", "--val-stories", "3", "--train-clips", "15", "--seed", "11"]
SPLITS = ["train", "val", "test"]
CAST = ["otto", "mira", "tilda", "pip", "bolt", "luna", "hank"]


def sha256(pixels):
    return hashlib.sha256(np.ascontiguousarray(pixels, np.uint8).tobytes()).hexdigest()


def unpickled(path):
    return pickle.loads(Path(path).read_bytes())


def rgb(path):
    with Image.open(path) as image:
        assert image.mode == "RGB"
        return np.array(image)


def rows(strip):
    """A column of square frames."""
    side = strip.shape[1]
    assert strip.shape[0] % side == 0
    return [strip[top : top + side] for top in range(0, len(strip), side)]


class Clip:
    """What a layout says of a clip; None where it says nothing."""

    def __init__(self, caption, frames, labels=None, place=None, characters=None):
        self.caption = caption
        self.frames = [sha256(frame) for frame in frames]
        self.labels = None if labels is None else [int(label) for label in labels]
        self.place = place
        self.characters = characters


def flintstones_clips(folder, split_file, frames_folder, caption_of):
    """Clips by id as StoryDALL-E's and StoryGPT-V's loaders read them, and the splits."""
    entries = json.loads((folder / "flintstones_annotations_v1-0.json").read_text())
    labels, places = unpickled(folder / "labels.pkl"), unpickled(folder / "labels_bg.pkl")["label"]
    clips = {}
    for entry in entries:
        name = entry["globalID"]
        frames = np.load(folder / frames_folder / f"{name}.npy")
        assert frames.dtype == np.uint8 and frames.shape == (5, 128, 128, 3)
        characters = [c["entityLabel"].strip() for c in entry["characters"]]
        clips[name] = Clip(caption_of(entry), frames, labels[name], int(np.argmax(places[name])), characters)
        assert sum(places[name]) == 1 and len(entry["setting"]) > 0
    return clips, json.loads((folder / split_file).read_text())


def windows(folder, clips, splits, length):
    following = unpickled(folder / f"following_cache{length - 1}.pkl")
    return {
        split: [
            [clips[name] for name in [first, *following[first]]]
            for first in splits[split]
            if len(following[first]) == length - 1
        ]
        for split in SPLITS
    }


def flintstones(folder, length, frames="video_frames_sampled"):
    clips, splits = flintstones_clips(folder, "train-val-test_split.json", frames, lambda e: e["description"])
    return windows(folder, clips, splits, length)


def storygpt_v(folder, length):
    cleaned = json.loads((folder / "cleaned_annotations.json").read_text())
    caption = lambda entry: cleaned[entry["globalID"]]["caption"]
    clips, splits = flintstones_clips(folder, "split.json", "video_frames_sampled_4x", caption)
    return windows(folder, clips, splits, length)


def pororo(folder, length):
    """With StoryDALL-E's caches for 5 frames, with Make-A-Story's for 4."""
    count = length - 1
    images = np.load(folder / f"img_cache{count}.npy", allow_pickle=True)
    following = np.load(folder / f"following_cache{count}.npy")
    assert following.shape == (len(images), count)
    if count == 4:
        assert images.dtype.kind == "S"
        name_of = lambda cell: str(cell)[2:-1][: -len(".png")]
    else:
        assert images.dtype.kind == "U"
        name_of = lambda cell: str(cell)[1:-4]
    captions = np.load(folder / "descriptions.npy", allow_pickle=True, encoding="latin1").item()
    labels = np.load(folder / "labels.npy", allow_pickle=True, encoding="latin1").item()
    counter = np.load(folder / "frames_counter.npy", allow_pickle=True, encoding="latin1").item()
    train, seen, unseen = np.load(folder / "train_seen_unseen_ids.npy", allow_pickle=True)
    for name, found in counter.items():
        assert found == len(list((folder / name).glob("*.png")))

    def clip(name):
        return Clip(captions[name][0], rows(rgb(folder / f"{name}.png")), labels[name])

    stories = {}
    for split, places in zip(SPLITS, (train, seen, unseen)):
        places = np.sort(np.array(places, int))
        stories[split] = [[clip(name_of(cell)) for cell in [images[p], *following[p]]] for p in places]
    return stories


def vist(folder, _length):
    """As GILL: sentences in the order of the file, `text`, PNG of the split."""
    stories = {}
    for split in SPLITS:
        data = json.loads((folder / "sis" / f"{split}.story-in-sequence.json").read_text())
        isolated = json.loads((folder / "dii" / f"{split}.description-in-isolation.json").read_text())
        known = {image["id"] for image in data["images"]}
        described = {row["photo_flickr_id"] for (row,) in isolated["annotations"]}
        assert known == described
        found = {}
        for (row,) in data["annotations"]:
            story = found.setdefault(row["story_id"], [])
            assert row["worker_arranged_photo_order"] == len(story) and row["text"] == row["original_text"]
            name = row["photo_flickr_id"]
            story.append(Clip(row["text"], [rgb(folder / "sis" / f"{split}_images" / f"{name}.png")]))
        stories[split] = list(found.values())
    return stories


def arldm(folder, length):
    """As ARLDM's datasets: imdecode, then a block of 128 rows."""
    stories = {}
    with h5py.File(folder / "minisv.h5", "r") as file:
        assert sorted(file) == sorted(SPLITS)
        for split in SPLITS:
            group = file[split]
            stories[split] = []
            for index in range(len(group["text"])):
                texts = group["text"][index].decode("utf-8").split("|")
                assert len(texts) == length
                story = []
                for k, text in enumerate(texts):
                    image = cv2.imdecode(group[f"image{k}"][index], cv2.IMREAD_COLOR)
                    blocks = [image[i * 128 : (i + 1) * 128] for i in range(image.shape[0] // 128)]
                    story.append(Clip(text, blocks))
                stories[split].append(story)
    return stories


def listed(folder, story):
    """A story of stories.jsonl or mugen.json."""
    clips = []
    for frame in story["frames"]:
        images = frame["image"] if isinstance(frame["image"], list) else [frame["image"]]
        names = frame["characters"]
        labels = [int(name in names) for name in CAST]
        card = tomllib.loads((folder / "dataset.toml").read_text())
        place = card["backgrounds"].index(frame["background"])
        clips.append(Clip(frame["caption"], [rgb(folder / name) for name in images], labels, place, names))
    return clips


def mugen(folder, _length):
    export = json.loads((folder / "mugen.json").read_text())
    assert export["format"] == 1 and export["characters"] == CAST
    return {split: [listed(folder, story) for story in export["splits"][split]] for split in SPLITS}


def plain(folder, _length):
    lines = [json.loads(line) for line in (folder / "stories.jsonl").read_text().splitlines()]
    return {split: [listed(folder, line) for line in lines if line["split"] == split] for split in SPLITS}


def compare(name, wanted, found):
    """Gives how many stories, and how many frames, agree."""
    stories = frames = 0
    for split in SPLITS:
        assert len(wanted[split]) == len(found[split]), (name, split, len(wanted[split]), len(found[split]))
        for one, other in zip(wanted[split], found[split]):
            assert len(one) == len(other)
            for clip, read in zip(one, other):
                assert clip.caption == read.caption, (name, clip.caption, read.caption)
                for what in ("labels", "place", "characters"):
                    value = getattr(read, what)
                    assert value is None or value == getattr(clip, what), (name, what)
                single = len(read.frames) == 1
                assert read.frames == (clip.frames[2:3] if single else clip.frames), (name, "pixels")
                frames += len(read.frames)
            stories += 1
    assert stories > 0
    return stories, frames


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    program = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as root:
        root = Path(root)

        def synth(layout, *more):
            out = root / "-".join([layout, *more]).strip("-")
            command = [program, "dataset", "synth", "--layout", layout, *WORLD, *more, "--out", out]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return out

        reference = synth("flintstones")
        of_four = flintstones(reference, 4)
        # VIST's and ARLDM's stories are counted in five frames, of a world that begins in the same way.
        longer = root / "longer"
        command = [program, "dataset", "synth", "--stories", "40", "--val-stories", "20", *WORLD[4:], "--out", longer]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        of_five = flintstones(longer, 5)
        of_five = {"train": of_five["train"], "val": of_five["val"][:3], "test": of_five["test"][:6]}
        # Other lengths of the layout of PororoSV are those of a conversion.
        pororo5 = root / "pororo5"
        command = [program, "dataset", "convert", "--dataset", "minisv", "--data", reference, "--to", "pororo"]
        command += ["--story-length", "5", "--out", pororo5]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        checks = [
            ("flintstones-full", of_four, flintstones(synth("flintstones-full"), 4, "video_frames")),
            ("storygpt-v", of_four, storygpt_v(synth("storygpt-v"), 4)),
            ("pororo", of_four, pororo(synth("pororo"), 4)),
            ("pororo, 5 frames", flintstones(reference, 5), pororo(pororo5, 5)),
            ("vist", of_five, vist(synth("vist"), 5)),
            ("arldm-h5", of_five, arldm(synth("arldm-h5"), 5)),
            ("mugen", of_four, mugen(synth("mugen"), 4)),
            ("folder", of_four, plain(synth("folder"), 4)),
        ]
        for name, wanted, found in checks:
            stories, frames = compare(name, wanted, found)
            print(f"{name}: {stories} stories, {frames} frames agree")
    print(
        f"python {sys.version.split()[0]}, numpy {np.__version__}, h5py {h5py.__version__},"
        f" opencv {cv2.__version__}, pillow {PIL.__version__}"
    )


if __name__ == "__main__":
    main()
