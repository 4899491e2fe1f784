"""A worker for storyeval without any dependency: it draws a coloured square for every caption.

    storyeval run --dataset minisv --model command:examples/toy_worker.py --limit 4

docs/bring-my-model.md describes the messages. Put your model in the place of `draw`.
"""
import json
import os
import struct
import sys
import zlib

SIDE = 64


def draw(caption, seed):
    """A picture as rows of RGB bytes: a square whose colours follow from the caption and the seed."""
    back, front = (zlib.crc32(f"{part} {caption} {seed}".encode()).to_bytes(4, "big")[:3] for part in ("back", "front"))
    inside = range(SIDE // 4, 3 * SIDE // 4)
    return [b"".join(front if x in inside and y in inside else back for x in range(SIDE)) for y in range(SIDE)]


def write_png(path, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))


def say(**message):
    print(json.dumps(message), flush=True)


for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "hello":
        scratch = message["scratch"]
        say(type="ready", protocol=1, name="toy", version="1.0", device="cpu", batch=1, context="story", reads=["caption"])
    elif message["type"] == "draw":
        for number, story in enumerate(message["stories"]):
            for frame in story["frames"]:
                if frame["draw"]:
                    path = os.path.join(scratch, f"{number}-{frame['index']}.png")
                    write_png(path, draw(frame["caption"], story["seed"]))
                    say(type="frame", id=message["id"], story=story["story"], index=frame["index"], path=path)
        say(type="done", id=message["id"])
    elif message["type"] == "bye":
        break
