"""Small data sets in the folder layout, drawn for tests."""

import json
import os
import random
import shutil
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[2]
CAST = {"ann": "tomato", "bob": "royalblue", "cy": "gold"}
PLACES = {"park": "palegreen", "kitchen": "wheat"}


def draw(folder, stories=10, size=(96, 72), cast=CAST, splits=None, card=False):
    """Writes `stories.jsonl` and images; `splits(number)` gives a story's split. Gives the folder."""
    (folder / "images").mkdir(parents=True)
    rng, lines = random.Random(1), []
    for number in range(stories):
        place, frames = list(PLACES)[number % 2], []
        for k in range(4):
            who = rng.sample(list(cast), rng.randint(1, min(2, len(cast))))
            image = Image.new("RGB", size, PLACES[place])
            for slot, name in enumerate(who):
                x, y = 4 + 46 * slot, rng.randint(5, 30)
                ImageDraw.Draw(image).rectangle((x, y, x + 30, y + 30), fill=cast[name])
            image.save(folder / f"images/{number}-{k}.png")
            frames.append({"image": f"images/{number}-{k}.png", "characters": who, "background": place,
                           "caption": f"{' and '.join(who)} in the {place}, {rng.choice(['happy', 'sad', 'tired'])}."})
        lines.append({"id": f"s{number}", "frames": frames} | ({"split": splits(number)} if splits else {}))
    write(folder, lines)
    if card:
        (folder / "dataset.toml").write_text(CARD)
    return folder


CARD = """id = "mine"
name = "mine"
published_at = "here"
licence = "MIT"
backgrounds = ["park", "kitchen"]
characters = [
    { name = "bob", gender = "male", aliases = ["Bobby"] },
    { name = "ann", gender = "female" },
    { name = "cy", gender = "male" },
]
"""


def write(folder, lines):
    (folder / "stories.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def stories(folder):
    return [json.loads(line) for line in (folder / "stories.jsonl").read_text().splitlines()]


def program():
    """The program storyeval, if one is built: `$STORYEVAL`, this checkout's, or the one on the path."""
    built = [ROOT / "target" / profile / "storyeval" for profile in ("release", "debug")]
    places = [os.environ.get("STORYEVAL"), *(str(it) for it in built if it.is_file()), shutil.which("storyeval")]
    return next((it for it in places if it), None)
