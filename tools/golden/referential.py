"""Writes reference-data/golden/referential by running StoryGPT-V's released evaluation loader.

    git clone https://github.com/xiaoqian-shen/StoryGPT-V DIR    (commit 3969f68)
    python tools/golden/referential.py DIR/models/data.py

The method that makes the text is taken out of the file as it is and run on small stories; nothing of
it is copied here. Needs only Python.
"""

import ast
import hashlib
import json
import platform
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "reference-data" / "golden" / "referential"
COMMIT = "3969f68"
NAMES = ["wilma", "fred", "betty", "barney", "dino", "pebbles", "mr slate"]

# The cases of the table "Referential text, Flintstones" (protocols 2.1) in its order: name, frames,
# and the cell of the second (or named) frame in the column of the evaluation loader.
TABLE = [
    ("single, three times", [(["fred"], "Fred is here."), (["fred"], "Fred talks. Fred's car is red. Then Fred leaves.")],
     "He talks. He's car is red. Then He leaves."),
    ("female", [(["wilma"], "Wilma is here."), (["wilma"], "Wilma talks to someone.")], "She talks to someone."),
    ("pair, same annotation order", [(["fred", "barney"], "Fred and Barney sit."), (["fred", "barney"], "Fred and Barney talk.")],
     "They talk."),
    ("pair, other annotation order", [(["fred", "barney"], "Fred and Barney sit."), (["barney", "fred"], "Fred and Barney talk.")],
     "They talk."),
    ("pair, names apart", [(["fred", "barney"], "Fred and Barney sit."), (["fred", "barney"], "Fred talks to Barney.")],
     "Fred talks to Barney."),
    ("subset", [(["fred", "barney"], "Fred and Barney sit."), (["fred"], "Fred talks.")], "Fred talks."),
    ("three", [(["fred", "barney", "wilma"], "Three sit."), (["fred", "barney", "wilma"], "Fred, Barney and Wilma talk.")],
     "They talk."),
    ("four", [(["fred", "barney", "wilma", "betty"], "Four sit."), (["fred", "barney", "wilma", "betty"], "All four of them talk.")],
     "All four of them talk."),
    ("mr slate", [(["mr slate"], "Mr. Slate sits."), (["mr slate"], "Mr. Slate talks.")], "Mr. Slate talks."),
    ("policeman", [(["policeman"], "The policeman sits."), (["policeman"], "The policeman runs.")], "The policeman runs."),
    ("nobody in both frames", [([], "A house."), ([], "A tree.")], "IndexError"),
    ("fred, wilma, fred", [(["fred"], "Fred sits."), (["wilma"], "Wilma sits."), (["fred"], "Fred talks.")], "Fred talks."),
    ("capital labels", [(["Fred"], "Fred sits."), (["Fred"], "Fred talks.")], "Fred talks."),
]


def released(source):
    """The loader class with only the method in question, and a stand-in for the tensor code."""
    tree = ast.parse(source)
    cls = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "EvalStoryDataset")
    cls.body = [n for n in cls.body if isinstance(n, ast.FunctionDef) and n.name == "prepare_data_batch"]
    scope = {}
    exec(compile(ast.Module([cls], []), "models/data.py", "exec"), scope)  # noqa: S102
    loader = scope["EvalStoryDataset"]
    loader.prepare_data = lambda self, caption, prompt, names, image, flag, captions, images: (caption, flag)
    loader.ref_image = "same"  # as scripts/eval_llm.sh
    loader.image_token = "<|image|>"
    return loader()


def run(loader, frames):
    ids = [str(index) for index in range(len(frames))]
    loader.followings = {"0": ids[1:]}
    loader.characters = {i: list(frame[0]) for i, frame in zip(ids, frames)}
    loader.annotations = {i: {"caption": frame[1]} for i, frame in zip(ids, frames)}
    try:
        made = loader.prepare_data_batch("0")
    except IndexError:
        return {"error": "IndexError"}
    return {"captions": [text for text, _ in made], "flags": [flag for _, flag in made]}


def entry(loader, frames, **more):
    shown = [{"characters": c, "caption": t} for c, t in frames]
    return {**more, "frames": shown, "released": run(loader, frames)}


def stories(count):
    """Stories that hit every branch: casts that stay, shrink, permute; names in every position."""
    draw = random.Random(2312)
    spell = {name: name.capitalize() for name in NAMES} | {"mr slate": "Mr. Slate", "policeman": "the policeman"}
    for _ in range(count):
        frames, cast = [], []
        for position in range(4):
            if position == 0 or draw.random() < 0.4:
                cast = draw.sample([*NAMES, "policeman"], draw.choice([0, 1, 1, 2, 2, 3, 4]))
            elif draw.random() < 0.3:
                cast = draw.sample(cast, len(cast))
            names = [spell[name] for name in draw.sample(cast, len(cast))]
            subject = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names) or "Nobody"
            first = names[0] if names else "Someone"
            text = draw.choice(
                [
                    f"{subject} talk in the room.",
                    f"{subject}'s car is red. Then {first} leaves.",
                    f"In the yard {subject} wait. {subject} laugh",
                    f"{first} looks at {names[-1] if names else 'the door'}.",
                    f"It is {first} who {first}ishly sings, and {subject}!",
                    "There is a house with a tree.",
                ]
            )
            frames.append((list(cast), text))
        yield frames


def main():
    source = Path(sys.argv[1]).read_bytes()
    loader = released(source)
    head = {
        "command": "python tools/golden/referential.py STORYGPT-V/models/data.py",
        "versions": {
            "python": platform.python_version(),
            "xiaoqian-shen/StoryGPT-V": COMMIT,
            "sha256 of models/data.py": hashlib.sha256(source).hexdigest(),
        },
        "tolerance": 0,
    }
    table = []
    for name, frames, cell in TABLE:
        case = entry(loader, frames, name=name, cell=cell)
        found = case["released"].get("error") or case["released"]["captions"][-1]
        assert found == cell, (name, found, cell)
        table.append(case)
    write("table_2_1.json", {"origin": {**head, "table": "protocols 2.1, column of the evaluation loader"}, "cases": table})
    drawn = [entry(loader, frames) for frames in stories(150)]
    write("released_eval.json", {"origin": head, "cases": drawn})


def write(name, value):
    ROOT.mkdir(parents=True, exist_ok=True)
    cases = ",\n".join(json.dumps(case, ensure_ascii=False) for case in value["cases"])
    origin = json.dumps(value["origin"], indent=2)
    (ROOT / name).write_text(f'{{"origin": {origin},\n"cases": [\n{cases}\n]}}\n')


if __name__ == "__main__":
    main()
