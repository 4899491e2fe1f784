"""Writes reference-data/golden/referential by running the released loaders.

    git clone https://github.com/xiaoqian-shen/StoryGPT-V SGV    (commit 3969f68)
    git clone https://github.com/ubc-vision/Make-A-Story MAS     (commit 593ee04)
    python tools/golden/referential.py SGV MAS

Each loader's method is taken out of its file as it is and run on small stories; nothing of it is copied
here. Images, tensors and files are stand-ins. Two methods hold lines that their authors commented out:
the replacement in Make-A-Story's counting loader, and the count in its Pororo loader. To count, those
lines are switched on before the method is taken out. Needs only Python.
"""

import ast
import hashlib
import json
import math
import os
import platform
import random
import sys
from pathlib import Path
from unittest.mock import MagicMock

ROOT = Path(__file__).resolve().parents[2] / "reference-data" / "golden" / "referential"
COMMITS = {"xiaoqian-shen/StoryGPT-V": "3969f68", "ubc-vision/Make-A-Story": "593ee04"}
FLINTSTONES = ["wilma", "fred", "betty", "barney", "dino", "pebbles", "mr slate"]
PORORO = ["Pororo", "Loopy", "Crong", "Eddy", "Poby", "Petty", "Tongtong", "Rody", "Harry"]
RELEASED = ["make-a-story", "storygptv-train", "storygptv-eval"]
STORY_LENGTH = 4

# The cases of the table "Referential text, Flintstones" (protocols 2.1): name, frames, and the text of the
# last frame by Algorithm 1 (from its definition), Make-A-Story, StoryGPT-V's training and its evaluation.
TABLE_2_1 = [
    ("single, three times", [(["fred"], "Fred is here."), (["fred"], "Fred talks. Fred's car is red. Then Fred leaves.")],
     ["He talks. His car is red. Then he leaves.", *["He talks. He's car is red. Then He leaves."] * 3]),
    ("female", [(["wilma"], "Wilma is here."), (["wilma"], "Wilma talks to someone.")],
     ["She talks to someone.", "He talks to someone.", "He talks to someone.", "She talks to someone."]),
    ("pair, same annotation order",
     [(["fred", "barney"], "Fred and Barney sit."), (["fred", "barney"], "Fred and Barney talk.")], ["They talk."] * 4),
    ("pair, other annotation order",
     [(["fred", "barney"], "Fred and Barney sit."), (["barney", "fred"], "Fred and Barney talk.")],
     ["They talk.", "Fred and Barney talk.", "They talk.", "They talk."]),
    ("pair, names apart",
     [(["fred", "barney"], "Fred and Barney sit."), (["fred", "barney"], "Fred talks to Barney.")], ["Fred talks to Barney."] * 4),
    ("subset", [(["fred", "barney"], "Fred and Barney sit."), (["fred"], "Fred talks.")], ["He talks.", *["Fred talks."] * 3]),
    ("three",
     [(["fred", "barney", "wilma"], "Fred, Barney and Wilma sit."), (["fred", "barney", "wilma"], "Fred, Barney and Wilma talk.")],
     ["They talk."] * 4),
    ("four",
     [(["fred", "barney", "wilma", "betty"], "Fred, Barney, Wilma and Betty sit."),
      (["fred", "barney", "wilma", "betty"], "Fred, Barney, Wilma and Betty talk.")],
     ["They talk.", "UnboundLocalError", "UnboundLocalError", "Fred, Barney, Wilma and Betty talk."]),
    ("four, with a name left over",
     [(["fred"], "Fred sits."), (["fred"], "Fred runs."), (["fred", "barney", "wilma", "betty"], "Fred, Barney, Wilma and Betty sit."),
      (["fred", "barney", "wilma", "betty"], "Fred, Barney, Wilma and Betty talk.")],
     ["They talk.", *["They, Barney, Wilma and Betty talk."] * 2, "Fred, Barney, Wilma and Betty talk."]),
    ("mr slate", [(["mr slate"], "Mr. Slate sits."), (["mr slate"], "Mr. Slate talks.")], ["He talks.", *["Mr. Slate talks."] * 3]),
    ("policeman", [(["policeman"], "The policeman sits."), (["policeman"], "The policeman runs.")], ["The policeman runs."] * 4),
    ("nobody in both frames", [([], "A house."), ([], "A tree.")], ["A tree.", *["IndexError"] * 3]),
    ("fred, wilma, fred", [(["fred"], "Fred sits."), (["wilma"], "Wilma sits."), (["fred"], "Fred talks.")], ["Fred talks."] * 4),
    ("capital labels", [(["Fred"], "Fred sits."), (["Fred"], "Fred talks.")], [*["He talks."] * 3, "Fred talks."]),
]
# The same for Pororo (protocols 2.2); nobody annotates characters there, so a frame is its text.
TABLE_2_2 = [
    ("single", ["Loopy sits.", "Loopy smiles. Loopy waves."], ["She smiles. She waves."] * 4),
    ("two in the first frame", ["Pororo and Crong run.", "Pororo stops."], ["He stops.", "Pororo stops.", "He stops.", "He stops."]),
    ("pair", ["Pororo and Crong sit.", "Pororo and Crong sit on the sofa. Pororo talks."],
     ["They sit on the sofa. Pororo talks.", "Pororo and Crong sit on the sofa. Pororo talks.", *["They sit on the sofa. He talks."] * 2]),
    ("last sentence", ["Poby sits.", "Eddy talks. Poby nods."], ["Eddy talks. Poby nods.", *["Eddy talks. He nods."] * 3]),
    ("names change places", ["Crong looks at Pororo.", "Pororo looks at Crong."],
     [*["Pororo looks at Crong."] * 2, *["He looks at Crong."] * 2]),
    ("pair, twice", ["Pororo and Crong run.", "Pororo and Crong stop. Pororo and Crong laugh."],
     ["They stop. They laugh.", "Pororo and Crong stop. Pororo and Crong laugh.", "They stop. He and Crong laugh.", "They stop. They laugh."]),
]


def clip(index):
    return f"s_01_e_01_shot_{index:06}"


class Locals:
    """Keeps the local variables of a method when it returns or raises."""

    def __init__(self, name):
        self.name, self.found = name, {}

    def __enter__(self):
        sys.setprofile(self.event)
        return self.found

    def __exit__(self, *_):
        sys.setprofile(None)

    def event(self, frame, event, _):
        if event == "return" and frame.f_code.co_name == self.name:
            self.found.update(frame.f_locals)


def loader(source, cls, method, **more):
    """An instance of a class with one method of the original, beside the file's constants and functions."""
    tree = ast.parse(source)
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "find_start_match"]
    constants = [n for n in tree.body if isinstance(n, ast.Assign)]
    body = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == cls)
    body.bases = []
    body.body = [n for n in body.body if isinstance(n, ast.FunctionDef) and n.name == method]
    assert len(body.body) == 1, (cls, method)
    arrays = MagicMock(ceil=math.ceil)
    arrays.load.return_value = MagicMock(shape=(5,))
    scope = {
        "np": arrays, "torch": MagicMock(), "PIL": MagicMock(), "Image": MagicMock(), "utils": MagicMock(),
        "os": os, "random": random, "randrange": random.randrange,
    }
    exec(compile(ast.Module([*constants, *functions, body], []), cls, "exec"), scope)  # noqa: S102
    scope.update(more)
    made = object.__new__(scope[cls])
    made.root = made.dir_path = ""
    for name in ["args", "clip_embs", "feature_extractor", "transform", "labels", "settings", "sample_image"]:
        setattr(made, name, MagicMock())
    made.num_tokens = 1
    return made


def attempt(call):
    """The value of a call, or the name of its exception."""
    try:
        return call(), None
    except (IndexError, NameError) as error:
        return None, type(error).__name__


class Annotated:
    """The loaders of Flintstones, which read annotated characters."""

    def __init__(self, sgv, mas):
        self.eval = loader(sgv["models/data.py"], "EvalStoryDataset", "prepare_data_batch")
        self.train = loader(sgv["gill/data.py"], "StoryDataset", "__getitem__")
        self.mas = loader(mas["ldm/data/flintstones_data.py"], "VideoFolderDataset", "getSampleItem")
        counting = mas["ldm/data/flintstones_data_ref.py"]
        self.count = loader(counting, "VideoFolderDataset", "getSampleItem")
        block = "'''if self.characters[globalID]", "imidiate_char = self.characters[globalID]'''"
        assert all(counting.count(mark) == 1 for mark in block)
        for mark in block:
            counting = counting.replace(mark, mark.strip("'"))
        self.count_replaced = loader(counting, "VideoFolderDataset", "getSampleItem")

    def tell(self, frames):
        """Gives a story to all loaders."""
        ids = [clip(index) for index in range(len(frames))]
        for one in [self.eval, self.train, self.mas, self.count, self.count_replaced]:
            one.image_ids = one.orders = [ids[0]]
            one.followings = {ids[0]: ids[1:]}
            one.characters = {i: list(names) for i, (names, _) in zip(ids, frames)}
            one.annotations = {i: {"caption": text} for i, (_, text) in zip(ids, frames)}
            one.descriptions = {i: text for i, (_, text) in zip(ids, frames)}

    def make_a_story(self, frames):
        def joined(length):
            self.tell(frames[:length])
            return self.mas.getSampleItem(0)["caption"]

        return parts(joined, len(frames), " ;")

    def refs(self, frames):
        def count(one):
            self.tell(frames)
            return attempt(lambda: one.getSampleItem(0)["ref_count"])

        return {"original": count(self.count), "make-a-story": count(self.count_replaced)}


class Told:
    """The loaders of Pororo, which read characters from the text."""

    def __init__(self, sgv, mas):
        self.eval = loader(sgv["models/data.py"], "EvalPororoStoryDataset", "prepare_data_batch")
        self.train = loader(sgv["gill/data.py"], "PororoStoryDataset", "__getitem__")
        self.mas = loader(mas["ldm/data/pororo_data.py"], "VideoFolderDataset", "getSampleItem")
        counting = mas["ldm/data/pororo_data.py"]
        for mark in ['#ref = ["He"', "#self.count = self.count"]:
            assert counting.count(mark) == 1
            counting = counting.replace(mark, mark[1:])
        self.count_replaced = loader(counting, "VideoFolderDataset", "getSampleItem")
        # Without a name to find, nothing is replaced: the count of the original text.
        self.count = loader(counting, "VideoFolderDataset", "getSampleItem", all_characters=[])

    def tell(self, frames):
        ids = [clip(index) for index in range(len(frames))]
        for one in [self.eval, self.train]:
            one.image_ids = [ids[0]]
            one.followings = {ids[0]: ids[1:]}
            one.annotations = {i: {"captions": [text]} for i, (_, text) in zip(ids, frames)}
        for one in [self.mas, self.count, self.count_replaced]:
            paths = [f"/{i}.png" for i in ids]
            one.ids, one.images, one.followings, one.video_len = [0], [paths[0]], [paths[1:]], len(ids) - 1
            one.descriptions_original = {i: [text] for i, (_, text) in zip(ids, frames)}

    def make_a_story(self, frames):
        def joined(length):
            self.tell(frames[:length])
            return self.mas.getSampleItem(0)["caption"]

        return parts(joined, len(frames), ";")

    def refs(self, frames):
        def count(one):
            self.tell(frames)
            one.count = 0
            one.getSampleItem(0)
            return one.count, None

        return {"original": count(self.count), "make-a-story": count(self.count_replaced)}


def parts(joined, length, first_mark):
    """The text of each frame, from the joined texts of the story's beginnings."""
    captions, before = [], ""
    for count in range(1, length + 1):
        text, error = attempt(lambda count=count: joined(count))
        if error:
            return {"captions": captions, "error": error}
        # The last mark loses its last character at the end of a story.
        text += ";"
        mark = first_mark if count == 1 else " ;"
        assert text.startswith(before) and text.endswith(mark)
        captions.append(text[len(before):].removesuffix(mark))
        before = text
    return {"captions": captions}


def storygptv_eval(loaders, frames):
    made = loaders.eval
    made.prepare_data = lambda caption, prompt, names, image, flag, captions, images: (caption, flag)
    made.ref_image = "same"  # as scripts/eval_llm.sh
    made.image_token = "<|image|>"
    loaders.tell(frames)
    with Locals("prepare_data_batch") as found:
        pairs, error = attempt(lambda: made.prepare_data_batch(clip(0)))
    if error:
        return {"captions": found["captions"], "error": error}
    return {"captions": [text for text, _ in pairs], "flags": [flag for _, flag in pairs]}


def storygptv_train(loaders, frames):
    loaders.tell(frames)
    with Locals("__getitem__") as found:
        _, error = attempt(lambda: loaders.train.__getitem__(0))
    if error:
        return {"captions": found["captions"], "error": error}
    return {"captions": found["captions"], "flags": found["ref_flags"]}


def entry(loaders, frames, **more):
    annotated = isinstance(loaders, Annotated)
    shown = [{"characters": names, "caption": text} if annotated else {"caption": text} for names, text in frames]
    released = {
        "make-a-story": loaders.make_a_story(frames),
        "storygptv-train": storygptv_train(loaders, frames),
        "storygptv-eval": storygptv_eval(loaders, frames),
    }
    refs = {name: error or count for name, (count, error) in loaders.refs(frames).items()}
    return {**more, "frames": shown, "released": released, "refs_compat": refs}


def table(loaders, rows):
    cases = []
    for name, frames, cells in rows:
        frames = [frame if isinstance(frame, tuple) else ([], frame) for frame in frames]
        case = entry(loaders, frames, name=name, algorithm1=cells[0])
        for variant, cell in zip(RELEASED, cells[1:]):
            made = case["released"][variant]
            found = made.get("error") or made["captions"][-1]
            assert found == cell, (name, variant, found, cell)
        cases.append(case)
    return cases


def flintstones(count):
    """Stories that hit every branch: casts that stay, shrink, permute; names in every position."""
    draw = random.Random(2312)
    spell = {name: name.capitalize() for name in FLINTSTONES} | {"mr slate": "Mr. Slate", "policeman": "the policeman"}
    for _ in range(count):
        frames, cast = [], []
        for position in range(STORY_LENGTH):
            if position == 0 or draw.random() < 0.4:
                cast = draw.sample([*FLINTSTONES, "policeman"], draw.choice([0, 1, 1, 1, 2, 2, 3, 4]))
            elif draw.random() < 0.3:
                cast = draw.sample(cast, len(cast))
            names = [spell[name] for name in draw.sample(cast, len(cast))]
            subject = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names) or "Nobody"
            first = names[0] if names else "Someone"
            text = draw.choice(
                [
                    f"{subject} talk in the room.",
                    f"{subject} talk in a room.",
                    f"{subject}'s car is red. Then {first} leaves.",
                    f"In a yard {subject} wait. {subject} laugh",
                    f"{first} looks at {names[-1] if names else 'a door'}.",
                    f"It is {first} who {first}ishly sings, and {subject}!",
                    "There is a house with a tree.",
                    "A car on a road",
                ]
            )
            frames.append((list(cast), text))
        yield frames


def pororo(count):
    """Stories that hit every branch: shared beginnings, names in every sentence and spelling, odd ends."""
    draw = random.Random(2208)
    for _ in range(count):
        frames, opening = [], ""
        for position in range(STORY_LENGTH):
            names = draw.sample(PORORO, 3)
            names = [name.lower() if draw.random() < 0.15 else name for name in names]
            if position == 0 or draw.random() < 0.35:
                opening = draw.choice(
                    [
                        names[0],
                        f"{names[0]} and {names[1]}",
                        f"{names[0]}, {names[1]} and {names[2]}",
                        f"{names[0]}, and {names[1]}'s friends",
                        f" {names[0]} and {names[1]}",
                        f"A band and {names[0]}",
                        "Nobody",
                    ]
                )
            other = draw.choice([names[0], opening.split(" ")[0].strip(",")])
            text = draw.choice(
                [
                    f"{opening} sit on a sofa.",
                    f"{opening} stand in a yard. {other} smiles.",
                    f"{opening} run. {opening} laugh and {opening} sing.",
                    f"{opening} look at {other}",
                    f"{other} hands {opening} a ball.",
                    f"{opening}.",
                    f"{opening}, {other} and someone talk. The house is there.",
                    f"It snows... {other} sleeps. He wakes {opening}!",
                    "There is a house.",
                    "",
                ]
            )
            frames.append(([], text))
        yield frames


def main():
    random.seed(0)
    folders = dict(zip(COMMITS, map(Path, sys.argv[1:3])))
    files = {
        "xiaoqian-shen/StoryGPT-V": ["models/data.py", "gill/data.py"],
        "ubc-vision/Make-A-Story": ["ldm/data/flintstones_data.py", "ldm/data/flintstones_data_ref.py", "ldm/data/pororo_data.py"],
    }
    sources = {owner: {file: (folders[owner] / file).read_text() for file in names} for owner, names in files.items()}
    sgv, mas = sources.values()
    head = {
        "command": "python tools/golden/referential.py STORYGPT-V MAKE-A-STORY",
        "versions": {
            "python": platform.python_version(),
            **COMMITS,
            **{
                f"sha256 of {owner.split('/')[1]} {file}": hashlib.sha256(text.encode()).hexdigest()
                for owner, texts in sources.items()
                for file, text in texts.items()
            },
        },
        "tolerance": 0,
    }
    annotated, told = Annotated(sgv, mas), Told(sgv, mas)
    for number, loaders, rows in [("2_1", annotated, TABLE_2_1), ("2_2", told, TABLE_2_2)]:
        about = f"protocols {number.replace('_', '.')}; algorithm1 is the text of the last frame by its definition"
        write(f"table_{number}.json", {"origin": {**head, "table": about}, "cases": table(loaders, rows)})
    for name, loaders, stories in [("flintstones", annotated, flintstones(200)), ("pororo", told, pororo(200))]:
        write(f"{name}.json", {"origin": head, "cases": [entry(loaders, frames) for frames in stories]})


def write(name, value):
    ROOT.mkdir(parents=True, exist_ok=True)
    cases = ",\n".join(json.dumps(case, ensure_ascii=False) for case in value["cases"])
    origin = json.dumps(value["origin"], indent=2)
    (ROOT / name).write_text(f'{{"origin": {origin},\n"cases": [\n{cases}\n]}}\n')


if __name__ == "__main__":
    main()
