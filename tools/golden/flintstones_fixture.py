"""Writes reference-data/golden/flintstones: a tiny data set in the published FlintstonesSV layout,
one object pickled with every protocol, and NPY files of every version. Needs only numpy.

    python tools/golden/flintstones_fixture.py
"""

import json
import pickle
import platform
import sys
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format

ROOT = Path(__file__).resolve().parents[2] / "reference-data" / "golden" / "flintstones"
NAMES = ["wilma", "fred", "betty", "barney", "dino", "pebbles", "mr slate"]

# (season, episode, shot, split, characters, caption); shots 5 apart, two episodes.
CLIPS = [
    (1, 1, 10, "train", ["fred"], "Fred stands in the kitchen."),
    (1, 1, 20, "test", ["fred"], "Fred is on the phone."),
    (1, 1, 30, "test", ["fred", "barney"], "Fred and Barney sit in a car."),
    (1, 1, 40, "val", ["barney", "fred"], "Barney and Fred laugh. Barney's hat is red."),
    (1, 1, 50, "train", ["wilma"], "Wilma talks to someone."),
    (1, 1, 60, "test", ["policeman"], "The policeman runs."),
    (1, 2, 10, "test", ["mr slate", "pebbles"], "Mr. Slate looks at Pebbles."),
    (1, 2, 20, "train", ["dino"], "Dino jumps."),
]


def clip_id(clip):
    season, episode, shot = clip[:3]
    return f"s_{season:02d}_e_{episode:02d}_shot_{shot:06d}_{shot + 5:06d}"


def followers(ids, count):
    """The published procedure: sorted ids, the next `count` of the same season and episode."""
    found = {}
    ids = sorted(ids)
    for index, first in enumerate(ids):
        window = ids[index + 1 : index + 1 + count]
        if all(i.split("_")[1] == first.split("_")[1] and i.split("_")[3] == first.split("_")[3] for i in window):
            found[first] = window
    return found


def world():
    folder = ROOT / "world"
    (folder / "video_frames_sampled").mkdir(parents=True, exist_ok=True)
    annotations, labels, background = [], {}, {}
    splits = {"train": [], "val": [], "test": []}
    for number, clip in enumerate(CLIPS):
        name, characters = clip_id(clip), clip[4]
        # Extra keys and white space around labels occur in the published file.
        annotations.append(
            {
                "globalID": name,
                "description": clip[5],
                "setting": "kitchen",
                "objects": [],
                "characters": [{"entityLabel": f" {c} ", "rectangles": [[0, 0, 1, 1]]} for c in characters],
            }
        )
        splits[clip[3]].append(name)
        labels[name] = [int(c in characters) for c in NAMES]
        background[name] = np.eye(3, dtype=np.float32)[number % 3]
        frames = np.zeros((5, 6, 8, 3), np.uint8)
        frames[..., 0] = number * 20
        frames[..., 1] = np.arange(5, dtype=np.uint8)[:, None, None] * 40
        frames[..., 2] = np.arange(8, dtype=np.uint8)
        np.save(folder / "video_frames_sampled" / f"{name}.npy", frames)
    # The order of the split decides the order of the stories, not the order of the ids.
    splits["test"].reverse()
    (folder / "flintstones_annotations_v1-0.json").write_text(json.dumps(annotations, indent=1) + "\n")
    (folder / "train-val-test_split.json").write_text(json.dumps(splits, indent=1) + "\n")
    everything = splits["train"] + splits["val"] + splits["test"]
    dump(folder / "labels.pkl", labels, 4)
    dump(folder / "labels_bg.pkl", {"label": background, "other": [1, 2]}, 4)
    dump(folder / "following_cache3.pkl", followers(everything, 3), 3)


def dump(path, value, protocol):
    path.write_bytes(pickle.dumps(value, protocol))


def pickles():
    folder = ROOT / "pickles"
    folder.mkdir(parents=True, exist_ok=True)
    shared = [1, 2, 3]
    value = {
        "ints": [0, 1, -1, 255, 256, 65536, -70000, 2**40, -(2**40)],
        "floats": [0.5, -2.25, 1e300],
        "text": "Grüße 🦊\n\"x\" \\ '",
        "bytes": b"\x00\xff\n'\\",
        "empty bytes": b"",
        "none": None,
        "bools": [True, False],
        "pair": (1, 2),
        "long tuple": (1, 2, 3, 4, 5),
        "set": {1, 2, 3},
        "frozenset": frozenset(["a"]),
        "u8": np.array([0, 1, 1, 0, 0, 0, 1], np.uint8),
        "i64": np.array([-5, 7], np.int64),
        "i16 big": np.array([-2, 300], ">i2"),
        "f32": np.array([0, 1, 0.5], np.float32),
        "f64": np.array([0.25]),
        "bool array": np.array([True, False, True]),
        "matrix": np.arange(6, dtype=np.int32).reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3)),
        "scalar": np.int64(3),
        "shared": [shared, shared],
    }
    for protocol in range(6):
        dump(folder / f"p{protocol}.pkl", value, protocol)
    # numpy 1 called the module numpy.core; protocol 2 stores names as plain lines.
    old = pickle.dumps(value, 2).replace(b"cnumpy._core.", b"cnumpy.core.")
    (folder / "p2-numpy1.pkl").write_bytes(old)


def npys():
    folder = ROOT / "npy"
    folder.mkdir(parents=True, exist_ok=True)
    f, y, x, c = np.meshgrid(np.arange(3), np.arange(4), np.arange(5), np.arange(3), indexing="ij")
    frames = ((f * 50 + y * 8 + x + c * 100) % 256).astype(np.uint8)
    for version in (1, 2, 3):
        with open(folder / f"v{version}.npy", "wb") as file:
            npy_format.write_array(file, frames, version=(version, 0))
    np.save(folder / "fortran.npy", np.asfortranarray(frames))
    np.save(folder / "float.npy", frames.astype(np.float32))
    np.save(folder / "grey.npy", np.ascontiguousarray(frames[..., 0]))
    whole = (folder / "v1.npy").read_bytes()
    (folder / "truncated.npy").write_bytes(whole[:-10])


def main():
    world()
    pickles()
    npys()
    origin = {
        "origin": "python tools/golden/flintstones_fixture.py",
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "tolerance": 0,
        "note": "drawn and written for this suite; no published data",
    }
    (ROOT / "origin.json").write_text(json.dumps(origin, indent=2) + "\n")
    print(f"wrote {ROOT}", file=sys.stderr)


if __name__ == "__main__":
    main()
