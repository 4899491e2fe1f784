"""Training, validation and test part of a data set. Frames that share a story are in one part."""

from dataclasses import dataclass

import numpy as np

from .error import DATA, TrainError

LEAST = 3  # groups of stories that can be held apart
VALIDATION, TEST = 0.15, 0.2


@dataclass
class Parts:
    """Rows of the frames of each part, and a sentence that says where the parts come from."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray
    told: str


def parts_of(data, seed):
    """The splits of the data set where it has `train` and another one; else stories held out by `seed`.

    Raises:
        TrainError: where no story can be held out.
    """
    of_split = {name: np.array([i for i, f in enumerate(data.frames) if name in f.splits], int)
                for name in sorted({s for f in data.frames for s in f.splits})}
    if "train" in of_split and len(of_split) > 1:
        return published(data, of_split, seed)
    groups = grouped(data, range(len(data.frames)))
    held, kept = hold_out(groups, max(1, round(TEST * len(groups))), seed)
    val, train = hold_out(kept, max(1, round(VALIDATION * len(groups))), seed + 1)
    names = ", ".join(of_split)
    return Parts(rows(train), rows(val), rows(held),
                 f"split {names} alone: its stories are parted by seed {seed} into {len(train)} groups to learn from, "
                 f"{len(val)} to stop by and {len(held)} to score (stories that share a frame are one group)")


def published(data, of_split, seed):
    """The data set's own splits; a frame of the test split is in no other part."""
    names = [name for name in ("test", "val") if name in of_split] or [n for n in of_split if n != "train"][:1]
    test = of_split[names[0]]
    train = np.setdiff1d(of_split["train"], test)
    told = f"splits of the data set: train to learn from, {names[0]} to score"
    if "val" in of_split and names[0] != "val":
        val = np.setdiff1d(of_split["val"], test)
        train = np.setdiff1d(train, val)
        told += ", val to stop by"
    else:
        groups = grouped(data, train)
        held, kept = hold_out(groups, max(1, round(VALIDATION * len(groups))), seed)
        val, train = rows(held), rows(kept)
        told += f", {len(held)} groups of stories of train (seed {seed}) to stop by"
    if not len(train) or not len(val) or not len(test):
        raise TrainError("a part of the data is empty once frames of the test split are left out of the others",
                         "let the splits hold different frames", DATA)
    shared = len(of_split["train"]) - len(np.setdiff1d(of_split["train"], test))
    if shared:
        told += f"; {shared} frames of train are in {names[0]} too, and are not learnt"
    return Parts(train, val, test, told)


def grouped(data, wanted):
    """Rows by group, in the order of the first frame: stories that share a frame are one group."""
    parent = {}

    def find(x):
        while parent.setdefault(x, x) != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for row in wanted:
        stories = data.frames[row].stories
        for other in stories[1:]:
            parent[find(other)] = find(stories[0])
    groups = {}
    for row in wanted:
        groups.setdefault(find(data.frames[row].stories[0]), []).append(row)
    return list(groups.values())


def hold_out(groups, count, seed):
    """(held, kept): `count` groups drawn by the seed."""
    if len(groups) < 2 or len(groups) <= count:
        raise TrainError(f"{len(groups)} group(s) of stories cannot be parted: a held-out score needs {LEAST} stories "
                         "that share no frame", "add stories, or splits train, val and test", DATA)
    drawn = np.random.default_rng(seed).permutation(len(groups))
    return [groups[i] for i in sorted(drawn[:count])], [groups[i] for i in sorted(drawn[count:])]


def rows(groups):
    return np.array(sorted(row for group in groups for row in group), int)
